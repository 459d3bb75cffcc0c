//! `sealbid intent`: signed JSON on stdout, as the chain takes it.

use clap::Args;
use sealbid_client::Trader;

use crate::context::Context;
use crate::exit::Failure;
use crate::orders::args::{OrderArgs, SigningArgs};
use crate::orders::session::now;

/// Sign an order; its JSON goes to stdout, to be sealed
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  sealbid intent swap 1000 usdc.near wrap.near --min 950 > swap.json
  sealbid submit swap.json --wait

Keep the JSON to yourself: whoever has it can execute it on chain until its deadline.")]
pub(crate) struct IntentArgs {
    #[command(subcommand)]
    order: OrderArgs,
    #[command(flatten)]
    signing: SigningArgs,
}

/// Runs it. Needs the committee file, and no member.
pub(crate) async fn run(args: IntentArgs, context: &Context) -> Result<(), Failure> {
    let order = args.order.order(&context.tokens()?)?;
    let path = context.house_dir().committee();
    // The chain's contract is in what is signed, and the committee file names it.
    let committee = context.committee(path).await?;
    let solvers = args.signing.allow_list();
    // By this machine's clock, since no member is asked.
    let deadline = now().plus(args.signing.deadline);
    let trader = Trader::new(context.account(args.signing.account).await?);
    let intent = trader.sign(&committee, &order, deadline, solvers)?;
    // The same with and without --json: this is JSON for a chain, and goes into a file or a pipe.
    context.console().raw(&intent.to_json());
    Ok(())
}
