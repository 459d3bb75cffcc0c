//! What a whole house does on this machine: real processes, and traders over the front door.
//!
//! `sealbid up` runs the house in a temporary directory.

mod load;
mod report;

use std::path::{Path, PathBuf};

use clap::Parser;
use sealbid_benches::Fallible;
use sealbid_benches::house::process::{Slots, with_house};

use self::load::Traders;
use self::report::Report;

/// How a house of real processes does under load, on this machine
#[derive(Debug, Parser)]
struct Args {
    /// The `sealbid` binary [default: the one beside this benchmark]
    #[arg(long, value_name = "PATH")]
    sealbid: Option<PathBuf>,
    /// Members of the house
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u8).range(3..=16))]
    members: u8,
    /// How many intents each batch has
    #[arg(long, value_delimiter = ',', default_values_t = [200, 1000])]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=5000))]
    intents: Vec<u32>,
    /// Clients, each with a key and connections of its own
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=64))]
    clients: u8,
    /// Submissions that each client has on their way at once
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u8).range(1..=64))]
    in_flight: u8,
    /// The length of a slot, more than 3s: a batch that is sent within one is one round
    #[arg(long, value_name = "TIME", default_value = "10s")]
    period: String,
    /// Swaps one after another, without other load
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=200))]
    swaps: u32,
    /// One object instead of the tables
    #[arg(long)]
    json: bool,
}

fn main() -> Fallible<()> {
    let args = Args::parse();
    let slots = Slots {
        period: &args.period,
        quote_window: "3s",
    };
    let measured = with_house(
        args.sealbid.as_deref(),
        args.members,
        slots,
        async |sealbid, root| measure(&args, sealbid, root).await,
    );
    sealbid_benches::report(measured, args.json)?;
    Ok(())
}

async fn measure(args: &Args, sealbid: &Path, root: &Path) -> Fallible<Report> {
    let traders = Traders::connect(root, args.clients, args.in_flight).await?;
    // First without other load: what a swap takes where the house has nothing else to do.
    let sequential = traders.one_by_one(args.swaps).await?;
    let command = load::by_command(sealbid, root, args.swaps).await?;
    let mut batches = Vec::new();
    // One after another: each begins when the one before has settled.
    for intents in &args.intents {
        batches.push(traders.batch(*intents, root).await?);
    }
    traders.close().await;
    Ok(Report {
        members: args.members,
        clients: args.clients,
        in_flight: args.in_flight,
        sequential,
        command,
        batches,
    })
}
