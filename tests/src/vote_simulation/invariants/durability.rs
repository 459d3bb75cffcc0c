//! Nothing leaves a member before what it follows from is on its disk.

use super::super::history::History;
use super::super::scenario::Scenario;

pub(super) fn check(_: &Scenario, history: &History) -> Result<(), String> {
    match history.hasty.first() {
        Some((member, position)) => Err(format!(
            "{member} sent a message of {position:?} that its disk forgets"
        )),
        None => Ok(()),
    }
}
