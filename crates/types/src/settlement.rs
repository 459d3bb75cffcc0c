//! Settlements: the fills whose authorisations hold, with the one signature that anyone can check.

use serde::{Deserialize, Serialize};

use crate::allocation::{Fill, Outflow, Unfilled, Void};
use crate::bytes::FixedBytes;
use crate::codec::digest;
use crate::id::{
    AllocationDigest, AuctionId, CloseDigest, Epoch, MerkleRoot, Round, SettlementDigest, context,
};
use crate::statement::Statement;
use crate::terms::Authorisation;

/// A fill and the chain signature that lets it happen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettledFill {
    /// The fill.
    pub fill: Fill,
    /// The trader's authorisation.
    pub authorisation: Authorisation,
}

/// How a round settled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settlement {
    /// The auction.
    pub auction: AuctionId,
    /// The epoch of the shares that sign it.
    pub epoch: Epoch,
    /// The round.
    pub round: Round,
    /// The certified close.
    pub close: CloseDigest,
    /// The signed allocation.
    pub allocation: AllocationDigest,
    /// The Merkle root of the opened terms, as in the allocation.
    pub terms: MerkleRoot,
    /// The fills, in the allocation's order.
    pub fills: Vec<SettledFill>,
    /// Intents that were not filled, by id: their terms are public now.
    pub unfilled: Vec<Unfilled>,
    /// Entries that count for nothing, by id: the allocation's, and those whose authorisation fails.
    pub void: Vec<Void>,
    /// What the fills move in all: for each asset, the sum of what is gained.
    pub flow: Vec<Outflow>,
}
crate::schema!(Settlement, "sealbid.settlement", 2, 1 << 24);

impl Settlement {
    /// The digest that the committee signs.
    #[must_use]
    pub fn digest(&self) -> SettlementDigest {
        digest(context::SETTLEMENT, self).into()
    }

    /// What the committee signs of this.
    #[must_use]
    pub fn statement(&self) -> Statement {
        Statement::Settlement {
            auction: self.auction,
            epoch: self.epoch,
            round: self.round,
            settlement: self.digest(),
        }
    }
}

/// A settlement and the committee's signature: what is streamed, relayed and archived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedSettlement {
    /// The settlement.
    pub settlement: Settlement,
    /// The threshold signature, in G2, compressed.
    pub signature: FixedBytes<96>,
}
crate::schema!(SignedSettlement, "sealbid.signed-settlement", 2, 1 << 24);
