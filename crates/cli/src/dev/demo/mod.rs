//! `sealbid demo`: a whole committee, a few rounds and their audit, in one go.
//!
//! It is the product and no rehearsal: a key ceremony between processes; members, solvers and a
//! relayer that are this program's own commands; traders that seal and submit as anybody does. One
//! order in six is meant not to be filled, so that a demo in which everything fills has failed too.

mod fallen;
mod heist;
mod place;
mod plan;
mod progress;
mod report;
mod trading;

use core::time::Duration;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use sealbid_client::audit::{audit_next, batch_secret};
use sealbid_client::{Client, RoundAudit};
use sealbid_keygen::command::values::between;
use sealbid_protocol::audit::ChainAudit;
use sealbid_types::id::Round;
use tokio::task::block_in_place;
use tokio::time::{Instant, sleep};

use self::fallen::Fallen;
use self::place::Place;
use self::plan::Plan;
use self::progress::Progress;
use self::report::Report;
use self::trading::{Rounds, Traders, trade};
use crate::context::{Context, blocking};
use crate::dev::house_claim::Claim;
use crate::dev::house_making::{HouseShape, make};
use crate::dev::house_setup::DevelopmentHouse;
use crate::dev::keeper::Keeping;
use crate::dev::running_house::{Event, RunningHouse, Startup};
use crate::exit::Failure;
use crate::stop::{self, Stop};
use crate::tokens::Tokens;

/// The length of a slot.
const PERIOD: Duration = Duration::from_secs(5);
/// How long quotes are taken at its end.
const QUOTE_WINDOW: Duration = Duration::from_secs(3);
/// How long the relayer may be behind the members.
const RELAY_PATIENCE: Duration = Duration::from_secs(15);

/// Run a whole house, trade a few rounds against it, and audit them
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  \
    sealbid demo\n  \
    sealbid demo --members 3 --intents 200 --rounds 3 --seed 7 --json\n  \
    sealbid demo --heist\n\n\
    Everything happens in a temporary directory, which is removed at the end unless --keep \
    names one. It exits with 0 only if every order ended as planned and every audit passed.\n\n\
    --heist trades the same orders in two lanes. The open one is a model: a front-runner sees each \
    order before a pool does. The sealed one is the house, attacked while it trades: members pool \
    their key shares, an envelope is copied, a member is killed, and whoever has its keys leaves an \
    intent out of a proposal and forges decryption shares. It exits with 0 only if each attack came \
    to nothing. The committee file, the records and the evidence stay, and the commands that check \
    them are printed.")]
pub(crate) struct DemoArgs {
    /// Members of the committee
    #[arg(long, value_name = "N", default_value_t = 4)]
    #[arg(value_parser = between(3u8, 16))]
    members: u8,
    /// Solvers, each with a price book of its own
    #[arg(long, value_name = "N", default_value_t = 3)]
    #[arg(value_parser = between(1u8, 16))]
    solvers: u8,
    /// Sealed intents in all; one in six asks for too much on purpose [default: 60, or 12 with
    /// --heist]
    #[arg(long, value_name = "N")]
    #[arg(value_parser = between(1u32, 5000))]
    intents: Option<u32>,
    /// Rounds to spread them over
    #[arg(long, value_name = "N", default_value_t = 2)]
    #[arg(value_parser = between(1u16, 100), conflicts_with = "heist")]
    rounds: u16,
    /// The seed of traders and orders [default: a new one]
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// Keep the house in this directory, which must be empty or absent
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Attack the house while it trades, and trade the same orders where everybody reads them
    #[arg(long)]
    heist: bool,
}

/// How many intents there are unless somebody says otherwise.
const INTENTS: u32 = 60;

/// What the demo has done before its house is stopped.
enum Done {
    Rounds(Box<Traded>),
    Heist(Box<heist::Done>),
}

/// Rounds of trade, and their audit.
struct Traded {
    traders: Traders,
    report: Report,
    tokens: Tokens,
}

