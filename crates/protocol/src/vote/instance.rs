//! One vote: what it is made of, what is asked of it, and what it answers.

use std::collections::{BTreeMap, BTreeSet};

use sealbid_types::close::CertificateBytes;
use sealbid_types::id::{AllocationDigest, MemberIndex, ValueDigest, View};

use crate::time::{Clock, Monotonic};

use super::config::{Config, ConfigError};
use super::evidence::Evidence;
use super::message::{Message, Position, Step};
use super::rules::Freshness;
use super::signer::Signers;
use super::state::{Lock, OwnProposal, ValidValue, VoteState};
use super::tally::Tally;
use super::timing::Timeout;
use super::value::{Computed, Subject, Value};
use super::values::Values;
pub use super::values::Verdict;

/// A value and its certificate, which has been verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certified {
    /// The value.
    pub value: Value,
    /// The certificate.
    pub certificate: CertificateBytes,
}

/// What a vote asks for, to be carried out in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "messages are most of what comes out"
)]
pub enum Output {
    /// Write this, in place of the one before, before anything that comes later is carried out.
    Persist(Box<VoteState>),
    /// Send to all other members.
    Broadcast(Message),
    /// It is this member's turn to propose: answer with [`Vote::propose`], soon or never.
    Propose {
        /// The view.
        view: View,
    },
    /// Judge a value, by its content alone and all of it: answer with [`Vote::validated`], soon,
    /// late or never. A value is asked about once, as long as anybody talks about it.
    Validate {
        /// The value.
        value: Box<Value>,
        /// Who proposes it.
        proposer: MemberIndex,
    },
    /// A member lied, and this proves it.
    Evidence(Box<Evidence>),
    /// The vote is over. Comes once, last.
    Decided(Box<Certified>),
    /// A later message of this member came back to it: its disk is an old copy. It signs nothing
    /// more in this round.
    Abstains,
    /// Two values of one round are certified: more than `2q - n - 1` members lied. Stop, and
    /// publish this.
    Forked {
        /// The one decided on.
        first: Box<Certified>,
        /// The other.
        second: Box<Certified>,
    },
}

/// Why a vote cannot go on from what was stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    /// The configuration makes no sense.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The state is of another auction, epoch, round or member.
    #[error("the stored vote is of another auction, epoch, round or member")]
    Foreign,
    /// The state names a value that it does not hold.
    #[error("the stored vote names value {0} without holding it")]
    MissingValue(ValueDigest),
}

/// The timeouts of the current view.
#[derive(Debug, Clone, Default)]
pub(super) struct Timeouts {
    pub(super) propose: Timeout,
    pub(super) prevote: Timeout,
    pub(super) precommit: Timeout,
}

/// One vote of one round, as one member sees it. See the module.
#[derive(Debug)]
pub struct Vote {
    pub(super) config: Config,
    pub(super) signers: Signers,
    pub(super) started: bool,
    // Line 3 and 4: round_p and step_p.
    pub(super) view: View,
    pub(super) step: Step,
    // Lines 6 and 7: lockedValue_p and lockedRound_p.
    pub(super) locked: Option<Lock>,
    // Lines 8 and 9: validValue_p and validRound_p.
    pub(super) valid: Option<ValidValue>,
    // Line 5: decision_p.
    pub(super) decided: Option<Certified>,
    pub(super) own_proposal: Option<OwnProposal>,
    pub(super) timeouts: Timeouts,
    /// What the clock said about the current view's fresh proposal.
    pub(super) freshness: Option<Freshness>,
    pub(super) tally: Tally,
    pub(super) values: Values,
    /// What this member has computed, if that is what the vote is about.
    pub(super) computed: Option<Computed>,
    /// What the others say that they have computed.
    pub(super) claims: BTreeMap<MemberIndex, BTreeSet<ValueDigest>>,
    pub(super) abstains: bool,
    /// Members that gave a wrong share: their next ones are looked at before they count.
    pub(super) suspects: BTreeSet<MemberIndex>,
    /// Proposers that were waited for in vain in their last turn.
    pub(super) silent: BTreeSet<MemberIndex>,
    /// How much evidence there is against each member.
    pub(super) named: BTreeMap<MemberIndex, usize>,
    /// Whether the state has changed since it was last persisted.
    pub(super) changed: bool,
    /// What this step has signed.
    pub(super) outbox: Vec<Message>,
}

impl Vote {
    /// A vote that nobody has voted in. It keeps what it receives, and waits for [`Self::start`].
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn new(config: Config, signers: Signers) -> Result<Self, ConfigError> {
        config.check()?;
        let abstains = config.abstain;
        Ok(Self {
            config,
            signers,
            started: false,
            view: View(0),
            step: Step::Propose,
            locked: None,
            valid: None,
            decided: None,
            own_proposal: None,
            timeouts: Timeouts::default(),
            freshness: None,
            tally: Tally::default(),
            values: Values::default(),
            computed: None,
            claims: BTreeMap::new(),
            abstains,
            suspects: BTreeSet::new(),
            silent: BTreeSet::new(),
            named: BTreeMap::new(),
            changed: false,
            outbox: Vec::new(),
        })
    }

