//! What a house does for its traders while somebody floods its front doors.
//!
//! `sealbid up` runs the house in a temporary directory. The attackers are a process of their own, of
//! lowest priority: on machines of their own they would take nothing of the members' cores, and here
//! they take what nobody else wants.

mod attack;
mod attackers;
mod envelopes;
mod report;

use core::time::Duration;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Parser, Subcommand};
use sealbid_benches::Fallible;
use sealbid_benches::house::latency::Latency;
use sealbid_benches::house::members;
use sealbid_benches::house::process::{Slots, with_house};
use sealbid_benches::house::traders::{self, millis};
use sealbid_client::{Client, CommitteeFile};
use sealbid_keygen::HouseDir;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use self::attackers::{Attackers, AttackersArgs};
use self::report::{Report, Span};

/// Between two orders of the trader who is watched.
const PACE: Duration = Duration::from_millis(250);

/// How a house does under a flood, on this machine
#[derive(Debug, Parser)]
struct Args {
    /// The `sealbid` binary [default: the one beside this benchmark]
    #[arg(long, value_name = "PATH")]
    sealbid: Option<PathBuf>,
    /// Members of the house
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u8).range(3..=16))]
    members: u8,
    /// Envelopes a second, of all attackers together
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    rate: u32,
    /// Attackers, each with a key and connections of its own
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=1000))]
    attackers: u32,
    /// How many keys sign the envelopes that are in order, one each
    #[arg(long, default_value_t = 4000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    keys: u32,
    /// How long each span lasts: before the flood, in it, and after it
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(5..=3600))]
    seconds: u64,
    /// Priority of the attackers' process, as `nice` takes it
    #[arg(long, default_value_t = 19, value_parser = clap::value_parser!(u8).range(0..=19))]
    nice: u8,
    /// One object instead of the tables
    #[arg(long)]
    json: bool,
    #[command(subcommand)]
    process: Option<Process>,
}

/// What this process is, if not the one that measures.
#[derive(Debug, Subcommand)]
enum Process {
    /// The attackers on a house that runs: they begin at the first line that they are told, and end with
    /// the input
    #[command(hide = true)]
    Attackers(AttackersArgs),
}

fn main() -> Fallible<()> {
    let args = Args::parse();
    if let Some(Process::Attackers(attackers)) = &args.process {
        return attackers::run(attackers);
    }
    let slots = Slots {
        period: "5s",
        quote_window: "3s",
    };
    let measured = with_house(
        args.sealbid.as_deref(),
        args.members,
        slots,
        async |_, root| measure(&args, root).await,
    );
    sealbid_benches::report(measured, args.json)?;
    Ok(())
}

async fn measure(args: &Args, root: &Path) -> Fallible<Report> {
    let committee = CommitteeFile::load(&HouseDir::new(root).committee())?;
    let client = Arc::new(Client::connect(committee).await?);
    // Every member is dialled before anything is timed.
    client.heads().await;
    // Rounds come and go before the idle house is looked at, or its caches would count as the flood's.
    let seconds = Duration::from_secs(args.seconds);
    span(&client, root, 0, seconds).await?;
    let before = span(&client, root, 1, seconds).await?;

    let attackers = AttackersArgs {
        committee: HouseDir::new(root).committee(),
        rate: args.rate,
        attackers: args.attackers,
        keys: args.keys,
    };
    let mut attackers = Attackers::make_ready(&attackers, args.nice).await?;
    attackers.begin().await?;
    let during = span(&client, root, 2, seconds).await?;
    let attack = attackers.end().await?;
    let after = span(&client, root, 3, seconds).await?;
    client.close().await;
    Ok(Report {
        nice: args.nice,
        members: args.members,
        attackers: args.attackers,
        keys: args.keys,
        wanted_per_second: args.rate,
        before,
        during,
        after,
        attack,
    })
}

/// A trader sends an order now and then, whatever has become of those before; at the end the members
/// are looked at.
async fn span(client: &Arc<Client>, root: &Path, number: u32, length: Duration) -> Fallible<Span> {
    let end = Instant::now() + length;
    let mut orders = JoinSet::new();
    while Instant::now() < end {
        let next = Instant::now() + PACE;
        orders.spawn(order(Arc::clone(client), number));
        sleep_until(next).await;
    }
    let memory = members::memory(root)?;
    let mut times = Vec::new();
    let mut lost = 0;
    while let Some(time) = orders.join_next().await {
        match time? {
            Some(time) => times.push(time),
            None => lost += 1,
        }
    }
    Ok(Span {
        receipts: Latency::of(&times).ok(),
        sent: times.len(),
        lost,
        memory,
    })
}

/// From the look at the house to the verified receipt, in milliseconds; none without one.
async fn order(client: Arc<Client>, number: u32) -> Option<f64> {
    let began = std::time::Instant::now();
    let window = traders::window(&client).await.ok()?;
    let envelope = traders::sealed(&client, &traders::trader(u32::MAX, number), window).ok()?;
    client.submit(&envelope).await.ok()?;
    Some(millis(began))
}
