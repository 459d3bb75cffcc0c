//! Runs of all engines, and their medians.
//!
//! Within a run the engines take turns, so that a machine that slows down slows all of them. Slow
//! engines are run with fewer ciphertexts than a large round has: what one intent takes is taken
//! over from there, and said to be `scaled`.

use std::collections::BTreeMap;

use rayon::ThreadPool;
use sealbid_benches::Fallible;
use sealbid_benches::statistics::median;

use crate::engine::{Cost, Costs, Engine, Phase, Scaling, Setting};

/// A committee and a round: what is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Case {
    pub(crate) n: u8,
    pub(crate) q: u8,
    /// N, the intents of a round.
    pub(crate) count: u32,
}

/// All runs of one engine.
pub(crate) struct Samples {
    runs: Vec<Costs>,
    /// Fewer ciphertexts were run than the round has.
    pub(crate) scaled: bool,
}

impl Samples {
    /// The median of a phase's microseconds an intent.
    pub(crate) fn microseconds(&self, phase: Phase) -> Option<f64> {
        self.median(phase, |cost| cost.microseconds)
    }

    /// The median of a phase's units an intent.
    pub(crate) fn units(&self, phase: Phase) -> Option<f64> {
        self.median(phase, |cost| cost.units)
    }

    fn median(&self, phase: Phase, of: impl Fn(Cost) -> f64) -> Option<f64> {
        let costs = self.runs.iter().map(|run| run.of(phase));
        // All runs or none: a phase that one of them lacks has no median.
        let values: Option<Vec<f64>> = costs.map(|cost| cost.map(&of)).collect();
        median(&values?)
    }
}

/// What was measured of one case.
pub(crate) struct Measured {
    pub(crate) case: Case,
    /// In the engines' order.
    pub(crate) engines: Vec<(&'static Engine, Samples)>,
}

impl Measured {
    fn of(&self, engine: &str) -> Option<&Samples> {
        let mut engines = self.engines.iter();
        engines
            .find(|(known, _)| known.name == engine)
            .map(|(_, samples)| samples)
    }

    /// The median over the runs of `of`, which is given an engine's units in that run.
    pub(crate) fn ratio(&self, of: impl Fn(&UnitsOfRun<'_>) -> Option<f64>) -> Option<f64> {
        // All engines have as many runs.
        let (_, first) = self.engines.first()?;
        let runs = 0..first.runs.len();
        let values: Option<Vec<f64>> = runs
            .map(|run| {
                of(&UnitsOfRun {
                    measured: self,
                    run,
                })
            })
            .collect();
        median(&values?)
    }
}

/// One run of a case.
pub(crate) struct UnitsOfRun<'a> {
    measured: &'a Measured,
    run: usize,
}

impl UnitsOfRun<'_> {
    /// Units an intent; none of an engine that this build lacks.
    pub(crate) fn units(&self, engine: &str, phase: Phase) -> Option<f64> {
        Some(self.costs(engine)?.of(phase)?.units)
    }

    /// What a second thread is worth to an engine.
    pub(crate) fn scaling(&self, engine: &str) -> Option<Scaling> {
        self.costs(engine)?.scaling
    }

    fn costs(&self, engine: &str) -> Option<&Costs> {
        self.measured.of(engine)?.runs.get(self.run)
    }
}

/// What is measured how often, and what was measured already.
pub(crate) struct Bench<'a> {
    pub(crate) engines: &'static [Engine],
    pub(crate) runs: u16,
    /// Bytes of a plaintext.
    pub(crate) size: usize,
    pub(crate) pool: &'a ThreadPool,
    /// Of engines that are run with fewer ciphertexts than a round has.
    earlier: BTreeMap<(&'static str, Case), Vec<Costs>>,
}

impl<'a> Bench<'a> {
    pub(crate) fn new(
        engines: &'static [Engine],
        runs: u16,
        size: usize,
        pool: &'a ThreadPool,
    ) -> Self {
        Self {
            engines,
            runs,
            size,
            pool,
            earlier: BTreeMap::new(),
        }
    }

    /// Runs every engine as often as asked for, one after another in each run.
    pub(crate) fn measure(&mut self, case: Case) -> Fallible<Measured> {
        let mut all: Vec<Vec<Costs>> = self.engines.iter().map(|_| Vec::new()).collect();
        // Run by run, and within it engine by engine.
        for run in 0..self.runs.into() {
            for (engine, samples) in self.engines.iter().zip(&mut all) {
                samples.push(self.sample(engine, case, run)?);
            }
        }
        let named = self.engines.iter().zip(all).map(|(engine, runs)| {
            let scaled = case.count > engine.most;
            (engine, Samples { runs, scaled })
        });
        Ok(Measured {
            case,
            engines: named.collect(),
        })
    }

    /// One run of one engine, or what an earlier case has measured with as many ciphertexts.
    fn sample(&mut self, engine: &'static Engine, case: Case, run: usize) -> Fallible<Costs> {
        // The key has what was really run, so that two large rounds share a sample.
        let count = case.count.min(engine.most);
        let key = (engine.name, Case { count, ..case });
        if let Some(sample) = self.earlier.get(&key).and_then(|runs| runs.get(run)) {
            return Ok(*sample);
        }
        // What is measured now goes to stderr, since this may take long. Results alone go to
        // stdout.
        eprintln!(
            "run {}: {} of {}, N = {count}: {}",
            run + 1,
            case.q,
            case.n,
            engine.name
        );
        let sample = self.run(engine, case, count)?;
        self.earlier.entry(key).or_default().push(sample);
        Ok(sample)
    }

    /// Fails unless what comes out is what went in, as it does for every other engine.
    fn run(&self, engine: &Engine, case: Case, count: u32) -> Fallible<Costs> {
        let plaintexts = plaintexts(count, self.size);
        let setting = Setting {
            n: case.n,
            q: case.q,
            pool: self.pool,
        };
        let opened = (engine.run)(&setting, &plaintexts)?;
        // Whatever else it did fast: an engine that does not open has not been measured.
        if opened.plaintexts != plaintexts {
            return Err(format!("{} opens to other plaintexts", engine.name).into());
        }
        Ok(opened.costs)
    }
}

/// The same for every engine, and no two alike.
fn plaintexts(count: u32, size: usize) -> Vec<Vec<u8>> {
    let plaintext = |number: u32| {
        let mut hasher = blake3::Hasher::new_derive_key("sealbid benchmark: plaintext");
        hasher.update(&number.to_le_bytes());
        let mut bytes = vec![0; size];
        hasher.finalize_xof().fill(&mut bytes);
        bytes
    };
    (0..count).map(plaintext).collect()
}
