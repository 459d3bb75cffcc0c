//! Bundles of signed payloads: what the ledger makes of them, held against a second checker.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a test that cannot go on has failed"
)]

mod fill;
mod judged;
mod logs;
mod properties;
mod python;
mod random;
mod rules;
mod sides;
mod sign;
mod spoilt;
mod state;
