//! Price books: what the reference solver quotes from, in TOML and in whole units.
//!
//! A book is written for people, and turned into base units and fractions once, when it is read.
//! All of that is exact: what a solver signs is what its book says.

use std::path::Path;

use sealbid_client::Offer;
use sealbid_types::amount::Amount;
use sealbid_types::id::Round;
use sealbid_types::metadata::Pair;
use sealbid_types::quote::{MOST_TIERS, Rate, Tier};
use sealbid_types::time::Timestamp;
use serde::Deserialize;

use crate::exit::Failure;
use crate::tokens::{Decimal, Tokens};

/// A complete book, as an example and for the help.
pub(crate) const EXAMPLE: &str = "\
# A price book. Prices and sizes are in whole units, by the decimals in tokens.toml.

# What is kept of every price, in percent. Default 0.
spread = 0.2

# How long after a round's closing time a quote still holds. Default \"60s\".
valid_for = \"60s\"

# A directed pair, as the trader sees it: the solver receives `give` and pays `want`.
[[pair]]
give = \"usdc.near\"
want = \"wrap.near\"
# The most and the least of `give`: over all fills of a round, and in one fill.
capacity = \"50000\"
minimum = \"1\"
# Each tier prices the part of an amount above the tier before, up to its own bound.
tiers = [
    { up_to = \"1000\", rate = \"0.985\" },
    { up_to = \"50000\", rate = \"0.98\" },
]
";

/// The file.
// A field that is not known is refused: a misspelt `spread` would be none, and every price a better
// one than was meant.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct BookFile {
    #[serde(default)]
    spread: Percent,
    #[serde(default = "a_minute", with = "humantime_text")]
    valid_for: core::time::Duration,
    #[serde(rename = "pair")]
    pairs: Vec<PairFile>,
}

/// A pair as its trader sees it: sizes are of what it gives, rates of what it gets for one of them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PairFile {
    give: String,
    want: String,
    capacity: Decimal,
    minimum: Decimal,
    tiers: Vec<TierFile>,
}

/// The price of what lies above the tier before, up to this bound.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TierFile {
    up_to: Decimal,
    rate: Decimal,
}

/// Percent of a price, in steps of a hundredth.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(try_from = "f64")]
struct Percent {
    /// Hundredths of a percent, less than ten thousand.
    hundredths: u32,
}

impl TryFrom<f64> for Percent {
    type Error = &'static str;

    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range is checked"
    )]
    fn try_from(percent: f64) -> Result<Self, Self::Error> {
        // The only float: rounded to hundredths at once, and integers from here on.
        let hundredths = (percent * 100.0).round();
        if (0.0..10_000.0).contains(&hundredths) {
            Ok(Self {
                hundredths: hundredths as u32,
            })
        } else {
            Err("a spread is at least 0 and less than 100 percent")
        }
    }
}

/// What the example says is the default.
const fn a_minute() -> core::time::Duration {
    core::time::Duration::from_secs(60)
}

/// Times as people write them, such as `60s`.
mod humantime_text {
    use serde::{Deserialize, Deserializer, de};

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<core::time::Duration, D::Error> {
        let text = String::deserialize(deserializer)?;
        humantime::parse_duration(&text).map_err(de::Error::custom)
    }
}

/// A price book in base units.
#[derive(Debug, Clone)]
pub(crate) struct Book {
    /// From the closing time of the round on.
    valid_for: core::time::Duration,
    pairs: Vec<PairPrices>,
}

/// The prices of one pair.
#[derive(Debug, Clone)]
struct PairPrices {
    pair: Pair,
    tiers: Vec<Tier>,
    /// Over all fills of a round.
    capacity: Amount,
    /// In one fill.
    minimum: Amount,
}

impl Book {
    /// Reads a book.
    ///
    /// # Errors
    /// Usage, naming the file and what is wrong in it.
    pub(crate) fn load(path: &Path, tokens: &Tokens) -> Result<Self, Failure> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            Failure::usage(format!(
                "cannot read the price book {}: {error}",
                path.display()
            ))
        })?;
        Self::parse(&text, tokens)
            .map_err(|what| Failure::usage(format!("the price book {}: {what}", path.display())))
    }

    /// What is wrong is told for people, with the pair that it is wrong in.
    pub(crate) fn parse(text: &str, tokens: &Tokens) -> Result<Self, String> {
        let file: BookFile = toml::from_str(text).map_err(|error| error.to_string())?;
        let read = |pair: &PairFile| {
            PairPrices::read(pair, file.spread, tokens)
                .map_err(|what| format!("{} to {}: {what}", pair.give, pair.want))
        };
        let pairs = file.pairs.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        // A solver without pairs would join, and never quote.
        if pairs.is_empty() {
            return Err("it has no pair".to_owned());
        }
        Ok(Self {
            valid_for: file.valid_for,
            pairs,
        })
    }

    /// The directed pairs.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = &Pair> {
        self.pairs.iter().map(|prices| &prices.pair)
    }

    /// What the book offers for `pair` in `round`, which closes at about `closes`.
    pub(crate) fn offer(&self, pair: &Pair, round: Round, closes: Timestamp) -> Option<Offer> {
        let prices = self.pairs.iter().find(|prices| prices.pair == *pair)?;
        Some(Offer {
            round,
            pair: pair.clone(),
            tiers: prices.tiers.clone(),
            capacity: prices.capacity,
            minimum_fill: prices.minimum,
            // Later than the close, or the quote is void when it is opened.
            expires: closes.plus(self.valid_for),
        })
    }
}

