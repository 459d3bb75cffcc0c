//! What a house takes in the long run: memory, files, and disk beside the records.
//!
//! `sealbid up` runs the house in a temporary directory, with short slots; every round has an order,
//! or there would be none.

mod plot;
mod report;
mod sample;

use core::time::Duration;
use std::path::{Path, PathBuf};

use clap::Parser;
use sealbid_benches::Fallible;
use sealbid_benches::house::process::{Slots, with_house};
use sealbid_benches::house::traders;
use sealbid_client::{Client, CommitteeFile};
use sealbid_keygen::HouseDir;
use sealbid_types::id::Round;
use tokio::time::{Instant, sleep};

use self::report::Report;
use self::sample::Sample;

/// Between two looks for a settled round.
const LOOK: Duration = Duration::from_millis(20);
/// How long a round may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a house takes in the long run, on this machine
#[derive(Debug, Parser)]
struct Args {
    /// The `sealbid` binary [default: the one beside this benchmark]
    #[arg(long, value_name = "PATH")]
    sealbid: Option<PathBuf>,
    /// Members of the house
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u8).range(3..=16))]
    members: u8,
    /// Rounds
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u64).range(20..=1_000_000))]
    rounds: u64,
    /// Rounds between two looks at the members
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    every: u64,
    /// The length of a slot
    #[arg(long, value_name = "TIME", default_value = "300ms")]
    period: String,
    /// How long quotes are taken at a slot's end
    #[arg(long, value_name = "TIME", default_value = "100ms")]
    quote_window: String,
    /// How long an order is good for, in seconds. Its nonce is kept until then: what grows before the first
    /// ones go is no growth
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(10..=86_400))]
    good_for: u64,
    /// Where it is plotted, as SVG
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
    /// One object instead of the table
    #[arg(long)]
    json: bool,
}

fn main() -> Fallible<()> {
    let args = Args::parse();
    if args.every > args.rounds / 10 {
        return Err("--every must be a tenth of --rounds at most: growth is a slope".into());
    }
    let slots = Slots {
        period: &args.period,
        quote_window: &args.quote_window,
    };
    let measured = with_house(
        args.sealbid.as_deref(),
        args.members,
        slots,
        async |_, root| measure(&args, root).await,
    );
    let report = sealbid_benches::report(measured, args.json)?;
    if let Some(file) = &args.plot {
        plot::draw(&report.samples, file)?;
    }
    Ok(())
}

async fn measure(args: &Args, root: &Path) -> Fallible<Report> {
    let client = Client::connect(CommitteeFile::load(&HouseDir::new(root).committee())?).await?;
    client.heads().await;
    let began = Instant::now();
    let (mut samples, mut next) = (Vec::new(), Round(0));
    let mut orders = 0;
    while next.0 <= args.rounds {
        let good_for = Duration::from_secs(args.good_for);
        let settled = trade(&client, orders, good_for).await?;
        orders += 1;
        if settled >= next {
            samples.push(Sample::take(root, settled)?);
            next = Round(settled.0.saturating_add(args.every));
        }
    }
    client.close().await;
    let seconds = began.elapsed().as_secs_f64();
    Ok(Report::of(args.period.clone(), orders, seconds, samples))
}

/// Sends an order, and waits until a round has settled after it. Gives the newest.
async fn trade(client: &Client, number: u32, good_for: Duration) -> Fallible<Round> {
    let before = client.standing().await?.settled;
    let window = traders::window_of(client, good_for).await?;
    // Another account each time, as there would be: nothing that is kept by account stays small
    // by itself.
    let envelope = traders::sealed(client, &traders::trader(1, number), window)?;
    client.submit(&envelope).await?;
    let deadline = Instant::now() + PATIENCE;
    loop {
        let settled = client.standing().await?.settled;
        if settled > before {
            return Ok(settled);
        }
        if Instant::now() > deadline {
            return Err(format!("nothing settles after round {before}").into());
        }
        sleep(LOOK).await;
    }
}