    /// The vote that `state` was written by. It goes on at [`Self::start`].
    ///
    /// # Errors
    /// [`RestoreError`].
    pub fn restore(
        config: Config,
        signers: Signers,
        state: VoteState,
    ) -> Result<Self, RestoreError> {
        let mut vote = Self::new(config, signers)?;
        if state.instance() != vote.config.instance() || state.member != vote.config.member {
            return Err(RestoreError::Foreign);
        }
        for value in &state.values {
            // Only what the member proposed or locked on is stored: it was valid then.
            vote.values.add_valid(value.digest(), value.clone());
        }
        if let Some(missing) = state.named_values().find(|d| vote.values.get(*d).is_none()) {
            return Err(RestoreError::MissingValue(missing));
        }
        // `started` stays false: the monotonic clock is another one than before, so what was left
        // of the timeouts means nothing. They start anew with the vote.
        for (member, value) in &state.claims {
            vote.note_claim(*member, Some(*value));
        }
        vote.changed = false;
        vote.abstains |= state.abstains;
        vote.tally.restore(&state);
        vote.view = state.view;
        vote.step = state.step;
        vote.locked = state.locked;
        vote.valid = state.valid;
        vote.own_proposal = state.proposal;
        Ok(vote)
    }

    /// Begins, or goes on after a restart. Called when the slot has ended and there is something
    /// to close; again, it does nothing.
    // Line 10: upon start do StartRound(0)
    pub fn start(&mut self, now: Clock, out: &mut Vec<Output>) {
        if !self.started && self.decided.is_none() {
            self.begin(now, out);
        }
        self.settle(now, out);
    }

    /// Takes what this member has computed, by which it judges every allocation, and begins: in the
    /// first view it prevotes its own. `withdrawn` is the allocation that fills nothing. Again, it
    /// does nothing.
    pub fn assume(
        &mut self,
        own: AllocationDigest,
        withdrawn: AllocationDigest,
        now: Clock,
        out: &mut Vec<Output>,
    ) {
        if self.computed.is_some() || self.config.subject != Subject::Allocation {
            return;
        }
        self.computed = Some(Computed {
            own: own.into(),
            void: withdrawn.into(),
        });
        for digest in [own, withdrawn] {
            self.values.add(digest.into(), &Value::Allocation(digest));
        }
        self.start(now, out);
    }

    /// Proposes `value`, which is valid, in `view`, if it still is this member's turn there.
    pub fn propose(
        &mut self,
        view: View,
        value: impl Into<Value>,
        now: Clock,
        out: &mut Vec<Output>,
    ) {
        let value = value.into();
        let waits = self.started && self.decided.is_none() && self.own_proposal_of(view).is_none();
        if waits && view == self.view && self.step == Step::Propose && self.is_proposer() {
            let digest = value.digest();
            self.values.add_valid(digest, value);
            // Line 18: proposal <- getValue(), with validRound_p = -1.
            self.cast_proposal(digest, None, Vec::new());
        }
        self.settle(now, out);
    }

    /// Takes the verdict on a value that [`Output::Validate`] asked about; the first one counts.
    pub fn validated(
        &mut self,
        value: ValueDigest,
        verdict: Verdict,
        now: Clock,
        out: &mut Vec<Output>,
    ) {
        self.values.judge(value, verdict);
        self.settle(now, out);
    }

    /// Time has passed: called when [`Self::wake_at`] says so, or at any other time.
    pub fn tick(&mut self, now: Clock, out: &mut Vec<Output>) {
        if self.started && self.decided.is_none() {
            self.run_timeouts(now, out);
        }
        self.settle(now, out);
    }

    /// When [`Self::tick`] will have something to do.
    #[must_use]
    pub fn wake_at(&self, now: Clock) -> Option<Monotonic> {
        if !self.started || self.decided.is_some() {
            return None;
        }
        let of_step = match self.step {
            Step::Propose => [self.timeouts.propose.due(), self.fresh_slot_end(now)],
            Step::Prevote => [self.timeouts.prevote.due(), None],
            Step::Precommit => [None, None],
        };
        of_step
            .into_iter()
            .chain([self.timeouts.precommit.due()])
            .flatten()
            .min()
    }

    /// How many members there must be for an honest one to be among them.
    pub(crate) fn one_honest_among(&self) -> usize {
        self.config.skip_threshold()
    }

    /// Whether it has begun.
    #[must_use]
    pub const fn is_started(&self) -> bool {
        self.started
    }

