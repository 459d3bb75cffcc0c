//! Real processes on this machine: members are killed, stopped, and given clocks that are off.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::expect_used
)]

mod clock;
mod dealt;
mod ended;
mod examples;
mod full_disks;
mod heist;
mod kill_loops;
mod kills;
mod kit;
mod namespaces;
mod network;
mod orders;
mod output;
mod outsider;
mod records;
mod skews;
mod solvers;
mod splits;
mod starts;
mod stops;
mod stores;
mod trades;
mod up;
