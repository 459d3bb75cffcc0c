//! Playing broken members until something notices.

use std::sync::atomic::AtomicBool;

use sealbid_tests::house::Swarm;
use sealbid_tests::house::sabotage::{ALL, Sabotage};
use sealbid_tests::sim::{Campaign, replay_line};

use super::players::Play;
use super::{Options, unknown};

/// Within how many seeds a sabotage has to be noticed.
const MOST_SEEDS: u64 = 1_000;

/// Which of them.
#[derive(Clone)]
pub(crate) enum Which {
    /// One after the other.
    All,
    /// This one.
    One(&'static Sabotage),
}

impl std::fmt::Debug for Which {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::One(sabotage) => f.write_str(sabotage.name),
        }
    }
}

/// Reads a name, or `all`.
pub(crate) fn parse(name: &str) -> Result<Which, String> {
    if name == "all" {
        return Ok(Which::All);
    }
    Sabotage::named(name)
        .map(Which::One)
        .ok_or_else(|| unknown(name))
}

/// What came of a sabotage.
pub(crate) struct Caught {
    /// Which.
    pub(crate) sabotage: &'static Sabotage,
    /// What noticed, if anything did.
    pub(crate) by: Option<String>,
    /// How many seeds were played.
    pub(crate) seeds: u64,
    /// The options that show it.
    pub(crate) replay: Option<String>,
}

impl Caught {
    /// Whether one of its own invariants has noticed it.
    pub(crate) fn is_caught(&self) -> bool {
        let by = self.by.as_deref();
        by.is_some_and(|by| self.sabotage.invariants.contains(&by))
    }
}

/// Plays each until it is noticed.
pub(crate) fn run(which: &Which, options: &Options) -> Vec<Caught> {
    let all: Vec<&'static Sabotage> = match which {
        Which::All => ALL.iter().collect(),
        Which::One(one) => vec![one],
    };
    let caught = all.into_iter().map(|sabotage| {
        let caught = play(sabotage, options);
        let by = caught.by.as_deref().unwrap_or("nothing");
        let mark = if caught.is_caught() {
            "ok"
        } else {
            "NOT CAUGHT"
        };
        eprintln!(
            "{mark:<10}  {:<38} {:>5} seeds  {by}",
            sabotage.name, caught.seeds
        );
        caught
    });
    caught.collect()
}

fn play(sabotage: &'static Sabotage, options: &Options) -> Caught {
    let how = Play {
        group: options.group,
        sabotage: Some(sabotage.name),
        narrates: false,
    };
    let player = |swarm: &Swarm| how.run(swarm);
    let campaign = Campaign {
        first: options.first,
        seeds: MOST_SEEDS,
        threads: options.threads(),
        player: &player,
        stop_at_first: true,
        progress: &|_, _| {},
        ended: &AtomicBool::new(false),
    };
    let (tally, found) = campaign.run();
    let found = found.into_iter().next();
    Caught {
        sabotage,
        seeds: tally.seeds,
        replay: found
            .as_ref()
            .map(|found| replay_line(&found.swarm, options.group_name(), Some(sabotage.name))),
        by: found.map(|found| found.name),
    }
}