impl PairPrices {
    fn read(file: &PairFile, spread: Percent, tokens: &Tokens) -> Result<Self, String> {
        let token = |name: &str| tokens.named(name).map_err(|failure| failure.to_string());
        let (give, want) = (token(&file.give)?, token(&file.want)?);
        let units = |amount: &Decimal| {
            // Exactly or not at all: a size that was rounded would be another than the one in the
            // file.
            let whole = amount.in_units(give.decimals);
            whole.ok_or_else(|| format!("{amount} is not a whole number of base units"))
        };
        // As many as a quote may have.
        if file.tiers.is_empty() || file.tiers.len() > MOST_TIERS {
            return Err(format!("1 to {MOST_TIERS} tiers are needed"));
        }
        let read = |tier: &TierFile| {
            let rate = rate(&tier.rate, spread, give.decimals, want.decimals);
            let rate = rate.ok_or_else(|| format!("the rate {} is out of range", tier.rate))?;
            Ok(Tier {
                up_to: units(&tier.up_to)?,
                rate,
            })
        };
        Ok(Self {
            pair: Pair {
                give: give.asset.clone(),
                want: want.asset.clone(),
            },
            tiers: file.tiers.iter().map(read).collect::<Result<_, String>>()?,
            capacity: units(&file.capacity)?,
            minimum: units(&file.minimum)?,
        })
    }
}

/// `price` less the spread, as a fraction of base units in lowest terms; none if it is zero or
/// leaves the range.
fn rate(price: &Decimal, spread: Percent, give_decimals: u8, want_decimals: u8) -> Option<Rate> {
    let ten = |power: u32| 10_i128.checked_pow(power);
    // In integers, and rounded nowhere: what is signed is the rate of the file, less the spread.
    let kept = i128::from(10_000_u32.checked_sub(spread.hundredths)?);
    let out = price
        .digits()
        .checked_mul(kept)?
        .checked_mul(ten(want_decimals.into())?)?;
    let per = ten(price.places())?
        .checked_mul(10_000)?
        .checked_mul(ten(give_decimals.into())?)?;
    // In lowest terms, which keeps both within what an amount can be.
    let divisor = greatest_common_divisor(out, per);
    if out <= 0 || divisor <= 0 {
        return None;
    }
    let amount = |units: i128| Amount::new(units.checked_div(divisor)?).ok();
    Some(Rate {
        out: amount(out)?,
        per: amount(per)?,
    })
}

/// Euclid's, of two numbers that are not negative.
fn greatest_common_divisor(mut a: i128, mut b: i128) -> i128 {
    while b != 0 {
        (a, b) = (b, a.checked_rem(b).unwrap_or(0));
    }
    a
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::expect_used
    )]

    use super::*;

    fn known() -> Tokens {
        Tokens::parse(crate::tokens::DEFAULT).unwrap()
    }

    #[test]
    fn the_example_is_a_book() {
        let book = Book::parse(EXAMPLE, &known()).unwrap();
        let pair = book.pairs().next().unwrap().clone();
        let closes = Timestamp(1_000_000);
        let offer = book.offer(&pair, Round(7), closes).unwrap();
        assert_eq!(offer.round, Round(7));
        assert_eq!(offer.capacity.units(), 50_000_000_000);
        assert_eq!(offer.minimum_fill.units(), 1_000_000);
        assert_eq!(offer.expires, Timestamp(1_060_000));
        // 0.985 less 0.2 percent is 0.98303 of 10^24, for 10^6.
        let Rate { out, per } = offer.tiers[0].rate;
        assert_eq!(
            out.units() * 100_000,
            98_303 * 10_i128.pow(18) * per.units()
        );
        let back = Pair {
            give: pair.want.clone(),
            want: pair.give,
        };
        assert_eq!(book.offer(&back, Round(7), closes), None);
    }

    #[test]
    fn wrong_books_say_what_is_wrong() {
        let wrong = [
            (
                EXAMPLE.replace("usdc.near", "usdx.near"),
                "no token is named \"usdx.near\"",
            ),
            (EXAMPLE.replace("0.985", "0"), "the rate 0 is out of range"),
            (
                EXAMPLE.replace("spread = 0.2", "spread = 100"),
                "less than 100 percent",
            ),
            (
                EXAMPLE.replace("\"1000\"", "\"0.0000001\""),
                "not a whole number",
            ),
            (EXAMPLE.replace("minimum", "minimal"), "unknown field"),
            ("pair = []".to_owned(), "it has no pair"),
        ];
        for (text, what) in wrong {
            let error = Book::parse(&text, &known()).unwrap_err();
            assert!(error.contains(what), "{error}");
        }
    }
}
