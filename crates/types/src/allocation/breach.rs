//! What a clearing may never do: the codes of a withdrawn round's alarm.

use serde::{Deserialize, Serialize};

use crate::id::EnvelopeId;
use crate::text::{AccountId, AssetId};

/// How a clearing breaks the rules of all clearings. Then nothing of the round is filled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Breach {
    /// An entry is accounted for not once, but this often.
    #[error("intent {intent} is accounted for {times} times")]
    Accounted {
        /// The intent.
        intent: EnvelopeId,
        /// How often.
        times: u32,
    },
    /// A fill of something that is not a valid intent of the round.
    #[error("the fill of {intent} is of no valid intent")]
    NoIntent {
        /// What is filled.
        intent: EnvelopeId,
    },
    /// A fill against something that is not a valid quote for it.
    #[error("the fill of {intent} is against {quote}, which is no quote for it")]
    NoQuote {
        /// The intent.
        intent: EnvelopeId,
        /// What it is filled against.
        quote: EnvelopeId,
    },
    /// A sum that is not zero.
    #[error("the fill of {intent} does not sum to zero in {asset}")]
    Sum {
        /// The intent.
        intent: EnvelopeId,
        /// The asset.
        asset: AssetId,
    },
    /// An account moves otherwise than it signed.
    #[error("the fill of {intent} moves {account} otherwise than it signed")]
    Signed {
        /// The intent.
        intent: EnvelopeId,
        /// The account.
        account: AccountId,
    },
    /// A fee that is not the Verifier's, or a withdrawal that nobody signed.
    #[error("the fill of {intent} has outflows that are not the Verifier's")]
    Outflow {
        /// The intent.
        intent: EnvelopeId,
    },
    /// More is filled against a quote than its capacity.
    #[error("quote {quote} is filled above its capacity")]
    Capacity {
        /// The quote.
        quote: EnvelopeId,
    },
    /// Two fills use one nonce.
    #[error("the fill of {intent} uses a nonce that is used")]
    Nonce {
        /// The second fill's intent.
        intent: EnvelopeId,
    },
}
