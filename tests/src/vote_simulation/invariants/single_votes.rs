//! No honest member lets out two different messages of one kind and view, whatever it has been
//! through.

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
