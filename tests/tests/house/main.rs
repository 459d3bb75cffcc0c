//! The whole committee under seeds, with everything that goes wrong.
//!
//! `SEALBID_SEED=N` replays the one seed N; `SEALBID_SIM_RUNS=N` runs N seeds a scenario.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod claims;
mod clocks;
mod late;
mod limits;
mod places;
mod promises;
mod reports;
mod sabotage;
mod scenario;
mod scenarios;
mod swarm;
mod versions;
