//! One member by hand: `sealbid node`.

use core::time::Duration;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use sealbid_client::{ClientError, Standing};
use sealbid_keygen::command::values::{between, duration};
use sealbid_keygen::{Exit, MemberKey, Passphrase, PassphraseSource, StandardTerminal, Survival};
use sealbid_net::PeerId;
use sealbid_net::ticket::{Role, Ticket};
use sealbid_node::{MemberConfig, Node, NodeError, issue_ticket};
use sealbid_types::door::Head;
use sealbid_types::id::MemberIndex;
use sealbid_types::time::Timestamp;

use crate::commands::operate::clocks::{Heads, ahead};
use crate::commands::operate::evidence::{self, EvidenceArgs};
use crate::commands::operate::member_setup;
use crate::commands::operate::store::{self, StoreArgs};
use crate::context::{Context, blocking};
use crate::exit::Failure;
use crate::stop;
use crate::ui::output::Columns;
use crate::ui::text::date_and_clock;

/// Run one member of a committee
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  sealbid node status")]
pub(crate) struct NodeArgs {
    #[command(subcommand)]
    command: NodeCommand,
}

#[derive(Debug, Subcommand)]
enum NodeCommand {
    /// Write a commented configuration file for one member
    #[command(after_help = "Example:\n  \
        sealbid --dir house node init --member 2\n  \
        sealbid node run --config house/member-2/member.toml")]
    Init(InitArgs),
    /// Run a member until it is told to stop
    #[command(after_help = "Example:\n  \
        sealbid node run --config house/member-1/member.toml\n\n\
        A member may be killed at any time: started again, it catches up.")]
    Run(RunArgs),
    /// Ask every member where it stands
    #[command(after_help = "Example:\n  sealbid node status")]
    Status,
    /// Sign a ticket that admits a solver or relayer to the house network
    #[command(after_help = "Example:\n  \
        sealbid node ticket --role solver --peer $(sealbid solver peer) > ticket")]
    Ticket(TicketArgs),
    /// List what members have kept against members that lied, and write it to files
    #[command(after_help = evidence::HELP)]
    Evidence(EvidenceArgs),
    /// Look through a stopped member's store, or write what it keeps to files
    #[command(after_help = "Example:\n  sealbid node store check")]
    Store(StoreArgs),
}

#[derive(Debug, Args)]
struct InitArgs {
    /// The member's number, from 1
    #[arg(long, value_name = "N", value_parser = between(1u8, 16))]
    member: u8,
}

#[derive(Debug, Args)]
struct RunArgs {
    /// The member's configuration file
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// The store is a restored copy: wait for all other members before voting
    #[arg(long)]
    restored: bool,
    #[command(flatten)]
    parent: stop::ParentArgs,
}

#[derive(Debug, Args)]
struct TicketArgs {
    /// What the peer is to be
    #[arg(long, value_parser = role)]
    role: Role,
    /// The peer's id in the house network
    #[arg(long, value_name = "ID")]
    peer: PeerId,
    /// How long the ticket is valid
    #[arg(long, value_name = "DURATION", default_value = "30d", value_parser = duration)]
    valid_for: Duration,
    /// The configuration of the member that signs [default: the first member's in DIR]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Members sign their own tickets when they join.
fn role(text: &str) -> Result<Role, String> {
    match text.parse() {
        Ok(Role::Member) => Err("a member signs its own ticket".to_owned()),
        Ok(role) => Ok(role),
        Err(_) => Err("solver, relayer or user".to_owned()),
    }
}

impl NodeArgs {
    /// Whether it stops by itself at Ctrl-C.
    pub(crate) const fn runs_on(&self) -> bool {
        matches!(self.command, NodeCommand::Run(_))
    }

