//! `sealbid seal`: an envelope in a file, not sent.
//!
//! So it can be looked at (`sealbid inspect`), carried to another machine, and sent as long as its
//! rounds have not passed. It is among one's own orders from here on: `sealbid send` finds its
//! terms there.

use std::path::PathBuf;

use clap::Args;
use sealbid_client::{Trader, Window};
use sealbid_keygen::write_secret;
use sealbid_types::codec::encode;
use sealbid_types::envelope::MOST_ROUNDS;
use sealbid_types::id::Round;
use serde_json::json;

use crate::commands::trade::send::read_signed;
use crate::context::Context;
use crate::exit::Failure;
use crate::orders::args::SealingArgs;
use crate::orders::session::TradingSession;

/// Seal a signed intent into an envelope, without sending it
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  sealbid intent swap 1000 usdc.near wrap.near --min 950 > swap.json
  sealbid seal swap.json --out swap.envelope
  sealbid inspect swap.envelope
  sealbid send swap.envelope

An envelope is for certain rounds: send it before they are closed.")]
pub(crate) struct SealArgs {
    /// The signed intent's JSON; - reads it from standard input
    #[arg(value_name = "FILE|-")]
    intent: PathBuf,
    /// Where the envelope goes
    #[arg(long, value_name = "ENV")]
    out: PathBuf,
    /// The account's key file, instead of the house's own accounts/default.json
    #[arg(long, value_name = "FILE")]
    account: Option<PathBuf>,
    /// The first round, without asking the house which one it is at
    #[arg(long, value_name = "ROUND")]
    first: Option<u64>,
    #[command(flatten)]
    sealing: SealingArgs,
}

/// Runs it.
pub(crate) async fn run(args: SealArgs, context: &Context) -> Result<(), Failure> {
    let text = read_signed(args.intent).await?;
    let session = TradingSession::open(context).await?;
    let intent = session.parse(&text)?;
    let trader = Trader::new(context.account(args.account).await?);
    let (envelope, order) = match args.first {
        // No member is asked: an envelope can be sealed where there is no network.
        Some(first) => {
            let window = window(first, args.sealing.valid_for, intent.terms.deadline)?;
            session.seal_for(window, &trader, &intent, &args.sealing)?
        }
        // As `submit` does: for the rounds from where the house stands.
        None => session.seal(&trader, &intent, &args.sealing, &session.standing().await?)?,
    };
    // It is among one's own orders by now: what lies at --out may be given away, or lost.
    let out = args.out;
    write_secret(&out, &encode(&envelope))
        .map_err(|error| Failure::storage(format!("cannot write {}: {error}", out.display())))?;
    let object = json!({
        "id": order.id, "file": out, "first": order.first, "last": order.last,
        "expires": order.expires,
    });
    let next = context.next(format_args!("send {}", out.display()));
    context.console().result(&object, || {
        format!(
            "sealed   {}  for rounds {} to {}\nnext     {next}",
            order.id.short(),
            order.first,
            order.last,
        )
    });
    Ok(())
}

/// So many rounds from `first` on, as many at most as an envelope may wait for.
fn window(
    first: u64,
    rounds: u64,
    expires: sealbid_types::time::Timestamp,
) -> Result<Window, Failure> {
    if first == 0 {
        return Err(Failure::usage("--first: rounds count from 1"));
    }
    if !(1..=MOST_ROUNDS).contains(&rounds) {
        return Err(Failure::usage(format!(
            "--valid-for: 1 to {MOST_ROUNDS} rounds"
        )));
    }
    // The first one counts.
    let last = first.saturating_add(rounds.saturating_sub(1));
    Ok(Window {
        first: Round(first),
        last: Round(last),
        expires,
    })
}
