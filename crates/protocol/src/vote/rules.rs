//! The paper's rules: one function for each *upon* clause and each timeout. Each returns whether
//! it applied; the rules run until none does.

use std::collections::{BTreeMap, BTreeSet};

use sealbid_types::close::CertificateBytes;
use sealbid_types::id::{AllocationDigest, MemberIndex, Slot, ValueDigest, View};
use sealbid_types::keys::Signed;
use sealbid_types::time::Timestamp;

use crate::time::{Clock, Monotonic};

use super::evidence::Evidence;
use super::instance::{Output, Verdict, Vote};
use super::message::{Precommit, Proposal, Step};
use super::state::{Lock, ValidValue};
use super::tally::ViewLog;
use super::value::{Computed, Subject, Value};

/// How many allocations of one member are remembered.
const MOST_CLAIMS: usize = 2;

/// What the clock says about a fresh proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Freshness {
    /// Its slot is the newest that has ended, or the one before.
    Fresh,
    /// Its slot ends then.
    Early(Timestamp),
    /// A later slot should have been named.
    Stale,
}

impl Vote {
    /// Applies the first rule that does.
    pub(super) fn apply_a_rule(&mut self, now: Clock, out: &mut Vec<Output>) -> bool {
        // A decision first: it ends the vote, whatever else applies. Then a later view: no rule of
        // the present one can still matter to a member that the others have left behind.
        // These two apply to a member that has not begun as well: it is not to be left behind only
        // because it has not reported yet. It signs by the rest, which wait until it has begun.
        self.upon_precommits_for_a_value(out)
            || self.can_judge() && self.upon_a_later_view(now, out)
            || self.started
                && (self.upon_a_fresh_proposal(now)
                    || self.upon_a_proposal_again()
                    || self.upon_prevotes_for_a_value()
                    || self.upon_prevotes_for_nil()
                    || self.upon_prevotes(now)
                    || self.upon_precommits(now))
    }

    fn quorum(&self) -> usize {
        usize::from(self.config.quorum)
    }

    fn log(&self) -> Option<&ViewLog> {
        self.tally.log(self.view)
    }

    /// The current view's proposal, while it is waited for.
    fn awaited_proposal(&self) -> Option<Proposal> {
        let waits = self.step == Step::Propose;
        self.log()
            .filter(|_| waits)?
            .proposal()
            .map(|signed| signed.body)
    }

    // Line 22: upon ⟨PROPOSAL, h_p, round_p, v, -1⟩ from proposer(h_p, round_p)
    //          while step_p = propose
    fn upon_a_fresh_proposal(&mut self, now: Clock) -> bool {
        let Some(Proposal {
            value,
            valid_view: None,
            ..
        }) = self.awaited_proposal()
        else {
            return false;
        };
        // Line 23: if valid(v) ∧ (lockedRound_p = -1 ∨ lockedValue_p = v)
        // The lock is asked before clock and content: its answer needs neither, and a nil prevote
        // at once saves the view's timeout.
        let is_free = self.locked.is_none_or(|locked| locked.value == value);
        if !(self.config.may_prevote)(is_free) {
            // Line 26.
            self.cast_prevote(None);
            return true;
        }
        match self.freshness(value, now) {
            // Its proposer's clock may be ahead of this one by a moment: wait, until the timeout.
            Freshness::Early(_) => false,
            // Waiting makes no proposal younger. Nil at once lets the next proposer have its turn.
            Freshness::Stale => {
                self.cast_prevote(None);
                true
            }
            // Line 24 or 26, as soon as it is judged.
            Freshness::Fresh => self.prevote_by_verdict(value),
        }
    }

