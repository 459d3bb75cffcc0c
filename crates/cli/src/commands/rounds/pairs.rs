//! `sealbid pairs`: what was quoted lately, from certified rounds.
//!
//! Before a trader seals anything it may want to know whether anybody quotes its pair: an intent
//! that no quote is for is opened at the close all the same.

use core::time::Duration;

use clap::Args;
use sealbid_client::prices::MOST_ROUNDS;
use sealbid_client::{Client, Lookback, RecentRounds};
use sealbid_keygen::command::values::between;

use crate::commands::rounds::at_hand::tell_passed_over;
use crate::context::Context;
use crate::exit::Failure;
use crate::ui::output::{Columns, Console};
use crate::ui::text::count;

/// How long members are asked for rounds that are not at hand.
const TIMEOUT: Duration = Duration::from_secs(30);

/// List the pairs that were quoted lately, and what was filled
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sealbid pairs
  sealbid pairs --rounds 500
  sealbid pairs --json | jq -c '{give, want, solvers}'

A pair has a direction: what a trader gives, and what it wants. Everything is read from certified
rounds, which are verified; quotes are sealed until their round is closed, so nobody can say what is
quoted at this moment. SIZES are those of the newest round that quoted the pair: the least and the
most of what is given that one fill took.")]
pub(crate) struct PairsArgs {
    #[command(flatten)]
    lookback: LookbackArgs,
}

/// How far to look back.
#[derive(Debug, Args)]
pub(crate) struct LookbackArgs {
    /// How many rounds to look at, the newest first
    #[arg(long, value_name = "N", default_value_t = 50)]
    #[arg(value_parser = between(1, MOST_ROUNDS))]
    rounds: u16,
}

impl LookbackArgs {
    /// The rounds, read at hand and from members. What is not as it should be is said.
    ///
    /// # Errors
    /// No quorum, if nothing is at hand and nobody answers.
    pub(crate) async fn read(
        &self,
        house: &Client,
        console: Console,
    ) -> Result<RecentRounds, Failure> {
        let lookback = Lookback {
            rounds: self.rounds,
            timeout: TIMEOUT,
            newest: None,
        };
        let recent = house.recent_rounds(lookback).await?;
        tell_passed_over(house, console);
        if !recent.is_current {
            console.note("no member can be reached: these are the records at hand");
        }
        // As a sentence of its own, since what is missing may be what was looked for.
        if let Some((round, why)) = recent.missing.last_key_value() {
            console.note(format_args!(
                "{} could not be read; round {round}: {why}",
                count(recent.missing.len() as u64, "round")
            ));
        }
        Ok(recent)
    }
}

/// Runs it.
pub(crate) async fn run(args: PairsArgs, context: &Context) -> Result<(), Failure> {
    let (house, tokens, console) = (context.house().await?, context.tokens()?, context.console());
    let recent = args.lookback.read(&house, console).await?;
    let pairs = recent.pairs();
    let looked_at = looked_at(&recent);
    if pairs.is_empty() {
        console.line(format_args!("nobody quoted anything in {looked_at}"));
        return Ok(());
    }
    let mut table = Columns::new(&[
        "give", "want", ">rounds", ">solvers", ">last", "sizes", ">fills",
    ]);
    for pair in &pairs {
        console.object(pair);
        let give = &pair.pair.give;
        table.row([
            tokens.name_of(give),
            tokens.name_of(&pair.pair.want),
            pair.rounds.to_string(),
            pair.solvers.to_string(),
            pair.last.to_string(),
            format!(
                "{} to {}",
                number(&tokens.brief(pair.minimum_fill, give)),
                number(&tokens.brief(pair.capacity, give))
            ),
            pair.fills.to_string(),
        ]);
    }
    console.line(table);
    console.line(format_args!("\nquoted in {looked_at}"));
    Ok(())
}

/// An amount without its token, which another column names.
fn number(amount: &str) -> &str {
    amount.split_once(' ').map_or(amount, |(number, _)| number)
}

/// The rounds that were read, in words.
pub(crate) fn looked_at(recent: &RecentRounds) -> String {
    let mut rounds = recent.rounds().map(|round| round.round);
    match (rounds.next(), rounds.next_back()) {
        (None, _) => "no round: none is settled yet".to_owned(),
        (Some(only), None) => format!("round {only}"),
        (Some(first), Some(last)) => format!(
            "rounds {first} to {last} ({})",
            count(recent.rounds().count() as u64, "round")
        ),
    }
}
