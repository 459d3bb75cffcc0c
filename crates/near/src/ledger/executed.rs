//! What a bundle has done, or why it has done nothing.

use std::collections::BTreeMap;

use sealbid_types::terms::Nonce;
use sealbid_types::text::AccountId;

use super::events::{MOST_LOG_BYTES, MOST_LOG_LINES};
use crate::intents::{IntentFault, TokenId};
use crate::multi_payload::IntentHash;
use crate::verifier::Refused;

/// What a bundle has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Executed {
    /// Of the payloads, in their order.
    pub intent_hashes: Vec<IntentHash>,
    /// The balances that intents or fees have moved, also if they are what they were.
    pub changes: BTreeMap<AccountId, BTreeMap<TokenId, BalanceChange>>,
    /// What the fee collector has got as fees.
    pub fees: BTreeMap<TokenId, u128>,
    /// What has left the Verifier, in order.
    pub withdrawals: Vec<Withdrawal>,
    /// The lines that the call logs.
    pub logs: Vec<String>,
}

impl Executed {
    /// How many bytes the call logs, of [`MOST_LOG_BYTES`].
    #[must_use]
    pub fn log_bytes(&self) -> usize {
        self.logs.iter().map(String::len).sum()
    }
}

/// What has become of a balance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BalanceChange {
    /// What it was.
    pub before: u128,
    /// What it is.
    pub after: u128,
    /// All that was added, whatever went again; at most `u128::MAX`. Without transfers that call their
    /// receiver: such a call may send the tokens back, and does if the receiver has no such method.
    pub received: u128,
}

/// What an intent has taken out of the Verifier. What other contracts make of it comes after the call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawal {
    /// Of which payload, from 0.
    pub payload: usize,
    /// Of which of its intents, from 0.
    pub intent: usize,
    /// The intent's kind.
    pub kind: &'static str,
    /// Whose tokens they were.
    pub account: AccountId,
    /// Who gets them, whose storage is paid, or which contract is called.
    pub receiver: AccountId,
    /// How much of which. NEAR is wrapped NEAR; that for storage comes last.
    pub tokens: Vec<(TokenId, u128)>,
}

/// Why a bundle is not executed: nothing of it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BundleRefused {
    /// A payload is not one to execute.
    #[error("payload {payload}: {refused}")]
    Payload {
        /// Which one, from 0.
        payload: usize,
        /// Why not.
        refused: Refused,
    },
    /// The account has used the nonce before, or the bundle has.
    #[error("payload {payload}: {account} has used its nonce before")]
    NonceUsed {
        /// Which one, from 0.
        payload: usize,
        /// The signer.
        account: AccountId,
        /// The nonce.
        nonce: Nonce,
    },
    /// An intent cannot be carried out.
    #[error("payload {payload}, intent {intent}: {refused}")]
    Intent {
        /// Of which payload, from 0.
        payload: usize,
        /// Which one of it, from 0.
        intent: usize,
        /// Why not.
        refused: IntentRefused,
    },
    /// What is paid is not what is received: by token, what is received beyond it. Negative is paid to
    /// nobody.
    #[error("received beyond what is paid: {}", listed(.0))]
    Unmatched(BTreeMap<TokenId, i128>),
    /// What does not match of a token cannot be counted.
    #[error("what is paid and received of {0} cannot be counted")]
    Uncountable(TokenId),
    /// The call would log more bytes than it may.
    #[error("the call would log more than {MOST_LOG_BYTES} bytes")]
    LogBytes,
    /// The call would log more lines than it may.
    #[error("the call would log more than {MOST_LOG_LINES} lines")]
    LogLines,
}

fn listed(unmatched: &BTreeMap<TokenId, i128>) -> String {
    let texts = unmatched
        .iter()
        .map(|(token, units)| format!("{units} {token}"));
    texts.collect::<Vec<_>>().join(", ")
}

/// Why an intent cannot be carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IntentRefused {
    /// It is invalid, whatever balances there are.
    #[error(transparent)]
    Invalid(#[from] IntentFault),
    /// The account has less than it pays, at this point of the bundle.
    #[error("{account} has {has} of {token} and pays {needs}")]
    Balance {
        /// Whose balance.
        account: AccountId,
        /// Of what.
        token: TokenId,
        /// What it has.
        has: u128,
        /// What it needs.
        needs: u128,
    },
    /// A sum that does not fit.
    #[error("what {account} has, pays or receives of {token} cannot be counted")]
    Overflow {
        /// Whose sum.
        account: AccountId,
        /// Of what.
        token: TokenId,
    },
}
