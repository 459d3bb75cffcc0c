//! What a key ceremony costs each participant, beside `threshold_crypto`'s own polynomials.
//!
//! Everybody takes part, since each needs the others' messages, and the last participant's own
//! steps are timed. What it takes to verify the others' ed25519 signatures, when their messages
//! come in, is not among them.

mod peers;
mod session;

use clap::Parser;
use sealbid_benches::statistics::median;
use sealbid_benches::unit::unit;
use sealbid_benches::{Fallible, table};
use serde::Serialize;

use self::session::Run;

/// The arithmetic of one participant of a key ceremony, on one thread, in constant-time
/// multiplications of G1 as `blst` does them on this machine in the same run
#[derive(Debug, Parser)]
struct Args {
    /// Members and quorum of each ceremony, as 5/4
    #[arg(long, value_delimiter = ',', default_value = "5/4,16/11", value_parser = size)]
    sizes: Vec<(u8, u8)>,
    /// How often everything is measured; medians are shown
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=1000))]
    runs: u16,
    /// A list of objects instead of the table
    #[arg(long)]
    json: bool,
}

/// One line of the result.
#[derive(Debug, Serialize)]
struct Line {
    n: u8,
    q: u8,
    phase: &'static str,
    /// The median of the runs.
    microseconds: f64,
    /// The median of each run's time by that run's own unit.
    units: f64,
    /// The most units there may be, where that is laid down.
    #[serde(skip_serializing_if = "Option::is_none")]
    mark: Option<f64>,
}

/// Sizes that a committee may have: those that openings work for.
fn size(text: &str) -> Result<(u8, u8), String> {
    let sizes = text
        .split_once('/')
        .and_then(|(n, q)| Some((n.parse().ok()?, q.parse().ok()?)));
    let sizes = sizes.filter(|(n, q)| sealbid_crypto::common_denominator(*n, *q).is_some());
    sizes.ok_or_else(|| "members and quorum, as 5/4: 3 to 16, and more than half".to_owned())
}

fn main() -> Fallible<()> {
    let args = Args::parse();
    // One thread, also for what would use more: these are a participant's work, and not its
    // waiting.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    let lines = pool.install(|| measure(&args))?;
    if args.json {
        println!("{}", serde_json::to_string(&lines)?);
    } else {
        println!(
            "one participant, one thread, median of {} runs\n\n{}",
            args.runs,
            shown(&lines)
        );
    }
    Ok(())
}

fn measure(args: &Args) -> Fallible<Vec<Line>> {
    let mut lines = Vec::new();
    for &(n, q) in &args.sizes {
        let mut runs = Vec::new();
        for _ in 0..args.runs {
            // The unit anew in each run: this machine's pace may change from one to the next.
            runs.push((unit()?, Run::measure(n, q)?));
        }
        for (phase, mark, of) in session::PHASES {
            let times: Vec<f64> = runs.iter().map(|(_, run)| of(run)).collect();
            // By the run's own unit first, and the median after that.
            let units: Vec<f64> = runs.iter().map(|(unit, run)| of(run) / unit).collect();
            lines.push(Line {
                n,
                q,
                phase,
                microseconds: median(&times).unwrap_or_default(),
                units: median(&units).unwrap_or_default(),
                // For two sizes one is laid down.
                mark: mark(n),
            });
        }
    }
    Ok(lines)
}

fn shown(lines: &[Line]) -> comfy_table::Table {
    let mut table = table(&["n/q", "phase", "us", "units", "mark"]);
    for line in lines {
        table.add_row([
            format!("{}/{}", line.n, line.q),
            line.phase.to_owned(),
            format!("{:.0}", line.microseconds),
            format!("{:.1}", line.units),
            line.mark
                .map_or_else(String::new, |mark| format!("<= {mark}")),
        ]);
    }
    table
}
