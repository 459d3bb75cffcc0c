//! What the Verifier logs, line for line (NEP-297): its own events (`dip4`), and those of multi-tokens
//! (NEP-245).
//!
//! A call may log so much and no more, which is what bounds the bundles of a call. The bytes of a line
//! are the Verifier's; the order of tokens in a line may differ, and among accounts that pay or receive
//! the same so may who pays whom.

use std::collections::BTreeMap;

use serde::Serialize;

use sealbid_types::terms::Nonce;
use sealbid_types::text::AccountId;

use super::BundleRefused;
use super::matching::Transfers;
use crate::bundle::json;
use crate::intents::{TokenDiff, TokenId, Transfer, Units};
use crate::multi_payload::IntentHash;

/// The most bytes that a call may log.
pub const MOST_LOG_BYTES: usize = 16_384;

/// The most lines that a call may log.
pub const MOST_LOG_LINES: usize = 100;

/// The lines of a call.
#[derive(Debug, Default)]
pub(super) struct Logs(pub(super) Vec<String>);

#[derive(Serialize)]
struct Event<'a, T> {
    standard: &'static str,
    version: &'static str,
    event: &'a str,
    data: T,
}

/// Of a signed payload.
#[derive(Serialize)]
pub(super) struct OfPayload<'a, T> {
    intent_hash: String,
    account_id: &'a AccountId,
    #[serde(flatten)]
    event: T,
}

#[derive(Serialize)]
struct NonceUsed {
    nonce: String,
}

#[derive(Serialize)]
struct Differs<'a> {
    #[serde(flatten)]
    diff: &'a TokenDiff,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    fees_collected: &'a BTreeMap<TokenId, Units>,
}

/// A transfer without what its receiver is told.
#[derive(Serialize)]
struct Transferred<'a> {
    receiver_id: &'a AccountId,
    tokens: &'a BTreeMap<TokenId, Units>,
    #[serde(skip_serializing_if = "Option::is_none")]
    memo: Option<&'a str>,
}

#[derive(Serialize)]
struct MtTransfer<'a> {
    old_owner_id: &'a AccountId,
    new_owner_id: &'a AccountId,
    #[serde(flatten)]
    tokens: MtAmounts<'a>,
}

/// What has been taken out of the Verifier by one intent.
#[derive(Debug, Serialize)]
pub(super) struct MtBurn<'a> {
    owner_id: &'a AccountId,
    #[serde(flatten)]
    tokens: MtAmounts<'a>,
    memo: &'static str,
}

#[derive(Debug, Serialize)]
struct MtAmounts<'a> {
    token_ids: Vec<&'a TokenId>,
    amounts: Vec<Units>,
}

impl<'a> MtAmounts<'a> {
    fn new(tokens: &'a [(TokenId, u128)]) -> Self {
        Self {
            token_ids: tokens.iter().map(|(token, _)| token).collect(),
            amounts: tokens.iter().map(|(_, amount)| Units(*amount)).collect(),
        }
    }
}

impl<'a> MtBurn<'a> {
    pub(super) fn new(owner_id: &'a AccountId, tokens: &'a [(TokenId, u128)]) -> Self {
        Self {
            owner_id,
            tokens: MtAmounts::new(tokens),
            memo: "withdraw",
        }
    }
}

/// Whose payload it is that an event is of.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) signer: &'a AccountId,
    pub(super) hash: IntentHash,
}

impl<'a> Source<'a> {
    fn says<T>(self, event: T) -> OfPayload<'a, T> {
        OfPayload {
            intent_hash: self.hash.to_string(),
            account_id: self.signer,
            event,
        }
    }
}

impl Logs {
    pub(super) fn bytes(&self) -> usize {
        self.0.iter().map(String::len).sum()
    }

