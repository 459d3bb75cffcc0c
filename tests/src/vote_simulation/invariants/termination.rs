//! Every honest member decides soon after the last fault (arXiv 1807.04938, section 3.1,
//! termination).
//!
//! Without a bound nothing is promised: more members lie than may be silent.

use super::super::history::History;
use super::super::scenario::Scenario;

pub(super) fn check(scenario: &Scenario, history: &History) -> Result<(), String> {
    let Some(within) = scenario.within else {
        return Ok(());
    };
    // A fault that struck late, for want of an occasion, moves the bound with it.
    let by = history.last_fault + within;
    match history.settled {
        Some(settled) if settled <= by => Ok(()),
        Some(settled) => Err(format!(
            "decided {} ms after the last fault, in view {}: {within} allowed",
            settled - history.last_fault,
            history.highest,
        )),
        None => Err(format!(
            "not decided at {} by all, last fault at {}, highest view {}; decided: {:?}",
            history.ended,
            history.last_fault,
            history.highest,
            history
                .decisions
                .iter()
                .map(|(at, member, _)| (at, member))
                .collect::<Vec<_>>(),
        )),
    }
}
