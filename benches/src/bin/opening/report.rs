//! What was measured, as JSON and as tables.
//!
//! The list has microseconds and units of everything, and a table has one of the two.

use sealbid_benches::table;
use serde::Serialize;

use crate::engine::Phase;
use crate::marks::Verdict;
use crate::measure::Measured;

/// One line of the JSON list.
#[derive(Debug, Serialize)]
pub(crate) struct Line {
    engine: &'static str,
    n: u8,
    q: u8,
    /// Intents of the round.
    #[serde(rename = "N")]
    count: u32,
    phase: &'static str,
    /// For one intent, by the median of the runs.
    microseconds: f64,
    /// The same in constant-time multiplications of G1.
    units: f64,
    scaled: bool,
}

/// A line for each engine and phase.
pub(crate) fn lines(measured: &Measured) -> Vec<Line> {
    let mut lines = Vec::new();
    for (engine, samples) in &measured.engines {
        // What every engine is measured in, and what one of them is.
        for phase in Phase::ALL.into_iter().chain([Phase::OpenOnTwo]) {
            let found = samples.microseconds(phase).zip(samples.units(phase));
            // Two threads are measured for one engine alone.
            let Some((microseconds, units)) = found else {
                continue;
            };
            lines.push(Line {
                engine: engine.name,
                n: measured.case.n,
                q: measured.case.q,
                count: measured.case.count,
                phase: phase.name(),
                microseconds,
                units,
                scaled: samples.scaled,
            });
        }
    }
    lines
}

/// Units an intent, engine by engine.
pub(crate) fn units(measured: &Measured) -> String {
    let mut header = vec!["units an intent"];
    header.extend(Phase::ALL.map(Phase::name));
    header.extend(["total, us", "stays sealed", "labelled", ""]);
    let mut table = table(&header);
    for (engine, samples) in &measured.engines {
        let mut row = vec![engine.name.to_owned()];
        row.extend(Phase::ALL.map(|phase| shown(samples.units(phase), 2)));
        row.push(shown(samples.microseconds(Phase::Total), 1));
        // What no number says: what an opening gives away besides, and what a ciphertext is bound
        // to.
        row.extend([engine.stays_sealed, engine.labelled].map(str::to_owned));
        row.push(mark_scaled(samples.scaled));
        table.add_row(row);
    }
    table.to_string()
}

/// Microseconds an intent of all cases.
pub(crate) fn grid(all: &[Measured]) -> String {
    let mut header = vec!["us an intent", "n/q", "N"];
    header.extend(Phase::ALL.map(Phase::name));
    header.push("");
    let mut table = table(&header);
    for measured in all {
        let case = measured.case;
        for (engine, samples) in &measured.engines {
            let mut row = vec![engine.name.to_owned()];
            row.extend([format!("{}/{}", case.n, case.q), case.count.to_string()]);
            row.extend(Phase::ALL.map(|phase| shown(samples.microseconds(phase), 1)));
            row.push(mark_scaled(samples.scaled));
            table.add_row(row);
        }
    }
    table.to_string()
}

/// The marks.
pub(crate) fn marks(verdicts: &[Verdict]) -> String {
    let mut table = table(&["mark", "measured", "mark", "stretch", ""]);
    for verdict in verdicts {
        table.add_row([
            verdict.name.to_owned(),
            shown(verdict.measured, 2),
            verdict.mark.clone(),
            verdict.stretch.clone(),
            verdict.verdict.to_owned(),
        ]);
    }
    table.to_string()
}

/// A dash for what was not measured.
fn shown(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.digits$}"))
}

/// Such a row was measured with fewer ciphertexts than the round has.
fn mark_scaled(scaled: bool) -> String {
    if scaled { "scaled" } else { "" }.to_owned()
}
