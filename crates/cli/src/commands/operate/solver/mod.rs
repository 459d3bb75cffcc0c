//! The reference solver: `sealbid solver run --book FILE`. All that it does is in `sealbid-solver`;
//! here are its options, its files and its words.

mod check;

use core::pin::Pin;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand};
use sealbid_client::Client;
use sealbid_client::guest::{Guest, GuestRole, TicketSource};
use sealbid_client::tokens::Tokens;
use sealbid_solver::book::{Book, EXAMPLE};
use sealbid_solver::{BookSource, Ended, SolverError, SolverEvent, SolverService};
use tokio::sync::mpsc;

use crate::commands::operate::guest::{endpoint_key, not_admitted};
use crate::context::{Context, blocking};
use crate::exit::Failure;
use crate::stop::{self, Stop};
use crate::ui::output::Console;

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
    #[command(after_help = "\
Example:
  sealbid solver book > book.toml
  sealbid solver check book.toml
  sealbid solver run --book book.toml

The book may be edited meanwhile: it is read again within a second or two, and the next round is quoted
from it. A book that is wrong is told with its line, and the last good one stays.

With --book - books come from standard input, in JSON, a whole book on each line with the fields of the
TOML; the solver ends with the input:
  my-prices | sealbid solver run --book -

What it quotes and what is filled goes to the log, and with --json to standard output, an object a line:
ready, book, book_refused, warning, quoted, not_quoted, filled, unfilled, void, not_listed, position, ticket.

It needs a ticket, which any member issues: sealbid solver peer prints whom it is for.")]
    Run(RunArgs),
    /// Show a price book as the solver reads it: its pairs, and what it pays
    #[command(after_help = "Example:\n  sealbid solver check book.toml\n\n\
        Exits with 2 if the book is wrong, and says in which line.")]
    Check(check::CheckArgs),
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
    /// The price book, read again when it changes; - takes books from standard input
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

impl RunArgs {
    /// Whether the books come from standard input.
    fn is_piped(&self) -> bool {
        self.book == Path::new("-")
    }
}

/// Reads a price book.
///
/// # Errors
/// Usage, naming the file, the line and what is wrong there.
pub(crate) fn load_book(path: &Path, tokens: &Tokens) -> Result<Book, Failure> {
    Book::load(path, tokens)
        .map_err(|error| Failure::usage(format!("the price book {}: {error}", path.display())))
}

/// Runs the command.
pub(crate) async fn run(args: SolverArgs, context: &Context) -> Result<(), Failure> {
    match args.command {
        SolverCommand::Book => {
            let console = context.console();
            console.result(&serde_json::json!({ "book": EXAMPLE }), || {
                EXAMPLE.trim_end().to_owned()
            });
            Ok(())
        }
        SolverCommand::Check(args) => check::run(&args, context),
        SolverCommand::Peer(args) => {
            let peer = endpoint_key(&args.house_key)?.peer();
            context
                .console()
                .result(&serde_json::json!({ "peer": peer.to_string() }), || {
                    peer.to_string()
                });
            Ok(())
        }
        SolverCommand::Run(args) => {
            // Of standard input one reader alone: the end of the books ends the solver as well.
            let watches_parent = args.parent.until_stdin_closes && !args.is_piped();
            let stop = stop::requested(watches_parent);
            tokio::pin!(stop);
            // Nobody is dialled yet.
            let client = Arc::new(context.house().await?);
            let result = solve(args, Arc::clone(&client), context, stop).await;
            client.close().await;
            result
        }
    }
}

/// Reads all that it needs before it joins: a wrong book is told at once.
async fn solve(
    args: RunArgs,
    client: Arc<Client>,
    context: &Context,
    stop: Pin<&mut (impl Future<Output = Stop> + Send)>,
) -> Result<(), Failure> {
    // Ticket and endpoint key lie beside the book unless they are named: a solver is a directory.
    let directory = args.book.parent().unwrap_or(Path::new("")).to_owned();
    let beside = |name: &str| directory.join(name);
    let tokens = context.tokens()?;
    let books = if args.is_piped() {
        BookSource::standard_input(tokens.clone())
    } else {
        // Before the account: nobody types a passphrase for a book that is wrong.
        load_book(&args.book, &tokens)?;
        BookSource::file(&args.book, tokens.clone())
    };
    let key = args.house_key.unwrap_or_else(|| beside("house.key"));
    let key = blocking(move || endpoint_key(&key)).await??;
    let ticket = args.ticket.unwrap_or_else(|| beside("ticket"));
    let guest = Guest::new(GuestRole::Solver, key, TicketSource::file(&ticket));
    let peer = guest.peer();
    let account = context.account(args.account).await?;
    let (events, happened) = mpsc::unbounded_channel();
    let solver = SolverService::new(client, guest, account, books)
        .with_tokens(tokens.clone())
        .with_events(events);
    let printing = print(happened, context.console(), &tokens);
    // The events end with the solver, and are printed to the last.
    let (ended, ()) = tokio::join!(solver.run(stop), printing);
    match ended {
        Ok(Ended::Stopped(stop)) => stop.outcome(),
        Ok(Ended::NoMoreBooks) => {
            tracing::info!("standard input has ended: nobody gives prices any more");
            Ok(())
        }
        Err(SolverError::Join(error)) => {
            Err(not_admitted(&error, GuestRole::Solver, peer, &ticket))
        }
        Err(error) => Err(Failure::usage(error.to_string())),
    }
}

/// Prints what happens, as it happens: with `--json` all of it. The log tells people of the rest.
async fn print(
    mut happened: mpsc::UnboundedReceiver<SolverEvent>,
    console: Console,
    tokens: &Tokens,
) {
    while let Some(event) = happened.recv().await {
        // Whoever has started it waits for this event.
        if matches!(event, SolverEvent::Ready { .. }) {
            console.line(event.text(tokens));
        }
        console.object(&event.to_json(tokens));
    }
}
