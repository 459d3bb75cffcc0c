//! `sealbid rounds`: the newest rounds in brief.
//!
//! It is there to find a round by. What counts is in each round's record (`sealbid round`), which
//! is verified.

use clap::Args;
use sealbid_keygen::command::values::between;
use sealbid_types::door::MOST_SUMMARIES;
use sealbid_types::id::Round;

use crate::context::Context;
use crate::exit::Failure;
use crate::ui::output::Columns;
use crate::ui::text::date_and_clock;

/// List settled rounds, as one member tells them
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  sealbid rounds
  sealbid rounds --from 1 --count 100 --json

Nothing is checked here: `sealbid audit --all` does that.")]
pub(crate) struct RoundsArgs {
    /// The first round; without it, the newest ones are listed
    #[arg(long, value_name = "ROUND")]
    from: Option<u64>,
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 10)]
    #[arg(value_parser = between(1, MOST_SUMMARIES))]
    count: u16,
}

/// Runs it.
pub(crate) async fn run(args: RoundsArgs, context: &Context) -> Result<(), Failure> {
    let house = context.house().await?;
    let from = match args.from {
        // Rounds count from 1.
        Some(from) => from.max(1),
        None => {
            // By the median: one member that boasts of rounds to come would leave the list empty.
            let settled = house.standing().await?.settled.0;
            settled
                .saturating_sub(u64::from(args.count))
                .saturating_add(1)
        }
    };
    // One member's word, since summaries carry no signature.
    let rounds = house.rounds(Round(from), args.count).await?;
    let console = context.console();
    if rounds.is_empty() {
        // No failure: without intents no round closes.
        console.line("no round is settled yet: rounds close when there are intents");
        return Ok(());
    }
    let mut table = Columns::new(&[
        ">round",
        "closed (UTC)",
        ">intents",
        ">quotes",
        ">filled",
        ">unfilled",
        ">void",
    ]);
    for round in &rounds {
        console.object(round);
        table.row([
            round.round.to_string(),
            date_and_clock(round.closed_at),
            round.intents.to_string(),
            round.quotes.to_string(),
            round.filled.to_string(),
            round.unfilled.to_string(),
            round.void.to_string(),
        ]);
    }
    console.line(table);
    Ok(())
}