    // Line 28: upon ⟨PROPOSAL, h_p, round_p, v, vr⟩ from proposer(h_p, round_p)
    //          AND 2f + 1 ⟨PREVOTE, h_p, vr, id(v)⟩
    //          while step_p = propose ∧ (vr >= 0 ∧ vr < round_p)
    // The prevotes came with the proposal and were checked then; so was vr.
    fn upon_a_proposal_again(&mut self) -> bool {
        let Some(Proposal {
            value,
            valid_view: Some(valid_view),
            ..
        }) = self.awaited_proposal()
        else {
            return false;
        };
        // Line 29: if valid(v) ∧ (lockedRound_p <= vr ∨ lockedValue_p = v)
        let is_free = self
            .locked
            .is_none_or(|locked| locked.view <= valid_view || locked.value == value);
        if !(self.config.may_prevote)(is_free) {
            // Line 32.
            self.cast_prevote(None);
            return true;
        }
        // Line 30 or 32, as soon as it is judged. The clock is not asked: q members found it fresh
        // in its time, and a value that some may be locked on has to stay votable however old it
        // is, or the round could be kept open for ever (`tests/tests/vote.rs`,
        // `a_value_locked_in_a_long_partition_is_certified_afterwards`).
        self.prevote_by_verdict(value)
    }

    /// `valid(v)`: what the engine says of a close. An allocation is held against the own one, which
    /// every honest member of the same version has computed alike; the one that fills nothing is
    /// right once the members have tried for long enough.
    fn verdict(&self, value: ValueDigest) -> Option<Verdict> {
        if self.config.subject == Subject::Close {
            return self.values.verdict(value);
        }
        let Computed { own, void } = self.computed?;
        let is_valid = value == own || value == void && self.may_withdraw();
        Some(if is_valid {
            Verdict::Valid
        } else {
            Verdict::Invalid
        })
    }

    /// Whether the allocation that fills nothing is valid now. Not because it is late alone: a liar
    /// could have views pass while somebody honest is away, and have a round withdrawn whose terms
    /// it has seen. More members have to have signed another allocation than may lie, or so many
    /// that the own one has no quorum left.
    pub(super) fn may_withdraw(&self) -> bool {
        let bearable = self
            .config
            .bearable_liars()
            .min(self.config.dispensable_members());
        self.view >= self.config.withdrawn_from() && self.members_that_differ() > bearable
    }

    /// How many other members have signed an allocation in this vote that is not the own one. The
    /// one that fills nothing counts: an honest member signs it only once it has seen so many
    /// others, and whoever was away meanwhile will hear nothing else of it.
    fn members_that_differ(&self) -> usize {
        let Some(Computed { own, .. }) = self.computed else {
            return 0;
        };
        let differs = |values: &&BTreeSet<ValueDigest>| values.iter().any(|value| *value != own);
        self.claims.values().filter(differs).count()
    }

    /// Notes what a member says that it has computed.
    pub(super) fn note_claim(&mut self, member: MemberIndex, value: Option<ValueDigest>) {
        let is_claim = self.config.subject == Subject::Allocation && member != self.config.member;
        let Some(value) = value.filter(|_| is_claim) else {
            return;
        };
        let values = self.claims.entry(member).or_default();
        // Of each member as many as one that is honest has: its own, and the one that fills nothing.
        if values.len() < MOST_CLAIMS {
            self.changed |= values.insert(value);
        }
    }

    /// The value of a digest, if it is known. An allocation is no more than its digest here.
    pub(super) fn value_of(&self, digest: ValueDigest) -> Option<Value> {
        match self.config.subject {
            Subject::Close => self.values.get(digest).cloned(),
            Subject::Allocation => Some(Value::Allocation(AllocationDigest(digest.0))),
        }
    }

    /// Whether it can judge anything: before it has computed its own, it waits, and signs no nil
    /// either. A member that is slow must not have the others go from view to view without it.
    fn can_judge(&self) -> bool {
        self.config.subject == Subject::Close || self.computed.is_some()
    }

    fn prevote_by_verdict(&mut self, value: ValueDigest) -> bool {
        let Some(verdict) = self.verdict(value) else {
            return false;
        };
        // Lines 24, 26 and 27; 30, 32 and 33.
        self.cast_prevote((verdict == Verdict::Valid).then_some(value));
        true
    }

    // Line 34: upon 2f + 1 ⟨PREVOTE, h_p, round_p, *⟩ while step_p = prevote for the first time
    fn upon_prevotes(&mut self, now: Clock) -> bool {
        let enough = self
            .log()
            .is_some_and(|log| log.prevotes.len() >= self.quorum());
        // Line 35.
        enough
            && self.step == Step::Prevote
            && self
                .timeouts
                .prevote
                .arm(now.monotonic, self.config.times.prevote_in(self.view))
    }