    /// What its configuration file says about the log.
    pub(crate) fn log_filter(&self) -> Option<String> {
        match &self.command {
            // What is wrong with the file is said when it is read again.
            NodeCommand::Run(args) => MemberConfig::load(&args.config).ok()?.log,
            _ => None,
        }
    }
}

/// Runs the command.
pub(crate) async fn run(args: NodeArgs, context: &Context) -> Result<(), Failure> {
    match args.command {
        NodeCommand::Init(args) => init(&args, context).await,
        NodeCommand::Run(args) => Box::pin(run_member(args, context)).await,
        NodeCommand::Status => status(context).await,
        NodeCommand::Ticket(args) => ticket(args, context).await,
        NodeCommand::Evidence(args) => evidence::run(args, context).await,
        NodeCommand::Store(args) => store::run(args, context).await,
    }
}

async fn init(args: &InitArgs, context: &Context) -> Result<(), Failure> {
    let house = context.house_dir();
    let (committee, _keys) = context.committee(house.committee()).await?.into_parts();
    let index = MemberIndex(args.member.saturating_sub(1));
    let member = committee.member(index).ok_or_else(|| {
        Failure::usage(format!("the committee has {} members", committee.members()))
    })?;
    let passphrase = match context.passphrase_source() {
        PassphraseSource::File(path) => {
            Some(std::path::absolute(path).map_err(|error| Failure::usage(error.to_string()))?)
        }
        PassphraseSource::Terminal => None,
    };
    let directory = house.member(index);
    let path = member_setup::write_config(&directory, member, passphrase)?;
    let key = directory.key();
    let next = format!("sealbid node run --config {}", path.display());
    let object = serde_json::json!({ "config": path, "key_file": key, "next": next });
    context.console().result(&object, || {
        let head = format!("wrote {}", path.display());
        let missing =
            (!key.exists()).then(|| format!("\nput {}'s key file at {}", index, key.display()));
        format!("{head}{}\nthen: {next}", missing.unwrap_or_default())
    });
    Ok(())
}

async fn run_member(args: RunArgs, context: &Context) -> Result<(), Failure> {
    let config = MemberConfig::load(&args.config)?;
    let passphrase = passphrase(&config, context).await?;
    let stop = stop::requested(args.parent.until_stdin_closes);
    tokio::pin!(stop);
    let node = tokio::select! {
        node = Node::start(config, passphrase, args.restored) => node?,
        stopped = &mut stop => return stopped.outcome(),
    };
    let (name, door) = (node.index().to_string(), node.door_peer().to_string());
    tracing::info!("{name} is up; its front door is {door}");
    let ready = serde_json::json!({ "event": "ready", "index": node.index(), "door": door });
    context
        .console()
        .result(&ready, || format!("{name} is up; its front door is {door}"));
    let mut outcome = Ok(());
    // On the heap: it holds the member's engine until that has a thread.
    Box::pin(node.run(async { outcome = stop.await.outcome() })).await?;
    outcome
}

/// The passphrase of a member's key file: from where the command line or the environment says,
/// else from where the configuration does, else from the terminal.
async fn passphrase(config: &MemberConfig, context: &Context) -> Result<Passphrase, Failure> {
    let source = match context.passphrase_source() {
        PassphraseSource::Terminal => PassphraseSource::from(config.passphrase_file.clone()),
        file @ PassphraseSource::File(_) => file,
    };
    let prompt = format!("passphrase of {}", config.key_file.display());
    Ok(blocking(move || source.existing(&mut StandardTerminal, &prompt)).await??)
}

impl From<NodeError> for Failure {
    fn from(error: NodeError) -> Self {
        let of = |exit| Self::of(exit, &error);
        match &error {
            NodeError::Config { .. } => {
                of(Exit::Usage).advise("`sealbid node init --member N` writes a file to begin with")
            }
            NodeError::Key(_) => of(Exit::Key),
            NodeError::Passphrase(_) => of(Exit::Authentication),
            NodeError::Storage(_) | NodeError::File { .. } => of(Exit::Storage),
            NodeError::PortInUse { .. } => of(Exit::Work).advise(
                "another process listens there, perhaps this very member: stop it, or give \
                 another port in member.toml and in the committee file",
            ),
            NodeError::Mesh(_) | NodeError::Door(_) => {
                of(Exit::Work).advise("check the addresses in member.toml")
            }
            NodeError::Halted(_) => of(Exit::Halted).advise(
                "do not start it again before the members have agreed on what to do: what it saw \
                 is in its log and in its store",
            ),
            NodeError::System(_) => of(Exit::Work),
        }
    }
}

async fn status(context: &Context) -> Result<(), Failure> {
    let client = context.house().await?;
    let heads = client.heads().await;
    let committee = client.committee();
    let survival = Survival::of(committee.members(), committee.quorum);
    let members: Vec<_> = heads
        .iter()
        .map(|(member, head)| json_of(*member, head, ahead(*member, &heads)))
        .collect();
    let reachable = heads.values().filter(|head| head.is_ok()).count();
    let object = serde_json::json!({
        "auction": committee.auction,
        "quorum": committee.quorum,
        "reachable": reachable,
        "waits_until": waits_until(&heads),
        "members": members,
    });
    context.console().result(&object, || {
        let words = survival
            .map(|survival| format!("\n\n{survival}"))
            .unwrap_or_default();
        let waits = waits_until(&heads).map_or_else(String::new, |until| {
            format!(
                "\n\nno round closes before {} UTC: the last one closed while the members' clocks \
                 were ahead",
                date_and_clock(until)
            )
        });
        format!("{}{waits}{words}", table(&heads))
    });
    if reachable < committee.quorum() {
        let message = format!(
            "{reachable} of {} members answer, {} are needed",
            committee.members(),
            committee.quorum()
        );
        return Err(Failure::no_quorum(message).advise(
            "start them: `sealbid up` for a house that it has made, else \
             `sealbid node run --config FILE` on each one's machine",
        ));
    }
    Ok(())
}

/// The earliest time at which a round can close, by the median of what members say, if they wait
/// for it.
fn waits_until(heads: &Heads) -> Option<Timestamp> {
    Standing::of(answers(heads))?.waits_until
}

fn answers(heads: &Heads) -> BTreeMap<MemberIndex, Head> {
    let answers = heads.iter();
    answers
        .filter_map(|(member, head)| Some((*member, head.as_ref().ok()?.clone())))
        .collect()
}

fn json_of(
    member: MemberIndex,
    head: &Result<Head, ClientError>,
    ahead: Option<i64>,
) -> serde_json::Value {
    match head {
        Ok(head) => serde_json::json!({
            "member": member.to_string(),
            "head": head,
            "clock_ahead_s": ahead.unwrap_or(0),
        }),
        Err(error) => {
            serde_json::json!({ "member": member.to_string(), "error": error.to_string() })
        }
    }
}

fn table(heads: &Heads) -> Columns {
    let mut table = Columns::new(&[
        "member", ">round", "phase", ">slot", ">intents", ">quotes", ">settled", ">hears", "clock",
    ]);
    for (member, head) in heads {
        let name = member.to_string();
        match head {
            Ok(head) => table.row([
                name,
                head.round.to_string(),
                phase_name(head.phase).to_owned(),
                head.slot.to_string(),
                head.intents.to_string(),
                head.quotes.to_string(),
                head.settled.to_string(),
                head.alive.len().to_string(),
                ahead(*member, heads).map_or_else(|| "ok".to_owned(), |s| format!("{s:+} s")),
            ]),
            Err(_) => table.row([name, "-".to_owned(), "does not answer".to_owned()]),
        }
    }
    table
}

/// A phase in a word.
pub(crate) const fn phase_name(phase: sealbid_types::door::Phase) -> &'static str {
    use sealbid_types::door::Phase;
    match phase {
        Phase::CatchingUp => "catching up",
        Phase::Intents => "intents",
        Phase::Quotes => "quotes",
        Phase::Closing => "closing",
        Phase::Opening => "opening",
        Phase::Clearing => "clearing",
        Phase::Authorising => "authorising",
        Phase::Settling => "settling",
    }
}

