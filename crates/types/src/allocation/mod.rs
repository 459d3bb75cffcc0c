//! Allocations: how a round cleared. Signed by the committee before any authorisation is opened.

use serde::{Deserialize, Serialize};

use crate::amount::{Amount, Delta};
use crate::codec::digest;
use crate::id::{
    AllocationDigest, AuctionId, CloseDigest, EnvelopeId, Epoch, MerkleRoot, OrderSeed, Round,
    View, context,
};
use crate::metadata::Pair;
use crate::statement::Statement;
use crate::text::{AccountId, AssetId};

mod breach;
mod reason;

pub use breach::Breach;
pub use reason::{
    ActionFault, ActionText, NonceFault, PayloadFault, PayloadField, ScheduleFault, UnfilledReason,
    Unsupported, VoidReason,
};

/// An entry that counts for nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Void {
    /// The entry.
    pub envelope: EnvelopeId,
    /// Why.
    pub reason: VoidReason,
}

/// A valid intent that was not filled. Its terms are public from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unfilled {
    /// The intent.
    pub intent: EnvelopeId,
    /// Why.
    pub reason: UnfilledReason,
}

/// Who takes part in a fill, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FillKind {
    /// A swap against a solver's quote.
    Swap {
        /// The quote that fills it.
        quote: EnvelopeId,
        /// The solver's account.
        solver: AccountId,
        /// The pair.
        pair: Pair,
        /// What the trader gives.
        amount_in: Amount,
        /// What the trader receives: its limit and the surplus.
        amount_out: Amount,
        /// The part of `amount_out` above the signed limit.
        surplus: Amount,
        /// What the solver pays, the Verifier's fee included.
        paid: Amount,
    },
    /// Transfers and withdrawals, which need nobody else.
    PassThrough,
}

/// One account's change of one asset within a group.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Movement {
    /// The account.
    pub account: AccountId,
    /// The asset.
    pub asset: AssetId,
    /// The change.
    pub delta: Delta,
}

/// What leaves the group's accounts for elsewhere: the Verifier's fee, or a withdrawal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Outflow {
    /// The asset.
    pub asset: AssetId,
    /// How much.
    pub amount: Amount,
}

/// One fill: a group of movements whose sum is zero for each asset, outflows included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fill {
    /// The intent.
    pub intent: EnvelopeId,
    /// Its account.
    pub account: AccountId,
    /// How it is filled.
    pub kind: FillKind,
    /// The movements, by account and asset; none is zero.
    pub movements: Vec<Movement>,
    /// Fees, by asset.
    pub fees: Vec<Outflow>,
    /// Withdrawals, by asset.
    pub withdrawals: Vec<Outflow>,
}

/// How a round cleared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allocation {
    /// The auction.
    pub auction: AuctionId,
    /// The epoch of the shares that sign it.
    pub epoch: Epoch,
    /// The round.
    pub round: Round,
    /// The certified close.
    pub close: CloseDigest,
    /// The seed that broke the ties.
    pub order: OrderSeed,
    /// The Merkle root of the opened terms' ids and bytes.
    pub terms: MerkleRoot,
    /// The fills, in the order they were made.
    pub fills: Vec<Fill>,
    /// Valid intents that were not filled, by id.
    pub unfilled: Vec<Unfilled>,
    /// Entries that count for nothing, by id.
    pub void: Vec<Void>,
    /// What went wrong in the clearing itself, if anything did: then nothing is filled.
    pub alarm: Option<Breach>,
}
crate::schema!(Allocation, "sealbid.allocation", 2, 1 << 24);

impl Allocation {
    /// The digest that the committee signs.
    #[must_use]
    pub fn digest(&self) -> AllocationDigest {
        digest(context::ALLOCATION, self).into()
    }

    /// What the committee signs of this in `view` of the vote on it.
    #[must_use]
    pub fn statement(&self, view: View) -> Statement {
        self.statement_of(self.digest(), view)
    }

    /// The same, for whoever has hashed all of it already: `digest` is [`Self::digest`].
    #[must_use]
    pub const fn statement_of(&self, digest: AllocationDigest, view: View) -> Statement {
        Statement::Allocation {
            auction: self.auction,
            epoch: self.epoch,
            round: self.round,
            view,
            allocation: digest,
        }
    }
}
