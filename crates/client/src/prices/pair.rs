//! What the rounds looked at show of one pair.

use std::collections::{BTreeMap, BTreeSet};

use sealbid_market::fees::Fee;
use sealbid_types::amount::Amount;
use sealbid_types::id::{EnvelopeId, Round};
use sealbid_types::metadata::Pair;
use sealbid_types::quote::Rate;
use sealbid_types::text::AccountId;
use serde::Serialize;

use super::opened::{OpenedRound, PaidFill, receives};
use super::rate::{compare, shortfall_per_mille};

/// What was quoted and filled of a pair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PairActivity {
    /// The pair, as a trader sees it.
    #[serde(flatten)]
    pub pair: Pair,
    /// In how many of the rounds a valid quote was for it.
    pub rounds: usize,
    /// How many solvers' accounts quoted it.
    pub solvers: usize,
    /// The newest round in which it was quoted.
    pub last: Round,
    /// The least fill that a quote of that round took, in base units of what is given.
    pub minimum_fill: Amount,
    /// The largest capacity of a quote of that round: more than this is not filled in one.
    pub capacity: Amount,
    /// How many swaps were filled.
    pub fills: usize,
    /// The newest round that filled one.
    pub last_fill: Option<Round>,
}

/// What a quote would have brought for an amount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct QuotedPrice {
    /// The round.
    pub round: Round,
    /// The quote's envelope.
    pub quote: EnvelopeId,
    /// Its solver.
    pub solver: AccountId,
    /// What is given, the Verifier's fee included.
    pub gives: Amount,
    /// What the trader would have received at the least, after the fee: what is above its limit comes
    /// without one.
    pub receives: Amount,
}

impl QuotedPrice {
    /// What is received for what is given, in base units.
    #[must_use]
    pub const fn rate(&self) -> Rate {
        Rate {
            out: self.receives,
            per: self.gives,
        }
    }
}

/// The rates of fills: of an even number of them, the median is the lower of the two in the middle,
/// so that each of the three was really paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct PaidRates {
    /// The lowest.
    pub lowest: Rate,
    /// The median.
    pub median: Rate,
    /// The highest.
    pub highest: Rate,
}

/// What a limit can be held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reference {
    /// What a quote of this round would have brought for the amount.
    Quoted(Round, Rate),
    /// What the newest fill, in this round, brought for an amount of its own.
    Paid(Round, Rate),
}

impl Reference {
    /// The rate, after the fee.
    #[must_use]
    pub const fn rate(&self) -> Rate {
        match self {
            Self::Quoted(_, rate) | Self::Paid(_, rate) => *rate,
        }
    }

    /// The round.
    #[must_use]
    pub const fn round(&self) -> Round {
        match self {
            Self::Quoted(round, _) | Self::Paid(round, _) => *round,
        }
    }

    /// By how many parts per thousand a limit of `limit` for `amount` is below this, rounded down;
    /// zero if it is not below.
    #[must_use]
    pub fn shortfall_per_mille(&self, amount: Amount, limit: Amount) -> u16 {
        let ours = Rate {
            out: limit,
            per: amount,
        };
        shortfall_per_mille(&ours, &self.rate())
    }
}

/// What was quoted and paid of a pair lately.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PairPrices {
    /// The pair, as a trader sees it.
    pub pair: Pair,
    /// The oldest and the newest round that were looked at; none without any.
    pub looked_at: Option<(Round, Round)>,
    /// How many rounds that were.
    pub rounds: usize,
    /// How many of them quoted it, for whatever amount.
    pub quoted_rounds: usize,
    /// The newest of these.
    pub last_quoted: Option<Round>,
    /// Its fills, oldest first.
    pub fills: Vec<PaidFill>,
    /// Their rates, if there are any.
    pub paid: Option<PaidRates>,
    /// The amount that was asked about.
    pub amount: Option<Amount>,
    /// The best quote for that amount over all rounds.
    pub best: Option<QuotedPrice>,
    /// The best quote for that amount in the newest round in which there was one.
    pub latest: Option<QuotedPrice>,
    /// The Verifier's fee in parts per million, on what each side gives.
    pub fee_pips: u32,
}

