//! What an envelope costs, in this machine's own constant-time multiplications of G1.
//!
//! One thread, whatever this machine has: the numbers are work, and not waiting.

mod phases;

use clap::Parser;
use sealbid_benches::committee::Committee;
use sealbid_benches::statistics::median;
use sealbid_benches::{Fallible, table};
use serde::Serialize;

use self::phases::Run;

/// What an envelope costs on one thread, in constant-time multiplications of G1 as `blst` does
/// them on this machine in the same run
#[derive(Debug, Parser)]
struct Args {
    /// Members
    #[arg(long, default_value_t = 4)]
    n: u8,
    /// Quorum
    #[arg(long, default_value_t = 3)]
    q: u8,
    /// Bytes of each plaintext; two make an intent
    #[arg(long, default_value_t = 256, value_parser = clap::value_parser!(u16).range(1..=4095))]
    size: u16,
    /// Intents in a batch
    #[arg(long, default_value_t = 1024, value_parser = clap::value_parser!(u32).range(1..=65536))]
    count: u32,
    /// How often everything is measured; medians are shown
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=1000))]
    runs: u16,
    /// A list of objects instead of the table
    #[arg(long)]
    json: bool,
}

/// One line of the result.
#[derive(Debug, Serialize)]
struct Line {
    phase: &'static str,
    /// For one intent or part, by the median of the runs.
    microseconds: f64,
    /// Each run by its own unit, and then the median.
    units: f64,
    /// The most units there may be, where that is laid down.
    #[serde(skip_serializing_if = "Option::is_none")]
    mark: Option<f64>,
}

fn main() -> Fallible<()> {
    let args = Args::parse();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    // Everything within the pool: what would use more threads finds one.
    let lines = pool.install(|| measure(&args))?;
    if args.json {
        println!("{}", serde_json::to_string(&lines)?);
        return Ok(());
    }
    println!(
        "n = {}, q = {}, {} bytes a part, {} intents, one thread, median of {} runs\n",
        args.n, args.q, args.size, args.count, args.runs
    );
    println!("{}", shown(&lines));
    Ok(())
}

fn measure(args: &Args) -> Fallible<Vec<Line>> {
    let committee = Committee::deal(args.n, args.q)?;
    let runs = (0..args.runs)
        .map(|_| Run::measure(&committee, args.count, args.size.into()))
        .collect::<Fallible<Vec<_>>>()?;
    phases::PHASES
        .iter()
        .map(|phase| line(phase, &runs))
        .collect()
}

/// The unit is that of the same run, so that a machine that changes its pace does no harm.
fn line(phase: &phases::Phase, runs: &[Run]) -> Fallible<Line> {
    let microseconds: Vec<f64> = runs.iter().map(phase.of).collect();
    let units: Vec<f64> = runs.iter().map(|run| (phase.of)(run) / run.unit).collect();
    let nothing = "nothing was measured";
    Ok(Line {
        phase: phase.name,
        microseconds: median(&microseconds).ok_or(nothing)?,
        units: median(&units).ok_or(nothing)?,
        // Printed beside it, and not applied: the machine may be busy.
        mark: phase.mark,
    })
}

fn shown(lines: &[Line]) -> String {
    let mut table = table(&["phase", "us", "units", "mark"]);
    for line in lines {
        let mark = line
            .mark
            .map_or_else(String::new, |mark| format!("<= {mark:.1}"));
        table.add_row([
            line.phase.to_owned(),
            format!("{:.1}", line.microseconds),
            format!("{:.2}", line.units),
            mark,
        ]);
    }
    table.to_string()
}
