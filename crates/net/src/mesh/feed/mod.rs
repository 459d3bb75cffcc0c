//! The feed: intents for solvers, settlements for relayers.
//!
//! A guest dials every member, shows its ticket, and says what it wants to read; the member writes
//! it as it comes, at most once. Every member sends everything, so a guest that misses something
//! from one of them has it from another.

mod publisher;
mod server;
mod subscriber;

use serde::{Deserialize, Serialize};

pub(super) use self::publisher::Publisher;
pub(super) use self::server::FeedServer;
pub(super) use self::subscriber::Subscriber;
use crate::ticket::Role;

/// Pairs that one subscription may name.
const MOST_PAIRS: usize = 256;
/// Bytes of a subscription: its ticket and its pairs.
const MAX_SUBSCRIPTION: usize = 16 << 10;
/// The BLAKE3 derive-key context of pairs' names.
const PAIR_CONTEXT: &str = "sealbid/1 2026-11 feed pair";

/// A directed pair of assets, by a hash of both.
pub(super) type PairId = [u8; 32];

/// What a guest wants to read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Topic {
    /// The public parts of all intents.
    AllIntents,
    /// Those that reveal one of these directed pairs.
    Pairs(Vec<PairId>),
    /// Settlements.
    Settlements,
}

/// The first and only thing that a guest says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Subscription {
    /// The ticket's bytes.
    ticket: Vec<u8>,
    topic: Topic,
}

impl Topic {
    /// The intents of these pairs, or all if there are none.
    pub(super) fn intents(pairs: &[(String, String)]) -> Self {
        if pairs.is_empty() {
            return Self::AllIntents;
        }
        Self::Pairs(pairs.iter().map(|(from, to)| pair(from, to)).collect())
    }

    /// The roles whose tickets admit to it: what solvers read is no business of relayers.
    const fn roles(&self) -> &'static [Role] {
        match self {
            Self::AllIntents | Self::Pairs(_) => &[Role::Solver],
            Self::Settlements => &[Role::Relayer, Role::Solver, Role::User],
        }
    }
}

/// The name of a directed pair.
pub(super) fn pair(asset_in: &str, asset_out: &str) -> PairId {
    let mut hasher = blake3::Hasher::new_derive_key(PAIR_CONTEXT);
    for asset in [asset_in, asset_out] {
        // A length before each, so that no two pairs run together.
        hasher
            .update(&(asset.len() as u64).to_le_bytes())
            .update(asset.as_bytes());
    }
    *hasher.finalize().as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_directed_and_do_not_run_together() {
        assert_ne!(pair("ab", "c"), pair("a", "bc"));
        assert_ne!(pair("a", "b"), pair("b", "a"));
        assert_eq!(pair("a", "b"), pair("a", "b"));
    }
}
