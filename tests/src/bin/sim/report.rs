//! What a campaign came to, for people and for scripts.

use std::time::Duration;

use sealbid_tests::sim::{Found, Tally, replay_line};
use serde_json::json;

use super::sabotages::Caught;

/// So many seeds have everything in them: a campaign as long that lacks something proves less than it
/// says.
const ENOUGH: u64 = 1_000;

/// What a campaign came to.
pub(crate) struct Report {
    /// What was in the runs.
    pub(crate) tally: Tally,
    /// What was found, each as small as it could be made.
    pub(crate) found: Vec<Found>,
    /// What came of the sabotages.
    pub(crate) sabotages: Vec<Caught>,
    /// How long the honest runs took.
    pub(crate) took: Duration,
    /// On what all runs were played, if it was said.
    pub(crate) group: Option<&'static str>,
}

impl Report {
    fn untried(&self) -> Vec<&'static str> {
        if self.tally.seeds < ENOUGH {
            return Vec::new();
        }
        self.tally.untried()
    }

    /// Whether all of it held, everything was tried, and every sabotage was noticed.
    pub(crate) fn is_clean(&self) -> bool {
        self.found.is_empty()
            && self.untried().is_empty()
            && self.sabotages.iter().all(Caught::is_caught)
    }

    /// One object.
    pub(crate) fn to_json(&self) -> String {
        let violations = self.found.iter().map(|found| {
            json!({
                "seed": found.swarm.seed,
                "keep": found.swarm.kept(),
                "invariant": found.name,
                "what": found.what,
                "replay": replay_line(&found.swarm, self.group, None),
            })
        });
        let sabotages = self.sabotages.iter().map(|caught| {
            json!({
                "name": caught.sabotage.name,
                "does": caught.sabotage.does,
                "caught": caught.is_caught(),
                "invariant": caught.by,
                "seeds": caught.seeds,
                "replay": caught.replay,
            })
        });
        let report = json!({
            "seeds": self.tally.seeds,
            "seconds": self.took.as_secs_f64(),
            "rounds": self.tally.rounds,
            "violations": violations.collect::<Vec<_>>(),
            "faults": self.tally.faults,
            "lies": self.tally.lies,
            "untried": self.untried(),
            "sabotages": sabotages.collect::<Vec<_>>(),
        });
        report.to_string()
    }

    /// For people.
    pub(crate) fn print(&self) {
        if self.tally.seeds > 0 {
            self.print_runs();
        }
        for found in &self.found {
            println!("\n{}", found.what);
            println!("  {}", replay_line(&found.swarm, self.group, None));
        }
        for name in self.untried() {
            println!("\nin no run: {name}");
        }
        if !self.sabotages.is_empty() {
            let caught = self.sabotages.iter().filter(|it| it.is_caught()).count();
            println!("{caught} of {} sabotages noticed", self.sabotages.len());
        }
    }

    fn print_runs(&self) {
        let Tally {
            seeds,
            rounds,
            faults,
            lies,
            ..
        } = &self.tally;
        let seconds = self.took.as_secs_f64();
        println!("FAULT                                    TIMES");
        for (name, times) in faults {
            println!("{name:<36} {times:>9}");
        }
        println!("\nA MEMBER                                 LIES");
        for (name, times) in lies {
            println!("{name:<36} {times:>9}");
        }
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let rate = *seeds as f64 / seconds.max(0.001);
        let failed = self.found.len();
        println!(
            "\n{seeds} seeds in {seconds:.1} s ({rate:.1} a second), {rounds} rounds settled, {failed} failed"
        );
    }
}