/// Runs the command.
pub(crate) async fn run(args: DemoArgs, context: &Context) -> Result<(), Failure> {
    if args.heist {
        heist::check(&args)?;
    }
    // From the beginning: Ctrl-C is heard during the key ceremony too, whose processes end with
    // this.
    let stop = stop::requested_or_unread();
    tokio::pin!(stop);
    let place = Place::new(args.keep.clone())?;
    let progress = Arc::new(Progress::new(context.console()));
    // Whoever ends it: a demo that is not done has shown nothing.
    let interrupted = |stopped: Stop| stopped.outcome().err().unwrap_or_else(Failure::interrupted);
    let mut running = tokio::select! {
        running = start(&args, place.path(), context, &progress) => running?,
        stopped = &mut stop => return Err(interrupted(stopped)),
    };
    // From here on a house runs. Whatever comes of the demo, it is stopped before that is told.
    let outcome = tokio::select! {
        done = house_at_work(&args, &mut running, &progress, context) => done,
        stopped = &mut stop => Err(interrupted(stopped)),
    };
    progress.state("house", "stopping", false);
    running.stop().await;
    progress.state("house", "stopped", true);
    progress.clear();
    match outcome {
        Ok(Done::Rounds(traded)) => conclude(*traded, place.leave()?.as_deref(), context),
        Ok(Done::Heist(done)) => done.conclude(&place.leave_public()?, context),
        Err(failure) => {
            place.leave()?;
            Err(failure)
        }
    }
}

/// Makes a house, by a ceremony as operators hold it, and starts its processes.
async fn start(
    args: &DemoArgs,
    place: &Path,
    context: &Context,
    progress: &Progress,
) -> Result<RunningHouse, Failure> {
    let members = args.members;
    progress.state("keys", &format!("a ceremony of {members} processes"), false);
    let shape = HouseShape {
        members: args.members,
        solvers: args.solvers,
        period: PERIOD,
        quote_window: QUOTE_WINDOW,
    };
    let root = place.to_owned();
    let claim = blocking(move || Claim::take(&root)).await??;
    // What its orders came to could not be told from what was traded there before.
    if claim.holds_house() {
        let root = claim.directory().root().display();
        let message = format!("{root} holds a house already");
        return Err(Failure::storage(message).advise("give a new or an empty directory"));
    }
    let claim = make(claim, shape).await?;
    let house = blocking(move || DevelopmentHouse::open(claim)).await??;
    progress.state("keys", "made; no process has held the committee's", true);
    if let Some(failure) = house.issue_tickets().into_iter().next() {
        return Err(failure);
    }
    let client = context.house_in(house.directory().root()).await?;
    Ok(RunningHouse::start(house, client, Keeping::Once))
}

/// Waits until the house is open, and carries the demo out. A process that ends by itself ends the
/// demo: what is left would be no whole house.
async fn house_at_work(
    args: &DemoArgs,
    running: &mut RunningHouse,
    progress: &Arc<Progress>,
    context: &Context,
) -> Result<Done, Failure> {
    let came_up = |startup| match startup {
        Startup::Processes { ready, of } => progress.step("processes", ready, of),
        Startup::Members { ready, of } => progress.step("members that hear all", ready, of),
    };
    running
        .comes_up(came_up, |ended| Err(ended.failure))
        .await?;
    let client = Arc::clone(running.client());
    let house = running.house().directory().clone();
    let fallen = Fallen::default();
    let members = match args.heist {
        true => block_in_place(|| running.house().member_keys())?,
        false => Vec::new(),
    };
    let members: Vec<_> = members.into_iter().map(Arc::new).collect();
    let one_ends = async {
        loop {
            match running.next_event().await {
                Some(Event::Ended(ended)) if fallen.note(&ended.name) => {}
                Some(Event::Ended(ended)) => return ended.failure,
                Some(Event::Ready { name: _ }) => {}
                None => core::future::pending().await,
            }
        }
    };
    let work = async {
        if !args.heist {
            let traded = rounds(args, &client, &house, progress).await?;
            return Ok(Done::Rounds(Box::new(traded)));
        }
        let scene = heist::Scene {
            client: &client,
            house: &house,
            members: &members,
            fallen: &fallen,
            progress,
            console: context.console(),
        };
        let done = heist::carry_out(args, scene).await?;
        Ok(Done::Heist(Box::new(done)))
    };
    tokio::select! {
        done = work => done,
        failure = one_ends => Err(failure),
    }
}

