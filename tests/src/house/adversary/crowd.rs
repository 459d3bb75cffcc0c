//! Hostile clients with as many keys as they like.
//!
//! They attack places (docs/protocol.md 4.3). Keys are free, so no bound by key keeps a crowd out:
//! only what is promised for far rounds must take no place in near ones, and places must come
//! back.

use sealbid_types::envelope::{Envelope, Kind};
use sealbid_types::id::Round;

use crate::house::fixture::Fixture;
use crate::house::people::Person;

/// Envelopes of `keys` throw-away keys, `each` of every key, whose first round is `first`.
#[must_use]
pub fn fill_far_rounds(
    house: &Fixture,
    seed: u64,
    kind: Kind,
    first: Round,
    keys: u64,
    each: u64,
) -> Vec<Envelope> {
    let mut envelopes = Vec::new();
    for key in 0..keys {
        // Numbers that no trader or solver of a run has: equal ones would be the same person.
        let mut person = Person::new(seed, 2_000_000 + key);
        for _ in 0..each {
            envelopes.push(match kind {
                Kind::Intent => person.swap(house, 1_000, 1_900, first, 2),
                Kind::Quote => person.quote(house, first, 2_000, 1_000, 1_000_000),
            });
        }
    }
    envelopes
}

/// Envelopes of one key for the open round, as many as it likes.
#[must_use]
pub fn fill_quota(
    house: &Fixture,
    seed: u64,
    kind: Kind,
    open: Round,
    count: u64,
) -> Vec<Envelope> {
    // Another seed: the key is to be none of those that fill far rounds.
    fill_far_rounds(house, seed ^ 0x51, kind, open, 1, count)
}
