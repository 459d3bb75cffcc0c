//! A start among the others: what they hold of this member's signatures, and what it makes of it;
//! and the answer to others that start (docs/protocol.md 4.4).

use std::collections::BTreeMap;

use sealbid_types::id::{EnvelopeId, MemberIndex, Round};
use sealbid_types::keys::Signed;
use sealbid_types::report::{Acknowledgement, Report};

use super::intake::report_key;
use super::io::{Notice, Output, put};
use super::message::{Memory, PeerMessage, Want};
use super::{Engine, Rules, send};
use crate::admission::gate::Admissible;
use crate::claims::{Recollection, newest};
use crate::disk::Table;
use crate::vote::{Message as Ballot, Subject};

/// Acknowledgements in one part of an answer: a signed one takes some 180 bytes.
const MOST_IN_PART: usize = 4_096;

impl<R: Rules> Engine<R> {
    /// Answers a member that starts: everything of its own that is held here.
    pub(super) fn tell_memory(&self, to: MemberIndex, question: u64, out: &mut Vec<Output>) {
        let held: Vec<_> = self
            .witness
            .of(to)
            .filter(|signed| self.inbox.get(&signed.body.envelope).is_some())
            .cloned()
            .collect();
        let mut chunks: Vec<Vec<_>> = held.chunks(MOST_IN_PART).map(<[_]>::to_vec).collect();
        if chunks.is_empty() {
            chunks.push(Vec::new());
        }
        let parts = u16::try_from(chunks.len()).unwrap_or(u16::MAX);
        let settling = self.settling.as_ref();
        let allocation = settling.and_then(|settling| settling.newest_ballot_of(to));
        let close = self.closing.vote.newest_ballot_of(to);
        // The newest says that all before it are signed, too.
        let of_subjects = [(Subject::Close, close), (Subject::Allocation, allocation)];
        let newest = |(subject, voted)| newest(voted, self.overheard.ballot_of(to, subject));
        let mut ballots: Vec<_> = of_subjects.into_iter().filter_map(newest).collect();
        let report = |report: &&Signed<Report>| report.member == to;
        let booked = || self.closing.book.iter().find(report).cloned();
        // What is kept unjudged of the open round is not in the book, or was before this member was in it.
        let mut report = self.overheard.report_of(to).or_else(booked);
        for (part, acknowledgements) in (0..parts).zip(chunks) {
            let memory = Memory {
                question,
                part,
                parts,
                certified: self.chain.open().previous().unwrap_or_default(),
                ballots: core::mem::take(&mut ballots),
                report: report.take(),
                acknowledgements,
            };
            out.push(send(to, &PeerMessage::Memory(Box::new(memory))));
        }
    }

    /// Takes a part of a peer's answer. Everything in it is this member's own signature, or counts
    /// for nothing.
    pub(super) fn take_memory(&mut self, from: MemberIndex, memory: Memory, out: &mut Vec<Output>) {
        let Memory {
            question,
            part,
            parts,
            certified,
            ballots,
            report,
            acknowledgements,
        } = memory;
        if !self.start.is_asked(question, part, parts) {
            return;
        }
        // Enough have answered, and this one may hold what they did not: once, since nobody waits for it.
        let is_late = self.is_ready();
        if is_late && !self.start.takes_late(from) {
            return;
        }
        for ballot in ballots.into_iter().take(2) {
            if !self.is_own_ballot(&ballot) {
                continue;
            }
            let round = ballot.round();
            match ballot.subject() {
                Subject::Close => {
                    self.recollect(from, round, Recollection::Ballot(Box::new(ballot)), out);
                }
                // It matters while its round is settled: until the next one has been opened and
                // certified.
                Subject::Allocation => {
                    let what = Recollection::Allocation(Box::new(ballot));
                    self.recollect(from, round.next(), what, out);
                }
            }
        }
        if let Some(report) = report.filter(|report| self.is_own(report)) {
            let round = report.body.round;
            self.recollect(from, round, Recollection::Report(Box::new(report)), out);
        }
        if is_late {
            return;
        }
        let owed: BTreeMap<_, _> = acknowledgements
            .into_iter()
            .filter(|signed| self.is_lacking(signed))
            .map(|signed| (signed.body.envelope, signed.body.round))
            .collect();
        self.start.take(from, (part, parts), certified, owed);
        let envelopes = self.start.owed_by(from);
        if !envelopes.is_empty() {
            for batch in envelopes.chunks(crate::closing::MOST_ENVELOPES) {
                let want = Want {
                    reports: Vec::new(),
                    envelopes: batch.to_vec(),
                };
                out.push(send(from, &PeerMessage::Want(want)));
            }
        }
    }

    /// Whether a ballot is this member's own, in this auction. A proposal in full is none: its header says
    /// as much, and it is long.
    fn is_own_ballot(&self, ballot: &Ballot) -> bool {
        let committee = &self.context.committee;
        let is_short = !matches!(ballot, Ballot::Proposal(_));
        is_short
            && ballot.is_of(committee.auction, committee.epoch)
            && ballot.member() == self.promises.member()
            && ballot.is_signed(&*self.context.signers.identity)
    }