    fn push(&mut self, line: String) -> Result<(), BundleRefused> {
        self.0.push(line);
        // No line of today's is so short that a hundred of them fit.
        if self.0.len() > MOST_LOG_LINES {
            return Err(BundleRefused::LogLines);
        }
        // Nor does a refund's line of the same transfers exceed it then, which the Verifier asks for:
        // what a refund adds to a line is less than the other lines have of the same transfers.
        if self.bytes() > MOST_LOG_BYTES {
            return Err(BundleRefused::LogBytes);
        }
        Ok(())
    }

    fn dip4(&mut self, event: &str, data: impl Serialize) -> Result<(), BundleRefused> {
        self.push(line("dip4", "0.4.3", event, data))
    }

    /// An intent that is logged as it is.
    pub(super) fn intent(
        &mut self,
        event: &str,
        source: Source<'_>,
        intent: impl Serialize,
    ) -> Result<(), BundleRefused> {
        self.dip4(event, [source.says(intent)])
    }

    /// A change of an account, of which there is one a line.
    pub(super) fn account(
        &mut self,
        event: &str,
        source: Source<'_>,
        change: impl Serialize,
    ) -> Result<(), BundleRefused> {
        self.dip4(event, source.says(change))
    }

    pub(super) fn token_diff(
        &mut self,
        source: Source<'_>,
        diff: &TokenDiff,
        fees_collected: &BTreeMap<TokenId, Units>,
    ) -> Result<(), BundleRefused> {
        let differs = Differs {
            diff,
            fees_collected,
        };
        self.intent("token_diff", source, differs)
    }

    pub(super) fn transfer(
        &mut self,
        source: Source<'_>,
        transfer: &Transfer,
    ) -> Result<(), BundleRefused> {
        let transferred = Transferred {
            receiver_id: &transfer.receiver_id,
            tokens: &transfer.tokens,
            memo: transfer.memo.as_deref(),
        };
        self.intent("transfer", source, transferred)
    }

    /// Payloads with the nonces that they have used up.
    pub(super) fn executed<'a>(
        &mut self,
        payloads: impl Iterator<Item = (Source<'a>, Nonce)>,
    ) -> Result<(), BundleRefused> {
        let executed: Vec<_> = payloads
            .map(|(source, nonce)| {
                let nonce = data_encoding::BASE64.encode(nonce.as_bytes());
                source.says(NonceUsed { nonce })
            })
            .collect();
        if executed.is_empty() {
            return Ok(());
        }
        self.dip4("intents_executed", executed)
    }

    pub(super) fn mt_transfers(&mut self, transfers: &Transfers) -> Result<(), BundleRefused> {
        if transfers.is_empty() {
            return Ok(());
        }
        let data: Vec<_> = transfers
            .iter()
            .map(|((old_owner_id, new_owner_id), tokens)| MtTransfer {
                old_owner_id,
                new_owner_id,
                tokens: MtAmounts::new(tokens),
            })
            .collect();
        self.push(line("nep245", "1.0.0", "mt_transfer", data))
    }

    pub(super) fn mt_burns(&mut self, burns: &[MtBurn<'_>]) -> Result<(), BundleRefused> {
        if burns.is_empty() {
            return Ok(());
        }
        self.push(line("nep245", "1.0.0", "mt_burn", burns))
    }
}

fn line(
    standard: &'static str,
    version: &'static str,
    event: &str,
    data: impl Serialize,
) -> String {
    let event = Event {
        standard,
        version,
        event,
        data,
    };
    format!("EVENT_JSON:{}", json(&event))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_logs_so_many_lines_and_bytes_and_no_more() {
        let mut logs = Logs::default();
        for _ in 0..MOST_LOG_LINES {
            logs.push("short".to_owned()).unwrap();
        }
        assert_eq!(logs.push(String::new()), Err(BundleRefused::LogLines));
        let mut logs = Logs::default();
        logs.push("x".repeat(MOST_LOG_BYTES)).unwrap();
        assert_eq!(logs.push("x".to_owned()), Err(BundleRefused::LogBytes));
    }
}
