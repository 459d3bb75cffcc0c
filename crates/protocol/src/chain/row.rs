//! The rows of the chain: what each is, where it rests, and when it may go.
//!
//! A row is written once and never changed. Whether a change reaches memory or disk, it is the same
//! [`Change`], so that a member that starts again comes to the state it had.

use sealbid_types::bytes::FixedBytes;
use sealbid_types::close::{CertificateBytes, Close};
use sealbid_types::codec::{DecodeError, decode, encode};
use sealbid_types::envelope::MOST_ROUNDS;
use sealbid_types::id::{EnvelopeId, Round};
use sealbid_types::record::UsedNonce;
use sealbid_types::terms::Nonce;
use sealbid_types::text::AccountId;
use sealbid_types::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::disk::{Table, Write};
use crate::member::message::CertifiedClose;

/// A certified close.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CertifiedRound {
    pub(crate) close: Close,
    pub(crate) certificate: CertificateBytes,
}
sealbid_types::schema!(CertifiedRound, "sealbid.certified-round", 2, 1 << 24);

/// Reads a row of [`Table::Closes`]; none if it is not one.
#[must_use]
pub fn certified_close(row: &[u8]) -> Option<CertifiedClose> {
    let CertifiedRound { close, certificate } = decode(row).ok()?;
    Some(CertifiedClose { close, certificate })
}

/// The points that the entries of a round use. They follow the close once the member holds all its
/// envelopes, which it does before it opens any.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct UsedPoints {
    pub(crate) round: Round,
    pub(crate) points: Vec<(FixedBytes<96>, EnvelopeId)>,
}
sealbid_types::schema!(UsedPoints, "sealbid.used-points", 1, 1 << 24);

/// A used nonce as it rests on disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct NonceRow(UsedNonce);
sealbid_types::schema!(NonceRow, "sealbid.used-nonce", 1, 256);

/// One thing that the chain remembers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Row {
    /// A round is certified.
    Close(Box<CertifiedRound>),
    /// What points its entries use.
    Points(UsedPoints),
    /// It settled a fill with this nonce.
    Nonce(UsedNonce),
}

/// Names a row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum RowKey {
    Close(Round),
    Points(Round),
    Nonce(AccountId, Nonce),
}

/// Until when a row matters. What decides is the chain, never a clock: all members and auditors
/// forget alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Retention {
    /// Until a round after this one is certified.
    Round(Round),
    /// Until a round is certified that closed after this time.
    Time(Timestamp),
    /// For good.
    Ever,
}

/// One change of what the chain remembers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    Remember(Row),
    Forget(RowKey),
}

/// The tables that hold rows of the chain.
pub(super) const TABLES: [Table; 3] = [Table::Closes, Table::Points, Table::Nonces];

impl Row {
    /// Its key.
    pub(crate) fn key(&self) -> RowKey {
        match self {
            Self::Close(certified) => RowKey::Close(certified.close.round),
            Self::Points(used) => RowKey::Points(used.round),
            Self::Nonce(used) => RowKey::Nonce(used.account.clone(), used.nonce),
        }
    }

    fn encode(&self) -> Vec<u8> {
        match self {
            Self::Close(certified) => encode(&**certified),
            Self::Points(used) => encode(used),
            Self::Nonce(used) => encode(&NonceRow(used.clone())),
        }
    }

    /// Reads a row of one of [`TABLES`]; None for any other table.
    pub(crate) fn decode(table: Table, bytes: &[u8]) -> Option<Result<Self, DecodeError>> {
        Some(match table {
            Table::Closes => decode(bytes).map(|row| Self::Close(Box::new(row))),
            Table::Points => decode(bytes).map(Self::Points),
            Table::Nonces => decode(bytes).map(|NonceRow(used)| Self::Nonce(used)),
            _ => return None,
        })
    }
}

impl RowKey {
    /// Until when the row matters.
    ///
    /// An envelope waits for at most [`MOST_ROUNDS`] rounds, so that nothing that is listed or used
    /// in a round can be listed again later than that; and the round after the last one that may
    /// needs it still while it is settled. An intent whose deadline exceeds its nonce's is void by
    /// the Verifier's rules, and one that is past its deadline is too, so that a nonce that has run
    /// out before a round closed is void in it whether it was used or not. One that names no
    /// deadline is kept for good.
    pub(crate) fn retention(&self) -> Retention {
        let rounds = |round: Round| Retention::Round(Round(round.0.saturating_add(MOST_ROUNDS)));
        match self {
            Self::Close(round) | Self::Points(round) => rounds(*round),
            Self::Nonce(_, nonce) => {
                sealbid_near::nonce::expires(nonce).map_or(Retention::Ever, Retention::Time)
            }
        }
    }

    /// Where it rests.
    pub(crate) fn place(&self) -> (Table, Vec<u8>) {
        let of_round = |round: &Round| round.0.to_be_bytes().to_vec();
        match self {
            Self::Close(round) => (Table::Closes, of_round(round)),
            Self::Points(round) => (Table::Points, of_round(round)),
            // No account holds a zero byte: the key tells where it ends.
            Self::Nonce(account, nonce) => (
                Table::Nonces,
                [account.as_str().as_bytes(), b"\0", nonce.as_bytes()].concat(),
            ),
        }
    }
}

impl Change {
    /// The change on disk.
    pub(super) fn write(&self) -> Write {
        match self {
            Self::Remember(row) => {
                let (table, key) = row.key().place();
                let value = row.encode();
                Write::Put { table, key, value }
            }
            Self::Forget(key) => {
                let (table, key) = key.place();
                Write::Delete { table, key }
            }
        }
    }
}
