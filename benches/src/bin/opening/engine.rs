//! What is compared: engines, and the phases that each of them is timed in.

use core::ops::{Add, Div};
use core::time::Duration;
use std::time::Instant;

use rayon::ThreadPool;
use sealbid_benches::Fallible;
use sealbid_benches::unit::unit;

/// A step in the life of a sealed plaintext, or a sum of steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// The client seals.
    Seal,
    /// A member checks a ciphertext before anything secret touches it.
    Admit,
    /// A member makes its decryption share.
    Share,
    /// A member turns the members' shares into plaintexts, every check included.
    Open,
    /// All that one member does: the ciphertext's check, its own share, opening.
    Total,
    /// `Open` on two threads.
    OpenOnTwo,
}

impl Phase {
    /// What every engine is measured in.
    pub(crate) const ALL: [Self; 5] = [
        Self::Seal,
        Self::Admit,
        Self::Share,
        Self::Open,
        Self::Total,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Seal => "seal",
            Self::Admit => "admit",
            Self::Share => "share",
            Self::Open => "open",
            Self::Total => "total",
            Self::OpenOnTwo => "open, two threads",
        }
    }
}

/// What a phase takes for one intent.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cost {
    pub(crate) microseconds: f64,
    /// Constant-time multiplications of G1, by the mean of what one takes before the phase and
    /// after it: this machine's clock may change in between.
    pub(crate) units: f64,
}

impl Add for Cost {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            microseconds: self.microseconds + other.microseconds,
            units: self.units + other.units,
        }
    }
}

impl Div<f64> for Cost {
    type Output = Self;

    fn div(self, by: f64) -> Self {
        Self {
            microseconds: self.microseconds / by,
            units: self.units / by,
        }
    }
}

/// What a second thread is worth.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scaling {
    /// What opening takes on two threads.
    pub(crate) open_on_two: Cost,
    /// How many times as fast as on one that is.
    pub(crate) open: f64,
    /// The same of shares, which have nothing in common: how many threads this machine has.
    pub(crate) share: f64,
}

/// What the phases take.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Costs {
    pub(crate) seal: Cost,
    pub(crate) admit: Cost,
    pub(crate) share: Cost,
    pub(crate) open: Cost,
    /// Measured for the engine that uses threads only.
    pub(crate) scaling: Option<Scaling>,
    /// `share` has the check that `admit` is in it, so a member does without the latter.
    pub(crate) share_admits: bool,
}

impl Costs {
    pub(crate) fn of(&self, phase: Phase) -> Option<Cost> {
        match phase {
            Phase::Seal => Some(self.seal),
            Phase::Admit => Some(self.admit),
            Phase::Share => Some(self.share),
            Phase::Open => Some(self.open),
            // Whatever checks twice is not charged twice.
            Phase::Total if self.share_admits => Some(self.share + self.open),
            Phase::Total => Some(self.admit + self.share + self.open),
            Phase::OpenOnTwo => self.scaling.map(|scaling| scaling.open_on_two),
        }
    }
}

/// A committee's size, and the threads that the engine may use.
pub(crate) struct Setting<'a> {
    pub(crate) n: u8,
    pub(crate) q: u8,
    pub(crate) pool: &'a ThreadPool,
}

/// What an engine did with the plaintexts: what it took, and what came out of it.
pub(crate) struct Opened {
    pub(crate) costs: Costs,
    pub(crate) plaintexts: Vec<Vec<u8>>,
}

/// One way to seal plaintexts to a committee.
pub(crate) struct Engine {
    pub(crate) name: &'static str,
    /// What of a round is still sealed when some of it was opened.
    pub(crate) stays_sealed: &'static str,
    /// Whether a ciphertext is bound to what stands beside it in the clear.
    pub(crate) labelled: &'static str,
    /// The most ciphertexts it is run with; the costs of more are those of so many.
    pub(crate) most: u32,
    pub(crate) run: fn(&Setting<'_>, &[Vec<u8>]) -> Fallible<Opened>,
}

/// How often a phase is repeated in one run, if it takes no longer than `LONGEST` together.
const REPEATS: usize = 5;
const LONGEST: Duration = Duration::from_secs(3);

/// What `work` takes for each of `count`, and its last result: by the median of a few times, each
/// with the unit of its own moment, unless it takes long.
pub(crate) fn timed<T>(count: usize, mut work: impl FnMut() -> Fallible<T>) -> Fallible<(Cost, T)> {
    let (began, mut costs) = (Instant::now(), Vec::new());
    loop {
        let (cost, result) = once(count, &mut work)?;
        costs.push(cost);
        if costs.len() == REPEATS || began.elapsed() > LONGEST {
            // By units: the one in the middle is then of a moment at the machine's usual pace.
            costs.sort_by(|one, other| one.units.total_cmp(&other.units));
            let middle = costs.get(costs.len() / 2).copied();
            return Ok((middle.ok_or("nothing was timed")?, result));
        }
    }
}

/// How often two ways to do the same take turns, if that takes no longer than `LONGEST_TURNS`.
const TURNS: usize = 60;
const LONGEST_TURNS: Duration = Duration::from_secs(10);

/// What two ways to do the same take at best. They take turns, and the fastest time counts, so that
/// a neighbour who disturbs one of two cores for a while disturbs neither's result. Each is done
/// once right before it is timed: threads that wake together may share a core for milliseconds,
/// until the system moves one of them.
pub(crate) fn best_of_two<T>(
    count: usize,
    work: [&dyn Fn() -> Fallible<T>; 2],
) -> Fallible<[Cost; 2]> {
    let (mut best, mut best_unit) = ([f64::INFINITY; 2], f64::INFINITY);
    let began = Instant::now();
    for _ in 0..TURNS {
        best_unit = best_unit.min(unit()?);
        for (work, best) in work.iter().zip(&mut best) {
            // Untimed: see above.
            drop(work()?);
            let started = Instant::now();
            let result = work()?;
            *best = best.min(started.elapsed().as_secs_f64());
            drop(result);
        }
        if began.elapsed() > LONGEST_TURNS {
            break;
        }
    }
    Ok(best.map(|seconds| {
        let microseconds = seconds * 1e6 / count as f64;
        let units = microseconds / best_unit;
        Cost {
            microseconds,
            units,
        }
    }))
}

/// Once, between two measurements of the unit.
fn once<T>(count: usize, work: impl FnOnce() -> Fallible<T>) -> Fallible<(Cost, T)> {
    let before = unit()?;
    let started = Instant::now();
    let result = work()?;
    let microseconds = started.elapsed().as_secs_f64() * 1e6 / count as f64;
    let units = microseconds / f64::midpoint(before, unit()?);
    let cost = Cost {
        microseconds,
        units,
    };
    Ok((cost, result))
}

/// The engines of this build.
pub(crate) fn engines() -> Vec<Engine> {
    vec![
        crate::bound::ENGINE,
        crate::sealbid::ENGINE,
        #[cfg(feature = "peers")]
        crate::peers::threshold_crypto::ENGINE,
        #[cfg(feature = "peers")]
        crate::peers::blsttc::ENGINE,
        #[cfg(feature = "peers")]
        crate::peers::commonware::ROUND_TARGET,
        #[cfg(feature = "peers")]
        crate::peers::commonware::OWN_TARGETS,
        #[cfg(feature = "peers")]
        crate::peers::ferveo::ENGINE,
    ]
}
