//! How a seed is played: on the curve, or on the stand-in, which takes a seventh of the time.

use sealbid_tests::house::sabotage::{LABELS_UNCHECKED, SUBGROUP_UNCHECKED};
use sealbid_tests::house::{Outcome, Swarm};
use sealbid_tests::sim::Failed;

/// One seed in so many is played on the curve.
const CURVE_EVERY: u64 = 200;

/// What the members compute with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Group {
    /// BLS12-381 and ed25519, as in a member's process.
    Curve,
    /// Elements that say their logarithms, and hashes for signatures.
    Linear,
}

/// How runs are played.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Play {
    /// On what; on both, by the seed, if nothing is said.
    pub(crate) group: Option<Group>,
    /// The name of what is wrong with all members.
    pub(crate) sabotage: Option<&'static str>,
    /// Whether to print what happens.
    pub(crate) narrates: bool,
}

/// The same source stands twice in this binary, on the one group and on the other: the types of the
/// one are not those of the other.
macro_rules! play {
    ($house:path, $swarm:expr, $play:expr) => {{
        use $house as house;
        let swarm = house::Swarm::draw($swarm.seed).keeping($swarm.kept());
        let mut world = swarm.world();
        if $play.narrates {
            world.narrate();
        }
        if let Some(sabotage) = $play.sabotage.and_then(house::sabotage::Sabotage::named) {
            sabotage.apply(&mut world);
        }
        let played = swarm.play_in(world);
        played
            .map(|outcome| Outcome {
                rounds: outcome.rounds,
                lies: outcome.lies,
                happened: outcome.happened,
                trace: outcome.trace,
            })
            .map_err(|failure| Failed {
                name: failure.name().to_owned(),
                what: failure.to_string(),
            })
    }};
}

impl Play {
    /// What a seed is played on.
    pub(crate) fn group(&self, seed: u64) -> Group {
        let by_seed = if seed.is_multiple_of(CURVE_EVERY) {
            Group::Curve
        } else {
            Group::Linear
        };
        self.group.unwrap_or(by_seed)
    }

    /// Plays one run to its end.
    ///
    /// # Errors
    /// What failed.
    pub(crate) fn run(&self, swarm: &Swarm) -> Result<Outcome, Failed> {
        match self.group(swarm.seed) {
            Group::Curve => play!(sealbid_tests::house, swarm, self),
            Group::Linear => {
                let forgets = self.sabotage == Some(SUBGROUP_UNCHECKED);
                linear_crypto::group::forget_subgroups(forgets);
                let forgets = self.sabotage == Some(LABELS_UNCHECKED);
                linear_crypto::group::forget_proofs(forgets);
                play!(linear::house, swarm, self)
            }
        }
    }
}
