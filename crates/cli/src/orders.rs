//! `sealbid orders`: one's own orders, as they were written down before they were sent.

use clap::Args;
use sealbid_types::envelope::Kind;

use crate::context::Context;
use crate::describe;
use crate::exit::Failure;
use crate::order_files::{OrderFile, OrderFiles};
use crate::output::Columns;
use crate::text::date_and_clock;
use crate::tokens::Tokens;

/// Your own orders, with their receipts
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  sealbid orders
  sealbid orders --json | jq .id

Nobody is asked: these are the files in the house's orders directory. `sealbid status` looks up
what became of one.")]
pub(crate) struct OrdersArgs {}

/// Lists them, oldest first.
pub(crate) async fn run(_args: OrdersArgs, context: &Context) -> Result<(), Failure> {
    let (console, tokens) = (context.console(), context.tokens()?);
    let files = OrderFiles::new(context.house_dir().orders());
    let orders = files.all()?;
    if orders.is_empty() {
        console.line(format_args!("no orders in {}", files.dir().display()));
        console.line("next  sealbid swap 1000 usdc.near wrap.near --min 950");
    }
    let mut table = Columns::new(&[
        "id",
        "created (UTC)",
        "order",
        ">round",
        "receipt",
        "outcome",
    ]);
    for order in &orders {
        console.object(order);
        table.row(row(order, &tokens));
    }
    if !orders.is_empty() {
        console.line(table);
    }
    Ok(())
}

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
    let outcome = order
        .outcome
        .as_ref()
        .and_then(|outcome| outcome.get("status")?.as_str());
    [
        order.id.short(),
        date_and_clock(order.created),
        what,
        receipt.map_or_else(|| "-".to_owned(), |receipt| receipt.round().to_string()),
        receipt.map_or_else(
            || "none".to_owned(),
            |receipt| format!("{} members", receipt.acknowledgements.len()),
        ),
        outcome.unwrap_or("-").to_owned(),
    ]
}
