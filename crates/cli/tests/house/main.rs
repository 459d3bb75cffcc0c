//! Real processes on this machine: members are killed, stopped, and given clocks that are off.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::expect_used
)]

mod clock;
mod examples;
mod kills;
mod kit;
mod output;
mod records;
mod skews;
mod solvers;
mod stops;
mod trades;
mod up;
