//! Price books: what a solver quotes from.
//!
//! A book is written for people, in whole units ([`WrittenBook`]), and turned into base units and
//! fractions once, when it is read. All of that is exact: what a solver signs is what its book
//! says.
//!
//! Nobody looks at a price between the book and the fill, so the book has bounds:
//!
//! - no rate outside a pair's own `min_rate` and `max_rate`, the price band of an exchange;
//! - no pair whose rates there and back pay a trader who goes round;
//! - no rise of a pair's best rate by more than `max_rise` percent from the book before. Only a rise:
//!   a lower rate costs the solver nothing, and to refuse a fall would mean to go on paying the old,
//!   higher price in a falling market.
//!
//! ```
//! use sealbid_client::tokens::{DEFAULT, Tokens};
//! use sealbid_solver::book::{Book, EXAMPLE};
//!
//! let tokens = Tokens::parse(DEFAULT)?;
//! let book = Book::parse(EXAMPLE, &tokens)?;
//! assert_eq!(book.pairs().len(), 1);
//!
//! let slip = EXAMPLE.replace("0.985", "9850");
//! let refused = Book::parse(&slip, &tokens).unwrap_err();
//! assert_eq!(
//!     refused.to_string(),
//!     "line 29: usdc.near to wrap.near: the rate 9850 is above max_rate 1.5"
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod bounds;
mod error;
mod prices;
mod rate;
mod written;

use core::fmt;
use core::time::Duration;
use std::path::Path;

use sealbid_client::Offer;
use sealbid_client::tokens::Tokens;
use sealbid_types::id::Round;
use sealbid_types::metadata::Pair;
use sealbid_types::time::Timestamp;

use self::error::Place;
pub use self::error::{BookError, BookFault};
pub use self::prices::{PairPrices, PriceTier};
use self::rate::Hundredths;
pub use self::written::{WrittenBook, WrittenPair, WrittenTier};

/// A complete book, with comments: to be shown, and to begin with.
pub const EXAMPLE: &str = include_str!("example.toml");

/// A book that was checked, in base units.
#[derive(Debug, Clone)]
pub struct Book {
    /// From the closing time of the round on.
    valid_for: Duration,
    stale_after: Option<Duration>,
    max_rise: Hundredths,
    pairs: Vec<PairPrices>,
}

/// What is not wrong with a book, and may be a slip.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum BookWarning {
    /// A pair whose rates have no upper bound: any slip in them is paid.
    NoMaxRate {
        /// What the trader gives, by its name.
        give: String,
        /// What it wants, by its name.
        want: String,
    },
}

impl fmt::Display for BookWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoMaxRate { give, want } => write!(
                f,
                "{give} to {want} has no max_rate: whatever rate is written there would be paid"
            ),
        }
    }
}

impl Book {
    /// Checks a book.
    ///
    /// # Errors
    /// [`BookError`], the first that is found; it names the pair, and no line.
    pub fn new(written: &WrittenBook, tokens: &Tokens) -> Result<Self, BookError> {
        let spread = Hundredths::of_percent(written.spread)
            .filter(|spread| spread.rest().is_some())
            .ok_or_else(|| BookFault::Spread.at(Place::field("spread")))?;
        let max_rise = Hundredths::of_percent(written.max_rise)
            .ok_or_else(|| BookFault::MaxRise.at(Place::field("max_rise")))?;
        let read = |(index, pair): (usize, &_)| {
            PairPrices::new(pair, spread, tokens)
                .map_err(|error| error.in_pair(index, &pair.give, &pair.want))
        };
        let pairs = written.pairs.iter().enumerate().map(read);
        let pairs = pairs.collect::<Result<Vec<_>, _>>()?;
        if pairs.is_empty() {
            return Err(BookFault::NoPair.at(Place::default()));
        }
        bounds::check(&pairs).map_err(|(index, fault)| {
            let error = fault.at(Place::default());
            // By the names that the book has for them.
            match written.pairs.get(index) {
                Some(pair) => error.in_pair(index, &pair.give, &pair.want),
                None => error,
            }
        })?;
        Ok(Self {
            valid_for: written.valid_for,
            stale_after: written.stale_after,
            max_rise,
            pairs,
        })
    }

    /// Reads a book in TOML.
    ///
    /// # Errors
    /// [`BookError`], the first that is found, with its line.
    pub fn parse(text: &str, tokens: &Tokens) -> Result<Self, BookError> {
        let written = toml::from_str(text).map_err(|error| BookError::syntax(text, &error))?;
        Self::new(&written, tokens).map_err(|error| error.in_text(text))
    }

    /// Reads a book in TOML from a file. It blocks.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn load(path: &Path, tokens: &Tokens) -> Result<Self, BookError> {
        let text = std::fs::read_to_string(path);
        Self::parse(
            &text.map_err(|error| BookError::unreadable(&error))?,
            tokens,
        )
    }

    /// Checks that this book may take the place of `before`.
    ///
    /// # Errors
    /// [`BookFault::Rise`], by this book's own `max_rise`.
    pub fn may_follow(&self, before: &Self) -> Result<(), BookError> {
        bounds::check_rise(&before.pairs, &self.pairs, self.max_rise)
    }

    /// What may be a slip.
    #[must_use]
    pub fn warnings(&self) -> Vec<BookWarning> {
        let unbounded = self.pairs.iter().filter(|pair| !pair.is_bounded());
        let warning = |pair: &PairPrices| BookWarning::NoMaxRate {
            give: pair.give().name.clone(),
            want: pair.want().name.clone(),
        };
        unbounded.map(warning).collect()
    }

    /// The prices, pair by pair.
    #[must_use]
    pub fn pairs(&self) -> &[PairPrices] {
        &self.pairs
    }

    /// The prices of one directed pair.
    #[must_use]
    pub fn prices(&self, pair: &Pair) -> Option<&PairPrices> {
        self.pairs.iter().find(|prices| prices.pair() == pair)
    }

    /// How long after it was read the book may be quoted from.
    #[must_use]
    pub const fn stale_after(&self) -> Option<Duration> {
        self.stale_after
    }

    /// What the book offers for `pair` in `round`, which closes at about `closes`.
    #[must_use]
    pub fn offer(&self, pair: &Pair, round: Round, closes: Timestamp) -> Option<Offer> {
        let prices = self.prices(pair)?;
        Some(Offer {
            round,
            pair: pair.clone(),
            tiers: prices.quoted(),
            capacity: prices.capacity(),
            minimum_fill: prices.minimum(),
            // Later than the close, or the quote is void when it is opened.
            expires: closes.plus(self.valid_for),
        })
    }
}

#[cfg(test)]
mod tests;
