//! `sealbid up`: a development house, kept running.
//!
//! All of it are processes that this one has started, that it starts again when they end, and that
//! end with it. What they have made stays in the directory: started again, the house has the same
//! key, the same rounds and the same accounts.

use core::time::Duration;
use std::time::Instant;

use clap::Args;
use sealbid_keygen::Survival;
use sealbid_keygen::command::values::{between, duration};

use crate::context::{Context, blocking};
use crate::dev::house_claim::Claim;
use crate::dev::house_making::{HouseShape, make};
use crate::dev::house_setup::DevelopmentHouse;
use crate::dev::keeper::{Keeping, Why};
use crate::dev::running_house::{Ended, Event, RunningHouse, Startup};
use crate::exit::Failure;
use crate::stop;
use crate::ui::output::Console;
use crate::ui::text::{count, quoted};

/// Run a whole house on this machine until Ctrl-C: development only
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  \
    sealbid up                      # makes ./house, or goes on with it\n  \
    sealbid up --dir other --members 3 --solvers 1\n\n\
    A process that ends is started again, after pauses of 1, 2, 4, 8 and 16 seconds; a member that \
    has halted is not.\n\n\
    All shares of the committee's key lie in one directory, with their passphrase: never use it \
    for real funds.")]
pub(crate) struct UpArgs {
    /// Members of a new house [default: 4]
    #[arg(long, value_name = "N", value_parser = between(3u8, 16))]
    members: Option<u8>,
    /// Solvers of a new house [default: 2]
    #[arg(long, value_name = "N", value_parser = between(0u8, 16))]
    solvers: Option<u8>,
    /// The length of a new house's slots [default: 5s]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    period: Option<Duration>,
    /// How long quotes are taken at the end of a new house's slots [default: 3s]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    quote_window: Option<Duration>,
    /// Leave a process that ends as it is, instead of starting it again
    #[arg(long)]
    no_restart: bool,
}

impl UpArgs {
    const fn keeping(&self) -> Keeping {
        match self.no_restart {
            true => Keeping::Once,
            false => Keeping::Again,
        }
    }

    /// What a new house is to be.
    fn shape(&self) -> HouseShape {
        HouseShape {
            members: self.members.unwrap_or(4),
            solvers: self.solvers.unwrap_or(2),
            period: self.period.unwrap_or(Duration::from_secs(5)),
            quote_window: self.quote_window.unwrap_or(Duration::from_secs(3)),
        }
    }

    /// The options that ask for another house than this one.
    fn unlike(&self, house: &DevelopmentHouse) -> Vec<&'static str> {
        let (committee, slots) = (house.committee(), &house.committee().schedule);
        let milliseconds = |length: u32| Duration::from_millis(u64::from(length));
        let (period, window) = (slots.period_ms, slots.quote_window_ms);
        [
            (
                "--members",
                self.members.is_some_and(|it| it != committee.members()),
            ),
            (
                "--solvers",
                self.solvers.is_some_and(|it| it != house.solvers()),
            ),
            (
                "--period",
                self.period.is_some_and(|it| it != milliseconds(period)),
            ),
            (
                "--quote-window",
                self.quote_window
                    .is_some_and(|it| it != milliseconds(window)),
            ),
        ]
        .into_iter()
        .filter_map(|(option, differs)| differs.then_some(option))
        .collect()
    }
}

/// Runs the command.
pub(crate) async fn run(args: UpArgs, context: &Context) -> Result<(), Failure> {
    let stop = stop::requested_or_unread();
    tokio::pin!(stop);
    let started = Instant::now();
    // Ctrl-C is heard while the house is made: what runs by then ends.
    let mut running = tokio::select! {
        running = start(&args, context) => running?,
        stopped = &mut stop => return stopped.outcome(),
    };
    let outcome = tokio::select! {
        outcome = attend(&mut running, started, context) => outcome,
        stopped = &mut stop => stopped.outcome(),
    };
    // Said, since a process may take some seconds to stop.
    context.console().note("stopping");
    running.stop().await;
    outcome
}

