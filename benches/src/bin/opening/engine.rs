//! What is compared: engines, and the phases that each of them is timed in.

use std::time::Instant;

use rayon::ThreadPool;
use sealbid_benches::Outcome;

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

/// Microseconds an intent.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Times {
    pub(crate) seal: f64,
    pub(crate) admit: f64,
    pub(crate) share: f64,
    pub(crate) open: f64,
    /// Measured for the engine that uses threads only.
    pub(crate) open_on_two: Option<f64>,
    /// `share` has the check that `admit` is in it, so a member does without the latter.
    pub(crate) share_admits: bool,
}

impl Times {
    pub(crate) fn of(&self, phase: Phase) -> Option<f64> {
        match phase {
            Phase::Seal => Some(self.seal),
            Phase::Admit => Some(self.admit),
            Phase::Share => Some(self.share),
            Phase::Open => Some(self.open),
            Phase::Total if self.share_admits => Some(self.share + self.open),
            Phase::Total => Some(self.admit + self.share + self.open),
            Phase::OpenOnTwo => self.open_on_two,
        }
    }
}

/// A committee's size, and the threads that the engine may use.
pub(crate) struct Setting<'a> {
    pub(crate) n: u8,
    pub(crate) q: u8,
    pub(crate) pool: &'a ThreadPool,
}

/// What an engine did with the plaintexts: its times, and what came out of it.
pub(crate) struct Opened {
    pub(crate) times: Times,
    pub(crate) plaintexts: Vec<Vec<u8>>,
}

/// One way to seal plaintexts to a committee.
pub(crate) struct Engine {
    pub(crate) name: &'static str,
    /// What of a round is still sealed when some of it was opened.
    pub(crate) stays_sealed: &'static str,
    /// Whether a ciphertext is bound to what stands beside it in the clear.
    pub(crate) labelled: &'static str,
    /// The most ciphertexts it is run with; the times of more are those of so many.
    pub(crate) most: u32,
    pub(crate) run: fn(&Setting<'_>, &[Vec<u8>]) -> Outcome<Opened>,
}

/// Microseconds for each of `count`, and the result.
pub(crate) fn timed<T>(count: usize, work: impl FnOnce() -> Outcome<T>) -> Outcome<(f64, T)> {
    let started = Instant::now();
    let result = work()?;
    let micros = started.elapsed().as_secs_f64() * 1e6;
    Ok((micros / count as f64, result))
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