    /// The current view.
    #[must_use]
    pub const fn view(&self) -> View {
        self.view
    }

    /// What was decided.
    #[must_use]
    pub const fn decided(&self) -> Option<&Certified> {
        self.decided.as_ref()
    }

    /// Members whose shares were wrong in earlier rounds: their precommits' shares are looked at
    /// before they count, so that they cost no slow path. The votes count as anybody's.
    pub fn suspect(&mut self, members: impl IntoIterator<Item = MemberIndex>) {
        self.suspects.extend(members);
    }

    /// Proposers that were waited for in vain in their last turn here: for the next round's vote.
    #[must_use]
    pub const fn silent(&self) -> &BTreeSet<MemberIndex> {
        &self.silent
    }

    /// Takes over who was silent in the round before. Such a proposer is waited for shorter, once a
    /// round: a member that is down costs less of its turns. Later views have the paper's timeouts,
    /// which grow, so that a proposer that is only slow is still waited for long enough in the end.
    pub fn expect_silence(&mut self, members: &BTreeSet<MemberIndex>) {
        self.silent.extend(members);
    }

    /// Follows and decides from now on, but signs nothing more: peers hold later votes of this
    /// member than its disk does.
    pub const fn abstain(&mut self) {
        self.abstains = true;
    }

    /// [`Self::abstain`], written down: who told the member so may be away at its next start.
    pub fn give_up(&mut self, out: &mut Vec<Output>) {
        if !self.abstains {
            self.abstains = true;
            out.push(Output::Persist(Box::new(self.state())));
            out.push(Output::Abstains);
        }
    }

    /// Whether it signs nothing in this round.
    #[must_use]
    pub const fn abstains(&self) -> bool {
        self.abstains
    }

    /// The newest that this member has signed, as its disk has it.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        self.newest_of(self.config.member)
    }

    /// The newest that a member is known to have signed.
    #[must_use]
    pub fn newest_of(&self, member: MemberIndex) -> Option<Position> {
        self.tally.newest_of(member)
    }

    /// Whether a value that [`Output::Validate`] asked about is still to be judged: it is not once
    /// it is forgotten.
    #[must_use]
    pub fn awaits_verdict(&self, value: ValueDigest) -> bool {
        self.values.get(value).is_some() && self.values.verdict(value).is_none()
    }

    /// The newest message of a member that is known here, as that member signed it: a proposal
    /// without its value. It is what a member that starts again is shown of itself (4.4).
    #[must_use]
    pub fn newest_ballot_of(&self, member: MemberIndex) -> Option<Message> {
        self.tally.newest_ballot_of(member).cloned()
    }

    /// Whether it still talks about a value: what it has dropped needs no judgement.
    #[must_use]
    pub fn knows(&self, value: ValueDigest) -> bool {
        self.values.get(value).is_some()
    }

    /// The values that it still talks about.
    pub fn values(&self) -> impl Iterator<Item = &Value> {
        self.values.values()
    }

    /// Who proposed or prevoted a value: they hold its envelopes, if they are honest.
    #[must_use]
    pub fn holders(&self, value: ValueDigest) -> BTreeSet<MemberIndex> {
        let mut holders = BTreeSet::new();
        for (_, log) in self.tally.views() {
            holders.extend(
                log.proposals
                    .for_value(Some(value))
                    .map(|signed| signed.member),
            );
            holders.extend(
                log.prevotes
                    .for_value(Some(value))
                    .map(|signed| signed.member),
            );
        }
        holders.remove(&self.config.member);
        holders
    }

    /// What to send to all other members from time to time until the round is decided: what this
    /// member and others signed in the current view and the one before.
    ///
    /// Passing on what others signed is what makes the paper's assumption true, that a message
    /// received by one honest member is received by all: a liar may send to some only. The lists
    /// of others' proposals are not passed on; the headers are, which is enough to find a proposer
    /// that shows two values.
    #[must_use]
    pub fn resend(&self) -> Vec<Message> {
        let mut messages = Vec::new();
        if self.decided.is_some() {
            return messages;
        }
        // The view before too: a member that missed the last votes of it cannot follow otherwise.
        // One that is further behind skips (line 55) and needs nothing older.
        let from = self.view.previous().unwrap_or_default();
        for (_, log) in self
            .tally
            .views()
            .filter(|(view, _)| (from..=self.view).contains(view))
        {
            let proposals = log.proposals.iter().cloned();
            messages.extend(proposals.filter_map(|header| self.full_or_header(header)));
            messages.extend(log.prevotes.iter().cloned().map(Message::Prevote));
            // Struck ones too: a member may have counted one before it looked at its share, and
            // gone on by line 47. Those that it left behind must be able to follow.
            let precommits = log.precommits.iter().chain(log.struck.iter());
            messages.extend(precommits.cloned().map(Message::Precommit));
        }
        messages
    }
}
