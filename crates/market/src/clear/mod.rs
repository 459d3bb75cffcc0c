//! The clearing: from what a round opened to how it is filled.
//!
//! Intents have their turns in the order of the round. Each swap takes the quote that pays it the
//! most, by the schedule applied to what the solver receives, among those of its pair that have
//! the capacity left, take its size, and that its trader allows; equals by the order of the round.
//! Transfers and withdrawals pass through. What results is checked by other means before it is
//! returned ([`crate::invariants`]): a clearing that breaks a rule fills nothing, and says so.

use std::collections::BTreeMap;

use sealbid_near::rules::check_terms;
use sealbid_types::allocation::{
    Allocation, Fill, Movement, Unfilled, UnfilledReason, Unsupported, Void, VoidReason,
};
use sealbid_types::amount::Amount;
use sealbid_types::codec::encode;
use sealbid_types::committee::{ClearingRule, Rules};
use sealbid_types::id::{AuctionId, CloseDigest, EnvelopeId, Epoch, MerkleRoot, OrderSeed, Round};
use sealbid_types::merkle;
use sealbid_types::quote::SignedQuote;
use sealbid_types::record::UsedNonce;
use sealbid_types::terms::{Nonce, Terms};
use sealbid_types::text::{AccountId, AssetId};
use sealbid_types::time::Timestamp;

use crate::fees::Fee;
use crate::intent::{Shape, shape};
use crate::matching::{Turn, passed_through};
use crate::order::in_order;
use crate::quotes::Book;
use crate::{Opened, invariants};

/// A closed and opened round.
#[derive(Debug, Clone)]
pub struct ClearingInput {
    /// The auction.
    pub auction: AuctionId,
    /// The epoch of the close.
    pub epoch: Epoch,
    /// The round.
    pub round: Round,
    /// The certified close.
    pub close: CloseDigest,
    /// When it closed: deadlines before this have passed.
    pub closed_at: Timestamp,
    /// The round's order.
    pub order: OrderSeed,
    /// The auction's rules.
    pub rules: Rules,
    /// The listed intents' terms.
    pub intents: Opened<Terms>,
    /// The listed quotes.
    pub quotes: Opened<SignedQuote>,
    /// Nonces of this round that earlier rounds settled, in any order.
    pub used_nonces: Vec<UsedNonce>,
}

/// The Merkle root of the opened terms: over the id and the canonical bytes of each, by id.
#[must_use]
pub fn terms_root(intents: &Opened<Terms>) -> MerkleRoot {
    let leaf = |(id, opened): (&EnvelopeId, &Result<Terms, VoidReason>)| {
        let terms = opened.as_ref().ok()?;
        Some([id.as_bytes().as_slice(), &encode(terms)].concat())
    };
    merkle::root(intents.iter().filter_map(leaf))
}

/// Clears a round. Total, and a function of `input` alone.
#[must_use]
pub fn clear(input: &ClearingInput) -> Allocation {
    let draft = match input.rules.clearing {
        ClearingRule::BestQuote => Clearing::run(input),
    };
    checked(input, draft)
}

/// The allocation that fills nothing: what the committee settles a round by if its members clear
/// it differently. It is a function of the certified close and its draw and of nothing that members
/// of two versions could read in two ways: so the terms' root is that of no terms.
#[must_use]
pub fn withdrawn(input: &ClearingInput) -> Allocation {
    let withdrawn = |id: &EnvelopeId| Unfilled {
        intent: *id,
        reason: UnfilledReason::Withdrawn,
    };
    Allocation {
        auction: input.auction,
        epoch: input.epoch,
        round: input.round,
        close: input.close,
        order: input.order,
        terms: merkle::root(core::iter::empty::<Vec<u8>>()),
        fills: Vec::new(),
        unfilled: input.intents.keys().map(withdrawn).collect(),
        void: Vec::new(),
        alarm: None,
    }
}

/// The clearing, or if it breaks an invariant, one that fills nothing and says why.
fn checked(input: &ClearingInput, mut allocation: Allocation) -> Allocation {
    let Err(breach) = invariants::check(input, &allocation) else {
        return allocation;
    };
    // Nothing is filled, rather than all but the one fill: which of the others the same mistake has
    // touched, nobody knows. The round must settle as something all the same, or the house stands.
    allocation.alarm = Some(breach);
    allocation.fills.clear();
    let void = |id: &EnvelopeId| allocation.void.iter().any(|void| void.envelope == *id);
    let valid = input.intents.keys().filter(|id| !void(id));
    let withdrawn = |id: &EnvelopeId| Unfilled {
        intent: *id,
        reason: UnfilledReason::Withdrawn,
    };
    allocation.unfilled = valid.map(withdrawn).collect();
    allocation
}

/// A clearing in progress.
struct Clearing<'a> {
    input: &'a ClearingInput,
    book: Book<'a>,
    nonces: BTreeMap<(&'a AccountId, Nonce), EnvelopeId>,
    gained: BTreeMap<AssetId, Amount>,
    fills: Vec<Fill>,
    unfilled: BTreeMap<EnvelopeId, UnfilledReason>,
    void: BTreeMap<EnvelopeId, VoidReason>,
}

