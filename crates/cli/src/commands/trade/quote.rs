//! `sealbid quote`: a quote by hand.
//!
//! A quote is for one pair and one round, and sealed as intents are: neither members nor other
//! solvers read it before the round is closed. It is among one's own orders before it is sent, and
//! its receipt shows a round that has dropped it.

use std::path::PathBuf;

use clap::Args;
use sealbid_client::Solver;
use sealbid_types::door::Phase;
use sealbid_types::quote::SignedQuote;
use serde_json::json;

use crate::commands::operate::solver::load_book;
use crate::context::Context;
use crate::exit::Failure;
use crate::orders::files::OrderFile;
use crate::orders::session::{TradingSession, now};

/// Sign, seal and send quotes for the round in progress, from a price book
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  sealbid quote book.toml --account solver.json

The file is a price book, as `sealbid solver book` prints one: a quote is sent for each of its
pairs. It is good for one round, and nobody reads it before that round is closed.")]
pub(crate) struct QuoteArgs {
    /// The price book
    #[arg(value_name = "FILE")]
    book: PathBuf,
    /// The solver's key file, instead of the house's own accounts/default.json
    #[arg(long, value_name = "FILE")]
    account: Option<PathBuf>,
}

/// Runs it.
pub(crate) async fn run(args: QuoteArgs, context: &Context) -> Result<(), Failure> {
    let session = TradingSession::open(context).await?;
    let book = load_book(&args.book, &session.tokens)?;
    let solver = Solver::new(context.account(args.account).await?);
    // Where the house stands by its median, with a quorum alive: nothing less acknowledges a quote.
    let standing = session.standing().await?;
    // What is past its quotes takes none any more; the next round does.
    let round = match standing.phase {
        Phase::CatchingUp | Phase::Intents | Phase::Quotes => standing.round,
        _ => standing.round.next(),
    };
    let committee = session.house.committee();
    // By the house's time: a quote that is over before the round closes is void when it is opened.
    let closes = committee
        .schedule
        .end_of(committee.schedule.current(standing.now));
    // For each pair, whether or not anybody shows an intent of it: by hand one also quotes for
    // those that reveal nothing.
    for prices in book.pairs() {
        let pair = prices.pair();
        // Every pair is of this book, so none is left out.
        let Some(offer) = book.offer(pair, round, closes) else {
            continue;
        };
        let quote = solver.quote(&session.house, offer)?;
        send(&session, &solver, quote, context).await?;
    }
    Ok(())
}

/// Writes the quote down, then sends it: if no receipt comes, the very same envelope can be sent
/// again.
async fn send(
    session: &TradingSession,
    solver: &Solver,
    quote: SignedQuote,
    context: &Context,
) -> Result<(), Failure> {
    let envelope = solver.seal(&session.house, &quote)?;
    let pair = quote.quote.pair.clone();
    let order = OrderFile {
        quote: Some(quote.quote),
        ..OrderFile::of_envelope(&envelope, now())
    };
    session.orders.add(&order, &envelope)?;
    let accepted = session.house.submit(&envelope).await?;
    // Written anew with the receipt: a round that leaves the quote out contradicts these
    // signatures.
    let order = OrderFile {
        receipt: Some(accepted.receipt.clone()),
        ..order
    };
    session.orders.write(&order)?;
    let object = json!({
        "id": order.id,
        "kind": order.kind,
        "pair": pair,
        "round": accepted.round,
        "member": accepted.member.to_string(),
        "receipt": accepted.receipt,
    });
    context.console().result(&object, || {
        format!(
            "sealed   {}  {} → {}\nreceipt  {} of {} members, for round {}",
            order.id.short(),
            session.tokens.name_of(&pair.give),
            session.tokens.name_of(&pair.want),
            accepted.receipt.acknowledgements.len(),
            session.house.committee().members(),
            accepted.round,
        )
    });
    Ok(())
}
