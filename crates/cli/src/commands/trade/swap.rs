//! `sealbid swap`: sign, seal and send in one.
//!
//! These are `intent`, `seal` and `send`, with one look at where the house stands: the deadline and
//! the rounds come of the same answer.

use clap::Args;
use sealbid_client::Trader;

use crate::context::Context;
use crate::exit::Failure;
use crate::orders::args::{SealingArgs, SigningArgs, SwapTerms, WaitArgs};
use crate::orders::session::TradingSession;

/// Swap one token for another: sign, seal and send
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sealbid swap 1000 usdc.near wrap.near --min 950 --wait
  sealbid swap 5 wrap.near stnear --min 3.6 --reveal nothing --valid-for 10

Choose --min close to what you expect. Once your intent is filled, and until the fill is on chain,
whoever sees your signature, any member first, could execute it at your limit and keep the surplus.
An intent that is opened and not filled has its terms made public.")]
pub(crate) struct SwapArgs {
    #[command(flatten)]
    terms: SwapTerms,
    #[command(flatten)]
    signing: SigningArgs,
    #[command(flatten)]
    sealing: SealingArgs,
    #[command(flatten)]
    wait: WaitArgs,
}

/// Runs it.
pub(crate) async fn run(args: SwapArgs, context: &Context) -> Result<(), Failure> {
    let SwapArgs {
        terms,
        signing,
        sealing,
        wait,
    } = args;
    // What was typed first: a wrong amount needs no house, and no passphrase.
    let order = terms.order(&context.tokens()?)?;
    let session = TradingSession::open(context).await?;
    let solvers = signing.allow_list();
    let trader = Trader::new(context.account(signing.account).await?);
    // By the house's time: a deadline by a clock that is slow could be over before the round
    // closes.
    let standing = session.standing().await?;
    let deadline = standing.now.plus(signing.deadline);
    let intent = trader.sign(&session.house, &order, deadline, solvers)?;
    // Written down as it is sealed, and only then sent.
    let (envelope, order) = session.seal(&trader, &intent, &sealing, &standing)?;
    session.send(envelope, order, &wait).await
}
