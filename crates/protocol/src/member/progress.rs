//! What has become possible: by the clock, by what has arrived, or by an earlier step.

use core::time::Duration;
use std::collections::BTreeSet;

use sealbid_types::bytes::Blob;
use sealbid_types::door::{PublicIntent, Refusal, RefusalCode, Response};
use sealbid_types::envelope::Kind;
use sealbid_types::id::{EnvelopeId, Slot};
use sealbid_types::time::Timestamp;

use super::archive::HOLD;
use super::intake::{reply, report_key};
use super::io::{Output, delete, put};
use super::message::{CertifiedClose, MOST_ENVELOPE_BYTES, PeerMessage};
use super::{Engine, Rules, broadcast, forked, send, vote_key};
use crate::admission::refusal;
use crate::closing::{MOST_ENVELOPES, MOST_REPORTS, next_event, slot_after_report};
use crate::disk::Table;
use crate::evidence::Evidence;
use crate::promises::Lists;
use crate::vote::{Certified, Output as VoteOutput, Subject, Value};

impl<R: Rules> Engine<R> {
    pub(crate) fn go_on(&mut self, out: &mut Vec<Output>) {
        // In the order in which one leads to the next: a report starts the vote, a vote certifies,
        // a certificate opens. So one step goes as far as it can, with one sync of the disk. What
        // is asked for and sent again comes after, when it is known what is still missing.
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

    /// The freeze, and at the cut this member's report: once, and only when the round before is
    /// settled here.
    fn cut(&mut self, out: &mut Vec<Output>) {
        self.freeze(out);
        if !self.is_ready() || self.settling.is_some() {
            return;
        }
        // Not before the round before is settled here (docs/protocol.md 8): one round in hand at a
        // time, and all that it used is known before the next is closed.
        let round = self.closing.round();
        if self.promises.is_cut(round) {
            return;
        }
        let Some((slot, lists)) = self.due_report() else {
            return;
        };
        if let Some((report, row)) = self.promises.report(round, slot, R::cut(lists)) {
            out.push(row);
            out.push(put(Table::Reports, report_key(&report), &report));
            self.closing.book.keep(report.clone());
            out.push(broadcast(&PeerMessage::Report(Box::new(report))));
        }
    }

    /// The slot to report for and what to list, once the frozen slot has ended. A later one only if
    /// not everything fits: places that a quorum's clocks have freed may be taken again by then. Clocks
    /// that were far ahead for a moment, and are right again, thus put off no report that fits.
    fn due_report(&self) -> Option<(Slot, Lists)> {
        let schedule = &self.context.committee.schedule;
        let round = self.closing.round();
        let frozen = self.promises.frozen(round)?;
        if self.believable_wall() < schedule.end_of(frozen) {
            return None;
        }
        let freed = schedule.newest_ended(self.inbox.freed_before());
        let lists = |slot: Slot| {
            let slot_end = schedule.end_of(slot);
            let list = |kind| self.inbox.reportable(kind, round, slot_end).collect();
            Lists {
                intents: list(Kind::Intent),
                quotes: list(Kind::Quote),
            }
        };
        // More than fits even so only while expired ones count again, after a start: they go as
        // soon as a quorum has said what time it is.
        let fits = |lists: &Lists| {
            lists.intents.len() <= self.inbox.most(Kind::Intent)
                && lists.quotes.len() <= self.inbox.most(Kind::Quote)
        };
        [frozen, frozen.max(freed)]
            .into_iter()
            .map(|slot| (slot, lists(slot)))
            .find(|(_, lists)| fits(lists))
    }

    /// Freezes the open round at the beginning of a quote window if it has an intent, if one has expired
    /// that nobody could be told of without a close, or if a later round is full here; or when another
    /// member's report lists an intent that is here and that this member has not acknowledged, or when more
    /// have reported than may lie.
    fn freeze(&mut self, out: &mut Vec<Output>) {
        let schedule = self.context.committee.schedule;
        let (round, parent) = (self.closing.round(), self.chain.parent_slot());
        let wall = self.believable_wall();
        out.extend(self.promises.thaw(round, schedule.current(wall)));
        let has_intent = self.inbox.count(Kind::Intent, round) > 0;
        // Asked whether or not there is an intent: a window that began without one has begun, and
        // the intent that comes in it waits for the next, so that solvers have a whole window for
        // it.
        let begun = self.closing.window.begun(&schedule, wall);
        // Strangers who fill a later round would keep out whoever asks for a range that has that round in
        // it. Where nobody else trades, no round would close until theirs have expired.
        // What expires earlier goes when the round before is settled here, and needs no close.
        let from = schedule.end_of(parent.next());
        let is_due = |slot: Slot| {
            let slot_end = schedule.end_of(slot);
            has_intent
                || self.inbox.has_expiring(&(from..slot_end))
                || self.is_ready() && self.inbox.is_full_after(round, slot_end)
        };
        let by_window = begun.filter(|slot| *slot > parent && is_due(*slot));
        if let Some(slot) = by_window
            && let Some(row) = self.promises.freeze(round, slot)
        {
            out.push(row);
            // A solver that came after an intent was published first hears of it now.
            let stale = self.inbox.publish(round, slot);
            out.extend(stale.into_iter().map(|public| self.publish(public)));
        }
        if self.promises.frozen(round).is_some() {
            return;
        }
        self.closing.look(&self.context, &self.chain, &self.inbox);
        // With an intent of its own it waits for the next window in any case: a report that a liar
        // sends late in a window would take the quotes from the intents that came in it.
        // Those who froze for what is not here would wait for this member, and their next intents with them.
        let is_begun = self.closing.has_reported_intent() || self.have_others_reported();
        if !has_intent && is_begun {
            let slot = slot_after_report(&schedule, wall, parent);
            if slot > parent {
                out.extend(self.promises.freeze(round, slot));
            }
        }
    }

    /// Whether more members have reported the open round than may lie, whatever they list.
    fn have_others_reported(&self) -> bool {
        let me = self.promises.member();
        let reports = self.closing.book.iter();
        let reporters: BTreeSet<_> = reports.map(|report| report.member).collect();
        let others = reporters.iter().filter(|member| **member != me);
        others.count() >= self.closing.vote.one_honest_among()
    }

    /// The time that freezes go by: the wall clock's, unless that is more than a slot ahead of what
    /// a quorum shows. A clock that jumps ahead for a moment would freeze a slot that is far away,
    /// and report for it at once, since by its own time that slot has ended.
    pub(super) fn believable_wall(&self) -> Timestamp {
        let committee = &self.context.committee;
        let shown = self.peers.time_shown_by(committee.quorum(), self.now);
        let slot = Duration::from_millis(committee.schedule.period_ms.into());
        match shown {
            Some(shown) if self.now.wall > shown.plus(slot) => shown,
            _ => self.now.wall,
        }
    }

    /// When the wall clock alone brings something.
    pub(super) fn next_by_wall_clock(&self) -> Timestamp {
        let frozen = self.promises.frozen(self.closing.round());
        let believable = self.believable_wall();
        let event = next_event(&self.context.committee.schedule, frozen, believable);
        // As this clock shows it, by which the engine is woken.
        self.now.wall.plus(event.since(believable))
    }

    fn vote_on(&mut self, out: &mut Vec<Output>) {
        if !self.is_ready() || self.settling.is_some() {
            return;
        }
        let mut said = Vec::new();
        let has_reported = self.promises.reported(self.closing.round()).is_some();
        // Not before the own report: the timeout for a proposal starts when the reports that it
        // takes are on their way. A member without one is taken along when others are a view
        // further (line 55).
        if has_reported && !self.closing.vote.is_started() {
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
            // It may have been decided just now: what follows would be about the round after.
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
            for (digest, verdict) in closing.verdicts(context, chain, inbox, R::judge) {
                closing.vote.validated(digest, verdict, *now, &mut said);
            }
            if let Some((view, close)) = closing.proposal(context, chain, inbox, now.wall) {
                closing
                    .vote
                    .propose(view, R::compose(close), *now, &mut said);
            }
            let surplus = closing.drop_surplus();
            out.extend(
                surplus
                    .iter()
                    .map(|report| delete(Table::Reports, report_key(report))),
            );
            if said.is_empty() {
                return;
            }
        }
    }

    fn follow_word(&mut self, word: VoteOutput, out: &mut Vec<Output>) {
        let round = self.closing.round();
        match word {
            VoteOutput::Persist(state) => {
                out.push(put(Table::Votes, vote_key(round, Subject::Close), &*state));
            }
            VoteOutput::Broadcast(message) => {
                out.push(broadcast(&PeerMessage::Vote(Box::new(message))));
            }
            VoteOutput::Propose { view } => self.closing.want_proposal(view),
            VoteOutput::Validate { value, .. } => {
                if let Value::Close(close) = *value {
                    self.closing.ask(close);
                }
            }
            VoteOutput::Evidence(evidence) => {
                let what = "voted twice, or signed a wrong share".to_owned();
                let (member, evidence) = (evidence.member(), Evidence::Vote(evidence));
                if evidence.is_of_shares() {
                    self.suspects.note(member, round);
                }
                self.accuse(member, what, Some(&evidence), out);
            }
            VoteOutput::Decided(certified) => self.certify(*certified, out),
            VoteOutput::Abstains => self.abstain(out),
            VoteOutput::Forked { first, second } => {
                if let (Some(first), Some(second)) = (certified(*first), certified(*second)) {
                    let pair = Evidence::Certificates(Box::new([first, second]));
                    out.extend(self.accusations.keep(&pair));
                }
                self.halt(forked(round), out);
            }
        }
    }

    /// What is missing to judge a close or to open a certified round, asked of one member after
    /// another.
    fn ask_for_missing(&mut self, out: &mut Vec<Output>) {
        if self.now.monotonic < self.due.want || !self.is_ready() {
            return;
        }
        self.due.want = self.now.monotonic.plus(self.options.times.resend / 4);
        let mut want = match self.settling.as_ref() {
            Some(settling) => self.missing(settling),
            None => self.closing.want(&self.context, &self.chain, &self.inbox),
        };
        if want.is_empty() {
            return;
        }
        want.envelopes.truncate(MOST_ENVELOPES);
        want.reports.truncate(MOST_REPORTS);
        self.asked = self.asked.wrapping_add(1);
        let absent_after = self.options.times.absent_after;
        let alive = self.peers.alive(self.now.monotonic, absent_after);
        let me = self.promises.member();
        let whom = self.closing.ask_whom(&alive, me, self.asked.into());
        if let Some(member) = whom {
            out.push(send(member, &PeerMessage::Want(want)));
        }
    }

    /// Until the round is certified, its reports and votes; until it is settled, its shares.
    fn resend(&mut self, out: &mut Vec<Output>) {
        if self.now.monotonic < self.due.resend {
            return;
        }
        self.due.resend = self.now.monotonic.plus(self.options.times.resend);
        if let Some(settling) = &self.settling {
            out.extend(settling.resend().map(|message| broadcast(&message)));
            return;
        }
        if !self.is_ready() {
            return;
        }
        if let Some(report) = self.promises.reported(self.closing.round()) {
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
        for (id, requests, acknowledged) in self.receipts.take_late(self.now.monotonic) {
            let why = self.no_receipt(&id, acknowledged);
            let answer = |request| reply(request, Response::Refused(why.clone()));
            out.extend(requests.into_iter().map(answer));
        }
    }

    /// Why there is no receipt, once it has taken too long.
    fn no_receipt(&self, id: &EnvelopeId, acknowledged: usize) -> Refusal {
        if self.inbox.get(id).is_none() {
            let text = "its checks took too long: try again";
            return refusal(RefusalCode::TooManyRequests, text);
        }
        let needed = self.context.committee.quorum;
        let text = format!(
            "{acknowledged} of {needed} members acknowledged it in time; it is stored and may still be listed"
        );
        refusal(RefusalCode::NoQuorum, text)
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
        let (settled, patience) = (self.settled(), self.patience());
        let from = self.peers.fetch_from(settled, self.now.monotonic, patience);
        out.extend(from.map(|from| Output::FetchRecord {
            round: settled.next(),
            from,
        }));
    }

    /// How long a member waits for a round to settle here, or for a record that it asked for.
    pub(super) fn patience(&self) -> core::time::Duration {
        self.options.times.resend * HOLD
    }

    /// The public part of an intent, signed, on its way to solvers.
    pub(super) fn publish(&self, public: PublicIntent) -> Output {
        Output::Publish(Box::new(self.promises.publish(public)))
    }
}

/// A certified close as it travels.
fn certified(certified: Certified) -> Option<CertifiedClose> {
    match certified.value {
        Value::Close(close) => Some(CertifiedClose {
            close,
            certificate: certified.certificate,
        }),
        Value::Allocation(_) => None,
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
