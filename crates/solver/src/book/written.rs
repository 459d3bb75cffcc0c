//! A book as people and programs write it: in whole units, with tokens by name.

use core::time::Duration;

use sealbid_client::tokens::Decimal;
use serde::{Deserialize, Deserializer, de};

/// A price book as it is written, in TOML, in JSON or in code. [`Book::new`](super::Book::new)
/// checks it.
///
/// ```
/// use sealbid_solver::book::{WrittenBook, WrittenPair};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let pair = WrittenPair::new("usdc.near", "wrap.near", "50000".parse()?)
///     .tier("1000".parse()?, "0.985".parse()?)
///     .tier("50000".parse()?, "0.98".parse()?)
///     .max_rate("1.5".parse()?);
/// let book = WrittenBook {
///     pairs: vec![pair],
///     ..WrittenBook::default()
/// };
/// assert_eq!(book.max_rise, 10.0);
/// # Ok(())
/// # }
/// ```
// A field that is not known is refused: a misspelt `spread` would be none, and every price a better
// one than was meant.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WrittenBook {
    /// What is kept of every price, in percent: at least 0 and less than 100, in hundredths.
    #[serde(default)]
    pub spread: f64,
    /// How long after a round's closing time a quote still holds.
    #[serde(default = "a_minute", deserialize_with = "duration")]
    pub valid_for: Duration,
    /// By how many percent a pair's best rate may rise from the book before to this one.
    #[serde(default = "ten_percent")]
    pub max_rise: f64,
    /// How long after it was read the book may be quoted from; for ever if there is none.
    #[serde(default, deserialize_with = "optional_duration")]
    pub stale_after: Option<Duration>,
    /// The pairs.
    #[serde(rename = "pair")]
    pub pairs: Vec<WrittenPair>,
}

impl Default for WrittenBook {
    /// No pair, no spread; quotes hold a minute, rates rise by 10 percent at most.
    fn default() -> Self {
        Self {
            spread: 0.0,
            valid_for: a_minute(),
            max_rise: ten_percent(),
            stale_after: None,
            pairs: Vec::new(),
        }
    }
}

/// A pair as its trader sees it: sizes are of what it gives, rates of what it gets for one of them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WrittenPair {
    /// What the trader gives and the solver receives: a name of the tokens.
    pub give: String,
    /// What the solver pays: a name of the tokens.
    pub want: String,
    /// The most of `give` over all fills of a round.
    pub capacity: Decimal,
    /// The least of `give` in one fill.
    pub minimum: Decimal,
    /// No rate may be lower.
    #[serde(default)]
    pub min_rate: Option<Decimal>,
    /// No rate may be higher.
    #[serde(default)]
    pub max_rate: Option<Decimal>,
    /// The prices, by size.
    pub tiers: Vec<WrittenTier>,
}

/// The price of what lies above the tier before, up to this bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WrittenTier {
    /// The bound, of what the trader gives.
    pub up_to: Decimal,
    /// What it gets for one.
    pub rate: Decimal,
}

impl WrittenPair {
    /// A pair of which the solver takes so much in a round, without prices yet, and without a
    /// least fill.
    #[must_use]
    pub fn new(give: impl Into<String>, want: impl Into<String>, capacity: Decimal) -> Self {
        Self {
            give: give.into(),
            want: want.into(),
            capacity,
            minimum: Decimal::ZERO,
            min_rate: None,
            max_rate: None,
            tiers: Vec::new(),
        }
    }

    /// Adds a tier above the ones that it has.
    #[must_use]
    pub fn tier(mut self, up_to: Decimal, rate: Decimal) -> Self {
        self.tiers.push(WrittenTier { up_to, rate });
        self
    }

    /// Takes no smaller fill.
    #[must_use]
    pub fn minimum(mut self, minimum: Decimal) -> Self {
        self.minimum = minimum;
        self
    }

    /// Refuses a book with a lower rate than this.
    #[must_use]
    pub fn min_rate(mut self, rate: Decimal) -> Self {
        self.min_rate = Some(rate);
        self
    }

    /// Refuses a book with a higher rate than this.
    #[must_use]
    pub fn max_rate(mut self, rate: Decimal) -> Self {
        self.max_rate = Some(rate);
        self
    }
}

/// What the example says is the default.
const fn a_minute() -> Duration {
    Duration::from_secs(60)
}

/// What the example says is the default.
const fn ten_percent() -> f64 {
    10.0
}

/// Times as people write them, such as `60s`.
fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    humantime::parse_duration(&text).map_err(de::Error::custom)
}

fn optional_duration<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Duration>, D::Error> {
    duration(deserializer).map(Some)
}