impl PairPrices {
    pub(super) fn new<'a>(
        pair: &Pair,
        amount: Option<Amount>,
        fee_pips: u32,
        rounds: impl DoubleEndedIterator<Item = &'a OpenedRound> + Clone,
    ) -> Self {
        let quoted = rounds
            .clone()
            .filter(|round| round.quotes_for(pair).next().is_some());
        let fills: Vec<PaidFill> = rounds
            .clone()
            .filter_map(|round| round.fills.get(pair))
            .flatten()
            .cloned()
            .collect();
        let fee = Fee::new(fee_pips);
        // Newest first.
        let prices: Vec<QuotedPrice> = rounds
            .clone()
            .rev()
            .filter_map(|round| best_of(round, pair, fee, amount?))
            .collect();
        let ends = (rounds.clone().next(), rounds.clone().next_back());
        Self {
            pair: pair.clone(),
            looked_at: match ends {
                (Some(first), Some(last)) => Some((first.round, last.round)),
                _ => None,
            },
            rounds: rounds.count(),
            quoted_rounds: quoted.clone().count(),
            last_quoted: quoted.rev().map(|round| round.round).next(),
            paid: paid_rates(&fills),
            fills,
            amount,
            // Of equals the newest: `max_by` takes the last.
            best: prices.iter().rev().max_by_key(|it| it.receives).cloned(),
            latest: prices.first().cloned(),
            fee_pips,
        }
    }

    /// The newest fill.
    #[must_use]
    pub fn last_paid(&self) -> Option<&PaidFill> {
        self.fills.last()
    }

    /// What to hold a limit against: what was quoted last for the amount that was asked about; if
    /// nothing was, what was paid last for another.
    #[must_use]
    pub fn reference(&self) -> Option<Reference> {
        let quoted = self.latest.as_ref();
        let quoted = quoted.map(|price| Reference::Quoted(price.round, price.rate()));
        let paid = self.last_paid();
        quoted.or_else(|| paid.map(|fill| Reference::Paid(fill.round, fill.rate())))
    }
}

/// The best quote of a round for an amount.
fn best_of(round: &OpenedRound, pair: &Pair, fee: Fee, amount: Amount) -> Option<QuotedPrice> {
    let price = |it: &super::OpenedQuote| {
        Some(QuotedPrice {
            round: round.round,
            quote: it.id,
            solver: it.quote.solver.clone(),
            gives: amount,
            receives: receives(&it.quote, fee, amount)?,
        })
    };
    let prices = round.quotes_for(pair).filter_map(price);
    prices.max_by_key(|price| price.receives)
}

fn paid_rates(fills: &[PaidFill]) -> Option<PaidRates> {
    let mut rates: Vec<Rate> = fills.iter().map(PaidFill::rate).collect();
    rates.sort_by(compare);
    let middle = rates.len().checked_sub(1)? / 2;
    Some(PaidRates {
        lowest: *rates.first()?,
        median: *rates.get(middle)?,
        highest: *rates.last()?,
    })
}

/// What each pair that was quoted or filled shows, by pair.
pub(super) fn activity<'a>(rounds: impl Iterator<Item = &'a OpenedRound>) -> Vec<PairActivity> {
    let mut pairs: BTreeMap<Pair, (PairActivity, BTreeSet<AccountId>)> = BTreeMap::new();
    // Oldest first, so that the newest round's sizes remain.
    for round in rounds {
        let quoted: BTreeSet<&Pair> = round.quotes.iter().map(|it| &it.quote.pair).collect();
        for pair in quoted {
            let (activity, solvers) = pairs
                .entry(pair.clone())
                .or_insert_with(|| (PairActivity::none(pair, round.round), BTreeSet::new()));
            activity.rounds = activity.rounds.saturating_add(1);
            activity.last = round.round;
            let quotes = || round.quotes_for(pair).map(|it| &it.quote);
            solvers.extend(quotes().map(|quote| quote.solver.clone()));
            let least = quotes().map(|quote| quote.minimum_fill).min();
            activity.minimum_fill = least.unwrap_or_default();
            let most = quotes().map(|quote| quote.capacity).max();
            activity.capacity = most.unwrap_or_default();
            let fills = round.fills.get(pair).map_or(0, Vec::len);
            activity.fills = activity.fills.saturating_add(fills);
            if fills > 0 {
                activity.last_fill = Some(round.round);
            }
        }
    }
    let counted = |(activity, solvers): (PairActivity, BTreeSet<AccountId>)| PairActivity {
        solvers: solvers.len(),
        ..activity
    };
    pairs.into_values().map(counted).collect()
}

impl PairActivity {
    fn none(pair: &Pair, round: Round) -> Self {
        Self {
            pair: pair.clone(),
            rounds: 0,
            solvers: 0,
            last: round,
            minimum_fill: Amount::ZERO,
            capacity: Amount::ZERO,
            fills: 0,
            last_fill: None,
        }
    }
}
