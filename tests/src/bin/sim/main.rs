//! The whole committee under many seeds: `cargo run --release -p sealbid-tests --bin sim -- --help`.

#![allow(clippy::print_stdout, clippy::print_stderr)]

mod players;
mod report;
mod sabotages;

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use sealbid_tests::house::Swarm;
use sealbid_tests::house::sabotage::Sabotage;
use sealbid_tests::sim::{Campaign, Found, Player, Tally, play, replay_line, shrink};

use self::players::{Group, Play};
use self::report::Report;

/// How many seeds are played if nobody says.
const SEEDS: u64 = 1_000;

/// Plays whole committees under seeds: loss, delay, cuts, crashes, disks that lie, clocks that are
/// off, floods and liars, in mixes that each seed draws; and checks after every step what must hold.
///
/// Exits with 0 if all of it held and every sabotage was noticed, with 1 if not.
#[derive(Debug, Parser)]
#[command(
    name = "sim",
    after_help = "Example:\n  sim --seeds 100000            play seeds 1 to 100000\n  sim --seed 17 --trace         show what happens in one\n  sim --sabotage all            break the members in small ways, and see that it is noticed"
)]
struct Options {
    /// How many seeds to play [default: 1000, or none with --sabotage]
    #[arg(long, value_name = "N", conflicts_with = "seed")]
    seeds: Option<u64>,
    /// The first of them
    #[arg(long, value_name = "S", default_value_t = 1)]
    first: u64,
    /// Play this one alone
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
    /// Of what the seed has drawn, keep these numbers alone
    #[arg(long, value_name = "N,N", value_delimiter = ',', requires = "seed", num_args = 0..)]
    keep: Option<Vec<usize>>,
    /// Show what happens, line by line
    #[arg(long, requires = "seed")]
    trace: bool,
    /// Break all members in this way, or in each way in turn (all)
    #[arg(long, value_name = "NAME", value_parser = sabotages::parse)]
    sabotage: Option<sabotages::Which>,
    /// What members compute with: the curve, or a stand-in without security
    ///
    /// [default: the curve for one seed in 200]
    #[arg(long, value_name = "GROUP")]
    group: Option<Group>,
    /// Start no new seed after so many seconds
    #[arg(long, value_name = "SECONDS")]
    within: Option<u64>,
    /// Threads [default: as many as there are cores]
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    /// End with one JSON object on standard output
    #[arg(long)]
    json: bool,
}

impl Options {
    fn threads(&self) -> usize {
        let cores = || std::thread::available_parallelism().ok();
        self.threads.or_else(cores).map_or(1, NonZeroUsize::get)
    }

    fn group_name(&self) -> Option<&'static str> {
        self.group.map(|group| match group {
            Group::Curve => "curve",
            Group::Linear => "linear",
        })
    }

    /// How many seeds the honest members play.
    fn seeds(&self) -> u64 {
        let none = self.sabotage.is_some();
        self.seeds.unwrap_or(if none { 0 } else { SEEDS })
    }
}

fn main() -> ExitCode {
    let options = Options::parse();
    match options.seed {
        Some(seed) => play_one(&options, seed),
        None => play_many(&options),
    }
}

/// One seed, shown as it goes.
fn play_one(options: &Options, seed: u64) -> ExitCode {
    let mut swarm = Swarm::draw(seed);
    if let Some(keep) = &options.keep {
        swarm = swarm.keeping(&keep.iter().copied().collect::<BTreeSet<_>>());
    }
    let sabotage = match &options.sabotage {
        Some(sabotages::Which::One(sabotage)) => Some(*sabotage),
        Some(sabotages::Which::All) => {
            eprintln!("error: one seed is played under one sabotage: give its name");
            return ExitCode::from(2);
        }
        None => None,
    };
    println!(
        "seed {seed}: {} members, a quorum of {}",
        swarm.members, swarm.quorum
    );
    for (number, ingredient) in swarm.ingredients() {
        println!("{number:>3}  {ingredient}");
    }
    let how = Play {
        group: options.group,
        sabotage: sabotage.map(|sabotage| sabotage.name),
        narrates: options.trace,
    };
    println!("computed with the {:?} group", how.group(seed));
    let player = |swarm: &Swarm| how.run(swarm);
    match play(&swarm, &player) {
        Ok(outcome) => {
            let trace: String = outcome.trace[..8]
                .iter()
                .map(|b| format!("{b:02x}"))
                .collect();
            println!("all held: {} rounds, trace {trace}", outcome.rounds);
            ExitCode::SUCCESS
        }
        Err(found) => {
            println!("{}", found.what);
            ExitCode::FAILURE
        }
    }
}

fn play_many(options: &Options) -> ExitCode {
    let began = Instant::now();
    let ended = AtomicBool::new(false);
    let how = Play {
        group: options.group,
        ..Play::default()
    };
    let honest = |swarm: &Swarm| how.run(swarm);
    let (tally, found) = campaign(options, options.seeds(), &honest, &ended, began);
    let found: Vec<Found> = found
        .into_iter()
        .map(|found| {
            eprintln!("{}", found.what);
            let smaller = shrink(found, &honest);
            eprintln!(
                "replay: {}",
                replay_line(&smaller.found.swarm, options.group_name(), None)
            );
            smaller.found
        })
        .collect();
    let honest_for = began.elapsed();
    let sabotages: Vec<_> = match &options.sabotage {
        Some(which) => sabotages::run(which, options),
        None => Vec::new(),
    };
    let report = Report {
        tally,
        found,
        sabotages,
        took: honest_for,
        group: options.group_name(),
    };
    if options.json {
        println!("{}", report.to_json());
    } else {
        report.print();
    }
    if report.is_clean() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn campaign(
    options: &Options,
    seeds: u64,
    player: Player<'_>,
    ended: &AtomicBool,
    began: Instant,
) -> (Tally, Vec<Found>) {
    let bar = ProgressBar::new(seeds);
    let style = "{elapsed_precise}  {pos} of {len} seeds, {per_sec}, {msg}";
    if let Ok(style) = ProgressStyle::with_template(style) {
        bar.set_style(style);
    }
    bar.set_message("nothing found");
    let within = options.within.map(Duration::from_secs);
    let failures = std::sync::atomic::AtomicU64::new(0);
    let campaign = Campaign {
        first: options.first,
        seeds,
        threads: options.threads(),
        player,
        stop_at_first: false,
        progress: &|_, found| {
            bar.inc(1);
            if let Some(found) = found {
                let failures = failures.fetch_add(1, Ordering::Relaxed) + 1;
                bar.set_message(format!("{failures} failed"));
                let seed = found.swarm.seed;
                bar.suspend(|| eprintln!("seed {seed}: {}", found.name));
            }
            if within.is_some_and(|within| began.elapsed() >= within) {
                ended.store(true, Ordering::Relaxed);
            }
        },
        ended,
    };
    let result = campaign.run();
    bar.finish_and_clear();
    result
}

/// What the list of sabotages calls one that it does not have.
fn unknown(name: &str) -> String {
    let names: Vec<_> = sealbid_tests::house::sabotage::ALL
        .iter()
        .map(|sabotage: &Sabotage| sabotage.name)
        .collect();
    format!("no sabotage is called {name}: all, {}", names.join(", "))
}
