//! What the committee key signs: four purposes, each a digest of its own. Nothing else is ever
//! signed with a share.

use serde::{Deserialize, Serialize};

use crate::codec::digest;
use crate::id::{
    AllocationDigest, AuctionId, CloseDigest, Epoch, Round, SettlementDigest, View, context,
};

/// The statement that a threshold signature makes (docs/protocol.md 3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Statement {
    /// This member precommits to this close in this view.
    Close {
        /// The auction.
        auction: AuctionId,
        /// The epoch of the shares.
        epoch: Epoch,
        /// The round.
        round: Round,
        /// The view.
        view: View,
        /// The value.
        close: CloseDigest,
    },
    /// The draw that breaks ties. It names no view: a round has one.
    Order {
        /// The auction.
        auction: AuctionId,
        /// The epoch of the shares.
        epoch: Epoch,
        /// The round.
        round: Round,
        /// The certified close.
        close: CloseDigest,
    },
    /// This member precommits to this allocation in this view.
    Allocation {
        /// The auction.
        auction: AuctionId,
        /// The epoch of the shares.
        epoch: Epoch,
        /// The round.
        round: Round,
        /// The view.
        view: View,
        /// The allocation.
        allocation: AllocationDigest,
    },
    /// This is how the round settled.
    Settlement {
        /// The auction.
        auction: AuctionId,
        /// The epoch of the shares.
        epoch: Epoch,
        /// The round.
        round: Round,
        /// The settlement.
        settlement: SettlementDigest,
    },
}
crate::schema!(Statement, "sealbid.statement", 2, 256);

impl Statement {
    /// The 32 bytes that are hashed to the curve and signed.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let context = match self {
            Self::Close { .. } => context::STATEMENT_CLOSE,
            Self::Order { .. } => context::STATEMENT_ORDER,
            Self::Allocation { .. } => context::STATEMENT_ALLOCATION,
            Self::Settlement { .. } => context::STATEMENT_SETTLEMENT,
        };
        digest(context, self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_of_equal_fields_differ_by_purpose() {
        let (auction, epoch, round) = ([1; 32].into(), Epoch(0), Round(1));
        let statements = [
            Statement::Close {
                auction,
                epoch,
                round,
                view: View(0),
                close: [2; 32].into(),
            },
            Statement::Order {
                auction,
                epoch,
                round,
                close: [2; 32].into(),
            },
            Statement::Allocation {
                auction,
                epoch,
                round,
                view: View(0),
                allocation: [2; 32].into(),
            },
            Statement::Settlement {
                auction,
                epoch,
                round,
                settlement: [2; 32].into(),
            },
        ];
        let digests: std::collections::BTreeSet<_> =
            statements.iter().map(Statement::digest).collect();
        assert_eq!(digests.len(), statements.len());
    }
}
