//! At most one value of a round is certified, or could be (arXiv 1807.04938, section 3.1,
//! agreement).
//!
//! That nobody has decided two values is not enough. Shares that honest members let out lie open
//! to whoever collects them, so a certificate that could be made counts as made.

use std::collections::BTreeSet;

use sealbid_types::id::ValueDigest;

use super::super::history::History;
use super::super::scenario::Scenario;

pub(super) fn check(scenario: &Scenario, history: &History) -> Result<(), String> {
    let decided = history
        .decisions
        .iter()
        .map(|(_, _, certified)| certified.value.digest());
    // Whoever collects the honest members' shares has the liars' as well.
    let liars = scenario.liars.len() + usize::from(scenario.forgets.is_some());
    // Each view by itself: shares of two views make no certificate.
    let possible = history.shares.iter().filter_map(|((_, close), members)| {
        let honest = members
            .iter()
            .filter(|m| Some(**m) != scenario.forgets)
            .count();
        (honest + liars >= usize::from(scenario.quorum)).then_some(*close)
    });
    let values: BTreeSet<ValueDigest> = decided.chain(possible).collect();
    if values.len() > 1 || !history.forked.is_empty() {
        return Err(format!(
            "{values:?} can be certified; forks seen: {:?}",
            history.forked
        ));
    }
    Ok(())
}
