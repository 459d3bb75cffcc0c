//! The reference solver: `sealbid solver run --book FILE`.
//!
//! It stands where a solver's own program would. That one has prices of its own in the place of
//! `book`, and may keep the rest: `scheduler` says when to quote what, and `quoting` reads streams,
//! seals and submits.

pub(crate) mod book;
mod quoting;
mod scheduler;

use core::pin::Pin;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand};
use sealbid_client::{Client, Solver};

use self::book::Book;
use self::quoting::Quoting;
use crate::commands::operate::guest;
use crate::context::Context;
use crate::exit::Failure;
use crate::stop::{self, Stop};

/// Quotes on sealed intents
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  sealbid solver run --book book.toml --account solver.json")]
pub(crate) struct SolverArgs {
    #[command(subcommand)]
    command: SolverCommand,
}

#[derive(Debug, Subcommand)]
enum SolverCommand {
    /// Join the house as a solver and send a sealed quote for each round that has intents of the
    /// book's pairs
    #[command(after_help = "Example:\n  \
        sealbid solver book > book.toml\n  sealbid solver run --book book.toml\n\n\
        It needs a ticket, which any member issues: sealbid solver peer prints whom it is for.")]
    Run(RunArgs),
    /// Print an example of a price book
    #[command(after_help = "Example:\n  sealbid solver book > book.toml")]
    Book,
    /// Print this solver's peer id, which its ticket must name
    #[command(after_help = "Example:\n  \
        sealbid node ticket --role solver --peer $(sealbid solver peer) > ticket")]
    Peer(PeerArgs),
}

#[derive(Debug, Args)]
struct RunArgs {
    /// The price book
    #[arg(long, value_name = "FILE")]
    book: PathBuf,
    /// The account that signs the quotes [default: the house's own]
    #[arg(long, value_name = "FILE")]
    account: Option<PathBuf>,
    /// The ticket that a member has issued [default: `ticket` beside the book]
    #[arg(long, value_name = "FILE")]
    ticket: Option<PathBuf>,
    /// The solver's endpoint key, made if absent [default: `house.key` beside the book]
    #[arg(long, value_name = "FILE")]
    house_key: Option<PathBuf>,
    #[command(flatten)]
    parent: stop::ParentArgs,
}

#[derive(Debug, Args)]
struct PeerArgs {
    /// The solver's endpoint key, made if absent
    #[arg(long, value_name = "FILE", default_value = "house.key")]
    house_key: PathBuf,
}

impl SolverArgs {
    /// Whether it stops by itself at Ctrl-C.
    pub(crate) const fn runs_on(&self) -> bool {
        matches!(self.command, SolverCommand::Run(_))
    }
}

/// Runs the command.
pub(crate) async fn run(args: SolverArgs, context: &Context) -> Result<(), Failure> {
    match args.command {
        SolverCommand::Book => {
            let console = context.console();
            console.result(&serde_json::json!({ "book": book::EXAMPLE }), || {
                book::EXAMPLE.trim_end().to_owned()
            });
            Ok(())
        }
        SolverCommand::Peer(args) => {
            let peer = guest::endpoint_key(&args.house_key)?.peer();
            context
                .console()
                .result(&serde_json::json!({ "peer": peer.to_string() }), || {
                    peer.to_string()
                });
            Ok(())
        }
        SolverCommand::Run(args) => {
            let stop = stop::requested(args.parent.until_stdin_closes);
            tokio::pin!(stop);
            // Nobody is dialled yet.
            let client = Arc::new(context.house().await?);
            let result = solve(args, Arc::clone(&client), context, stop).await;
            client.close().await;
            result?.outcome()
        }
    }
}

/// Reads all that it needs before it joins: a wrong book is told at once.
async fn solve(
    args: RunArgs,
    client: Arc<Client>,
    context: &Context,
    stop: Pin<&mut (impl Future<Output = Stop> + Send)>,
) -> Result<Stop, Failure> {
    // Ticket and endpoint key lie beside the book unless they are named: a solver is a directory.
    let directory = args
        .book
        .parent()
        .unwrap_or_else(|| Path::new(""))
        .to_owned();
    let beside = |name: &str| directory.join(name);
    // Before the account: nobody types a passphrase for a book that is wrong.
    let book = Book::load(&args.book, &context.tokens()?)?;
    let key = args.house_key.unwrap_or_else(|| beside("house.key"));
    let key = guest::endpoint_key(&key)?;
    let ticket = args.ticket.unwrap_or_else(|| beside("ticket"));
    let account = context.account(args.account).await?;
    let (console, peer) = (context.console(), key.peer().to_string());
    // Whoever has started it waits for this event.
    let ready = move || {
        console.result(
            &serde_json::json!({ "event": "ready", "peer": peer }),
            || format!("quoting as solver {peer}"),
        );
    };
    Quoting::new(client, Solver::new(account), book)
        .run(key, &ticket, ready, stop)
        .await
}
