//! The whole committee under seeds, with everything that goes wrong.
//!
//! `SEALBID_SEED=N` replays the one seed N; `SEALBID_SIM_RUNS=N` runs N seeds a scenario.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod absence;
mod claims;
mod clocks;
mod crashes;
mod evidence_files;
mod late;
mod limits;
mod places;
mod promises;
mod refusals;
mod reports;
mod sabotage;
mod scenario;
mod scenarios;
mod splits;
mod swarm;
mod versions;
