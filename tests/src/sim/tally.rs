//! What runs had in them, added up.

use std::collections::BTreeMap;

use crate::house::{Counts, Outcome, Way};

/// What went wrong in so many runs, and what came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Runs.
    pub seeds: u64,
    /// Rounds that their first members settled.
    pub rounds: u64,
    /// How often each kind of fault happened.
    pub faults: BTreeMap<&'static str, u64>,
    /// Runs that had a liar of each kind.
    pub liars: BTreeMap<&'static str, u64>,
    /// How often each kind of liar has lied.
    pub lies: BTreeMap<&'static str, u64>,
}

impl Tally {
    /// Adds one run.
    pub fn add(&mut self, outcome: &Outcome) {
        self.seeds += 1;
        self.rounds += outcome.rounds;
        for (name, count) in &outcome.happened {
            *self.faults.entry(name).or_default() += count;
        }
        for (name, lies) in &outcome.lies {
            *self.liars.entry(name).or_default() += 1;
            *self.lies.entry(name).or_default() += lies;
        }
    }

    /// Adds what another has counted.
    pub fn join(&mut self, other: Self) {
        self.seeds += other.seeds;
        self.rounds += other.rounds;
        for (all, some) in [
            (&mut self.faults, other.faults),
            (&mut self.liars, other.liars),
            (&mut self.lies, other.lies),
        ] {
            for (name, count) in some {
                *all.entry(name).or_default() += count;
            }
        }
    }

    /// Ways to lie in which no member of any run has lied, and what else has happened in none: a
    /// campaign of some length that names one proves less than it says.
    #[must_use]
    pub fn untried(&self) -> Vec<&'static str> {
        let is_missing = |all: &BTreeMap<_, u64>, name| all.get(name).copied().unwrap_or(0) == 0;
        let ways = Way::all().map(Way::name);
        let unlied = ways.filter(|name| is_missing(&self.lies, *name));
        let events = Counts::TO_BE_SEEN.into_iter();
        let unseen = events.filter(|name| is_missing(&self.faults, *name));
        unlied.chain(unseen).collect()
    }
}
