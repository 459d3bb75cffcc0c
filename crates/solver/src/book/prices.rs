//! The prices of one pair.

use core::fmt;

use sealbid_client::tokens::{Decimal, Token, Tokens};
use sealbid_market::schedule::PriceSchedule;
use sealbid_types::amount::Amount;
use sealbid_types::metadata::Pair;
use sealbid_types::quote::{Rate, Tier};

use super::error::{BookError, BookFault, Place};
use super::rate::{Hundredths, compare, fraction, less};
use super::written::{WrittenPair, WrittenTier};

/// The prices of one directed pair, checked: what a quote of it would say.
#[derive(Debug, Clone)]
pub struct PairPrices {
    pair: Pair,
    give: Token,
    want: Token,
    tiers: Vec<PriceTier>,
    /// Over all fills of a round.
    capacity: Amount,
    /// In one fill.
    minimum: Amount,
    max_rate: Option<Decimal>,
    schedule: PriceSchedule,
}

/// A tier, as it is quoted: the spread is taken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PriceTier {
    /// Its bound, in whole units of what the trader gives.
    pub up_to: Decimal,
    /// What the trader gets for one, in whole units.
    pub rate: Decimal,
    /// The same in base units.
    pub quoted: Tier,
}

impl PairPrices {
    pub(super) fn new(
        written: &WrittenPair,
        spread: Hundredths,
        tokens: &Tokens,
    ) -> Result<Self, BookError> {
        let token = |name: &str, field| {
            let token = tokens.named(name).cloned();
            token.map_err(|error| BookFault::Token(error).at(Place::field(field)))
        };
        let (give, want) = (token(&written.give, "give")?, token(&written.want, "want")?);
        let size = |amount: &Decimal, field| {
            units(amount, &give).map_err(|fault| fault.at(Place::field(field)))
        };
        let (capacity, minimum) = (
            size(&written.capacity, "capacity")?,
            size(&written.minimum, "minimum")?,
        );
        let read = |(index, tier)| read_tier(written, index, tier, spread, &give, &want);
        let tiers = written.tiers.iter().enumerate().map(read);
        let tiers = tiers.collect::<Result<Vec<PriceTier>, _>>()?;
        let pair = Pair {
            give: give.asset.clone(),
            want: want.asset.clone(),
        };
        let quoted: Vec<Tier> = tiers.iter().map(|tier| tier.quoted).collect();
        let schedule = PriceSchedule::of(&pair, &quoted, capacity, minimum)
            .map_err(|fault| BookFault::Schedule(fault).at(Place::field("tiers")))?;
        Ok(Self {
            pair,
            give,
            want,
            tiers,
            capacity,
            minimum,
            max_rate: written.max_rate,
            schedule,
        })
    }

    /// The pair, as the trader sees it.
    #[must_use]
    pub const fn pair(&self) -> &Pair {
        &self.pair
    }

    /// What the trader gives and the solver receives.
    #[must_use]
    pub const fn give(&self) -> &Token {
        &self.give
    }

    /// What the solver pays.
    #[must_use]
    pub const fn want(&self) -> &Token {
        &self.want
    }

    /// The tiers, less the spread.
    #[must_use]
    pub fn tiers(&self) -> &[PriceTier] {
        &self.tiers
    }

    /// The most of what is given over all fills of a round.
    #[must_use]
    pub const fn capacity(&self) -> Amount {
        self.capacity
    }

    /// The least of what is given in one fill.
    #[must_use]
    pub const fn minimum(&self) -> Amount {
        self.minimum
    }

    /// Whether its rates have an upper bound.
    #[must_use]
    pub const fn is_bounded(&self) -> bool {
        self.max_rate.is_some()
    }

    /// The most that one fill can be.
    #[must_use]
    pub fn most(&self) -> Amount {
        let last = self.tiers.last().map(|tier| tier.quoted.up_to);
        last.unwrap_or(Amount::ZERO).min(self.capacity)
    }

    /// What is paid for an amount of what is given; none if a quote of this does not fill it.
    #[must_use]
    pub fn pays(&self, amount: Amount) -> Option<Amount> {
        let fits = amount >= self.minimum && amount <= self.capacity;
        fits.then(|| self.schedule.price(amount)).flatten()
    }

    /// The tier with the best rate.
    pub(super) fn best(&self) -> Option<&PriceTier> {
        let by_rate = |a: &&PriceTier, b: &&PriceTier| compare(a.quoted.rate, b.quoted.rate);
        self.tiers.iter().max_by(by_rate)
    }

    /// The best that a trader gets for one, over all sizes of a fill. It lies at the end of a tier
    /// or at the least fill: within a tier the average moves one way.
    pub(super) fn best_average(&self) -> Option<Rate> {
        let least = self.minimum.max(Amount::new(1).ok()?);
        let ends = self.tiers.iter().map(|tier| tier.quoted.up_to);
        let sizes = ends.chain([least, self.most()]);
        let average = |per| {
            Some(Rate {
                out: self.pays(per)?,
                per,
            })
        };
        sizes
            .filter(|size| !size.is_zero())
            .filter_map(average)
            .max_by(|a, b| compare(*a, *b))
    }

    pub(super) fn quoted(&self) -> Vec<Tier> {
        self.tiers.iter().map(|tier| tier.quoted).collect()
    }
}

/// `0.983 up to 1000, 0.978 up to 50000`: the prices as a log has them.
impl fmt::Display for PairPrices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, PriceTier { up_to, rate, .. }) in self.tiers.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{rate} up to {up_to}")?;
        }
        Ok(())
    }
}

fn read_tier(
    pair: &WrittenPair,
    index: usize,
    tier: &WrittenTier,
    spread: Hundredths,
    give: &Token,
    want: &Token,
) -> Result<PriceTier, BookError> {
    let wrong_rate = |fault: BookFault| fault.at(Place::tier(index, "rate"));
    // As they are written, before the spread: they are compared with what is written beside them.
    check_band(pair, tier.rate).map_err(wrong_rate)?;
    let up_to = units(&tier.up_to, give).map_err(|fault| fault.at(Place::tier(index, "up_to")))?;
    let rate = less(&tier.rate, spread);
    let quoted = rate.and_then(|rate| fraction(&rate, give.decimals, want.decimals));
    let (Some(rate), Some(fraction)) = (rate, quoted) else {
        return Err(wrong_rate(BookFault::RateRange(tier.rate)));
    };
    Ok(PriceTier {
        up_to: tier.up_to,
        rate,
        quoted: Tier {
            up_to,
            rate: fraction,
        },
    })
}

fn check_band(pair: &WrittenPair, rate: Decimal) -> Result<(), BookFault> {
    match (pair.min_rate, pair.max_rate) {
        (Some(bound), _) if rate < bound => Err(BookFault::RateTooLow { rate, bound }),
        (_, Some(bound)) if rate > bound => Err(BookFault::RateTooHigh { rate, bound }),
        _ => Ok(()),
    }
}

/// Exactly or not at all: a size that was rounded would be another than the one in the book.
fn units(amount: &Decimal, token: &Token) -> Result<Amount, BookFault> {
    let units = amount.in_units(token.decimals);
    units.ok_or(BookFault::Fraction(*amount))
}
