//! What the tests of the whole are made of: a committee under a seed, and its adversaries.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::expect_used
)]

pub mod house;
pub mod vote_simulation;
pub mod world;
