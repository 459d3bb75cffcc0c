//! `sealbid up`: a development house, kept running.
//!
//! All of it are processes that this one has started, and that end with it. What they have made
//! stays in the directory: started again, the house has the same key, the same rounds and the same
//! accounts.

use core::time::Duration;
use sealbid_keygen::command::values::{between, duration};
use std::time::Instant;

use clap::Args;
use sealbid_keygen::Survival;

use crate::context::{Context, blocking};
use crate::dev::house_setup::{DevelopmentHouse, HouseShape};
use crate::dev::running_house::{RunningHouse, Startup};
use crate::exit::Failure;
use crate::stop;

/// Run a whole house on this machine until Ctrl-C: development only
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  \
    sealbid up                      # makes ./house, or goes on with it\n  \
    sealbid up --dir other --members 3 --solvers 1\n\n\
    All shares of the committee's key lie in one directory, with their passphrase: never use it \
    for real funds.")]
pub(crate) struct UpArgs {
    /// Members of a new house
    #[arg(long, value_name = "N", default_value_t = 4)]
    #[arg(value_parser = between(3u8, 16))]
    members: u8,
    /// Solvers of a new house
    #[arg(long, value_name = "N", default_value_t = 2)]
    #[arg(value_parser = between(0u8, 16))]
    solvers: u8,
    /// The length of a new house's slots
    #[arg(long, value_name = "DURATION", default_value = "5s")]
    #[arg(value_parser = duration)]
    period: Duration,
    /// How long quotes are taken at the end of a new house's slots
    #[arg(long, value_name = "DURATION", default_value = "3s")]
    #[arg(value_parser = duration)]
    quote_window: Duration,
}

impl UpArgs {
    const fn shape(&self) -> HouseShape {
        HouseShape {
            members: self.members,
            solvers: self.solvers,
            period: self.period,
            quote_window: self.quote_window,
        }
    }
}

/// Runs the command.
pub(crate) async fn run(args: UpArgs, context: &Context) -> Result<(), Failure> {
    let stop = stop::requested(false);
    tokio::pin!(stop);
    let started = Instant::now();
    // Ctrl-C is heard while the house comes up: what runs by then ends.
    let mut running = tokio::select! {
        running = start(&args, context) => running?,
        stopped = &mut stop => return stopped.outcome(),
    };
    announce(&running, started, context);
    // A house bears it if a member ends, and whoever tries that out ends one: the others go on.
    let stopped = loop {
        tokio::select! {
            stopped = &mut stop => break stopped.outcome(),
            failure = running.one_ended() => {
                context.console().note(format_args!("{failure}"));
                // Without processes there is no house to keep.
                if running.running() == 0 {
                    return Err(failure);
                }
                context.console().note("the others go on");
            }
        }
    };
    // Said, since a process may take some seconds to stop.
    context.console().note("stopping");
    running.stop().await;
    stopped
}

async fn start(args: &UpArgs, context: &Context) -> Result<RunningHouse, Failure> {
    let console = context.console();
    let (root, shape) = (context.dir().to_owned(), args.shape());
    // Before anything is made: a house keeps its slots for good.
    if shape.quote_window.is_zero() || shape.quote_window >= shape.period {
        return Err(Failure::usage(
            "the quote window must be shorter than the period, and neither zero",
        ));
    }
    let place = root.clone();
    // What is there decides: the options describe a new house.
    let (house, is_new) = match blocking(move || DevelopmentHouse::open(&place)).await?? {
        Some(house) => (house, false),
        None => {
            console.note(format_args!(
                "key ceremony: {} processes make a key that none of them holds",
                shape.members,
            ));
            (DevelopmentHouse::create(&root, shape).await?, true)
        }
    };
    let root = house.directory().root().display().to_string();
    // Told every time a house is made: its shares lie on one machine, which is what development
    // only means.
    if is_new {
        console.note(format_args!(
            "made a house in {root}: development only, all key shares are on this machine"
        ));
    } else {
        console.note(format_args!(
            "going on with the house in {root}: {} members, {} solvers",
            house.committee().members(),
            house.solvers(),
        ));
    }
    // Nobody is dialled yet: its members do not run.
    let client = context.house_in(house.directory().root()).await?;
    let mut last = None;
    let progress = |now: Startup| {
        // When it changes only: the members are asked several times a second.
        if last != Some(now) {
            console.note(said(now));
        }
        last = Some(now);
    };
    RunningHouse::start(house, client, progress).await
}

/// In two steps: that a member's process runs does not say that it hears the others.
fn said(startup: Startup) -> String {
    match startup {
        Startup::Processes { ready, of } => format!("processes up: {ready} of {of}"),
        Startup::Members { ready, of } => format!("members that hear all others: {ready} of {of}"),
    }
}

/// That the house is open, and what to try in another terminal.
fn announce(running: &RunningHouse, started: Instant, context: &Context) {
    let house = running.house();
    let committee = house.committee();
    let root = house.directory().root();
    let object = serde_json::json!({
        "event": "ready",
        "dir": root,
        "members": committee.members(),
        "quorum": committee.quorum,
        "solvers": house.solvers(),
        "auction": committee.auction,
    });
    context.console().result(&object, || {
        let seconds = started.elapsed().as_secs_f32();
        let words = Survival::of(committee.members(), committee.quorum)
            .map(|survival| survival.to_string())
            .unwrap_or_default();
        // Other terminals find the house by themselves if it is where they look first.
        let is_usual = context.dir() == std::path::Path::new("house");
        let dir = if is_usual {
            String::new()
        } else {
            format!(" --dir {}", root.display())
        };
        format!(
            "the house is open after {seconds:.1} s\n\n{words}\n\n\
             Try, in another terminal:\n  \
             sealbid{dir} swap 1000 usdc.near wrap.near --min 950 --wait\n  \
             sealbid{dir} orders\n  \
             sealbid{dir} watch\n  \
             sealbid{dir} audit --all\n\n\
             Ctrl-C stops it; `sealbid{dir} up` goes on with it."
        )
    });
}
