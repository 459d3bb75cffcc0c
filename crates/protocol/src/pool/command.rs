//! What a pool is told, asked and answers, and how much it holds.

use std::collections::BTreeSet;

use sealbid_types::committee::MOST_ENTRIES;
use sealbid_types::envelope::MOST_ROUNDS;
use serde::{Deserialize, Serialize};

/// An envelope's id.
pub type Id = [u8; 32];

/// What tells one envelope from all others: its id, and the BLAKE3 hash of its bytes. The id alone
/// does not, for the pool does not check that the bytes are the id's.
pub type Key = (Id, [u8; 32]);

/// Which of the two queues an envelope waits in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum EnvelopeKind {
    /// A trader's sealed intent.
    Intent,
    /// A solver's sealed quote.
    Quote,
}

/// A sealed envelope as the pool sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolEnvelope {
    /// Its id.
    pub id: Id,
    /// Its bytes, never empty.
    pub body: Vec<u8>,
    /// The first round it may enter.
    pub first_round: u64,
    /// The last round it may enter, not before the first.
    pub last_round: u64,
}

impl PoolEnvelope {
    /// What tells it from all others.
    #[must_use]
    pub fn key(&self) -> Key {
        (self.id, *blake3::hash(&self.body).as_bytes())
    }
}

/// The most bytes of a closed round's certificate, by default: with all quotes of the largest round.
pub(super) const MOST_CERTIFICATE_BYTES: usize = 512 << 10;

/// A closed round: its certificate, and what it took from the pool.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClearedRound {
    /// The round.
    pub round: u64,
    /// What shows that it closed, and listed this: see [`Self::is_certified`].
    pub certificate: Vec<u8>,
    /// The ids that the round lists, intents and quotes alike.
    pub listed: BTreeSet<Id>,
}

/// What changes a pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum PoolCommand {
    /// Adds a sealed intent.
    SubmitIntent(PoolEnvelope),
    /// Adds a sealed quote.
    SubmitQuote(PoolEnvelope),
    /// Records a closed round and drops what it listed and what can enter no later round. The
    /// certificate is opaque here: it is checked before the command is applied, or not at all.
    ClearRound(ClearedRound),
}

/// What can be asked of a pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum PoolQuery {
    /// All intents that wait: [`PoolAnswer::Envelopes`].
    PendingIntents,
    /// All quotes that wait: [`PoolAnswer::Envelopes`].
    PendingQuotes,
    /// What shows that a round closed, as long as it is remembered: [`PoolAnswer::RoundResult`].
    RoundResult(u64),
    /// The round after the last one cleared: [`PoolAnswer::CurrentRound`].
    CurrentRound,
    /// For each envelope, whether exactly it waits, or a remembered round listed its id:
    /// [`PoolAnswer::Contains`].
    Contains(Vec<Key>),
    /// A digest of everything: [`PoolAnswer::Digest`].
    Digest,
}

/// The answer to a [`PoolQuery`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum PoolAnswer {
    /// Envelopes in the order of their ids.
    Envelopes(Vec<PoolEnvelope>),
    /// A certificate's bytes.
    RoundResult(Option<Vec<u8>>),
    /// A round.
    CurrentRound(u64),
    /// One answer for each id asked, in that order.
    Contains(Vec<bool>),
    /// BLAKE3 over the pool.
    Digest([u8; 32]),
}

/// How much a pool holds. All members of a group must agree on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolLimits {
    /// Envelopes of each kind.
    pub entries: usize,
    /// Bytes of envelopes of each kind.
    pub bytes: usize,
    /// Bytes of one envelope.
    pub envelope_bytes: usize,
    /// Bytes of one closed round's certificate.
    pub certificate_bytes: usize,
    /// How far ahead of the open round an envelope's first round may be, and how many rounds it may
    /// wait from that one on. With neither bound, entries for rounds that never come would stay.
    pub ahead: u64,
    /// Closed rounds remembered.
    pub rounds: usize,
    /// Ids that one closed round may list.
    pub round_ids: usize,
    /// Ids remembered over all closed rounds, at least [`Self::round_ids`].
    pub listed: usize,
}

impl Default for PoolLimits {
    fn default() -> Self {
        Self {
            // A round that is being settled, and the next.
            entries: 2 * MOST_ENTRIES as usize,
            bytes: 64 << 20,
            envelope_bytes: 64 << 10,
            certificate_bytes: MOST_CERTIFICATE_BYTES,
            ahead: MOST_ROUNDS,
            rounds: 64,
            round_ids: MOST_ENTRIES as usize,
            listed: 1 << 17,
        }
    }
}

/// Why a pool does not take a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PoolRefusal {
    /// No bytes, a last round before the first, or more rounds than an envelope may wait.
    #[error("not an envelope")]
    Malformed,
    /// More bytes, or more listed ids, than the limits allow for one command.
    #[error("larger than the pool takes")]
    TooLarge,
    /// No round that it may enter is still to come.
    #[error("its last round is cleared")]
    Expired,
    /// Its first round is too far ahead.
    #[error("its first round is too far ahead")]
    TooEarly,
    /// A remembered round listed it.
    #[error("a cleared round listed it")]
    Listed,
    /// The pool is full.
    #[error("the pool is full")]
    Full,
}

/// What a command did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// The envelope is new.
    Added,
    /// Nothing: it was applied before.
    Known,
    /// Nothing, for this reason.
    Refused(PoolRefusal),
    /// The round is recorded, and so many envelopes are gone.
    Cleared(usize),
}

/// A part of a pool, for a snapshot. Any order restores the same pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum PoolItem {
    /// A waiting envelope.
    Envelope(EnvelopeKind, PoolEnvelope),
    /// A remembered round.
    Cleared(ClearedRound),
}
