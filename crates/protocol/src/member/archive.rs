//! A round is certified; a round is settled, here or by others.

use std::collections::{BTreeMap, BTreeSet};

use sealbid_crypto::CloseCertificate;
use sealbid_types::door::{EnvelopeStatus, Event};
use sealbid_types::envelope::Envelope;
use sealbid_types::id::{EnvelopeId, MemberIndex, ReportId, Round};
use sealbid_types::keys::Signed;
use sealbid_types::record::{Ancestry, RoundRecord};
use sealbid_types::report::Report;

use super::intake::report_key;
use super::io::{Notice, Output, delete, put};
use super::message::{CertifiedClose, PeerMessage, Want};
use super::{Engine, Rules, broadcast, forked, round_key, vote_key};
use crate::admission::{InboxEntry, forget};
use crate::chain::{CertifiedRound, CheckedRecord, RecordError};
use crate::closing::{Closing, Window};
use crate::disk::Table;
use crate::evidence::Evidence;
use crate::opening::{Exchange, OpenedIntents, first_opening};
use crate::pool::ClearedRound;
use crate::settlement::{
    Awaited, Material, Settled, Settling, StoredOutcome, Tools, outcomes, summary,
};
use crate::vote::{Certified, Subject, Value};

/// How many resend times a member waits for a round to settle here before it fetches the record
/// from a member that has it.
pub(crate) const HOLD: u32 = 2;

impl<R: Rules> Engine<R> {
    /// The vote has decided: the certified close goes to disk, and the round to its openings.
    pub(crate) fn certify(&mut self, certified: Certified, out: &mut Vec<Output>) {
        let Certified { value, certificate } = certified;
        // The vote on a close decides a close.
        let Value::Close(close) = value else { return };
        // The vote has verified the signature. This makes the type without which no share leaves.
        match CloseCertificate::verify(&self.context.keys, close.clone(), &certificate) {
            Err(error) => return self.halt(error.to_string(), out),
            Ok(verified) => self.enter(verified, out),
        }
        let message = CertifiedClose { close, certificate };
        out.push(broadcast(&PeerMessage::Certified(Box::new(message))));
    }

    /// Moves the chain on to the round after a verified certificate.
    fn enter(&mut self, certificate: CloseCertificate, out: &mut Vec<Output>) {
        let close = certificate.close().clone();
        out.extend(self.chain.certify(close.clone(), certificate.to_bytes()));
        let Some(closing) = self.begin(self.chain.open(), out) else {
            return;
        };
        let closed = core::mem::replace(&mut self.closing, closing);
        // Shares that came before the certificate did: others were faster.
        let early = core::mem::replace(&mut self.early, Exchange::new(self.chain.open()));
        let listed = close.intents.iter().chain(&close.quotes);
        let held = listed
            .filter_map(|id| Some((*id, self.inbox.remove(id)?)))
            .collect();
        let (named, unnamed) = closed
            .book
            .into_reports()
            .into_iter()
            .partition(|(id, _)| close.reports.contains(id));
        let unnamed: BTreeMap<ReportId, Signed<Report>> = unnamed;
        out.extend(
            unnamed
                .values()
                .map(|report| delete(Table::Reports, report_key(report))),
        );
        let vote = match self.next_vote(close.round, Subject::Allocation) {
            Ok(vote) => vote,
            Err(error) => return self.halt(error.to_string(), out),
        };
        self.settling = Some(Settling::new(vote, certificate, named, held, early));
        self.come_to_round(out);
        for ballot in core::mem::take(&mut self.early_ballots).into_values() {
            self.take_allocation_vote(ballot.member(), ballot, out);
        }
    }

    fn begin(&mut self, round: Round, out: &mut Vec<Output>) -> Option<Closing> {
        let window = Window::open(&self.context.committee.schedule, self.believable_wall());
        match self.next_vote(round, Subject::Close) {
            Ok(mut vote) => {
                vote.expect_silence(self.closing.vote.silent());
                Some(Closing::new(round, vote, window))
            }
            Err(error) => {
                self.halt(error.to_string(), out);
                None
            }
        }
    }

