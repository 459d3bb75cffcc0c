//! `sealbid orders`: one's own orders, as they were written down before they were sent.
//!
//! They are the trader's own memory, and need no member: what was sealed, for which receipt, and
//! what became of it. `--update` asks about those only that have no outcome yet.

use clap::Args;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use sealbid_types::envelope::Kind;

use crate::context::Context;
use crate::exit::Failure;
use crate::orders::args::WaitArgs;
use crate::orders::files::{OrderFile, OrderFiles};
use crate::orders::session::{TradingSession, now};
use crate::tokens::Tokens;
use crate::ui::describe;
use crate::ui::output::Columns;
use crate::ui::text::{date_and_clock, moment};

/// How many orders the house is asked about at once.
const AT_ONCE: usize = 8;

/// Your own orders, with their receipts
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  sealbid orders
  sealbid orders --update
  sealbid orders --open --last 10
  sealbid orders --json | jq .id

These are the files in the house's orders directory, with what was last known of them. Without
--update nobody is asked.")]
pub(crate) struct OrdersArgs {
    /// Ask the house first what became of those that have no outcome yet
    #[arg(long)]
    update: bool,
    /// Only those without an outcome
    #[arg(long)]
    open: bool,
    /// Only the newest so many
    #[arg(long, value_name = "N")]
    last: Option<usize>,
}

/// Lists them, oldest first.
pub(crate) async fn run(args: OrdersArgs, context: &Context) -> Result<(), Failure> {
    // Only if asked for: to list orders nobody need be reached, and no member need learn which are
    // one's own.
    if args.update {
        update(&TradingSession::open(context).await?).await?;
    }
    let (console, tokens) = (context.console(), context.tokens()?);
    let files = OrderFiles::new(context.require_dir()?.orders());
    let (mut orders, unreadable) = files.all()?;
    if orders.is_empty() && unreadable.is_empty() {
        console.line(format_args!("no orders in {}", files.dir().display()));
        let next = context.next("swap 1000 usdc.near wrap.near --min 950");
        console.line(format_args!("next  {next}"));
    }
    if args.open {
        orders.retain(|order| order.outcome.is_none() && order.refused.is_none());
    }
    // They are sorted, the oldest first.
    let older = orders.len().saturating_sub(args.last.unwrap_or(usize::MAX));
    orders.drain(..older);
    // What a trader looks for when something is disputed: the id, and how many have signed for it.
    let mut table = Columns::new(&[
        "id",
        "created (UTC)",
        "order",
        ">round",
        "receipt",
        "outcome",
    ]);
    // Objects one by one, and for people one table at the end.
    for order in &orders {
        console.object(order);
        table.row(row(order, &tokens));
    }
    if !orders.is_empty() {
        console.line(table);
    }
    for failure in unreadable.iter().skip(1) {
        console.note(failure.message());
    }
    match unreadable.into_iter().next() {
        // Those that can be read have been told; whether all are there a script has to know.
        Some(failure) => Err(failure),
        None => Ok(()),
    }
}

/// Asks what became of the orders without an outcome, and writes down what is final.
async fn update(session: &TradingSession) -> Result<(), Failure> {
    let (mut orders, _) = session.orders.all()?;
    // What is final stays so: a settled round does not change.
    orders.retain(|order| order.outcome.is_none());
    // The first failure ends it. What was learnt by then is on disk.
    let ask = |order: OrderFile| async move {
        let asked = session.outcome(order.id, Some(&order), &WaitArgs::NO).await;
        asked.map(drop)
    };
    let asked = stream::iter(orders).map(ask).buffer_unordered(AT_ONCE);
    asked.try_collect().await
}

/// What was given, promised, and came of it. An envelope that was sealed elsewhere has no terms
/// here: then it is told by what it shows.
fn row(order: &OrderFile, tokens: &Tokens) -> [String; 6] {
    let what = match (&order.terms, &order.quote) {
        (Some(terms), _) => describe::terms(terms, tokens),
        (None, Some(quote)) => format!(
            "quote {} → {}",
            tokens.name_of(&quote.pair.give),
            tokens.name_of(&quote.pair.want)
        ),
        (None, None) if order.kind == Kind::Quote => "a quote".to_owned(),
        (None, None) => describe::metadata(&order.shows, tokens),
    };
    let receipt = order.receipt.as_ref();
    [
        order.id.short(),
        date_and_clock(order.created),
        what,
        // By this round at the latest it is listed.
        receipt.map_or_else(|| "-".to_owned(), |receipt| receipt.round().to_string()),
        match (receipt, order.sent) {
            (Some(receipt), _) => format!("{} members", receipt.acknowledgements.len()),
            (None, Some(_)) => "none".to_owned(),
            (None, None) => "not sent".to_owned(),
        },
        became(order, tokens),
    ]
}

/// What became of an order, as far as it is known here.
fn became(order: &OrderFile, tokens: &Tokens) -> String {
    match (&order.outcome, order.refused) {
        (Some(outcome), _) => describe::brief(outcome, tokens),
        (None, Some(code)) => format!("refused: {code}"),
        (None, None) if order.sent.is_none() => "-".to_owned(),
        (None, None) if order.expires < now() => "not asked yet (--update)".to_owned(),
        (None, None) => format!("open until {}", moment(order.expires, now())),
    }
}