    // Line 36: upon ⟨PROPOSAL, h_p, round_p, v, *⟩ from proposer(h_p, round_p)
    //          AND 2f + 1 ⟨PREVOTE, h_p, round_p, id(v)⟩
    //          while valid(v) ∧ step_p >= prevote for the first time
    fn upon_prevotes_for_a_value(&mut self) -> bool {
        let view = self.view;
        let first = self.valid.as_ref().is_none_or(|valid| valid.view != view);
        if self.step < Step::Prevote || !first {
            return false;
        }
        let Some((value, polka)) = self.log().and_then(|log| {
            let value = log.prevotes.quorum_value(self.quorum())??;
            let polka = log.prevotes.for_value(Some(value)).take(self.quorum());
            Some((value, polka.cloned().collect()))
        }) else {
            return false;
        };
        if self.verdict(value) != Some(Verdict::Valid) {
            return false;
        }
        // Line 37: if step_p = prevote
        // In a later step the member has precommitted already, to nil: it may not precommit twice,
        // but lines 42 and 43 still let it propose the value again.
        if self.step == Step::Prevote {
            // Lines 38 to 41.
            self.locked = Some(Lock { value, view });
            self.cast_precommit(Some(value));
        }
        // Lines 42 and 43.
        self.valid = Some(ValidValue { value, view, polka });
        self.changed = true;
        true
    }

    // Line 44: upon 2f + 1 ⟨PREVOTE, h_p, round_p, nil⟩ while step_p = prevote
    fn upon_prevotes_for_nil(&mut self) -> bool {
        let quorum = self.quorum();
        let nil = self
            .log()
            .is_some_and(|l| l.prevotes.quorum_value(quorum) == Some(None));
        let applies = nil && self.step == Step::Prevote;
        if applies {
            // Lines 45 and 46.
            self.cast_precommit(None);
        }
        applies
    }

    // Line 47: upon 2f + 1 ⟨PRECOMMIT, h_p, round_p, *⟩ for the first time
    // Wrong shares count here. They have no weight, but one member may have counted them before it
    // looked at them and gone on, and those it left behind must come to follow it.
    fn upon_precommits(&mut self, now: Clock) -> bool {
        let enough = self
            .log()
            .is_some_and(|log| log.precommitted() >= self.quorum());
        // Line 48.
        enough
            && self
                .timeouts
                .precommit
                .arm(now.monotonic, self.config.times.precommit_in(self.view))
    }

    // Line 49: upon ⟨PROPOSAL, h_p, r, v, *⟩ from proposer(h_p, r)
    //          AND 2f + 1 ⟨PRECOMMIT, h_p, r, id(v)⟩ while decision_p[h_p] = nil
    // Line 50, valid(v), holds: one of q members is honest and has found it so. This member may
    // still lack envelopes of it; so may one that is shown the certificate.
    fn upon_precommits_for_a_value(&mut self, out: &mut Vec<Output>) -> bool {
        let quorum = self.quorum();
        let candidate = self.tally.views().find_map(|(view, log)| {
            let value = log.precommits.quorum_value(quorum)??;
            self.value_of(value).map(|_| (view, value))
        });
        candidate.is_some_and(|(view, value)| self.certify(view, value, out))
    }

    /// Combines the shares of q precommits. Members whose shares are wrong have not precommitted.
    ///
    /// No share is verified when it comes, but those of suspects: the combination is, once, and the
    /// shares one by one only if that fails. Whoever makes it fail is a suspect from then on, so a
    /// liar costs the slow way once and not in every view.
    fn certify(&mut self, view: View, digest: ValueDigest, out: &mut Vec<Output>) -> bool {
        let statement = self.config.instance().statement(view, digest);
        let shares: BTreeMap<_, _> = self
            .tally
            .log(view)
            .into_iter()
            .flat_map(|log| log.precommits.for_value(Some(digest)))
            .filter_map(|signed| Some((signed.member, signed.body.commitment?.share)))
            .collect();
        let combination = self.signers.threshold.combine(&statement, &shares);
        let mut removed = false;
        for liar in combination.liars {
            removed |= self.strike_out(view, liar, out);
        }
        if let (Some(signature), Some(value)) = (combination.signature, self.value_of(digest)) {
            let certificate = CertificateBytes { view, signature };
            self.decide(value, certificate);
            return true;
        }
        removed
    }

