//! A certified value was proposed, and is valid (arXiv 1807.04938, section 3.1, validity).
//!
//! By content alone. Whether it was fresh is not asked: a value that was locked in its time may be
//! certified at any later time (docs/protocol.md 4.2).

use super::super::history::History;
use super::super::scenario::Scenario;
use super::super::world::is_valid;

pub(super) fn check(scenario: &Scenario, history: &History) -> Result<(), String> {
    for (_, member, certified) in &history.decisions {
        if !is_valid(scenario, &certified.value) {
            return Err(format!("{member} decided an invalid close"));
        }
        if !history.values.contains_key(&certified.value.digest()) {
            return Err(format!("{member} decided a close that nobody proposed"));
        }
    }
    Ok(())
}