    pub(super) fn halt(&mut self, reason: String, out: &mut Vec<Output>) {
        self.has_halted = true;
        out.push(Output::Halt { reason });
    }

    /// Whether the round being settled lacks nothing. Asked at every input: while what was missing
    /// last time is missing still, nothing else is looked at.
    fn has_all(&self, settling: &mut Settling) -> bool {
        let is_missing = settling.awaited.is_some_and(|awaited| match awaited {
            Awaited::Report(id) => !settling.reports.contains_key(&id),
            Awaited::Envelope(id) => !self.is_here(settling, &id),
        });
        if is_missing {
            return false;
        }
        let Want { reports, envelopes } = self.missing(settling);
        let report = reports.first().copied().map(Awaited::Report);
        settling.awaited = report.or(envelopes.first().copied().map(Awaited::Envelope));
        settling.awaited.is_none()
    }

    /// Whether an envelope that a round's reports name can be opened, or ruled out.
    fn is_here(&self, settling: &Settling, id: &EnvelopeId) -> bool {
        // What is listed is opened from what the round itself holds, and from nowhere else.
        if settling.lists(id) {
            return settling.has(id);
        }
        let held = self.inbox.get(id);
        held.is_some_and(|held| held.shares.is_some())
    }

    /// What the round being settled still lacks here.
    pub(crate) fn missing(&self, settling: &Settling) -> Want {
        if !settling.is_collecting() {
            return Want::default();
        }
        let close = settling.certificate().close();
        let mut reports = Vec::new();
        let mut envelopes: BTreeSet<EnvelopeId> =
            close.intents.iter().chain(&close.quotes).copied().collect();
        for id in &close.reports {
            match settling.reports.get(id) {
                None => reports.push(*id),
                Some(report) => {
                    envelopes.extend(report.body.intents.iter().chain(&report.body.quotes));
                }
            }
        }
        let is_old = |id: &EnvelopeId| self.chain.listed_before(id, close.round);
        envelopes.retain(|id| !self.is_here(settling, id) && !is_old(id));
        Want {
            reports,
            envelopes: envelopes.into_iter().collect(),
        }
    }

    pub(crate) fn settle(&mut self, out: &mut Vec<Output>) {
        let Some(mut settling) = self.settling.take() else {
            return;
        };
        if settling.is_collecting() && self.has_all(&mut settling) {
            let material = self.collect(&mut settling, out);
            out.push(settling.provide(material));
            self.due.resend = self.now.monotonic.plus(self.options.times.resend);
        }
        let sent = settling.sent().len();
        settling.advance(&mut self.tools(out));
        if settling.sent().len() > sent {
            // What has just gone out is not due again before its time.
            self.due.resend = self.now.monotonic.plus(self.options.times.resend);
        }
        if !settling.is_settled() {
            self.settling = Some(settling);
            return;
        }
        self.keep_ballots(&settling);
        if let Some(Settled { record, intents }) = settling.into_settled() {
            self.archive(&record, &intents, out);
        }
    }

    /// Others may settle the round still, and start again meanwhile: what they signed of its allocation is
    /// kept for them when the vote goes.
    fn keep_ballots(&mut self, settling: &Settling) {
        let open = self.chain.open();
        for member in MemberIndex::all(self.context.committee.members()) {
            if let Some(ballot) = settling.newest_ballot_of(member) {
                self.overheard.keep_ballot(member, ballot, open);
            }
        }
    }

    /// What a round's tasks work with.
    pub(super) fn tools<'a>(&'a mut self, out: &'a mut Vec<Output>) -> Tools<'a> {
        Tools {
            may_vote: self.is_ready(),
            now: self.now,
            context: &self.context,
            promises: &mut self.promises,
            chain: &self.chain,
            accusations: &mut self.accusations,
            suspects: &mut self.suspects,
            has_halted: &mut self.has_halted,
            out,
        }
    }

