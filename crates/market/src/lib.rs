//! The market: how a round's opened intents and quotes become fills.
//!
//! | module | what |
//! | --- | --- |
//! | [`schedule`] | a quote's price schedule, checked, and what it pays for an amount |
//! | [`fees`] | the Verifier's fee, and what has to be paid so that a given amount arrives |
//! | [`clear`](mod@clear) | the clearing: a pure function of the opened round |
//! | [`invariants`] | what must hold of any clearing, computed again by other means |
//! | [`settle`](mod@settle) | the fills whose authorisations hold |
//!
//! Everything here is a function of its arguments, iterates in a fixed order and is total: bad
//! entries are void with a reason, and a clearing that breaks a rule of its own settles empty.
//!
//! That is more than tidiness. Members sign the digest of what they computed, and q of them have to
//! have computed the same: an order that is an accident of memory, an error instead of an answer,
//! or a number that rounds otherwise on another machine, and the round has no settlement at all.
//! Nor may an entry's author be able to bring such a thing about; whatever was sealed is an input
//! here.

use std::collections::BTreeMap;

use sealbid_types::allocation::VoidReason;
use sealbid_types::id::EnvelopeId;

pub mod clear;
pub mod fees;
mod intent;
pub mod invariants;
mod matching;
mod order;
mod quotes;
pub mod schedule;
pub mod settle;

#[cfg(test)]
mod testing;

/// What the listed entries of one kind opened to, or why they count for nothing.
pub type Opened<T> = BTreeMap<EnvelopeId, Result<T, VoidReason>>;

/// The largest amount that an auction deals in, in base units: 5.2e33, some times the supply of
/// the tokens with the smallest units. It leaves room to add up ten thousand entries.
pub const MOST_UNITS: i128 = 1 << 112;