/// Makes the house, or opens the one that is there, and starts its processes.
async fn start(args: &UpArgs, context: &Context) -> Result<RunningHouse, Failure> {
    let console = context.console();
    let (root, shape) = (context.dir().to_owned(), args.shape());
    // Before anything is made: a house keeps its slots for good.
    if shape.quote_window.is_zero() || shape.quote_window >= shape.period {
        return Err(Failure::usage(
            "the quote window must be shorter than the period, and neither zero",
        )
        .advise("give both, such as --period 3s --quote-window 2s"));
    }
    // What is there decides: the options describe a new house.
    let claim = blocking(move || Claim::take(&root)).await??;
    let is_new = !claim.holds_house();
    let claim = match is_new {
        false => claim,
        true => {
            console.note(format_args!(
                "key ceremony: {} processes make a key that none of them holds",
                shape.members,
            ));
            make(claim, shape).await?
        }
    };
    let house = blocking(move || DevelopmentHouse::open(claim)).await??;
    let root = house.directory().root().display().to_string();
    // Told every time a house is made: its shares lie on one machine, which is what development
    // only means.
    if is_new {
        console.note(format_args!(
            "made a house in {root}: development only, all key shares are on this machine"
        ));
    } else {
        console.note(format_args!(
            "going on with the house in {root}: {} members, {}",
            house.committee().members(),
            count(house.solvers(), "solver"),
        ));
        let unlike = args.unlike(&house);
        if !unlike.is_empty() {
            console.note(format_args!(
                "warning: for a new house only: {}; this one stays as it was made. A new one takes \
                 another --dir",
                unlike.join(", "),
            ));
        }
    }
    // At each start: those of the last one may have run out.
    for failure in house.issue_tickets() {
        console.note(format_args!("no new ticket: {failure}"));
    }
    // Nobody is dialled yet: its members do not run.
    let client = context.house_in(house.directory().root()).await?;
    Ok(RunningHouse::start(house, client, args.keeping()))
}

/// Waits until the house is open, and then tells what happens to its processes. Returns only if
/// there is no house to keep.
async fn attend(
    running: &mut RunningHouse,
    started: Instant,
    context: &Context,
) -> Result<(), Failure> {
    let console = context.console();
    let mut last = None;
    let progress = |now: Startup| {
        // When it changes only: the members are asked several times a second.
        if last != Some(now) {
            console.note(said(now));
        }
        last = Some(now);
    };
    // A house bears it if a member is missing: it opens with those that come up.
    let tell = |ended: Ended| {
        tell_end(&ended, console);
        Ok(())
    };
    running.comes_up(progress, tell).await?;
    announce(running, started, context);
    let mut closes = true;
    while let Some(event) = running.next_event().await {
        match event {
            Event::Ended(ended) => {
                tell_end(&ended, console);
                // Without processes there is no house to keep.
                if running.is_over() {
                    return Err(ended.failure);
                }
            }
            Event::Ready { name } => console.note(format_args!("{name} runs again")),
        }
        closes = tell_quorum(running, closes, console).await;
    }
    Ok(())
}

/// What has ended, and what is done about it.
fn tell_end(ended: &Ended, console: Console) {
    let Ended {
        name,
        failure,
        next,
        by_hand,
    } = ended;
    console.note(failure);
    let why = match next {
        Ok(pause) => {
            let seconds = pause.as_secs();
            console.note(format_args!("{name} is started again in {seconds} s"));
            return;
        }
        Err(Why::Once) => "is left as it is",
        Err(Why::Halted) => "has halted, and is not started again by itself",
        Err(Why::Hopeless) => "would end like this again, and is left as it is",
        Err(Why::TooOften) => "has ended too often, and is left as it is",
    };
    // What is right for one that halted is for the members to agree on.
    match next {
        Err(Why::Halted) => console.note(format_args!("{name} {why}")),
        _ => console.note(format_args!("{name} {why}; by hand: {by_hand}")),
    }
}

/// Says when too few members run for a round to close, and when enough do again.
async fn tell_quorum(running: &RunningHouse, closed: bool, console: Console) -> bool {
    let committee = running.house().committee();
    let (n, q) = (committee.members(), committee.quorum());
    let running = running.members_running().await;
    let closes = running >= q;
    match (closed, closes) {
        (_, false) => console.note(format_args!(
            "the house cannot close rounds: {running} of {n} members run, {q} are needed"
        )),
        (false, true) => console.note(format_args!(
            "the house can close rounds again: {running} of {n} members run"
        )),
        (true, true) => {}
    }
    closes
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
            // As a shell takes it.
            format!(" --dir {}", quoted(&root.to_string_lossy()))
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
