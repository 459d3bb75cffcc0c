//! The order of a round: a permutation that nobody could foresee, drawn by the committee.
//!
//! It is the tie-break wherever one is needed: whose turn comes first, and which of two equal
//! quotes is taken. Ids alone would not do, since whoever seals an envelope can try again until its
//! id suits it.

use sealbid_types::id::{EnvelopeId, OrderSeed, context};

/// An entry's place in the order: the smaller, the earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank([u8; 32]);

impl Rank {
    /// The rank of the entry `id` under `seed`.
    #[must_use]
    pub(crate) fn of(seed: &OrderSeed, id: &EnvelopeId) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key(context::ORDER_RANK);
        hasher.update(seed.as_bytes());
        hasher.update(id.as_bytes());
        Self(*hasher.finalize().as_bytes())
    }
}

/// `ids` in the order of their ranks.
pub(crate) fn in_order<'a>(
    seed: &OrderSeed,
    ids: impl Iterator<Item = &'a EnvelopeId>,
) -> Vec<EnvelopeId> {
    let mut ids: Vec<EnvelopeId> = ids.copied().collect();
    ids.sort_by_cached_key(|id| (Rank::of(seed, id), *id));
    ids
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_seed_permutes_and_another_permutes_otherwise() {
        let ids: Vec<EnvelopeId> = (0..40u8).map(|i| [i; 32].into()).collect();
        let orders: BTreeSet<Vec<EnvelopeId>> = (0..10u8)
            .map(|seed| in_order(&[seed; 32].into(), ids.iter()))
            .collect();
        assert_eq!(orders.len(), 10);
        for order in orders {
            assert_eq!(
                order.iter().copied().collect::<BTreeSet<_>>().len(),
                ids.len()
            );
        }
    }
}
