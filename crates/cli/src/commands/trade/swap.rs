//! `sealbid swap`: sign, seal and send in one.
//!
//! These are `intent`, `seal` and `send`, with one look at where the house stands: the deadline and
//! the rounds come of the same answer.

use clap::Args;
use sealbid_client::{IdempotencyKey, Trader};

use crate::context::Context;
use crate::exit::Failure;
use crate::orders::args::{SealingArgs, SigningArgs, SwapTerms, WaitArgs};
use crate::orders::keyed::Wanted;
use crate::orders::session::TradingSession;

/// Swap one token for another: sign, seal and send
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sealbid swap 1000 usdc.near wrap.near --min 950 --wait
  sealbid swap 5 wrap.near stnear --min 3.6 --reveal nothing --valid-for 10
  sealbid swap 10 usdc.near wrap.near --min 9.5 --key invoice-4711 --wait=90s

The first round that lists the order opens its terms to everybody, whether or not anybody can fill
it: `sealbid pairs` shows what is quoted. An order that was sent cannot be cancelled; one that no
round lists in time is gone, unopened. What is filled is settled on chain afterwards, by a relayer.

After a failure give the same command with the same --key again, or send the same envelope again: a
new order beside the first could be a second trade.

Choose --min close to what you expect. Once your intent is filled, and until the fill is on chain,
whoever sees your signature, any member first, could execute it at your limit and keep the surplus.")]
pub(crate) struct SwapArgs {
    #[command(flatten)]
    terms: SwapTerms,
    /// A name for this order: given again, it is the same order, and trades once
    #[arg(long, value_name = "NAME")]
    key: Option<IdempotencyKey>,
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
        key,
        signing,
        sealing,
        wait,
    } = args;
    // What was typed first: a wrong amount needs no house, and no passphrase.
    let order = terms.order(&context.tokens()?)?;
    let session = TradingSession::open(context).await?;
    let solvers = signing.allow_list();
    let trader = Trader::new(context.account(signing.account).await?);
    let account = trader.account().id();
    let (action, of_key) = (order.action(), solvers.clone());
    let wanted = Wanted {
        action,
        solvers: of_key,
    };
    let earlier = match &key {
        Some(key) => session.earlier(key, account, &wanted)?,
        None => None,
    };
    // Before the house is asked where it stands: what became of an order may be known here.
    if let Some(earlier) = &earlier
        && let Some(done) = session.send_earlier(earlier, &wait).await
    {
        return done;
    }
    // By the house's time: a deadline by a clock that is slow could be over before the round
    // closes.
    let standing = session.standing().await?;
    let deadline = standing.now.plus(signing.deadline);
    let intent = match &key {
        Some(key) => trader.sign_once(key, &session.house, &order, deadline, solvers)?,
        None => trader.sign(&session.house, &order, deadline, solvers)?,
    };
    // Before anything of it leaves this machine.
    session.warn(&order, &standing).await;
    // Written down as it is sealed, and only then sent.
    let (envelope, order) = session.seal(&trader, &intent, &sealing, &standing)?;
    match &key {
        Some(key) => {
            let sealed = (envelope, order);
            session
                .send_keyed(key, sealed, account, &wanted, earlier.as_ref(), &wait)
                .await
        }
        None => session.send(envelope, order, &wait).await,
    }
}
