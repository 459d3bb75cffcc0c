//! What was meant to go wrong went wrong: else the run shows nothing.
//!
//! Each fault of the network is asked for by itself, and each liar; of the crashes all together,
//! and of the kills.

use super::super::history::History;
use super::super::scenario::Scenario;

pub(super) fn check(_: &Scenario, history: &History) -> Result<(), String> {
    match history.faults.iter().find(|(_, count)| **count == 0) {
        Some((name, _)) => Err(format!("{name} was planned and did not come about")),
        None => Ok(()),
    }
}