    pub(super) fn is_own(&self, report: &Signed<Report>) -> bool {
        let committee = &self.context.committee;
        let me = self.promises.member();
        let Some(member) = committee.member(me) else {
            return false;
        };
        report.member == me
            && (report.body.auction, report.body.epoch) == (committee.auction, committee.epoch)
            && report.verify(&member.identity).is_ok()
    }

    /// Whether this member signed an acknowledgement that may bind it still, and its disk does not
    /// know.
    fn is_lacking(&self, signed: &Signed<Acknowledgement>) -> bool {
        let committee = &self.context.committee;
        let (me, body) = (self.promises.member(), &signed.body);
        let is_known = self.chain.listed_in(&body.envelope).is_some()
            || self
                .inbox
                .get(&body.envelope)
                .is_some_and(|held| held.acknowledged.is_some());
        signed.member == me
            && (body.auction, body.epoch) == (committee.auction, committee.epoch)
            && !is_known
            && committee
                .member(me)
                .is_some_and(|member| signed.verify(&member.identity).is_ok())
    }

    /// What this member signed for a round: of the open one it is compared with what the disk
    /// knows, of a later one it is kept until this member has caught up. It has been in all rounds before
    /// that one, whatever its disk says, and signs nothing more of them.
    fn recollect(
        &mut self,
        from: MemberIndex,
        round: Round,
        what: Recollection,
        out: &mut Vec<Output>,
    ) {
        let open = self.closing.round();
        if round < open {
            return;
        }
        if what.shows_settled(round) >= open.previous() {
            self.give_up_allocation(out);
        }
        if round > open {
            self.start.keep(round, from, what);
            self.abstain(out);
        } else {
            self.compare_with_disk(what, out);
        }
    }

    /// Signs nothing more of the vote on the allocation of the round that is settled here still: this member
    /// has settled it before.
    fn give_up_allocation(&mut self, out: &mut Vec<Output>) {
        if let Some(mut settling) = self.settling.take() {
            settling.give_up(&mut self.tools(out));
            self.settling = Some(settling);
        }
    }

    fn compare_with_disk(&mut self, what: Recollection, out: &mut Vec<Output>) {
        match what {
            Recollection::Ballot(ballot) => self.hear_own_ballot(*ballot, out),
            Recollection::Allocation(ballot) => {
                self.take_allocation_vote(self.promises.member(), *ballot, out);
            }
            Recollection::Report(report) => self.compare_own_report(*report, out),
        }
    }

    /// An own report for the open round: one that the disk does not know shows that it is an old
    /// copy.
    pub(super) fn compare_own_report(&mut self, report: Signed<Report>, out: &mut Vec<Output>) {
        let round = self.closing.round();
        let known = self.promises.reported(round).map(Signed::<Report>::id);
        if known != Some(report.id()) {
            self.abstain(out);
        }
        if self.closing.book.get(&report.id()).is_none() {
            out.push(put(Table::Reports, report_key(&report), &report));
            self.closing.book.keep(report);
        }
    }

    /// The vote compares an own ballot with what it remembers, and abstains if it is news.
    fn hear_own_ballot(&mut self, ballot: Ballot, out: &mut Vec<Output>) {
        let mut said = Vec::new();
        // A ballot that is refused was not signed by this member: nothing follows from it.
        let _ = self.closing.vote.receive(ballot, self.now, &mut said);
        self.follow_vote(said, out);
    }

    /// Gives up the open round: its disk is an old copy, and nobody knows what else it signed.
    pub(super) fn abstain(&mut self, out: &mut Vec<Output>) {
        let round = self.closing.round();
        self.closing.vote.abstain();
        if let Some(row) = self.promises.abstain(round) {
            out.push(row);
            out.push(Output::Notice(Notice::Abstains(round)));
        }
    }

    /// Having come to a new round, compares what peers have shown of it with what the disk knows.
    pub(super) fn come_to_round(&mut self, out: &mut Vec<Output>) {
        let round = self.closing.round();
        self.overheard.come_to(round);
        if self.promises.abstains(round) {
            self.closing.vote.abstain();
        }
        if self.start.has_settled() >= round.previous() {
            self.give_up_allocation(out);
        }
        if self.start.is_behind(round) {
            self.abstain(out);
        }
        for what in self.start.come_to(round) {
            self.compare_with_disk(what, out);
        }
    }

    /// An envelope that this member acknowledged and its disk lacks has been shown. It is taken
    /// over as it was promised, whatever the limits say now, unless the chain rules it out.
    /// Gives it back if nothing of the sort is known of it.
    pub(super) fn take_over(
        &mut self,
        admissible: Admissible,
        out: &mut Vec<Output>,
    ) -> Option<Admissible> {
        let id: EnvelopeId = admissible.id();
        let Some(round) = self.start.shown(&id) else {
            return Some(admissible);
        };
        // A round has listed it since it was asked for: what was promised is kept.
        if self.chain.listed_in(&id).is_some() {
            return Some(admissible);
        }
        let header = &admissible.envelope().header;
        let schedule = &self.context.committee.schedule;
        let earliest = schedule.end_of(self.chain.parent_slot().next());
        let is_over = header.last < self.chain.open() || header.expires < earliest;
        if !is_over {
            out.extend(self.inbox.take(admissible, Some(round)));
            self.abstain(out);
        }
        None
    }
}