    fn collect(&mut self, settling: &mut Settling, out: &mut Vec<Output>) -> Material {
        let close = settling.certificate().close().clone();
        let reports: Vec<_> = close
            .reports
            .iter()
            .filter_map(|id| settling.reports.remove(id))
            .collect();
        let reported: BTreeSet<EnvelopeId> = reports
            .iter()
            .flat_map(|report| report.body.intents.iter().chain(&report.body.quotes))
            .copied()
            .collect();
        let (mut listed, mut shares) = (BTreeMap::new(), BTreeMap::new());
        for (id, held) in core::mem::take(&mut settling.held) {
            let InboxEntry {
                envelope,
                shares: pending,
                ..
            } = *held;
            listed.insert(id, envelope);
            shares.extend(pending.map(|pending| (id, pending)));
        }
        let ruled_out = reported
            .iter()
            .filter_map(|id| Some((*id, self.inbox.get(id)?.envelope.clone())))
            .collect();
        let ancestry = self.chain.ancestry(close.round, &reported, listed.values());
        let first = first_opening(&listed, &ancestry.points);
        out.extend(self.chain.use_points(close.round, &listed));
        Material {
            reports,
            listed,
            ruled_out,
            shares,
            ancestry,
            first,
        }
    }

    /// The round is over: its record and outcomes go to disk, and what led to it goes.
    fn archive(&mut self, record: &RoundRecord, intents: &OpenedIntents, out: &mut Vec<Output>) {
        // All of it is one step and so one transaction: after a crash there is either the record,
        // or everything that leads to it.
        let settlement = &record.settlement.settlement;
        let round = settlement.round;
        out.push(put(Table::Records, round_key(round), record));
        let certified = CertifiedRound {
            close: record.close.clone(),
            certificate: record.certificate,
        };
        out.push(put(Table::Certificates, round_key(round), &certified));
        out.extend(self.retention.settled(round));
        out.extend(self.promises.settled(round));
        for (id, status) in outcomes(record) {
            out.push(put(
                Table::Outcomes,
                id.as_bytes().to_vec(),
                &StoredOutcome(status),
            ));
        }
        out.extend(self.chain.settle(settlement, intents));
        for subject in [Subject::Close, Subject::Allocation] {
            out.push(delete(Table::Votes, vote_key(round, subject)));
        }
        out.extend(
            record
                .reports
                .iter()
                .map(|report| delete(Table::Reports, report_key(report))),
        );
        let listed = record.close.intents.iter().chain(&record.close.quotes);
        out.extend(listed.flat_map(forget));
        self.drop_outlived(record, out);
        self.due.resend = self.now.monotonic;
        self.peers.caught_up();
        out.push(Output::Settled(Box::new(record.settlement.clone())));
        out.push(Output::Event(Box::new(Event::Settled(summary(record)))));
        let cleared = ClearedRound::of(record.close.clone(), record.certificate);
        out.push(Output::ClearRound(Box::new(cleared)));
    }

    fn refuse_record(
        &mut self,
        from: MemberIndex,
        round: Round,
        what: String,
        out: &mut Vec<Output>,
    ) {
        self.miss_record(from);
        out.push(Output::Notice(Notice::UnusableRecord { round, what }));
    }

    /// A record that was asked of a member does not come.
    pub(super) fn miss_record(&mut self, from: MemberIndex) {
        let patience = self.patience();
        self.peers
            .brought_nothing(from, self.now.monotonic, patience);
    }

    /// What the chain known here says of a record's entries. Nothing signs the ancestry that the
    /// record carries, so it is computed and never read.
    fn ancestry_of(
        &self,
        record: &RoundRecord,
        listed: &BTreeMap<EnvelopeId, Envelope>,
        intents: &OpenedIntents,
    ) -> Ancestry {
        let reports = record.reports.iter();
        let ids = reports.flat_map(|report| report.body.intents.iter().chain(&report.body.quotes));
        let reported = ids.copied().collect();
        let close = &record.close;
        Ancestry {
            nonces: self.chain.used_nonces(close, intents),
            ..self.chain.ancestry(close.round, &reported, listed.values())
        }
    }

