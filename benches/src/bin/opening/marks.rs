//! What is laid down of the opening's speed, and whether it holds.
//!
//! A mark is what has to hold, and a stretch what would be better still. Both are laid down for one
//! thread, n = 5, q = 4 and N = 1,024. They are printed for other cases too, where they say little.

use crate::engine::Phase;
use crate::measure::{Measured, UnitsOfRun};
use crate::{bound, sealbid};

/// A bound on a number.
#[derive(Debug, Clone, Copy)]
enum Limit {
    /// Of what something costs.
    AtMost(f64),
    /// Of how many times as much the other costs.
    AtLeast(f64),
}

impl Limit {
    fn holds(self, value: f64) -> bool {
        match self {
            Self::AtMost(most) => value <= most,
            Self::AtLeast(least) => value >= least,
        }
    }

    fn text(self) -> String {
        match self {
            Self::AtMost(most) => format!("<= {most}"),
            Self::AtLeast(least) => format!(">= {least}"),
        }
    }
}

/// One mark.
pub(crate) struct Mark {
    name: &'static str,
    /// What has to hold.
    mark: Limit,
    /// What would be better still.
    stretch: Limit,
    /// The number that it bounds, in one run; none if an engine is missing in this build.
    of: fn(&UnitsOfRun<'_>) -> Option<f64>,
}

/// A mark and what was measured.
pub(crate) struct Verdict {
    pub(crate) name: &'static str,
    pub(crate) mark: String,
    pub(crate) stretch: String,
    /// None if this build lacks an engine that it takes.
    pub(crate) measured: Option<f64>,
    pub(crate) verdict: &'static str,
}

impl Mark {
    /// A number that may be so large at most.
    const fn most(
        name: &'static str,
        mark: f64,
        stretch: f64,
        of: fn(&UnitsOfRun<'_>) -> Option<f64>,
    ) -> Self {
        let (mark, stretch) = (Limit::AtMost(mark), Limit::AtMost(stretch));
        Self {
            name,
            mark,
            stretch,
            of,
        }
    }

    /// A number that has to be so large at least.
    const fn least(
        name: &'static str,
        mark: f64,
        stretch: f64,
        of: fn(&UnitsOfRun<'_>) -> Option<f64>,
    ) -> Self {
        let (mark, stretch) = (Limit::AtLeast(mark), Limit::AtLeast(stretch));
        Self {
            name,
            mark,
            stretch,
            of,
        }
    }

    fn judge(&self, measured: &Measured) -> Verdict {
        // A ratio is taken in each run, whose sides were measured at one pace, and the median after
        // that.
        let value = measured.ratio(self.of);
        let verdict = match value {
            None => "not measured",
            Some(value) if self.stretch.holds(value) => "holds, stretch too",
            Some(value) if self.mark.holds(value) => "holds",
            Some(_) => "MISSED",
        };
        Verdict {
            name: self.name,
            mark: self.mark.text(),
            stretch: self.stretch.text(),
            measured: value,
            verdict,
        }
    }
}

/// Of one thread, N = 1,024 and four of five members.
pub(crate) const MARKS: &[Mark] = &[
    // Costs first, in units an intent, phase by phase.
    Mark::most("seal, units", 6.0, 5.0, |run| ours(run, Phase::Seal)),
    Mark::most("admit in a batch, units", 1.5, 1.0, |run| {
        ours(run, Phase::Admit)
    }),
    Mark::most("share, units", 1.3, 1.05, |run| ours(run, Phase::Share)),
    Mark::most("open, units", 0.6, 0.3, |run| ours(run, Phase::Open)),
    Mark::most("total, units", 3.4, 2.4, |run| ours(run, Phase::Total)),
    Mark::most("all phases over the bound", 1.3, 1.15, over_bound),
    // Two cores can be worth 2, less what cannot be divided between them.
    Mark::least("open: two threads over one", 1.8, 1.95, |run| {
        Some(run.scaling(sealbid::NAME)?.open)
    }),
    #[cfg(feature = "peers")]
    Mark::least("open: threshold_crypto over ours", 300.0, 1000.0, |run| {
        over_ours(run, crate::peers::threshold_crypto::NAME, Phase::Open)
    }),
    #[cfg(feature = "peers")]
    Mark::least("total: threshold_crypto over ours", 100.0, 150.0, |run| {
        over_ours(run, crate::peers::threshold_crypto::NAME, Phase::Total)
    }),
    #[cfg(feature = "peers")]
    Mark::least("total: blsttc over ours", 25.0, 40.0, |run| {
        over_ours(run, crate::peers::blsttc::NAME, Phase::Total)
    }),
    #[cfg(feature = "peers")]
    Mark::least("total: commonware tle over ours", 1.0, 3.0, |run| {
        over_ours(run, crate::peers::commonware::ROUND_NAME, Phase::Total)
    }),
];

/// Every mark, judged.
pub(crate) fn judge(measured: &Measured) -> Vec<Verdict> {
    MARKS.iter().map(|mark| mark.judge(measured)).collect()
}

/// In units an intent.
fn ours(run: &UnitsOfRun<'_>, phase: Phase) -> Option<f64> {
    run.units(sealbid::NAME, phase)
}

#[cfg(feature = "peers")]
fn over_ours(run: &UnitsOfRun<'_>, peer: &str, phase: Phase) -> Option<f64> {
    Some(run.units(peer, phase)? / ours(run, phase)?)
}

/// All that is done for an intent, by its trader and by one member.
fn over_bound(run: &UnitsOfRun<'_>) -> Option<f64> {
    let all = |engine| {
        let client = run.units(engine, Phase::Seal)?;
        Some(client + run.units(engine, Phase::Total)?)
    };
    Some(all(sealbid::NAME)? / all(bound::NAME)?)
}