/// Trades, waits for the relayer, and audits.
async fn rounds(
    args: &DemoArgs,
    client: &Arc<Client>,
    house: &sealbid_keygen::HouseDir,
    progress: &Arc<Progress>,
) -> Result<Traded, Failure> {
    // In the report too, so that a demo that went wrong can be run again.
    let seed = args.seed.map_or_else(fresh_seed, Ok)?;
    let tokens = Tokens::load(&house.tokens())?;
    let intents = usize::try_from(args.intents.unwrap_or(INTENTS))
        .map_err(|error| Failure::usage(error.to_string()))?;
    let plan = Plan::new(seed, intents, args.rounds.into(), &tokens)?;
    let traders = trade(client, plan, progress).await?;
    let mut problems = Vec::new();
    // A relayer that is behind is told in the report, and no reason not to audit.
    problems.extend(relayed(house, &traders.rounds, progress).await.err());
    let (auditing, settled, shown) = (
        Arc::clone(client),
        traders.rounds.clone(),
        Arc::clone(progress),
    );
    // On a thread that may be busy: an audit is arithmetic, and bars have to move.
    let audits = blocking(move || audit_all(&auditing, &settled, &shown)).await??;
    let report = Report::new(client.committee(), seed, &traders, &audits, problems, house);
    Ok(Traded {
        traders,
        report,
        tokens,
    })
}

/// Bytes that nobody knows.
fn fresh_bytes<const N: usize>() -> Result<[u8; N], Failure> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| Failure::work(format!("the system gives no entropy: {error}")))?;
    Ok(bytes)
}

/// A seed for a demo that names none.
fn fresh_seed() -> Result<u64, Failure> {
    let bytes = fresh_bytes()?;
    // Short enough to be typed again.
    Ok(u64::from_le_bytes(bytes) % 1_000_000)
}

/// Waits until the relayer has the settlement of every round, in order and once.
async fn relayed(
    house: &sealbid_keygen::HouseDir,
    rounds: &Rounds,
    progress: &Progress,
) -> Result<(), String> {
    let expected: Vec<Round> = rounds.keys().copied().collect();
    let deadline = Instant::now() + RELAY_PATIENCE;
    loop {
        let written =
            crate::commands::operate::ledger::rounds(house).map_err(|error| error.to_string())?;
        progress.step(
            "settlements relayed",
            written.len().min(expected.len()),
            expected.len(),
        );
        // The very same list: a round that is written twice, or out of order, never makes it.
        if written == expected {
            return Ok(());
        }
        // More than there were is wrong for good: no waiting mends it.
        if Instant::now() >= deadline || written.len() > expected.len() {
            return Err(format!(
                "the relayer has rounds {written:?}, expected {expected:?}"
            ));
        }
        sleep(Duration::from_millis(100)).await;
    }
}

/// Audits every round, each as the next of its chain, from the committee file and its record.
///
/// The records have been verified by their signatures when they were fetched. Here all of each is
/// computed again, as by somebody who has nothing but the committee file.
fn audit_all(
    client: &Client,
    rounds: &Rounds,
    progress: &Progress,
) -> Result<BTreeMap<Round, RoundAudit>, Failure> {
    let secret = batch_secret()?;
    let mut chain = ChainAudit::new(client.committee(), client.keys(), &secret);
    let mut audits = BTreeMap::new();
    progress.step("audits", 0, rounds.len());
    for (round, settled) in rounds {
        audits.insert(*round, audit_next(&mut chain, settled.record()));
        progress.step("audits", audits.len(), rounds.len());
    }
    Ok(audits)
}

/// Prints what happened, and says whether all of it went as planned.
fn conclude(traded: Traded, kept: Option<&Path>, context: &Context) -> Result<(), Failure> {
    let Traded {
        traders,
        report,
        tokens,
    } = traded;
    context.console().result(&report, || {
        // The table leaves orders out, and what went wrong is told of all.
        let more = match report::left_out(&traders) {
            0 => String::new(),
            more => format!("\n… and {more} more"),
        };
        let kept = kept.map_or_else(String::new, |dir| {
            let dir = dir.display();
            format!("\n\nThe house is kept: `sealbid --dir {dir} up` goes on with it.")
        });
        let orders = report::orders_table(&traders, &tokens);
        format!("{orders}{more}\n\n{}{kept}", report.rounds_table())
    });
    report.verdict()
}
