//! What must hold of every run, one check a file.

mod agreement;
mod certificate;
mod durability;
mod evidence;
mod faults;
mod single_votes;
mod termination;
mod validity;

use super::history::History;
use super::scenario::Scenario;

/// A check: what it is called, and what it finds.
type Check = (&'static str, fn(&Scenario, &History) -> Result<(), String>);

/// What does harm comes before what only takes too long: a run that does both is told by the
/// worse. That nothing went wrong at all is asked last.
const CHECKS: [Check; 8] = [
    ("agreement", agreement::check),
    ("certificate", certificate::check),
    ("validity", validity::check),
    ("single votes", single_votes::check),
    ("durability", durability::check),
    ("evidence", evidence::check),
    ("termination", termination::check),
    ("faults", faults::check),
];

/// Checks all of them.
///
/// # Errors
/// The first that does not hold.
pub fn check(scenario: &Scenario, history: &History) -> Result<(), String> {
    for (name, check) in CHECKS {
        check(scenario, history).map_err(|violation| format!("{name}: {violation}"))?;
    }
    Ok(())
}
