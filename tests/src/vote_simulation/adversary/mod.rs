//! Liars: a member that runs the honest vote and alters what it sends, one behaviour a file.
//!
//! What they attack is the close vote of docs/protocol.md, section 4.2: that a round closes once,
//! that it closes at all, that whoever lies is named and nobody else is. A liar signs with its own
//! key alone, and claims no valid view that is not its vote's own: no proposal of a `Kit` shows
//! prevotes.

use std::collections::BTreeMap;

use sealbid_protocol::vote::{
    Commitment, FullProposal, Message, Precommit, Prevote, Proposal, Signers, Value, proposer,
};
use sealbid_types::close::Close;
use sealbid_types::codec::{Schema, digest};
use sealbid_types::id::{CloseDigest, MemberIndex, ValueDigest, View, context};
use sealbid_types::keys::Signed;
use sealbid_types::statement::Statement;

use super::node::{SLOT, config};
use super::scenario::Scenario;
use super::world::close_named;
use crate::world::Draws;

mod bad_shares;
mod double_voter;
mod equivocating_proposer;
mod forwards_garbage;
mod invalid_value;
mod replays_old_views;
mod silent;
mod two_faces;
mod votes_for_both;
mod withholds_precommits;

/// Longer than the timeout for a proposal, in re-sendings: by then it has voted, if it is to vote.
const PATIENCE: u64 = 6;

/// How a member lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lie {
    /// Its precommits carry shares that are not its own.
    BadShares,
    /// It votes one thing to some and another to the rest.
    DoubleVoter,
    /// It proposes one value to some and another to the rest.
    EquivocatingProposer,
    /// It passes on broken messages.
    ForwardsGarbage,
    /// It proposes and votes for what is invalid.
    InvalidValue,
    /// It sends old messages, and votes of views far off.
    ReplaysOldViews,
    /// It sends nothing.
    Silent,
    /// It shows one half a value and votes for it, and the other half another.
    TwoFaces,
    /// It votes for every value that it has heard of, to everybody.
    VotesForBoth,
    /// One member alone sees its precommits.
    WithholdsPrecommits,
}

impl Lie {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::BadShares,
        Self::DoubleVoter,
        Self::EquivocatingProposer,
        Self::ForwardsGarbage,
        Self::InvalidValue,
        Self::ReplaysOldViews,
        Self::Silent,
        Self::TwoFaces,
        Self::VotesForBoth,
        Self::WithholdsPrecommits,
    ];

    /// Whether it lies when it proposes.
    /// Such a member is given the first turn (`Scenario::with_liar`): a round may be over before
    /// another one.
    #[must_use]
    pub const fn proposes(self) -> bool {
        matches!(
            self,
            Self::EquivocatingProposer | Self::InvalidValue | Self::TwoFaces
        )
    }

    /// Whether it leaves signatures that prove it, on a network without faults.
    /// The others withhold, repeat, send what is refused, or vote for what is invalid: none of
    /// that is two signatures that contradict each other.
    #[must_use]
    pub const fn leaves_evidence(self) -> bool {
        matches!(
            self,
            Self::BadShares
                | Self::DoubleVoter
                | Self::EquivocatingProposer
                | Self::TwoFaces
                | Self::VotesForBoth
        )
    }

    fn behaviour(self) -> Box<dyn Behaviour> {
        match self {
            Self::BadShares => Box::new(bad_shares::BadShares),
            Self::DoubleVoter => Box::new(double_voter::DoubleVoter),
            Self::EquivocatingProposer => {
                Box::new(equivocating_proposer::EquivocatingProposer::default())
            }
            Self::ForwardsGarbage => Box::new(forwards_garbage::ForwardsGarbage::default()),
            Self::InvalidValue => Box::new(invalid_value::InvalidValue::default()),
            Self::ReplaysOldViews => Box::new(replays_old_views::ReplaysOldViews::default()),
            Self::Silent => Box::new(silent::Silent),
            Self::TwoFaces => Box::new(two_faces::TwoFaces::default()),
            Self::VotesForBoth => Box::new(votes_for_both::VotesForBoth),
            Self::WithholdsPrecommits => Box::new(withholds_precommits::WithholdsPrecommits),
        }
    }
}

/// What a liar does differently.
trait Behaviour {
    /// What it sends to `to` in place of its own `message`.
    /// It is asked for each receiver anew: so it can show each another face.
    fn instead(&mut self, kit: &mut Kit, message: &Message, to: MemberIndex) -> Vec<Message>;

    /// It hears, or passes on, a message.
    fn hear(&mut self, _kit: &mut Kit, _message: &Message) {}

    /// What it sends from time to time, unasked.
    fn unasked(&mut self, _kit: &mut Kit) -> Vec<(MemberIndex, Message)> {
        Vec::new()
    }
}

/// A lying member.
pub struct Liar {
    behaviour: Box<dyn Behaviour>,
    kit: Kit,
    /// How often it may yet send something without having lied.
    patience: u64,
}

impl Liar {
    /// A member that lies in this way.
    #[must_use]
    pub fn new(lie: Lie, scenario: &Scenario, member: MemberIndex, keys: Signers) -> Self {
        // One stream for all liars of a run: two that lie in the same way draw the same.
        let draws = Draws::new(scenario.seed, "vote liar");
        let kit = Kit {
            member,
            keys,
            scenario: scenario.clone(),
            known: BTreeMap::new(),
            view: View(0),
            lies: 0,
            draws,
        };
        Self {
            behaviour: lie.behaviour(),
            kit,
            patience: PATIENCE,
        }
    }

    /// How often it has lied.
    #[must_use]
    pub const fn lies(&self) -> u64 {
        self.kit.lies
    }

