//! A certified value was proposed, and is valid (arXiv 1807.04938, section 3.1, validity).

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