    fn drop_outlived(&mut self, record: &RoundRecord, out: &mut Vec<Output>) {
        // The next round closes no earlier than at the end of the slot after this one's.
        let next_slot = record.close.slot.next();
        let earliest = self.context.committee.schedule.end_of(next_slot);
        let open = self.chain.open();
        let outlived = self.inbox.outlived(open, earliest, R::forgets);
        for id in &outlived {
            self.inbox.remove(id);
            out.extend(forget(id));
            let status = StoredOutcome(EnvelopeStatus::Expired);
            out.push(put(Table::Outcomes, id.as_bytes().to_vec(), &status));
        }
        self.drop_unneeded(out);
        let listed = record.close.intents.iter().chain(&record.close.quotes);
        let gone: Vec<_> = listed.copied().chain(outlived).collect();
        self.witness.forget(&gone, self.chain.open());
    }

    /// What was fetched for a round that is over and never acknowledged goes, unless a report of the
    /// open round names it: it is bound by no promise, and a liar may report envelopes of rounds
    /// that nobody lives to see.
    fn drop_unneeded(&mut self, out: &mut Vec<Output>) {
        let fetched = self.inbox.unacknowledged();
        let unneeded = fetched.filter(|id| !self.closing.book.lists(id));
        for id in unneeded.collect::<Vec<_>>() {
            self.inbox.remove(&id);
            out.extend(forget(&id));
        }
    }

    /// A record that another member settled, checked away from this thread: taken over if it goes
    /// on from the chain that is known here.
    pub(crate) fn take_record(
        &mut self,
        from: MemberIndex,
        checked: Result<Box<CheckedRecord>, RecordError>,
        out: &mut Vec<Output>,
    ) {
        let expected = self.settled().next();
        let checked = match checked {
            Ok(checked) if checked.record.close.round == expected => *checked,
            // It was settled here while it was fetched and checked.
            Ok(_) => return self.peers.brought_record(from),
            Err(error) => return self.refuse_record(from, expected, error.to_string(), out),
        };
        let CheckedRecord {
            record,
            certificate,
            audited,
        } = checked;
        let close = &record.close;
        if let Some(own) = self.settling.as_ref().map(Settling::certificate)
            && own.digest() != close.digest()
        {
            let certified = |certificate: &CloseCertificate| CertifiedClose {
                close: certificate.close().clone(),
                certificate: certificate.to_bytes(),
            };
            let pair = [certified(own), certified(&certificate)];
            out.extend(
                self.accusations
                    .keep(&Evidence::Certificates(Box::new(pair))),
            );
            return self.halt(forked(close.round), out);
        }
        if self.settling.is_none() && close.previous != self.chain.parent() {
            // Its certificate holds, so a quorum has certified another chain than this one.
            let proof = CertifiedClose {
                close: close.clone(),
                certificate: certificate.to_bytes(),
            };
            let evidence = Evidence::OtherCertificate(Box::new(proof));
            out.extend(self.accusations.keep(&evidence));
            return self.halt(forked(close.round), out);
        }
        let listed = listed_of(&record);
        if self.ancestry_of(&record, &listed, &audited.intents) != record.ancestry {
            let what = "what it says of earlier rounds is not what the chain says".to_owned();
            return self.refuse_record(from, close.round, what, out);
        }
        // The round may be certified here already, and lack shares or envelopes: then the record
        // takes the place of what is still being collected.
        self.peers.brought_record(from);
        if self.settling.is_none() {
            self.enter(certificate, out);
        }
        if let Some(settling) = self.settling.take() {
            self.keep_ballots(&settling);
        }
        out.extend(self.chain.use_points(close.round, &listed));
        self.archive(&record, &audited.intents, out);
    }
}

/// The envelopes that a record's close lists.
fn listed_of(record: &RoundRecord) -> BTreeMap<EnvelopeId, Envelope> {
    let close = &record.close;
    let listed: BTreeSet<_> = close.intents.iter().chain(&close.quotes).collect();
    let envelopes = record
        .envelopes
        .iter()
        .map(|envelope| (envelope.id(), envelope.clone()));
    envelopes.filter(|(id, _)| listed.contains(id)).collect()
}
