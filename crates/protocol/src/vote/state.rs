//! What a member must not forget about a vote that is not decided.

use serde::{Deserialize, Serialize};

use sealbid_types::id::{AuctionId, Epoch, MemberIndex, Round, ValueDigest, View};
use sealbid_types::keys::Signed;
use sealbid_types::schema;

use super::message::{Instance, Position, Precommit, Prevote, Proposal, Step};
use super::value::{Subject, Value};

/// `lockedValue` and `lockedRound` of the paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Lock {
    pub(super) value: ValueDigest,
    pub(super) view: View,
}

/// `validValue` and `validRound` of the paper, with the q prevotes that make it valid: a member
/// that proposes it again shows them to those that missed them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ValidValue {
    pub(super) value: ValueDigest,
    pub(super) view: View,
    pub(super) polka: Vec<Signed<Prevote>>,
}

/// An own proposal, to be sent again byte for byte.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct OwnProposal {
    pub(super) header: Signed<Proposal>,
    pub(super) polka: Vec<Signed<Prevote>>,
}

/// Everything a restarted member needs to go on without contradicting itself. It is written before
/// any message that follows from it is sent, and replaces the one before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoteState {
    pub(super) auction: AuctionId,
    pub(super) epoch: Epoch,
    pub(super) round: Round,
    pub(super) subject: Subject,
    pub(super) member: MemberIndex,
    pub(super) view: View,
    pub(super) step: Step,
    /// Whether the member signs nothing in this vote any more: it has seen an own ballot that its
    /// disk did not know.
    pub(super) abstains: bool,
    /// The newest that was signed, in whatever view. It is kept when the messages are not: nothing
    /// up to it is ever signed again.
    pub(super) signed: Option<Position>,
    pub(super) locked: Option<Lock>,
    pub(super) valid: Option<ValidValue>,
    /// Of the current view.
    pub(super) proposal: Option<OwnProposal>,
    /// Of the current view and the one before it.
    pub(super) prevotes: Vec<Signed<Prevote>>,
    /// Of the current view and the one before it.
    pub(super) precommits: Vec<Signed<Precommit>>,
    /// What the others say that they have computed: they say it in views that are over by now.
    pub(super) claims: Vec<(MemberIndex, ValueDigest)>,
    /// The values that the others name, by digest.
    pub(super) values: Vec<Value>,
}
schema!(VoteState, "sealbid.vote-state", 3, 1 << 24);

impl VoteState {
    /// The round.
    #[must_use]
    pub const fn round(&self) -> Round {
        self.round
    }

    /// The newest that the member has signed; none if it has signed nothing yet.
    #[must_use]
    pub const fn position(&self) -> Option<Position> {
        self.signed
    }

    pub(super) const fn instance(&self) -> Instance {
        Instance {
            auction: self.auction,
            epoch: self.epoch,
            round: self.round,
            subject: self.subject,
        }
    }

    /// The values that must be among `values`.
    pub(super) fn named_values(&self) -> impl Iterator<Item = ValueDigest> {
        let locked = self.locked.map(|locked| locked.value);
        let valid = self.valid.as_ref().map(|valid| valid.value);
        let proposed = self.proposal.as_ref().map(|own| own.header.body.value);
        locked.into_iter().chain(valid).chain(proposed)
    }
}
