//! What is wrong with a book, and where.

use core::fmt;

use sealbid_client::tokens::{Decimal, TokenError};
use sealbid_types::allocation::ScheduleFault;
use toml::de::{DeTable, DeValue};

/// A book that is not quoted from: what is wrong, where, and in which pair.
#[derive(Debug, Clone)]
pub struct BookError {
    /// The line of its text, from 1 on, if it has one.
    pub line: Option<usize>,
    /// The pair, as the book names its tokens.
    pub pair: Option<(String, String)>,
    /// What is wrong.
    // Boxed: errors are returned everywhere, and this one can be long.
    pub fault: Box<BookFault>,
    /// The place in the book, from which the line is found.
    pub(super) place: Place,
}

/// What is wrong with a book.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum BookFault {
    /// There is no text to read.
    #[error("it cannot be read: {0}")]
    Read(String),
    /// The text is no book.
    #[error("{0}")]
    Syntax(String),
    /// A solver without pairs would join, and never quote.
    #[error("it has no pair")]
    NoPair,
    /// Two sections for one pair.
    #[error("the pair is in the book twice")]
    PairTwice,
    /// A token that is not known.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// A size that is finer than the token's base unit.
    #[error("{0} is not a whole number of base units")]
    Fraction(Decimal),
    /// What is kept of a price cannot be all of it, or negative.
    #[error("a spread is at least 0 and less than 100 percent")]
    Spread,
    /// A rise is no percentage.
    #[error("max_rise is at least 0 percent")]
    MaxRise,
    /// A rate that no quote can have.
    #[error("the rate {0} is out of range")]
    RateRange(Decimal),
    /// A rate below the pair's own bound.
    #[error("the rate {rate} is below min_rate {bound}")]
    RateTooLow {
        /// The rate.
        rate: Decimal,
        /// The bound.
        bound: Decimal,
    },
    /// A rate above the pair's own bound.
    #[error("the rate {rate} is above max_rate {bound}")]
    RateTooHigh {
        /// The rate.
        rate: Decimal,
        /// The bound.
        bound: Decimal,
    },
    /// A rate that jumped up from one book to the next.
    #[error(
        "the best rate rises from {from} to {to}, by more than {percent} percent: if that is \
         meant, raise max_rise in the book"
    )]
    Rise {
        /// What the book before quotes.
        from: Decimal,
        /// What this one would.
        to: Decimal,
        /// The most, in percent.
        percent: f64,
    },
    /// A trader who goes there and back has more than before.
    #[error("with the way back it pays a trader who goes both ways: {there} there and {back} back")]
    RoundTrip {
        /// The best rate there.
        there: Decimal,
        /// The best rate back.
        back: Decimal,
    },
    /// The schedule would be void once opened.
    #[error("a quote of it would be void: {0}")]
    Schedule(ScheduleFault),
}

/// Where something is wrong. What is not there is none.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Place {
    /// The section, from 0 on.
    pub(super) pair: Option<usize>,
    /// The tier within it, from 0 on.
    pub(super) tier: Option<usize>,
    /// The field.
    pub(super) field: Option<&'static str>,
}

impl Place {
    pub(super) const fn field(field: &'static str) -> Self {
        Self {
            pair: None,
            tier: None,
            field: Some(field),
        }
    }

    pub(super) const fn tier(tier: usize, field: &'static str) -> Self {
        Self {
            pair: None,
            tier: Some(tier),
            field: Some(field),
        }
    }

    /// The line in `text`: of the narrowest part of the place that the text has.
    fn line(self, text: &str) -> Option<usize> {
        let document = DeTable::parse(text).ok()?;
        let table = document.get_ref();
        let Some(pair) = self.pair else {
            return Some(line_at(text, table.get(self.field?)?.span().start));
        };
        let section = table.get("pair")?.get_ref().get(pair)?;
        let tier = self
            .tier
            .and_then(|tier| child(section.get_ref(), "tiers")?.get(tier));
        let field = |of: &DeValue<'_>| Some(child_span(of, self.field?)?.start);
        let start = match tier {
            Some(tier) => field(tier.get_ref()).unwrap_or(tier.span().start),
            None => field(section.get_ref()).unwrap_or(section.span().start),
        };
        Some(line_at(text, start))
    }
}

fn child<'a, 'i>(of: &'a DeValue<'i>, name: &str) -> Option<&'a DeValue<'i>> {
    Some(of.get(name)?.get_ref())
}

fn child_span(of: &DeValue<'_>, name: &str) -> Option<core::ops::Range<usize>> {
    Some(of.get(name)?.span())
}

/// The line of a byte, from 1 on.
fn line_at(text: &str, byte: usize) -> usize {
    let before = text.get(..byte).unwrap_or(text);
    before.matches('\n').count().saturating_add(1)
}

impl BookFault {
    pub(super) fn at(self, place: Place) -> BookError {
        BookError {
            line: None,
            pair: None,
            fault: Box::new(self),
            place,
        }
    }
}

impl BookError {
    /// A book of which there is no text.
    pub(crate) fn unreadable(error: &std::io::Error) -> Self {
        BookFault::Read(error.to_string()).at(Place::default())
    }

    pub(super) fn syntax(text: &str, error: &toml::de::Error) -> Self {
        let line = error.span().map(|span| line_at(text, span.start));
        Self {
            line,
            ..BookFault::Syntax(error.message().to_owned()).at(Place::default())
        }
    }

    /// A document of one line, the `number`-th.
    pub(crate) fn json(number: usize, error: &serde_json::Error) -> Self {
        Self {
            line: Some(number),
            ..BookFault::Syntax(error.to_string()).at(Place::default())
        }
    }

    /// The error, in this section.
    pub(super) fn in_pair(mut self, index: usize, give: &str, want: &str) -> Self {
        self.place.pair = Some(index);
        self.pair = Some((give.to_owned(), want.to_owned()));
        self
    }

    /// The error, with its line in the text that the book was read from.
    pub(super) fn in_text(mut self, text: &str) -> Self {
        self.line = self.line.or_else(|| self.place.line(text));
        self
    }

    /// The error, in the document of this line.
    pub(crate) const fn on_line(mut self, number: usize) -> Self {
        self.line = Some(number);
        self
    }
}

impl fmt::Display for BookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        if let Some((give, want)) = &self.pair {
            write!(f, "{give} to {want}: ")?;
        }
        fmt::Display::fmt(&self.fault, f)
    }
}

impl std::error::Error for BookError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(self.fault.as_ref())
    }
}
