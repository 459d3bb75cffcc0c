//! The relayer: every settlement, once and in order, into a file of JSON lines.
//!
//! It is trusted with nothing but being there. It may be late, and cannot change what it carries:
//! each record is verified against the committee key before it is written. Where it goes on it
//! knows from its own files, so that it may be stopped at any moment.

use core::pin::Pin;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use sealbid_client::Client;
use sealbid_client::guest::{EndpointKey, GuestRole};
use sealbid_client::relay::SettledRounds;

use crate::commands::operate::guest;
use crate::commands::operate::ledger::Ledger;
use crate::context::{Context, blocking};
use crate::exit::Failure;
use crate::stop::{self, Stop};
use crate::ui::text::count;

/// Carries settlements out of the house
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  sealbid relayer run")]
pub(crate) struct RelayerArgs {
    #[command(subcommand)]
    command: RelayerCommand,
}

#[derive(Debug, Subcommand)]
enum RelayerCommand {
    /// Append every settlement to settlements.jsonl, once and in order, and write each round's
    /// public record to records/R.json
    #[command(after_help = "Example:\n  sealbid --dir house relayer run")]
    Run(RunArgs),
    /// Print this relayer's peer id, which its ticket must name
    #[command(after_help = "Example:\n  \
        sealbid node ticket --role relayer --peer $(sealbid relayer peer)")]
    Peer(KeyArgs),
}

#[derive(Debug, Args)]
struct KeyArgs {
    /// The relayer's endpoint key, made if absent [default: DIR/relayer/house.key]
    #[arg(long, value_name = "FILE")]
    house_key: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct RunArgs {
    #[command(flatten)]
    key: KeyArgs,
    /// The ticket that a member has issued [default: DIR/relayer/ticket]
    #[arg(long, value_name = "FILE")]
    ticket: Option<PathBuf>,
    #[command(flatten)]
    parent: stop::ParentArgs,
}

impl KeyArgs {
    // Made if absent: so `peer` can say whom the ticket has to name before there is one.
    fn load(self, context: &Context) -> Result<EndpointKey, Failure> {
        let default = || context.dir().join("relayer").join("house.key");
        let path = self.house_key.unwrap_or_else(default);
        if let Some(directory) = path.parent() {
            std::fs::create_dir_all(directory).map_err(|error| {
                Failure::storage(format!("cannot make {}: {error}", directory.display()))
            })?;
        }
        guest::endpoint_key(&path)
    }
}

impl RelayerArgs {
    /// Whether it stops by itself at Ctrl-C.
    pub(crate) const fn runs_on(&self) -> bool {
        matches!(self.command, RelayerCommand::Run(_))
    }
}

/// Runs the command.
pub(crate) async fn run(args: RelayerArgs, context: &Context) -> Result<(), Failure> {
    match args.command {
        RelayerCommand::Peer(key) => {
            let peer = key.load(context)?.peer();
            context
                .console()
                .result(&serde_json::json!({ "peer": peer.to_string() }), || {
                    peer.to_string()
                });
            Ok(())
        }
        RelayerCommand::Run(args) => {
            let stop = stop::requested(args.parent.until_stdin_closes);
            tokio::pin!(stop);
            let client = context.house().await?;
            let result = relay(args, &client, context, stop).await;
            // In any case, before the reason is told.
            client.close().await;
            // To be told to stop is how it is meant to end.
            result?.outcome()
        }
    }
}

/// Relays until it is told to stop.
async fn relay(
    args: RunArgs,
    client: &Client,
    context: &Context,
    mut stop: Pin<&mut (impl Future<Output = Stop> + Send)>,
) -> Result<Stop, Failure> {
    let ticket = args
        .ticket
        .unwrap_or_else(|| context.dir().join("relayer").join("ticket"));
    let key = args.key.load(context)?;
    let peer = key.peer().to_string();
    let directory = context.dir().to_owned();
    // Before it joins: a second relayer of this directory is told so, and nobody else hears of it.
    let mut ledger = blocking(move || Ledger::open(&directory)).await??;
    tracing::info!("relaying from round {} on", ledger.next());
    let session = tokio::select! {
        session = guest::join(GuestRole::Relayer, key, &ticket, client) => session?,
        stopped = &mut stop => return Ok(stopped),
    };
    tracing::info!("joined the house, peer {}", session.peer());
    // Whoever has started it waits for this event.
    let object = serde_json::json!({ "event": "ready", "peer": peer });
    context
        .console()
        .result(&object, || format!("relaying as {peer}"));
    let rounds = client.settled_rounds(ledger.next());
    let ended = tokio::select! {
        error = carry(rounds.told_by(session.settlements()), &mut ledger) => Err(error),
        stopped = &mut stop => Ok(stopped),
    };
    session.leave().await;
    ended
}

/// Relays until the ledger cannot be written. Only the disk ends a relayer: members that are away
/// come back.
async fn carry(mut rounds: SettledRounds<'_>, ledger: &mut Ledger) -> Failure {
    loop {
        let settled = rounds.next().await;
        let (round, settlement) = (ledger.next(), settled.settlement());
        let fills = u64::try_from(settlement.fills.len()).unwrap_or(u64::MAX);
        let fills = count(fills, "fill");
        if let Err(failure) = ledger.append(settled.record()) {
            return failure;
        }
        tracing::info!("relayed round {round}: {fills}");
    }
}
