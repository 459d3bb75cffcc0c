//! One swap's turn: the quote that pays it the most, and the fill that comes of it.
//!
//! The trader gives exactly what it signed; the Verifier's fee comes off, and the solver receives
//! the rest. The schedule prices what the solver receives, and what it yields is all the solver
//! pays: first what has to be given so that the trader's signed limit arrives, fee included; the
//! rest is the surplus, which a plain transfer carries to the trader without a fee.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use sealbid_types::allocation::{Fill, FillKind, UnfilledReason};
use sealbid_types::amount::Amount;
use sealbid_types::id::EnvelopeId;
use sealbid_types::terms::Terms;

use crate::fees::Fee;
use crate::intent::{Balances, Swap, outflows};
use crate::quotes::{Book, Offer};

/// What an offer pays for one swap, the fee included.
struct Bid<'b, 'a> {
    offer: &'b Offer<'a>,
    pays: Amount,
}

/// A swap at its turn.
pub(crate) struct Turn<'t> {
    pub(crate) id: EnvelopeId,
    pub(crate) terms: &'t Terms,
    pub(crate) swap: &'t Swap,
    pub(crate) fee: Fee,
}

impl Turn<'_> {
    /// Fills the swap from the best quote that has capacity left, if that one meets the limit.
    pub(crate) fn fill(&self, book: &Book<'_>) -> Result<Fill, UnfilledReason> {
        let bids = self.bids(book)?;
        // Whole or not at all: the trader has signed for this very amount.
        let has_room = |bid: &&Bid<'_, '_>| bid.offer.left >= self.swap.amount_in;
        let fillable = bids.iter().filter(has_room);
        // Equals by a drawn rank and not by their ids: a solver could seal its quote again and
        // again until the id is a low one.
        let best = fillable.min_by_key(|bid| (Reverse(bid.pays), bid.offer.rank));
        // Only the best is asked whether it meets the limit: who pays less does not meet it either.
        match best.and_then(|bid| self.filled_by(bid)) {
            Some(fill) => Ok(fill),
            None => Err(self.unfilled(&bids)),
        }
    }

    /// What the pair's quotes pay: those that price this amount, and that the trader allows.
    fn bids<'b, 'a>(&self, book: &'b Book<'a>) -> Result<Vec<Bid<'b, 'a>>, UnfilledReason> {
        // Priced by what reaches the solver. It could not tell its price otherwise: the fee is the
        // Verifier's, and comes off on the way.
        let received = self.fee.net(&self.swap.pair.give, self.swap.amount_in);
        let bid = |offer: &'b Offer<'a>| {
            let pays = offer.schedule.price(received)?;
            Some(Bid { offer, pays })
        };
        let offers = book.offers(&self.swap.pair).iter();
        let priced: Vec<_> = offers
            .filter(|offer| self.fits(offer))
            .filter_map(bid)
            .collect();
        if priced.is_empty() {
            return Err(UnfilledReason::NoQuote);
        }
        // The allow-list last, so that an intent that nobody quoted for is told so, and not that
        // its list was too short.
        let allowed: Vec<_> = priced
            .into_iter()
            .filter(|bid| self.allows(bid.offer))
            .collect();
        if allowed.is_empty() {
            return Err(UnfilledReason::AllowList);
        }
        Ok(allowed)
    }

    /// Whether the quote takes fills of this size, and comes from somebody else.
    fn fits(&self, offer: &Offer<'_>) -> bool {
        // Sizes are of what the trader gives, fee included, unlike the price. And with itself no
        // account trades: both sides' movements would cancel, and nothing be left to check.
        let sizes = offer.quote.minimum_fill..=offer.quote.capacity;
        sizes.contains(&self.swap.amount_in) && offer.quote.solver != self.terms.account
    }

    fn allows(&self, offer: &Offer<'_>) -> bool {
        match &self.terms.solvers {
            Some(solvers) => solvers.contains(&offer.quote.solver),
            None => true,
        }
    }

    /// Why none of `bids`, of which there are some, fills the swap. If the best of them would meet
    /// the limit, it was its capacity that others had taken; else the trader learns what it missed
    /// by.
    fn unfilled(&self, bids: &[Bid<'_, '_>]) -> UnfilledReason {
        let limit = self.swap.limit;
        let best = bids.iter().map(|bid| bid.pays).max().unwrap_or_default();
        if self.surplus(best).is_some() {
            return UnfilledReason::Capacity;
        }
        let best = self.fee.net(&self.swap.pair.want, best);
        UnfilledReason::Limit { best, limit }
    }

    /// What is left of `paid` once the limit is met, fee included; nothing if it is not.
    fn surplus(&self, paid: Amount) -> Option<Amount> {
        let needed = self.fee.gross(&self.swap.pair.want, self.swap.limit)?;
        paid.checked_sub(needed)
    }

    fn filled_by(&self, bid: &Bid<'_, '_>) -> Option<Fill> {
        let Swap {
            pair,
            amount_in,
            limit,
        } = self.swap;
        let (trader, solver) = (&self.terms.account, &bid.offer.quote.solver);
        let surplus = self.surplus(bid.pays)?;
        let amount_out = limit.checked_add(surplus)?;
        let received = self.fee.net(&pair.give, *amount_in);
        let mut balances = Balances::default();
        balances.add(trader, &pair.give, amount_in.paid())?;
        balances.add(trader, &pair.want, amount_out.gained())?;
        balances.add(solver, &pair.give, received.gained())?;
        balances.add(solver, &pair.want, bid.pays.paid())?;
        // As what is left between the two sides, so that each asset sums to zero. Whether that is
        // the Verifier's fee as well, [`crate::invariants`] asks the other way round.
        let fees = BTreeMap::from([
            (pair.give.clone(), amount_in.checked_sub(received)?),
            (pair.want.clone(), bid.pays.checked_sub(amount_out)?),
        ]);
        Some(Fill {
            intent: self.id,
            account: trader.clone(),
            kind: FillKind::Swap {
                quote: bid.offer.id,
                solver: solver.clone(),
                pair: pair.clone(),
                amount_in: *amount_in,
                amount_out,
                surplus,
                paid: bid.pays,
            },
            movements: balances.movements(),
            fees: outflows(&fees),
            withdrawals: Vec::new(),
        })
    }
}

/// The fill of an intent that moves `balances` and needs nobody else.
pub(crate) fn passed_through(id: EnvelopeId, terms: &Terms, balances: &Balances) -> Fill {
    Fill {
        intent: id,
        account: terms.account.clone(),
        kind: FillKind::PassThrough,
        movements: balances.movements(),
        fees: Vec::new(),
        withdrawals: balances.withdrawals(),
    }
}
