//! `sealbid prices`: what a swap got lately, and what quotes would have brought.
//!
//! All of it is read from certified rounds and computed as the clearing does: exactly, and after
//! the fee. It is no offer: the next round's quotes are sealed.

use clap::Args;
use sealbid_client::PairPrices;
use sealbid_client::prices::{QuotedPrice, RecentRounds};
use sealbid_types::amount::Amount;
use sealbid_types::metadata::Pair;
use sealbid_types::quote::Rate;
use serde_json::json;

use crate::commands::rounds::pairs::{LookbackArgs, looked_at};
use crate::context::Context;
use crate::exit::Failure;
use crate::tokens::{Decimal, Tokens, base_units};
use crate::ui::text::count;

/// Show what was paid and quoted for a pair lately, after the fee
#[derive(Debug, Args)]
#[command(override_usage = "\
sealbid prices [OPTIONS] <GIVE> <WANT> [AMOUNT]
       sealbid prices [OPTIONS] <GIVE/WANT> [AMOUNT]")]
#[command(after_help = "\
Examples:
  sealbid prices usdc.near wrap.near
  sealbid prices usdc.near wrap.near 1000
  sealbid prices usdc.near/wrap.near 1000 --json | jq .latest.receives

What others were paid stands in certified rounds, which are verified; so do the quotes, once their
round is closed. With AMOUNT, of what is given, it is computed what each quote would have brought
for it. What the next round brings nobody knows. With --json amounts are in base units and rates are
fractions of them, exactly.")]
pub(crate) struct PricesArgs {
    /// What to give, what to want for it, and how much to give
    #[arg(value_name = "GIVE WANT AMOUNT", required = true, num_args = 1..=3)]
    what: Vec<String>,
    /// The amount is in base units, and assets are ids that need not be known
    #[arg(long)]
    raw: bool,
    #[command(flatten)]
    lookback: LookbackArgs,
}

impl PricesArgs {
    fn parse(&self, tokens: &Tokens) -> Result<(Pair, Option<Amount>), Failure> {
        let words: Vec<&str> = self.what.iter().map(String::as_str).collect();
        let both = words.first().and_then(|first| first.split_once('/'));
        let (give, want, amount) = match (both, words.as_slice()) {
            (Some((give, want)), [_]) => (give, want, None),
            (Some((give, want)), [_, amount]) => (give, want, Some(*amount)),
            (None, [give, want]) => (*give, *want, None),
            (None, [give, want, amount]) => (*give, *want, Some(*amount)),
            _ => {
                return Err(
                    Failure::usage("a pair is two tokens, what to give and what to want")
                        .advise("for instance: sealbid prices usdc.near wrap.near 1000"),
                );
            }
        };
        // In a swap the amount comes first.
        if give.parse::<Decimal>().is_ok() {
            return Err(Failure::usage(
                "the amount comes last here, after what to give and what to want",
            )
            .advise("for instance: sealbid prices usdc.near wrap.near 1000"));
        }
        let pair = Pair {
            give: tokens.asset(give)?,
            want: tokens.asset(want)?,
        };
        let amount = match amount {
            None => None,
            Some(text) if self.raw => Some(base_units(text)?),
            Some(text) => Some(tokens.named(give)?.amount(text)?),
        };
        Ok((pair, amount))
    }
}

/// Runs it.
pub(crate) async fn run(args: PricesArgs, context: &Context) -> Result<(), Failure> {
    let (tokens, console) = (context.tokens()?, context.console());
    // What was typed first: a wrong name needs no house.
    let (pair, amount) = args.parse(&tokens)?;
    let house = context.house().await?;
    let recent = args.lookback.read(&house, console).await?;
    let prices = recent.prices(&pair, amount);
    let names = json!({
        "give": tokens.name_of(&pair.give),
        "want": tokens.name_of(&pair.want),
    });
    let mut object = serde_json::to_value(&prices).unwrap_or_default();
    if let Some(fields) = object.as_object_mut() {
        fields.insert("names".to_owned(), names);
    }
    console.result(&object, || describe(&prices, &recent, &tokens));
    Ok(())
}

