//! What members send each other once a round is certified: decryption shares and signature shares.
//!
//! Each is signed by the member's identity key and names the round, the certified close and what it
//! answers, so that a wrong one convinces anybody ([`crate::evidence`]) and one that answers
//! something else is told from a wrong one.

use sealbid_types::bytes::FixedBytes;
use sealbid_types::codec::digest;
use sealbid_types::id::{AllocationDigest, AuctionId, CloseDigest, Epoch, Round};
use serde::{Deserialize, Serialize};

use super::parts::PartId;
use crate::member::message::MOST_MESSAGE_BYTES;

/// Which of a round's two openings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Opening {
    /// Terms and quotes, once the round is certified.
    First,
    /// Authorisations of fills, once the allocation is certified.
    Second,
}

/// The parts of an opening, in the order of their shares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parts(pub Vec<PartId>);
sealbid_types::schema!(Parts, "sealbid.parts", 1, 1 << 20);

impl Parts {
    /// What a message of shares names them by.
    #[must_use]
    pub fn digest(&self) -> FixedBytes<32> {
        FixedBytes(digest("sealbid/1 2026-11 parts of an opening", self))
    }
}

/// One member's decryption shares for an opening: of all its parts, or the member sends none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shares {
    /// The auction.
    pub auction: AuctionId,
    /// The epoch of the shares.
    pub epoch: Epoch,
    /// The round.
    pub round: Round,
    /// The certified close.
    pub close: CloseDigest,
    /// Which opening.
    pub opening: Opening,
    /// The certified allocation that a second opening answers; none in a first, which answers the
    /// close.
    pub allocation: Option<AllocationDigest>,
    /// The digest of the [`Parts`]: it makes a wrong share one of a part that the member itself
    /// named.
    pub parts: FixedBytes<32>,
    /// The shares, uncompressed, in the order of the parts.
    pub shares: Vec<FixedBytes<96>>,
}
sealbid_types::schema!(Shares, "sealbid.shares", 2, MOST_MESSAGE_BYTES);

/// What a signature share is for. Those of closes and allocations are in the votes' precommits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Purpose {
    /// The draw that breaks ties.
    Order,
    /// How the round settled.
    Settlement,
}

/// A share of one of the committee's signatures for a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignatureShareMessage {
    /// The auction.
    pub auction: AuctionId,
    /// The epoch of the share.
    pub epoch: Epoch,
    /// The round.
    pub round: Round,
    /// The certified close.
    pub close: CloseDigest,
    /// The purpose.
    pub purpose: Purpose,
    /// The digest of the statement it signs, so that members that differ can tell.
    pub statement: FixedBytes<32>,
    /// The share, in G2, compressed.
    pub share: FixedBytes<96>,
}
sealbid_types::schema!(SignatureShareMessage, "sealbid.signature-share", 2, 512);
