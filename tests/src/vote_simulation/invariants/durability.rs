//! Nothing leaves a member before what it follows from is on its disk.
//!
//! That keeps a member that has died from voting otherwise when it is back (docs/protocol.md 4.2).
//! It is asked of what is sent again as well, with the disk as it is by then.

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
