//! What has become possible: by the clock, by what has arrived, or by an earlier step.

use sealbid_types::bytes::Blob;
use sealbid_types::door::{RefusalCode, Response};
use sealbid_types::id::MemberIndex;

use super::archive::HOLD;
use super::intake::report_key;
use super::io::{Notice, Output, put};
use super::message::{MOST_ENVELOPE_BYTES, PeerMessage, Standing, Want};
use super::{Member, broadcast, fault, forked, round_key, send};
use crate::admission::refusal;
use crate::disk::Table;
use crate::evidence::Evidence;
use crate::vote::Output as VoteOutput;

impl Member {
    pub(crate) fn go_on(&mut self, out: &mut Vec<Output>) {
        self.beat(out);
        self.cut(out);
        self.vote_on(out);
        self.settle(out);
        self.ask_for_missing(out);
        self.resend(out);
        self.answer_late_clients(out);
        self.offer_inbox(out);
        self.catch_up(out);
        self.announce_phase(out);
    }

    pub(crate) fn standing(&self) -> Standing {
        Standing {
            auction: self.context.committee.auction,
            clock: self.now.wall,
            settled: self.settled(),
            certified: self.chain.open().previous().unwrap_or_default(),
            question: self.peers.question(),
            answer: None,
        }
    }

    fn beat(&mut self, out: &mut Vec<Output>) {
        if self.now.monotonic < self.due.heartbeat {
            return;
        }
        self.due.heartbeat = self.now.monotonic.plus(self.options.times.heartbeat);
        out.push(broadcast(&PeerMessage::Standing(self.standing())));
        let quorum = self.context.committee.quorum();
        if let Some(apart) = self.peers.clock_trouble(quorum) {
            let seconds = apart.as_secs();
            out.push(Output::Notice(Notice::Clock { seconds }));
        }
    }

    /// The freeze, and at the cut this member's report: once, and only when the round before is
    /// settled here.
    fn cut(&mut self, out: &mut Vec<Output>) {
        let Self {
            closing,
            context,
            chain,
            inbox,
            now,
            ..
        } = self;
        if let Some(slot) = closing.watch_window(context, chain, inbox, now.wall) {
            // A solver that came after an intent was published first hears of it now.
            let stale = inbox.publish(closing.round(), slot);
            out.extend(stale.into_iter().map(|public| context.publish(public)));
        }
        let may_sign = self.peers.is_ready() && self.settling.is_none();
        if !may_sign || !closing.is_due(context, now.wall) {
            return;
        }
        let report = closing.sign_report(context, inbox);
        out.push(put(Table::Reports, report_key(&report), &report));
        out.push(broadcast(&PeerMessage::Report(Box::new(report))));
    }

    fn vote_on(&mut self, out: &mut Vec<Output>) {
        if !self.peers.is_ready() || self.settling.is_some() {
            return;
        }
        if self
            .peers
            .is_ahead_of(self.closing.round(), self.closing.vote.position())
            && !self.closing.vote.abstains()
        {
            out.push(Output::Notice(Notice::Abstains(self.closing.round())));
            self.closing.vote.abstain();
        }
        let mut said = Vec::new();
        if self.closing.own().is_some() && !self.closing.vote.is_started() {
            self.closing.vote.start(self.now, &mut said);
        }
        self.closing.vote.tick(self.now, &mut said);
        self.follow_vote(said, out);
    }

    /// Carries out what the vote says, until it has nothing more to say.
    pub(crate) fn follow_vote(&mut self, mut said: Vec<VoteOutput>, out: &mut Vec<Output>) {
        loop {
            for word in core::mem::take(&mut said) {
                self.follow_word(word, out);
            }
            if self.settling.is_some() || self.has_halted {
                return;
            }
            let Self {
                closing,
                context,
                chain,
                inbox,
                now,
                ..
            } = self;
            for (digest, verdict) in closing.verdicts(context, chain, inbox) {
                closing.vote.validated(digest, verdict, *now, &mut said);
            }
            if let Some((view, close)) = closing.proposal(context, chain, inbox, now.wall) {
                closing.vote.propose(view, close, *now, &mut said);
            }
            if said.is_empty() {
                return;
            }
        }
    }

    fn follow_word(&mut self, word: VoteOutput, out: &mut Vec<Output>) {
        let round = self.closing.round();
        match word {
            VoteOutput::Persist(state) => out.push(put(Table::Votes, round_key(round), &*state)),
            VoteOutput::Broadcast(message) => {
                out.push(broadcast(&PeerMessage::Vote(Box::new(message))));
            }
            VoteOutput::Propose { view } => self.closing.want_proposal(view),
            VoteOutput::Validate { close, .. } => self.closing.ask(*close),
            VoteOutput::Evidence(evidence) => {
                let what = "voted twice, or signed a wrong share".to_owned();
                let (member, evidence) = (evidence.member(), Evidence::Vote(evidence));
                if evidence.is_of_shares() {
                    self.suspects.note(member, round);
                }
                out.extend(fault(member, what, Some(evidence)));
            }
            VoteOutput::Decided(certified) => self.certify(*certified, out),
            VoteOutput::Abstains => out.push(Output::Notice(Notice::Abstains(round))),
            VoteOutput::Forked { .. } => {
                self.has_halted = true;
                let reason = forked(round);
                out.push(Output::Halt { reason });
            }
        }
    }

