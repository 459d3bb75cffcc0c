//! The quotes of a round: which are valid, and what is left of each one's capacity.

use std::collections::BTreeMap;

use sealbid_types::allocation::VoidReason;
use sealbid_types::amount::Amount;
use sealbid_types::id::EnvelopeId;
use sealbid_types::metadata::Pair;
use sealbid_types::quote::{Quote, SignedQuote};

use crate::clear::ClearingInput;
use crate::order::Rank;
use crate::schedule::PriceSchedule;

/// A valid quote and what is left of it.
#[derive(Debug)]
pub(crate) struct Offer<'a> {
    pub(crate) id: EnvelopeId,
    pub(crate) quote: &'a Quote,
    pub(crate) schedule: PriceSchedule,
    pub(crate) rank: Rank,
    pub(crate) left: Amount,
}

/// The valid quotes, by pair.
#[derive(Debug, Default)]
pub(crate) struct Book<'a> {
    pairs: BTreeMap<Pair, Vec<Offer<'a>>>,
}

impl<'a> Book<'a> {
    /// The book of a round, and the quotes that are void.
    pub(crate) fn open(input: &'a ClearingInput) -> (Self, BTreeMap<EnvelopeId, VoidReason>) {
        let mut book = Self::default();
        let mut void = BTreeMap::new();
        for (id, opened) in &input.quotes {
            let checked = opened
                .as_ref()
                .map_err(Clone::clone)
                .and_then(|signed| Ok((&signed.quote, check(input, signed)?)));
            match checked {
                Ok((quote, schedule)) => book.add(Offer {
                    id: *id,
                    quote,
                    schedule,
                    rank: Rank::of(&input.order, id),
                    left: quote.capacity,
                }),
                Err(reason) => {
                    void.insert(*id, reason);
                }
            }
        }
        (book, void)
    }

    fn add(&mut self, offer: Offer<'a>) {
        let offers = self.pairs.entry(offer.quote.pair.clone()).or_default();
        offers.push(offer);
    }

    /// The offers for `pair`, by id.
    pub(crate) fn offers(&self, pair: &Pair) -> &[Offer<'a>] {
        self.pairs.get(pair).map_or(&[], Vec::as_slice)
    }

    /// Takes `amount` of the capacity of quote `id`.
    pub(crate) fn take(&mut self, pair: &Pair, id: EnvelopeId, amount: Amount) {
        let offers = self.pairs.get_mut(pair).into_iter().flatten();
        for offer in offers.filter(|offer| offer.id == id) {
            // Never below zero: whoever fills has asked for room. If not, nothing is left.
            offer.left = offer.left.checked_sub(amount).unwrap_or_default();
        }
    }
}

/// Checks a quote and its schedule. The round stands in what the solver signed, so that a quote
/// cannot be sealed again by somebody else for a round at whose prices it was not meant.
fn check(input: &ClearingInput, signed: &SignedQuote) -> Result<PriceSchedule, VoidReason> {
    let quote = &signed.quote;
    if (quote.auction, quote.round) != (input.auction, input.round) {
        return Err(VoidReason::WrongRound);
    }
    // Which keys a named account has, the chain alone knows (docs/protocol.md 8).
    if quote.key.implicit_account().ok().as_ref() != Some(&quote.solver) {
        return Err(VoidReason::Account);
    }
    signed.verify().map_err(|_| VoidReason::Signature)?;
    if quote.expires < input.closed_at {
        return Err(VoidReason::Expired {
            deadline: quote.expires,
        });
    }
    PriceSchedule::new(quote).map_err(VoidReason::Schedule)
}