fn describe(prices: &PairPrices, recent: &RecentRounds, tokens: &Tokens) -> String {
    let Pair { give, want } = &prices.pair;
    let mut lines = vec![format!(
        "{} → {}, in {}",
        tokens.name_of(give),
        tokens.name_of(want),
        looked_at(recent)
    )];
    lines.push(match prices.last_quoted {
        None => "quoted   by nobody".to_owned(),
        Some(last) => format!(
            "quoted   in {}, last in round {last}",
            count(prices.quoted_rounds as u64, "round")
        ),
    });
    match (prices.last_paid(), &prices.paid) {
        (Some(last), Some(paid)) => {
            let rate = |rate: &Rate| per_unit(rate, &prices.pair, tokens);
            lines.push(format!(
                "paid     in {}, last in round {}: {} for {}",
                count(prices.fills.len() as u64, "fill"),
                last.round,
                tokens.brief(last.received, want),
                tokens.brief(last.gave, give)
            ));
            lines.push(format!("  last     {}", rate(&last.rate())));
            lines.push(format!("  lowest   {}", rate(&paid.lowest)));
            lines.push(format!("  median   {}", rate(&paid.median)));
            lines.push(format!("  highest  {}", rate(&paid.highest)));
        }
        _ => lines.push("paid     nothing: no swap was filled".to_owned()),
    }
    lines.extend(prices.amount.map(|amount| quoted(prices, amount, tokens)));
    lines.push(fee(prices.fee_pips));
    lines.join("\n")
}

/// What quotes would have brought for the amount.
fn quoted(prices: &PairPrices, amount: Amount, tokens: &Tokens) -> String {
    let shown = tokens.show(amount, &prices.pair.give);
    let (Some(latest), Some(best)) = (&prices.latest, &prices.best) else {
        return format!("for {shown}\n  no quote took this amount");
    };
    let price = |price: &QuotedPrice| {
        format!(
            "{}, in round {} by {}",
            tokens.brief(price.receives, &prices.pair.want),
            price.round,
            short(price.solver.as_str())
        )
    };
    format!(
        "for {shown} quotes would have brought\n  last     {}\n  best     {}",
        price(latest),
        price(best)
    )
}

/// The beginning of an account's id.
fn short(account: &str) -> &str {
    account.get(..8).unwrap_or(account)
}

fn fee(pips: u32) -> String {
    if pips == 0 {
        return "fee      none".to_owned();
    }
    let percent = f64::from(pips) / 10_000.0;
    format!("fee      {percent} % of what each side gives; all of these amounts are after it")
}

/// A rate for people: how much of the one for one whole unit of the other, to six digits.
fn per_unit(rate: &Rate, pair: &Pair, tokens: &Tokens) -> String {
    let decimals = |asset| {
        tokens
            .of_asset(asset)
            .map(|token| i32::from(token.decimals))
    };
    let (name, other) = (tokens.name_of(&pair.want), tokens.name_of(&pair.give));
    match (decimals(&pair.give), decimals(&pair.want)) {
        (Some(give), Some(want)) => {
            // Approximate, for reading alone: --json has the fraction.
            let quotient = rate.out.unsigned() as f64 / rate.per.unsigned() as f64;
            let whole = quotient * 10_f64.powi(give.saturating_sub(want));
            format!("{} {name} for 1 {other}", six_digits(whole))
        }
        _ => format!(
            "{} base units of {name} for {} of {other}",
            rate.out, rate.per
        ),
    }
}

/// Six digits that count, without zeros at the end and without an exponent.
fn six_digits(number: f64) -> String {
    if number <= 0.0 || !number.is_finite() {
        return "0".to_owned();
    }
    // The digits before the point; fewer than none for what begins with zeros after it.
    let before = number.log10().floor() as i32 + 1;
    let places = usize::try_from(6_i32.saturating_sub(before)).unwrap_or(0);
    let text = format!("{number:.places$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::tokens::DEFAULT;

    #[test]
    fn rates_are_told_for_whole_units() {
        for (number, text) in [
            (0.985, "0.985"),
            (1.0, "1"),
            (0.000_001_234_567, "0.00000123457"),
            (67_123.456_789, "67123.5"),
            (12_345_678.0, "12345678"),
            (0.0, "0"),
        ] {
            assert_eq!(six_digits(number), text);
        }
        let tokens = Tokens::parse(DEFAULT).unwrap();
        let asset = |name: &str| tokens.named(name).unwrap().asset.clone();
        let pair = Pair {
            give: asset("usdc.near"),
            want: asset("wrap.near"),
        };
        let rate = Rate {
            out: "985000000000000000000000000".parse().unwrap(),
            per: "1000000000".parse().unwrap(),
        };
        assert_eq!(
            per_unit(&rate, &pair, &tokens),
            "0.985 wrap.near for 1 usdc.near"
        );
        let unknown = per_unit(&rate, &pair, &Tokens::default());
        assert!(unknown.contains("base units"), "{unknown}");
    }

    #[test]
    fn the_fee_is_told_in_per_cent() {
        assert!(fee(1).starts_with("fee      0.0001 %"), "{}", fee(1));
        assert_eq!(fee(0), "fee      none");
    }
}
