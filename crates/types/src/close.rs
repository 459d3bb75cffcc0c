//! Closes: the one value a round is closed by, and its certificate.

use serde::{Deserialize, Serialize};

use crate::bytes::FixedBytes;
use crate::codec::digest;
use crate::id::{
    AuctionId, CloseDigest, EnvelopeId, Epoch, KeyId, MerkleRoot, ReportId, Round, RulesDigest,
    Slot, View, context,
};
use crate::merkle;
use crate::statement::Statement;
use crate::time::Timestamp;

/// The value that the close vote decides on.
///
/// The lists are exactly the union of the named reports, less what the chain rules out
/// (docs/protocol.md 4.2); both are sorted, without repetition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Close {
    /// The auction.
    pub auction: AuctionId,
    /// The round.
    pub round: Round,
    /// The slot at whose end it closes: later than its parent's.
    pub slot: Slot,
    /// The end of that slot: computed, never chosen.
    pub closed_at: Timestamp,
    /// The committee key that the envelopes are sealed to.
    pub key: KeyId,
    /// The epoch of the shares that open it.
    pub epoch: Epoch,
    /// The rules it clears by.
    pub rules: RulesDigest,
    /// The close of the round before; all zeros for round 1.
    pub previous: CloseDigest,
    /// The q reports, sorted by id.
    pub reports: Vec<ReportId>,
    /// The intents.
    pub intents: Vec<EnvelopeId>,
    /// The quotes.
    pub quotes: Vec<EnvelopeId>,
}
crate::schema!(Close, "sealbid.close", 1, 1 << 22);

/// What a close digest covers: the lists by their roots, so that a list can be left out of a proof.
#[derive(Serialize, Deserialize)]
pub(crate) struct CloseHeader {
    auction: AuctionId,
    round: Round,
    slot: Slot,
    closed_at: Timestamp,
    key: KeyId,
    epoch: Epoch,
    rules: RulesDigest,
    previous: CloseDigest,
    reports: Vec<ReportId>,
    intents: MerkleRoot,
    quotes: MerkleRoot,
}
crate::schema!(CloseHeader, "sealbid.close-header", 1, 4096);

impl Close {
    /// The parent of round 1.
    pub const GENESIS: CloseDigest = CloseDigest(FixedBytes([0; 32]));

    /// The Merkle root of the intents.
    #[must_use]
    pub fn intents_root(&self) -> MerkleRoot {
        merkle::root(self.intents.iter().map(EnvelopeId::as_bytes))
    }

    /// The Merkle root of the quotes.
    #[must_use]
    pub fn quotes_root(&self) -> MerkleRoot {
        merkle::root(self.quotes.iter().map(EnvelopeId::as_bytes))
    }

    /// The digest that votes and certificates name.
    #[must_use]
    pub fn digest(&self) -> CloseDigest {
        let header = CloseHeader {
            auction: self.auction,
            round: self.round,
            slot: self.slot,
            closed_at: self.closed_at,
            key: self.key,
            epoch: self.epoch,
            rules: self.rules,
            previous: self.previous,
            reports: self.reports.clone(),
            intents: self.intents_root(),
            quotes: self.quotes_root(),
        };
        digest(context::CLOSE, &header).into()
    }

    /// What a precommit to this close in `view` states.
    #[must_use]
    pub fn statement(&self, view: View) -> Statement {
        self.statement_of(self.digest(), view)
    }

    /// The same, for whoever has hashed the lists already: `digest` is [`Self::digest`].
    #[must_use]
    pub const fn statement_of(&self, digest: CloseDigest, view: View) -> Statement {
        Statement::Close {
            auction: self.auction,
            epoch: self.epoch,
            round: self.round,
            view,
            close: digest,
        }
    }

    /// What the committee signs to draw the round's order, once this close is certified.
    #[must_use]
    pub fn order_statement(&self) -> Statement {
        self.order_statement_of(self.digest())
    }

    /// The same, for whoever has hashed the lists already: `digest` is [`Self::digest`].
    #[must_use]
    pub const fn order_statement_of(&self, digest: CloseDigest) -> Statement {
        Statement::Order {
            auction: self.auction,
            epoch: self.epoch,
            round: self.round,
            close: digest,
        }
    }
}

/// A close certificate as it travels: q precommits of one view, combined. It means nothing until
/// `sealbid-crypto` has verified it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateBytes {
    /// The view.
    pub view: View,
    /// The threshold signature, in G2, compressed.
    pub signature: FixedBytes<96>,
}
