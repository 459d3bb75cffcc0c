//! No honest member lets out two different messages of one kind and view, whatever it has been
//! through.
//!
//! What liars send is not noted. A member whose disk is wiped may sign twice: it is one of those
//! that the committee bears as liars (docs/threat-model.md).

use super::super::history::History;
use super::super::scenario::Scenario;

pub(super) fn check(scenario: &Scenario, history: &History) -> Result<(), String> {
    let mut honest = history
        .signed
        .iter()
        .filter(|((m, _), _)| Some(*m) != scenario.forgets);
    match honest.find(|(_, contents)| contents.len() > 1) {
        Some(((member, position), _)) => {
            Err(format!("{member} signed two messages of {position:?}"))
        }
        None => Ok(()),
    }
}