async fn ticket(args: TicketArgs, context: &Context) -> Result<(), Failure> {
    let config = MemberConfig::load(&member_config(args.config.as_deref(), context)?)?;
    let passphrase = passphrase(&config, context).await?;
    let (role, peer, life) = (args.role, args.peer, args.valid_for);
    let (committee, keys) = context
        .committee(config.committee.clone())
        .await?
        .into_parts();
    let sign = move || -> Result<Ticket, Failure> {
        let (key, _share) = MemberKey::load_for(&config.key_file, &passphrase, &committee, &keys)?;
        Ok(issue_ticket(
            &committee,
            role,
            peer,
            life,
            key.index(),
            &key.identity(),
        ))
    };
    let ticket = blocking(sign).await??;
    let object = serde_json::json!({
        "ticket": ticket.to_string(),
        "role": role.to_string(),
        "peer": peer.to_string(),
        "signer": ticket.signer,
        "expires": Timestamp(ticket.expires_ms),
    });
    context.console().result(&object, || ticket.to_string());
    Ok(())
}

/// The configuration that is named, else that of the first member that has one in the house
/// directory.
pub(super) fn member_config(named: Option<&Path>, context: &Context) -> Result<PathBuf, Failure> {
    if let Some(path) = named {
        return Ok(path.to_owned());
    }
    let house = context.require_dir()?;
    let members = house.members().unwrap_or_default();
    let configs = members
        .into_iter()
        .map(|index| house.member(index).config());
    configs
        .into_iter()
        .find(|path| path.exists())
        .ok_or_else(|| {
            let message = format!(
                "{} has no member with a configuration",
                house.root().display()
            );
            Failure::usage(message).advise("name one with --config")
        })
}