    /// It hears a message.
    pub fn hear(&mut self, message: &Message) {
        self.kit.hear(message);
        self.behaviour.hear(&mut self.kit, message);
    }

    /// What it sends to `to` in place of these. What others signed passes.
    pub fn instead(&mut self, messages: &[Message], to: MemberIndex) -> Vec<Message> {
        let mut lies = Vec::new();
        for message in messages {
            self.kit.hear(message);
            if message.member() == self.kit.member {
                self.kit.view = self.kit.view.max(message.view());
                lies.extend(self.behaviour.instead(&mut self.kit, message, to));
            } else {
                lies.push(message.clone());
            }
        }
        lies
    }

    /// What it sends unasked. One that has had no occasion to lie for long makes one.
    pub fn unasked(&mut self) -> Vec<(MemberIndex, Message)> {
        let mut unasked = self.behaviour.unasked(&mut self.kit);
        self.patience = self.patience.saturating_sub(1);
        if self.kit.lies == 0 && self.patience == 0 {
            let pretexts = self.kit.pretexts();
            for to in super::others(self.kit.scenario.members, self.kit.member) {
                let lies = self.instead(&pretexts, to);
                unasked.extend(lies.into_iter().map(|lie| (to, lie)));
            }
        }
        unasked
    }
}

/// What every liar has: its keys, and what it has heard.
struct Kit {
    member: MemberIndex,
    keys: Signers,
    scenario: Scenario,
    /// Closes that it has heard of.
    /// By digest, so that it depends on the run alone which of them is the first.
    known: BTreeMap<ValueDigest, Value>,
    /// The newest view that it has signed something in.
    view: View,
    lies: u64,
    draws: Draws,
}

/// Another close, made of this one.
/// Of closes alone: nothing else is voted on here.
fn altered(value: &Value, change: impl FnOnce(&mut Close)) -> Value {
    let mut close = value.as_close().unwrap().clone();
    change(&mut close);
    close.into()
}

impl Kit {
    /// One message of each kind that it might have sent.
    fn pretexts(&self) -> [Message; 3] {
        let Scenario { members, round, .. } = self.scenario;
        // Of the first n views one is its own.
        let own_turn = (0..u32::from(members)).map(View);
        let own_turn = own_turn
            .rev()
            .find(|view| proposer(members, round, *view) == self.member);
        [
            self.propose(own_turn.unwrap(), self.invent(2)),
            self.prevote(self.view, Some(self.any_close())),
            self.precommit(self.view, Some(self.any_close())),
        ]
    }

    fn hear(&mut self, message: &Message) {
        if let Message::Proposal(full) = message {
            self.known
                .entry(full.header.body.value)
                .or_insert_with(|| full.value.clone());
        }
    }

    /// Whether `to` is of the half that sees the other thing.
    /// The odd ones. Of four or more there are two honest ones at least, one in each half, whoever
    /// the one liar is.
    const fn is_other_half(to: MemberIndex) -> bool {
        to.0 % 2 == 1
    }

    fn any_other(&mut self) -> MemberIndex {
        let others: Vec<_> = super::others(self.scenario.members, self.member).collect();
        let chosen = self.draws.below(others.len() as u64);
        others[usize::try_from(chosen).unwrap()]
    }

    /// Some close that it has heard of, or one that nobody has.
    fn any_close(&self) -> ValueDigest {
        let known = self.known.keys().next().copied();
        known.unwrap_or_else(|| self.invent(0).digest())
    }

    /// A valid close of its own.
    /// The name has the liar's index in it: honest closes have drawn names, and none comes to be
    /// the same.
    fn invent(&self, name: u8) -> Value {
        close_named(
            &self.scenario,
            [self.member.0 ^ 0x80 ^ (name << 4); 32],
            SLOT,
        )
    }

    fn sign<T: Schema>(&self, body: T) -> Signed<T> {
        let signature = self
            .keys
            .identity
            .sign(&digest(context::MEMBER_SIGNATURE, &body));
        Signed {
            body,
            member: self.member,
            signature,
        }
    }

    /// A fresh one, as of a member that is locked on nothing.
    fn propose(&self, view: View, value: Value) -> Message {
        let instance = config(&self.scenario, self.member);
        let header = self.sign(Proposal {
            auction: instance.auction,
            epoch: instance.epoch,
            round: instance.round,
            subject: instance.subject,
            view,
            value: value.digest(),
            valid_view: None,
        });
        Message::Proposal(Box::new(FullProposal {
            header,
            value,
            polka: Vec::new(),
        }))
    }

    fn prevote(&self, view: View, value: Option<ValueDigest>) -> Message {
        let instance = config(&self.scenario, self.member);
        Message::Prevote(self.sign(Prevote {
            auction: instance.auction,
            epoch: instance.epoch,
            round: instance.round,
            subject: instance.subject,
            view,
            value,
        }))
    }

    /// A precommit with the right share.
    fn precommit(&self, view: View, value: Option<ValueDigest>) -> Message {
        let instance = config(&self.scenario, self.member);
        let commitment = value.map(|value| {
            let statement = Statement::Close {
                auction: instance.auction,
                epoch: instance.epoch,
                round: instance.round,
                view,
                close: CloseDigest(value.0),
            };
            Commitment {
                value,
                share: self.keys.threshold.sign(&statement).unwrap(),
            }
        });
        Message::Precommit(self.sign_precommit(view, commitment))
    }

    fn sign_precommit(&self, view: View, value: Option<Commitment>) -> Signed<Precommit> {
        let instance = config(&self.scenario, self.member);
        self.sign(Precommit {
            auction: instance.auction,
            epoch: instance.epoch,
            round: instance.round,
            subject: instance.subject,
            view,
            commitment: value,
        })
    }
}
