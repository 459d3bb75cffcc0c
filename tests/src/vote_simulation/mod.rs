//! The close vote alone, under a seed: n members on a bad network, with crashes, wrong clocks and
//! liars, thousands of rounds in a few seconds.
//!
//! | module | is |
//! | --- | --- |
//! | [`scenario`] | what is to go wrong in a run; drawn from a seed, or written out |
//! | [`world`] | the run: one queue of events, virtual time |
//! | [`node`] | a member: its vote, its disk, its clock |
//! | [`network`] | what becomes of a packet |
//! | [`adversary`] | liars, one behaviour a file |
//! | [`invariants`] | what must hold of every run, one check a file |
//!
//! Signatures are hashes that anybody could compute; the adversaries here do not. A run is
//! determined by its scenario: the same one gives the same run, event by event.

pub mod adversary;
pub mod history;
pub mod invariants;
pub mod keys;
pub mod network;
pub mod node;
pub mod scenario;
pub mod world;

pub use history::History;
pub use scenario::Scenario;

use sealbid_types::id::MemberIndex;

/// Runs a scenario and checks every invariant.
///
/// # Errors
/// What does not hold, and how to see it again.
pub fn run(scenario: &Scenario) -> Result<History, String> {
    let history = world::World::new(scenario.clone()).run();
    invariants::check(scenario, &history)
        .map(|()| history)
        .map_err(|violation| format!("{violation}\nseed {}: {scenario:#?}", scenario.seed))
}

/// Every other member than `member`, of `members`.
pub(crate) fn others(members: u8, member: MemberIndex) -> impl Iterator<Item = MemberIndex> {
    MemberIndex::all(members).filter(move |other| *other != member)
}