    /// What is missing to judge a close or to open a certified round, asked of one member after
    /// another.
    fn ask_for_missing(&mut self, out: &mut Vec<Output>) {
        if self.now.monotonic < self.due.want || !self.peers.is_ready() {
            return;
        }
        self.due.want = self.now.monotonic.plus(self.options.times.resend / 4);
        let want = match self.settling.as_ref() {
            Some(settling) => self.missing(settling),
            None => self.closing.want(&self.chain, &self.inbox),
        };
        if want.is_empty() {
            return;
        }
        if let Some(member) = self.next_peer() {
            let envelopes = want.envelopes.into_iter().take(1_024).collect();
            let reports = want.reports.into_iter().take(64).collect();
            out.push(send(
                member,
                &PeerMessage::Want(Want { reports, envelopes }),
            ));
        }
    }

    fn next_peer(&mut self) -> Option<MemberIndex> {
        let alive = self
            .peers
            .alive(self.now.monotonic, self.options.times.absent_after);
        let me = self.context.secrets.index;
        let others: Vec<_> = alive.into_iter().filter(|member| *member != me).collect();
        self.asked = self.asked.wrapping_add(1);
        others
            .get(usize::from(self.asked).checked_rem(others.len())?)
            .copied()
    }

    /// Until the round is certified, its reports and votes; until it is settled, its shares.
    fn resend(&mut self, out: &mut Vec<Output>) {
        if self.now.monotonic < self.due.resend {
            return;
        }
        self.due.resend = self.now.monotonic.plus(self.options.times.resend);
        if let Some(settling) = &self.settling {
            out.extend(settling.sent().iter().map(broadcast));
            return;
        }
        if !self.peers.is_ready() {
            return;
        }
        if let Some(report) = self.closing.own() {
            out.push(broadcast(&PeerMessage::Report(Box::new(report.clone()))));
        }
        let votes = self.closing.vote.resend();
        out.extend(
            votes
                .into_iter()
                .map(|vote| broadcast(&PeerMessage::Vote(Box::new(vote)))),
        );
    }

    fn answer_late_clients(&mut self, out: &mut Vec<Output>) {
        let again = self.now.monotonic.plus(self.options.times.push_after * 4);
        let due = self.receipts.take_pushes(self.now.monotonic, again);
        let bytes: Vec<_> = due
            .iter()
            .filter_map(|id| self.envelope_bytes(id))
            .collect();
        out.extend(batches(bytes).map(|batch| broadcast(&PeerMessage::Envelopes(batch))));
        for (requests, acknowledged) in self.receipts.take_late(self.now.monotonic) {
            let needed = self.context.committee.quorum;
            let text = format!(
                "{acknowledged} of {needed} members acknowledged it in time; it is stored and may still be listed"
            );
            for request in requests {
                let response = Response::Refused(refusal(RefusalCode::NoQuorum, text.clone()));
                out.push(Output::Reply {
                    request,
                    response: Box::new(response),
                });
            }
        }
    }

    /// Whatever is acknowledged is proposed to the pool again until a certified round lists it.
    fn offer_inbox(&mut self, out: &mut Vec<Output>) {
        if self.now.monotonic < self.due.offer {
            return;
        }
        self.due.offer = self.now.monotonic.plus(self.options.times.offer);
        let offers = self.inbox.offers();
        if !offers.is_empty() {
            out.push(Output::OfferAgain(offers));
        }
    }

    fn catch_up(&mut self, out: &mut Vec<Output>) {
        let patience = self.options.times.resend * HOLD;
        let settled = self.settled();
        if let Some(from) = self.peers.ahead(settled, self.now.monotonic, patience) {
            out.push(Output::FetchRecord {
                round: settled.next(),
                from,
            });
        }
    }
}

/// Envelopes in messages of a bounded size.
fn batches(envelopes: Vec<Vec<u8>>) -> impl Iterator<Item = Vec<Blob>> {
    let mut batches: Vec<(usize, Vec<Blob>)> = Vec::new();
    for bytes in envelopes {
        match batches.last_mut() {
            Some((size, batch)) if *size + bytes.len() <= MOST_ENVELOPE_BYTES => {
                *size += bytes.len();
                batch.push(Blob::from(bytes));
            }
            _ => batches.push((bytes.len(), vec![Blob::from(bytes)])),
        }
    }
    batches.into_iter().map(|(_, batch)| batch)
}
