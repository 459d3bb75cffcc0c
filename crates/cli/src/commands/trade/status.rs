//! `sealbid status`: what became of an envelope.
//!
//! Whichever member answers, its word counts with a record that the committee has signed. That an
//! envelope has expired no record can show: this is believed if a quorum of members says it.

use clap::Args;
use sealbid_client::Outcome;
use sealbid_types::id::EnvelopeId;
use serde::Serialize;

use crate::context::Context;
use crate::exit::Failure;
use crate::orders::args::WaitArgs;
use crate::orders::in_hand::Stage;
use crate::orders::session::{TradingSession, require_filled};
use crate::ui::describe;

/// What became of an order: proved by the round's signed record, whichever member answers
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  sealbid status 3f2ab81c
  sealbid status 3f2ab81c --wait
  sealbid status 3f2ab81c --wait=2m

Your own orders go by the beginning of their id; another's needs all 64 digits. What is final was
verified when it was looked up, and is told without asking anybody again. Exits with 1 if a quorum
does not know the order.")]
pub(crate) struct StatusArgs {
    /// The envelope's id, or its beginning
    id: String,
    #[command(flatten)]
    wait: WaitArgs,
}

/// What `--json` prints: the outcome's own fields beside the id.
#[derive(Serialize)]
struct Status<'a> {
    id: EnvelopeId,
    /// Whether asking again could bring anything else.
    #[serde(rename = "final")]
    is_final: bool,
    #[serde(flatten)]
    outcome: &'a Outcome,
}

/// Runs it.
pub(crate) async fn run(args: StatusArgs, context: &Context) -> Result<(), Failure> {
    let session = TradingSession::open(context).await?;
    let id = session.orders.find(&args.id)?;
    // Its terms are known only where the order was given: members have them sealed.
    let order = session.orders.read(id)?;
    // Of another's, or one that was never taken, nobody can say so.
    if order.as_ref().is_some_and(|order| order.receipt.is_some()) {
        context.in_hand().set(id, Stage::Acknowledged);
    }
    let outcome = session.outcome(id, order.as_ref(), &args.wait).await?;
    let terms = order.as_ref().and_then(|order| order.terms.as_ref());
    let opened = session.opened(&outcome).await;
    let object = Status {
        id,
        is_final: outcome.is_final(),
        outcome: &outcome,
    };
    context.console().result(&object, || {
        let what = terms.map(|terms| describe::terms(terms, &session.tokens));
        let what = what.map_or_else(String::new, |what| format!("  {what}"));
        let outcome = describe::outcome(&outcome, terms, opened.as_ref(), &session.tokens);
        format!("{}{what}\n{outcome}", id.short())
    });
    match &outcome {
        // A script that asks for a wrong id must not take that for an answer.
        Outcome::Unknown => Err(session.unknown(id, order.as_ref()).await),
        // Only if it was waited for. Otherwise it is an answer that nothing is known yet.
        outcome if args.wait.waits() => require_filled(outcome),
        _ => Ok(()),
    }
}
