//! Quotes: a solver's price schedule for a directed pair, signed, and sealed until the close.

use ed25519_dalek::SigningKey;
use serde::{Deserialize, Serialize};

use crate::amount::Amount;
use crate::codec::digest;
use crate::id::{AuctionId, Round, context};
use crate::keys::{KeyError, PublicKey, Signature};
use crate::metadata::Pair;
use crate::text::AccountId;
use crate::time::Timestamp;

/// The most tiers of a schedule.
pub const MOST_TIERS: usize = 16;

/// A price as a fraction, both in base units: `out` of the wanted asset for each `per` of the
/// given one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    /// Units of the wanted asset.
    pub out: Amount,
    /// For this many units of the given asset; not zero.
    pub per: Amount,
}

/// One tier: the rate for the part of an amount above the previous tier's bound, up to this one's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tier {
    /// The tier's upper bound, in units of the given asset; bounds rise from tier to tier.
    pub up_to: Amount,
    /// The rate within the tier.
    pub rate: Rate,
}

/// A price schedule. The size of a sealed intent is unknown when it is made, so it prices all
/// sizes up to its last bound, each fill by itself, tier by tier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// The auction.
    pub auction: AuctionId,
    /// The one round it is for.
    pub round: Round,
    /// The account that fills.
    pub solver: AccountId,
    /// The account's key.
    pub key: PublicKey,
    /// The pair, as the trader sees it: the solver receives `give` and pays `want`.
    pub pair: Pair,
    /// The schedule.
    pub tiers: Vec<Tier>,
    /// The most of the given asset over all fills of the round.
    pub capacity: Amount,
    /// The least of the given asset in one fill.
    pub minimum_fill: Amount,
    /// The quote is void if the round's closing time is later.
    pub expires: Timestamp,
}
crate::schema!(Quote, "sealbid.quote", 1, 3072);

/// A quote and its solver's signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedQuote {
    /// The quote.
    pub quote: Quote,
    /// By [`Quote::key`].
    pub signature: Signature,
}
crate::schema!(SignedQuote, "sealbid.signed-quote", 1, 3072);

impl SignedQuote {
    /// Signs `quote` with the secret of its key.
    #[must_use]
    pub fn new(quote: Quote, secret: &SigningKey) -> Self {
        let signature = Signature::sign(secret, &digest(context::QUOTE_SIGNATURE, &quote));
        Self { quote, signature }
    }

    /// Verifies the signature by the key the quote names.
    ///
    /// # Errors
    /// As [`PublicKey::verify`].
    pub fn verify(&self) -> Result<(), KeyError> {
        let message = digest(context::QUOTE_SIGNATURE, &self.quote);
        self.quote.key.verify(&message, &self.signature)
    }
}
