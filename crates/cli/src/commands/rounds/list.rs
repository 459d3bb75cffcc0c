//! `sealbid rounds`: the newest rounds in brief.
//!
//! It is there to find a round by. What counts is in each round's record (`sealbid round`), which
//! is verified. Where no member can be reached, the records at hand are listed.

use clap::Args;
use sealbid_client::{Client, ClientError, ErrorClass};
use sealbid_keygen::command::values::between;
use sealbid_types::door::{MOST_SUMMARIES, RoundSummary};
use sealbid_types::id::Round;
use sealbid_types::record::RoundRecord;

use crate::commands::rounds::at_hand::tell_passed_over;
use crate::context::Context;
use crate::exit::Failure;
use crate::ui::output::{Columns, Console};
use crate::ui::text::date_and_clock;

/// List settled rounds, as one member tells them; without any member, those at hand
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

impl RoundsArgs {
    /// The round that was named. Rounds count from 1.
    fn first(&self) -> Option<Round> {
        self.from.map(|from| Round(from.max(1)))
    }

    /// From which round on the newest are.
    fn newest(&self, settled: Round) -> Round {
        let before = settled.0.saturating_sub(u64::from(self.count));
        Round(before.saturating_add(1))
    }
}

/// Runs it.
pub(crate) async fn run(args: RoundsArgs, context: &Context) -> Result<(), Failure> {
    let house = context.house().await?;
    let console = context.console();
    let (rounds, settled) = match by_a_member(&house, &args).await {
        Ok(listed) => listed,
        Err(error) if error.class() == ErrorClass::NoQuorum => {
            at_hand(&house, &args, console).await.ok_or(error)?
        }
        Err(error) => return Err(error.into()),
    };
    if rounds.is_empty() {
        // No failure: without intents no round closes.
        console.line(match settled {
            Round(0) => "no round is settled yet: rounds close when there are intents".to_owned(),
            last => format!("no later round is settled: the last one is round {last}"),
        });
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

/// Rounds in brief, and which is the last.
type Listed = (Vec<RoundSummary>, Round);

/// As one member tells them, since summaries carry no signature.
async fn by_a_member(house: &Client, args: &RoundsArgs) -> Result<Listed, ClientError> {
    if let Some(from) = args.first() {
        let rounds = house.rounds(from, args.count).await?;
        // Only who asked beyond the last round needs to be told which that is.
        let last = match rounds.last() {
            Some(last) => last.round,
            None => house.standing().await?.settled,
        };
        return Ok((rounds, last));
    }
    // By the median: one member that boasts of rounds to come would leave the list empty.
    let settled = house.standing().await?.settled;
    let rounds = house.rounds(args.newest(settled), args.count).await?;
    Ok((rounds, settled))
}

/// By the records at hand, verified; none without any.
async fn at_hand(house: &Client, args: &RoundsArgs, console: Console) -> Option<Listed> {
    let directory = house.records()?;
    let there = directory.rounds().ok()?;
    let last = *there.last()?;
    console.note(format_args!(
        "no member can be reached: these are the records in {}",
        directory.path().display()
    ));
    let from = args.first().unwrap_or_else(|| args.newest(last));
    let wanted = there.into_iter().filter(|round| *round >= from);
    let mut rounds = Vec::new();
    for round in wanted.take(usize::from(args.count)) {
        if let Some(verified) = house.round_at_hand(round).await {
            rounds.push(summary(verified.record()));
        }
    }
    tell_passed_over(house, console);
    Some((rounds, last))
}

/// A record in brief, as members tell it.
fn summary(record: &RoundRecord) -> RoundSummary {
    let (close, settlement) = (&record.close, &record.settlement.settlement);
    let count = |entries: usize| u32::try_from(entries).unwrap_or(u32::MAX);
    RoundSummary {
        round: close.round,
        closed_at: close.closed_at,
        intents: count(close.intents.len()),
        quotes: count(close.quotes.len()),
        filled: count(settlement.fills.len()),
        unfilled: count(settlement.unfilled.len()),
        void: count(settlement.void.len()),
    }
}