impl<'a> Clearing<'a> {
    fn run(input: &'a ClearingInput) -> Allocation {
        let (book, void) = Book::open(input);
        let mut clearing = Self {
            input,
            book,
            nonces: BTreeMap::new(),
            gained: BTreeMap::new(),
            fills: Vec::new(),
            unfilled: BTreeMap::new(),
            void,
        };
        // What a quote has left goes to whoever comes first, so the order is worth money: it is
        // drawn after the lists are fixed. By id or by arrival, it could be worked for.
        for id in in_order(&input.order, input.intents.keys()) {
            clearing.take_turn(id);
        }
        clearing.finish()
    }

    /// Fills one intent from what those before it have left, or says why not. It never looks ahead:
    /// what an intent gets depends on nobody whose turn comes later.
    fn take_turn(&mut self, id: EnvelopeId) {
        let Some(opened) = self.input.intents.get(&id) else {
            return;
        };
        let valid = opened.as_ref().map_err(Clone::clone);
        let fill = match valid.and_then(|terms| Ok((terms, self.check(id, terms)?))) {
            Ok((terms, Shape::PassThrough(balances))) => Ok(passed_through(id, terms, &balances)),
            Ok((terms, Shape::Swap(swap))) => {
                let fee = Fee::new(self.input.rules.fee_pips);
                Turn {
                    id,
                    terms,
                    swap: &swap,
                    fee,
                }
                .fill(&self.book)
            }
            Err(reason) => {
                self.void.insert(id, reason);
                return;
            }
        };
        match fill {
            Ok(fill) => self.accept(fill),
            Err(reason) => {
                self.unfilled.insert(id, reason);
            }
        }
    }

    /// Whether an intent counts, and as what. One that does has taken its nonce.
    fn check(&mut self, id: EnvelopeId, terms: &'a Terms) -> Result<Shape, VoidReason> {
        let deadline = terms.deadline;
        if deadline < self.input.closed_at {
            return Err(VoidReason::Expired { deadline });
        }
        check_terms(terms)?;
        let shape = shape(terms)?;
        let is_used =
            |used: &&UsedNonce| used.account == terms.account && used.nonce == terms.nonce;
        if let Some(used) = self.input.used_nonces.iter().filter(is_used).min() {
            return Err(VoidReason::UsedNonce { round: used.round });
        }
        // Last: an intent that is void for another reason takes no nonce from one that is not.
        let by = *self
            .nonces
            .entry((&terms.account, terms.nonce))
            .or_insert(id);
        if by != id {
            return Err(VoidReason::DuplicateNonce { by });
        }
        Ok(shape)
    }

    /// Takes the fill up, unless the round's flow could then no longer be counted.
    fn accept(&mut self, fill: Fill) {
        match gained_with(&self.gained, &fill.movements) {
            Some(gained) => {
                self.gained.extend(gained);
                if let sealbid_types::allocation::FillKind::Swap {
                    quote,
                    pair,
                    amount_in,
                    ..
                } = &fill.kind
                {
                    self.book.take(pair, *quote, *amount_in);
                }
                self.fills.push(fill);
            }
            // Amounts that add up beyond what can be counted are this intent's fault alone, and
            // must not keep the others from being filled.
            None => {
                let reason = VoidReason::Unsupported(Unsupported::Flow);
                self.void.insert(fill.intent, reason);
            }
        }
    }

    fn finish(self) -> Allocation {
        let unfilled = self.unfilled.into_iter();
        let void = self.void.into_iter();
        Allocation {
            auction: self.input.auction,
            epoch: self.input.epoch,
            round: self.input.round,
            close: self.input.close,
            order: self.input.order,
            terms: terms_root(&self.input.intents),
            // In the order of their turns, which explains them: each took what those before it
            // left. The other lists go by id.
            fills: self.fills,
            unfilled: unfilled
                .map(|(intent, reason)| Unfilled { intent, reason })
                .collect(),
            void: void
                .map(|(envelope, reason)| Void { envelope, reason })
                .collect(),
            alarm: None,
        }
    }
}

/// The sums of what is gained, for the assets that `movements` gain, on top of `gained`.
pub(crate) fn gained_with(
    gained: &BTreeMap<AssetId, Amount>,
    movements: &[Movement],
) -> Option<BTreeMap<AssetId, Amount>> {
    let mut sums: BTreeMap<AssetId, Amount> = BTreeMap::new();
    for Movement { asset, delta, .. } in movements {
        let Some(gain) = delta.incoming() else {
            continue;
        };
        // A fill may give one asset to several accounts: its own sum so far comes before the
        // round's.
        let so_far = sums
            .get(asset)
            .or_else(|| gained.get(asset))
            .copied()
            .unwrap_or_default();
        sums.insert(asset.clone(), so_far.checked_add(gain)?);
    }
    Some(sums)
}

#[cfg(test)]
mod tests;
