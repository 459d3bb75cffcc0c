//! What scenarios have in common: their seeds, who trades, and when a run is over.

use sealbid_protocol::vote::proposer;
pub(super) use sealbid_tests::house::trade;
use sealbid_tests::house::{Person, World};
use sealbid_types::envelope::Envelope;
use sealbid_types::id::{MemberIndex, Round, View};

/// The seeds of a scenario: few by default, and always the same.
pub(super) fn seeds() -> Vec<u64> {
    if let Some(seed) = std::env::var("SEALBID_SEED")
        .ok()
        .and_then(|text| text.parse().ok())
    {
        return vec![seed];
    }
    let runs = std::env::var("SEALBID_SIM_RUNS")
        .ok()
        .and_then(|text| text.parse().ok());
    (1..=runs.unwrap_or(4)).collect()
}

/// Runs on for so many milliseconds, and then until every receipted intent is in a settled round
/// at every honest member.
pub(super) fn run(world: &mut World, seed: u64, at_least: u64) {
    world.run(at_least);
    let is_settled = world.run_until(180_000, World::is_settled);
    assert!(is_settled, "{}", world.describe());
    assert!(
        !world.receipts.is_empty(),
        "seed {seed}: no receipts: {:?}",
        world.refusals
    );
    world.check();
}

/// The member that proposes first in the first round of four members.
pub(super) fn first_proposer() -> MemberIndex {
    proposer(4, Round(1), View(0))
}

/// A swap that any of the quotes of [`trade`] fills.
pub(super) fn swap(world: &World, number: u64) -> Envelope {
    Person::new(77, number).swap(&world.house, 1_000, 1_900, Round(1), 60)
}

/// Runs until everything that has a receipt is settled at every honest member, for so many slots
/// at most, and checks the run.
pub(super) fn settle_within(world: &mut World, slots: u64) {
    let period = u64::from(world.house.committee.schedule.period_ms);
    let is_settled = world.run_until(slots * period, World::is_settled);
    assert!(is_settled, "after {slots} slots: {}", world.describe());
    world.check();
}
