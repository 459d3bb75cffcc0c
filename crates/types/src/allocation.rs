//! Allocations: how a round cleared. Signed by the committee before any authorisation is opened.

use serde::{Deserialize, Serialize};

use crate::amount::{Amount, Delta};
use crate::codec::digest;
use crate::id::{
    AllocationDigest, AuctionId, CloseDigest, EnvelopeId, Epoch, MerkleRoot, OrderSeed, Round,
    context,
};
use crate::metadata::Pair;
use crate::text::{AccountId, AssetId};
use crate::time::Timestamp;

/// Why an entry of a round counts for nothing. Each is charged to whoever submitted the entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum VoidReason {
    /// Another entry, of this round or an earlier one, has a part with the same `u`.
    #[error("a sealed part's u stands in envelope {with} too")]
    SharedU {
        /// The other envelope.
        with: EnvelopeId,
    },
    /// The key that the sealed part opens with is not the one it is committed to.
    #[error("the sealed part does not open: its key is not the one committed to")]
    Commitment,
    /// The body does not decrypt under its key.
    #[error("the sealed part does not open: its body does not decrypt")]
    Cipher,
    /// The plaintext is not padded as it must be.
    #[error("the sealed part opens to a plaintext with wrong padding")]
    Padding,
    /// The plaintext is not what the part should hold.
    #[error("the sealed part opens to something else than it should hold")]
    Undecodable,
    /// The deadline had passed at the closing time.
    #[error("its deadline {deadline} had passed when the round closed")]
    Expired {
        /// The sealed deadline or expiry.
        deadline: Timestamp,
    },
    /// The actions break a rule of the Verifier.
    #[error("an action is not valid: {0}")]
    Action(String),
    /// The actions are valid, but not of a shape that this auction fills.
    #[error("not supported by this auction: {0}")]
    Unsupported(String),
    /// Another intent of the same round has the same account and nonce and came first in order.
    #[error("its nonce is used by envelope {by} in the same round")]
    DuplicateNonce {
        /// The other intent.
        by: EnvelopeId,
    },
    /// An earlier round settled an intent with the same account and nonce.
    #[error("its nonce was used in round {round}")]
    UsedNonce {
        /// That round.
        round: Round,
    },
    /// The account is not the one of the key that signs for it.
    #[error("the key does not belong to the account")]
    Account,
    /// The quote is for another auction or round.
    #[error("the quote is for another auction or round")]
    WrongRound,
    /// The schedule is not one: no tiers, bounds that do not rise, a rate of nothing.
    #[error("the price schedule is not valid: {0}")]
    Schedule(String),
    /// A signature does not verify.
    #[error("the signature does not verify")]
    Signature,
    /// The signed payload does not say what the terms say.
    #[error("the signed payload differs from the terms: {0}")]
    Payload(String),
}

/// An entry that counts for nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Void {
    /// The entry.
    pub envelope: EnvelopeId,
    /// Why.
    pub reason: VoidReason,
}

/// Why a valid intent was not filled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum UnfilledReason {
    /// Nobody quoted the pair for this amount.
    #[error("no solver quoted this pair for this amount")]
    NoQuote,
    /// The best quote pays less than the limit.
    #[error("the best quote paid {best}, the limit asks for {limit}")]
    Limit {
        /// What the trader would have received.
        best: Amount,
        /// What it asks for.
        limit: Amount,
    },
    /// Quotes would have met the limit, but their capacity went to others.
    #[error("the capacity of the quotes that meet the limit went to others")]
    Capacity,
    /// Only solvers outside the trader's allow-list quoted it well enough.
    #[error("no solver of the trader's allow-list quoted it")]
    AllowList,
    /// The clearing broke a rule of its own; nothing is filled, and the committee alarms.
    #[error("the round's clearing was withdrawn")]
    Withdrawn,
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
    pub alarm: Option<String>,
}
crate::schema!(Allocation, "sealbid.allocation", 1, 1 << 24);

impl Allocation {
    /// The digest that the committee signs.
    #[must_use]
    pub fn digest(&self) -> AllocationDigest {
        digest(context::ALLOCATION, self).into()
    }
}