    /// Removes a precommit whose share is wrong. Returns whether there was one.
    fn strike_out(&mut self, view: View, liar: MemberIndex, out: &mut Vec<Output>) -> bool {
        self.suspects.insert(liar);
        let precommit: Option<Signed<Precommit>> = self.tally.log_mut(view).precommits.remove(liar);
        let Some(precommit) = precommit else {
            return false;
        };
        self.tally.strike(precommit.clone());
        self.accuse(view, Step::Precommit, Evidence::BadShare(precommit), out);
        true
    }

    // Line 55: upon f + 1 ⟨*, h_p, round, *, *⟩ with round > round_p
    // Counted over members at that view or beyond: one that has gone on sends nothing of it more.
    fn upon_a_later_view(&mut self, now: Clock, out: &mut Vec<Output>) -> bool {
        let count = self.config.skip_threshold();
        let Some(view) = self.tally.view_reached_by(count, self.config.member) else {
            return false;
        };
        if view > self.view {
            // Line 56.
            self.started = true;
            self.start_view(view, now, out);
            return true;
        }
        let sleeps = !self.started;
        if sleeps {
            self.begin(now, out);
        }
        sleeps
    }

    /// The timeouts that have run out. In this order, and each asks for the step anew: after a long
    /// sleep one call may go through all of them, and must sign what the paper's member would have.
    pub(super) fn run_timeouts(&mut self, now: Clock, out: &mut Vec<Output>) {
        // Lines 57 to 60: OnTimeoutPropose
        if self.step == Step::Propose && self.timeouts.propose.has_run_out(now.monotonic) {
            if self.log().is_none_or(|log| log.proposal().is_none()) {
                self.silent.insert(self.proposer_of(self.view));
            }
            self.cast_prevote(None);
        }
        // Lines 61 to 64: OnTimeoutPrevote
        if self.step == Step::Prevote && self.timeouts.prevote.has_run_out(now.monotonic) {
            self.cast_precommit(None);
        }
        // Lines 65 to 67: OnTimeoutPrecommit
        if self.timeouts.precommit.has_run_out(now.monotonic) {
            self.start_view(self.view.next(), now, out);
        }
    }

    /// Judges the current view's fresh value by the clock, when it is first looked at: judging its
    /// content may take its time.
    fn freshness(&mut self, value: ValueDigest, now: Clock) -> Freshness {
        // Early is not final: time passes. The others are, or a proposal that was fresh would go
        // stale while its envelopes are being fetched.
        if let Some(judged @ (Freshness::Fresh | Freshness::Stale)) = self.freshness {
            return judged;
        }
        let judged = match self.value_of(value).map(|value| value.slot()) {
            Some(Some(slot)) => self.freshness_of(slot, now),
            // The clock has no say in how a round cleared.
            Some(None) => Freshness::Fresh,
            None => Freshness::Stale,
        };
        self.freshness = Some(judged);
        judged
    }

    fn freshness_of(&self, slot: Slot, now: Clock) -> Freshness {
        let newest = self.config.schedule.newest_ended(now.wall);
        if slot > newest {
            Freshness::Early(self.config.schedule.end_of(slot))
        } else if slot.next() >= newest {
            // The slot before the newest counts too: one may have ended while the proposal was on
            // its way. A liar gains a period by that, and no more (docs/protocol.md 4.2).
            Freshness::Fresh
        } else {
            Freshness::Stale
        }
    }

    /// When the slot of the fresh proposal that is waited on ends, if the wall clock runs on as it
    /// does now. One that is set makes the shell's next look come early or late by a moment.
    pub(super) fn fresh_slot_end(&self, now: Clock) -> Option<Monotonic> {
        match self.freshness {
            Some(Freshness::Early(until)) => Some(now.when(until)),
            _ => None,
        }
    }
}
