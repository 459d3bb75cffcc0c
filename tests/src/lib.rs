//! What the tests of the whole are made of: a committee under a seed, and its adversaries.
//!
//! `sim` plays many seeds of `house`. `vote_simulation` runs the vote alone, with hashes for signatures, so it can afford thousands
//! of runs. `house` runs whole engines with the real cryptography, so its runs are few. Both are
//! one queue of events in virtual time: whoever has the seed has the run. mosaik, iroh and redb
//! are in neither; they are tested with real processes (docs/architecture.md, section 7).

// A run that meets what it did not expect has to end there, and loudly.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::expect_used
)]

pub mod house;
pub mod sim;
pub mod vote_simulation;
pub mod world;
