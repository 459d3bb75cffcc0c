//! What sealing, admission and opening cost, beside what else one could use and beside the least
//! that they can cost.
//!
//! Each engine gets the same plaintexts, and has to give exactly these back, or nothing is
//! reported. What each of them is asked to do, and what is left out, stands in benches/README.md.

mod bound;
mod engine;
mod marks;
mod measure;
#[cfg(feature = "peers")]
mod peers;
mod plot;
mod report;
mod sealbid;

use std::path::PathBuf;
use std::sync::LazyLock;

use clap::Parser;
use rayon::ThreadPoolBuilder;
use sealbid_benches::Fallible;

use self::engine::Engine;
use self::measure::{Bench, Case, Measured};

/// Sealing, admission, shares and opening, in constant-time multiplications of G1 as `blst` does
/// them on this machine in the same run
///
/// Peers are compared with if this was built with `--features peers`.
#[derive(Debug, Parser)]
struct Args {
    /// Members
    #[arg(long, default_value_t = 5, conflicts_with = "grid")]
    n: u8,
    /// Quorum
    #[arg(long, default_value_t = 4, conflicts_with = "grid")]
    q: u8,
    /// Bytes of each plaintext
    #[arg(long, default_value_t = 1024, value_parser = clap::value_parser!(u16).range(1..=4095))]
    size: u16,
    /// Threads of `sealbid` and `bound`; the peers use one
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: u16,
    /// How often everything is measured; medians are shown
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=1000))]
    runs: u16,
    /// Intents in a round
    #[arg(long, default_value_t = 1024, conflicts_with = "grid",
        value_parser = clap::value_parser!(u32).range(1..=65536))]
    count: u32,
    /// All of n/q = 3/2, 4/3, 5/4, 16/11 and N = 1, 64, 1,024, 8,192, and a plot
    #[arg(long)]
    grid: bool,
    /// Where the grid is plotted, as SVG
    #[arg(long, default_value = "opening.svg", requires = "grid")]
    plot: PathBuf,
    /// A list of objects instead of the tables
    #[arg(long)]
    json: bool,
}

/// The committees and the rounds of the grid.
const COMMITTEES: [(u8, u8); 4] = [(3, 2), (4, 3), (5, 4), (16, 11)];
const ROUNDS: [u32; 4] = [1, 64, 1024, 8192];

/// What the marks are laid down for.
const MARKED: Case = Case {
    n: 5,
    q: 4,
    count: 1024,
};

static ENGINES: LazyLock<Vec<Engine>> = LazyLock::new(engine::engines);

fn main() -> Fallible<()> {
    let args = Args::parse();
    // For `sealbid` and `bound`. The peers use one thread, whatever is asked for.
    let pool = ThreadPoolBuilder::new()
        .num_threads(args.threads.into())
        .build()?;
    let mut bench = Bench::new(&ENGINES, args.runs, args.size.into(), &pool);
    let measured = cases(&args)
        .into_iter()
        .map(|case| bench.measure(case))
        .collect::<Fallible<Vec<_>>>()?;
    if args.grid {
        plot::draw(&measured, &args.plot)?;
    }
    if args.json {
        let lines: Vec<_> = measured.iter().flat_map(report::lines).collect();
        println!("{}", serde_json::to_string(&lines)?);
        return Ok(());
    }
    show(&args, &measured);
    Ok(())
}

fn cases(args: &Args) -> Vec<Case> {
    let Args { n, q, count, .. } = *args;
    if !args.grid {
        return vec![Case { n, q, count }];
    }
    let rounds = |(n, q)| ROUNDS.map(|count| Case { n, q, count });
    COMMITTEES.into_iter().flat_map(rounds).collect()
}

fn show(args: &Args, all: &[Measured]) {
    println!(
        "{} bytes a plaintext, {} thread(s), median of {} runs\n",
        args.size, args.threads, args.runs
    );
    if args.grid {
        println!(
            "{}\n\nplotted in {}\n",
            report::grid(all),
            args.plot.display()
        );
    }
    // Of a grid only the case that has marks: the others stand in its table.
    let single = all.len() == 1;
    for measured in all.iter().filter(|m| single || m.case == MARKED) {
        let Case { n, q, count } = measured.case;
        println!(
            "n = {n}, q = {q}, N = {count}\n\n{}\n",
            report::units(measured)
        );
        let verdicts = marks::judge(measured);
        println!("{}", report::marks(&verdicts));
        if let Some(scaling) = measured.ratio(|run| Some(run.scaling(sealbid::NAME)?.share)) {
            println!("\nshares, which have nothing in common: two threads over one {scaling:.2}");
        }
        if measured.case != MARKED || args.threads != 1 {
            println!("\nThe marks are laid down for n = 5, q = 4, N = 1024, one thread.");
        }
    }
}
