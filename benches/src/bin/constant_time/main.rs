//! Whether the time of an operation betrays its secret: the test of dudect (Reparaz, Balasch and
//! Verbauwhede, Dude, is my code constant time?, DATE 2017). Reported, not judged.

mod operations;

use std::time::Instant;

use clap::Parser;
use sealbid_benches::statistics::{percentile, welch_t};
use sealbid_benches::{Fallible, table};
use serde::Serialize;

use self::operations::{Class, Operation, SECRETS};

/// |t| between the times for one fixed secret and for random secrets: share, signature share and
/// polynomial evaluation
///
/// Below 4.5 nothing was seen with so many measurements; above 10 the times differ. The last
/// line is not constant time: it shows that the test sees what there is to see.
#[derive(Debug, Parser)]
struct Args {
    /// Measurements of each operation, in both classes together
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(100..))]
    samples: u32,
    /// A list of objects instead of the table
    #[arg(long)]
    json: bool,
}

/// Of the slowest measurements, what a machine's interruptions make: tests without them follow
/// the one with all.
const KEPT_PERCENT: [usize; 5] = [100, 99, 95, 80, 50];

/// One line of the result.
#[derive(Debug, Serialize)]
struct Line {
    operation: &'static str,
    samples: usize,
    /// The median of all measurements.
    microseconds: f64,
    /// |t| over all measurements.
    t: f64,
    /// The largest |t|, the slowest measurements left out to several degrees.
    t_most: f64,
}

fn main() -> Fallible<()> {
    let args = Args::parse();
    let mut lines = Vec::new();
    for operation in operations::all()? {
        lines.push(line(&operation, args.samples)?);
    }
    if args.json {
        println!("{}", serde_json::to_string(&lines)?);
        return Ok(());
    }
    let mut table = table(&["operation", "samples", "us", "|t|", "|t| cropped, most"]);
    for line in lines {
        table.add_row([
            line.operation.to_owned(),
            line.samples.to_string(),
            format!("{:.1}", line.microseconds),
            format!("{:.2}", line.t),
            format!("{:.2}", line.t_most),
        ]);
    }
    println!("{table}");
    Ok(())
}

/// Measures an operation once, and tests the times over and over: with all of them, and with the
/// slowest left out to several degrees.
fn line(operation: &Operation, samples: u32) -> Fallible<Line> {
    let measured = measure(operation, samples);
    let all: Vec<f64> = measured.iter().map(|(_, micros)| *micros).collect();
    let nothing = "nothing was measured";
    let t = KEPT_PERCENT
        .iter()
        .map(|percent| {
            let most = percentile(&all, *percent).ok_or(nothing)?;
            Ok(t_up_to(&measured, most).ok_or("the clock is too coarse")?)
        })
        .collect::<Fallible<Vec<f64>>>()?;
    Ok(Line {
        operation: operation.name,
        samples: all.len(),
        microseconds: percentile(&all, 50).ok_or(nothing)?,
        t: t.first().copied().ok_or(nothing)?,
        // The worst counts: interruptions hide small differences, and to leave them out may show
        // one.
        t_most: t.into_iter().fold(0.0, f64::max),
    })
}

/// |t| of the measurements that took at most so many microseconds.
fn t_up_to(measured: &[(Class, f64)], most: f64) -> Option<f64> {
    let of_class = |class| -> Vec<f64> {
        let kept = measured.iter().filter(|(of, _)| *of == class);
        let kept = kept.map(|(_, micros)| *micros);
        kept.filter(|micros| *micros <= most).collect()
    };
    Some(welch_t(&of_class(Class::Fixed), &of_class(Class::Random))?.abs())
}

/// Measurements in a random order of the classes.
fn measure(operation: &Operation, samples: u32) -> Vec<(Class, f64)> {
    // Mixed, so that what the machine does meanwhile falls on both classes; and mixed alike in each
    // run.
    let mut random = blake3::Hasher::new_derive_key("sealbid benchmark: classes").finalize_xof();
    let mut byte = [0];
    let mut draw = || {
        random.fill(&mut byte);
        let [byte] = byte;
        byte
    };
    // The first ones warm the caches.
    let warm_up = samples.div_ceil(20);
    let measured = (0..samples + warm_up).map(|_| {
        let class = if draw() & 1 == 0 {
            Class::Fixed
        } else {
            Class::Random
        };
        // Any secret of the class. Each lies in memory of its own, also where all are the same.
        let at = usize::from(draw()) % SECRETS;
        let began = Instant::now();
        (operation.run)(class, at);
        (class, began.elapsed().as_secs_f64() * 1e6)
    });
    measured.skip(warm_up as usize).collect()
}
