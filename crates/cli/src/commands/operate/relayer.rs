//! The relayer: every settlement, once and in order, into a file of JSON lines.
//!
//! It is trusted with nothing but being there. It may be late, and cannot change what it carries:
//! each record is verified against the committee key before it is written. Where it goes on it
//! knows from its own files, so that it may be stopped at any moment.

use core::pin::Pin;
use core::time::Duration;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use sealbid_client::Client;
use sealbid_net::mesh::Mesh;
use sealbid_types::id::Round;

use crate::commands::operate::guest::{Guest, GuestKey, GuestRole};
use crate::commands::operate::ledger::Ledger;
use crate::context::{Context, blocking};
use crate::exit::Failure;
use crate::stop::{self, Stop};

/// How often the relayer looks for settlements that no stream brought.
const LOOK: Duration = Duration::from_secs(2);

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
    fn load(self, context: &Context) -> Result<GuestKey, Failure> {
        let default = || context.dir().join("relayer").join("house.key");
        let path = self.house_key.unwrap_or_else(default);
        if let Some(directory) = path.parent() {
            std::fs::create_dir_all(directory).map_err(|error| {
                Failure::storage(format!("cannot make {}: {error}", directory.display()))
            })?;
        }
        GuestKey::load_or_create(&path)
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
    let guest = Guest {
        role: GuestRole::Relayer,
        key: args.key.load(context)?,
        ticket,
    };
    let peer = guest.key.peer().to_string();
    let directory = context.dir().to_owned();
    // Before it joins: a second relayer of this directory is told so, and nobody else hears of it.
    let mut ledger = blocking(move || Ledger::open(&directory)).await??;
    tracing::info!("relaying from round {} on", ledger.next());
    let mesh = tokio::select! {
        mesh = guest.join(client.committee()) => mesh?,
        stopped = &mut stop => return Ok(stopped),
    };
    tracing::info!("joined the house as {:?}", mesh.handle.peer());
    // Whoever has started it waits for this event.
    let object = serde_json::json!({ "event": "ready", "peer": peer });
    context
        .console()
        .result(&object, || format!("relaying as {peer}"));
    let ended = tokio::select! {
        error = carry(client, &mut ledger, &mesh) => Err(error),
        never = guest.renew(&mesh.handle) => match never {},
        stopped = &mut stop => Ok(stopped),
    };
    mesh.handle.leave().await;
    ended
}

/// Relays until the ledger cannot be written. Settlements are fetched at the front doors, so none
/// is missed; the feed says when.
async fn carry(client: &Client, ledger: &mut Ledger, mesh: &Mesh) -> Failure {
    // Before it catches up, so that none is settled unnoticed in between.
    let mut settlements = mesh.handle.subscribe_settlements();
    loop {
        if let Err(failure) = catch_up(client, ledger).await {
            return failure;
        }
        // Which settlement came does not matter: records are fetched and verified, and what
        // somebody sends here can only make the relayer look.
        tokio::select! {
            Some(_) = settlements.recv() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// Appends all rounds that are settled and not in the ledger yet.
async fn catch_up(client: &Client, ledger: &mut Ledger) -> Result<(), Failure> {
    // From the first that is missing, in order: the ledger takes no other.
    while let Some(record) = settled(client, ledger.next()).await {
        let (ledger_round, fills) = (ledger.next(), record.settlement.settlement.fills.len());
        ledger.append(&record)?;
        tracing::info!("relayed round {ledger_round}: {fills} fills");
    }
    Ok(())
}

/// A round's record, if it is settled: verified against the committee key.
async fn settled(client: &Client, round: Round) -> Option<sealbid_types::record::RoundRecord> {
    match client.round(round).await {
        Ok(verified) => Some(verified.record().clone()),
        // Not settled yet, or nobody is reachable: both pass. Only the disk ends a relayer.
        Err(error) => {
            tracing::debug!("round {round}: {error}");
            None
        }
    }
}
