//! What of the check of openings can be done before the close.
//!
//! `e(Σ ρ_j z_j, g2) = e(Σ ρ_j u_j, pk2)` holds for openings that are right, and for wrong ones with
//! probability 2^-128, as long as whoever made the z_j could not foresee the weights ρ_j. They may
//! be drawn before the z_j are known, and so may the right side be added up: a weight that never
//! leaves its process is as unforeseen after the close as before it. A check that failed tells no
//! more than that one set of errors did not cancel, so weights may serve again: T attempts to slip
//! something through succeed with probability T 2^-128.
//!
//! The sums are made in variable time: whoever measures this process from the same processor may
//! learn weights.
//!
//! Parts are prepared in batches, those of one kind together, since the certificate that opens some
//! of a kind tends to open all of a batch. What it leaves out is subtracted.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;
use sealbid_types::envelope::Part;
use zeroize::{Zeroize as _, Zeroizing};

use crate::admit::{CheckedEnvelope, CheckedPart};
use crate::batch::{BatchSecret, Transcript};
use crate::domain;
use crate::group::{G1Point, G1Sum, LinearCombination};

/// A part's place in a batch.
#[derive(Clone)]
pub(crate) struct Place {
    batch: Arc<Batch>,
    at: usize,
}

/// Parts of one kind with their weights, added up.
struct Batch {
    terms: Vec<(G1Point, u128)>,
    /// `Σ ρ_j u_j`
    sum: G1Sum,
}

/// Its weights serve as long as one of its parts waits, and nobody may ever learn them.
impl Drop for Batch {
    fn drop(&mut self) {
        for (_, weight) in &mut self.terms {
            weight.zeroize();
        }
    }
}

/// The most parts of a batch: one that waits keeps the terms of all, though no other does.
const TOGETHER: usize = 64;

/// Draws weights for the parts of `envelopes` and adds up their half of the check of openings.
///
/// To be called once, when they have been checked. It moves a quarter of a part's work after the
/// close before it, and changes no result. A part that was prepared takes 112 bytes more for each
/// part of its batch, of 64 at most, as long as one of them waits.
pub fn prepare<'a>(
    envelopes: impl IntoIterator<Item = &'a mut CheckedEnvelope>,
    secret: &BatchSecret,
) {
    let mut kinds: BTreeMap<Part, Vec<&mut CheckedPart>> = BTreeMap::new();
    for part in envelopes.into_iter().flat_map(CheckedEnvelope::parts_mut) {
        kinds.entry(part.part()).or_default().push(part);
    }
    let mut kinds: Vec<_> = kinds.into_values().collect();
    let batches = kinds.iter_mut().flat_map(|kind| kind.chunks_mut(TOGETHER));
    let batches: Vec<&mut [&mut CheckedPart]> = batches.collect();
    batches
        .into_par_iter()
        .for_each(|batch| prepare_batch(batch, secret));
}

fn prepare_batch(parts: &mut [&mut CheckedPart], secret: &BatchSecret) {
    let batch = Arc::new(Batch::new(parts, secret));
    for (at, part) in parts.iter_mut().enumerate() {
        let batch = Arc::clone(&batch);
        part.place = Some(Place { batch, at });
    }
}

impl Batch {
    fn new(parts: &[&mut CheckedPart], secret: &BatchSecret) -> Self {
        let weights = weights(
            domain::BATCH_PREPARED,
            parts.iter().map(|part| &**part),
            secret,
        );
        let mut sum = LinearCombination::with_capacity(parts.len());
        let mut terms = Vec::with_capacity(parts.len());
        for (part, weight) in parts.iter().zip(weights.iter()) {
            sum.add_short(*weight, part.u.as_curve_point());
            terms.push((part.u, *weight));
        }
        let sum = sum.sum();
        Self { terms, sum }
    }
}

/// A weight for each of `parts`, in their order.
fn weights<'a>(
    context: &'static str,
    parts: impl Iterator<Item = &'a CheckedPart>,
    secret: &BatchSecret,
) -> Zeroizing<Vec<u128>> {
    let mut transcript = Transcript::new(context, secret);
    let mut count = 0usize;
    for part in parts {
        transcript.update(part.envelope().as_bytes());
        transcript.update(&[part.part() as u8]);
        transcript.update(&part.u.encode());
        count = count.saturating_add(1);
    }
    transcript.coefficients().take(count)
}

/// Weights of the openings of `parts`, and `Σ ρ_j u_j`.
pub(crate) struct RightSide {
    pub(crate) weights: Zeroizing<Vec<u128>>,
    pub(crate) sum: G1Sum,
}

impl RightSide {
    /// Adds up what was prepared; the rest is drawn and added now. No two of `parts` have the same
    /// weight: of a part that stands there twice, the second is drawn.
    pub(crate) fn of(parts: &[&CheckedPart], secret: &BatchSecret) -> Self {
        let mut seen = BTreeSet::new();
        let place = |part: &&'_ CheckedPart| {
            let is_first = seen.insert((part.envelope(), part.part()));
            part.place.clone().filter(|_| is_first)
        };
        let places: Vec<Option<Place>> = parts.iter().map(place).collect();
        let unprepared = parts
            .iter()
            .zip(&places)
            .filter(|(_, place)| place.is_none());
        let unprepared = unprepared.map(|(part, _)| *part);
        let drawn = weights(domain::BATCH_OPENINGS, unprepared, secret);
        let mut drawn = drawn.iter().copied();
        let mut sides = Sides::with_capacity(parts.len());
        let add = |(part, place): (&&CheckedPart, &Option<Place>)| {
            let prepared = place.as_ref().and_then(|place| sides.add_prepared(place));
            prepared.unwrap_or_else(|| {
                // There are as many as parts without a place.
                sides.add(&part.u, drawn.next().unwrap_or_default())
            })
        };
        Self {
            weights: Zeroizing::new(parts.iter().zip(&places).map(add).collect()),
            sum: sides.sum(),
        }
    }
}

/// Terms of the sum, those that were prepared together in one place.
struct Sides {
    loose: LinearCombination,
    batches: BTreeMap<*const Batch, (Arc<Batch>, Vec<bool>)>,
}

impl Sides {
    /// For so many parts. Of a batch no more terms are added or subtracted than it has parts here.
    fn with_capacity(parts: usize) -> Self {
        Self {
            loose: LinearCombination::with_capacity(parts),
            batches: BTreeMap::new(),
        }
    }

    fn add(&mut self, u: &G1Point, weight: u128) -> u128 {
        self.loose.add_short(weight, u.as_curve_point());
        weight
    }

    fn add_prepared(&mut self, place: &Place) -> Option<u128> {
        let Place { batch, at } = place;
        let (_, weight) = batch.terms.get(*at)?;
        let nothing = || (Arc::clone(batch), vec![false; batch.terms.len()]);
        let entry = self.batches.entry(Arc::as_ptr(batch));
        let (_, present) = entry.or_insert_with(nothing);
        *present.get_mut(*at)? = true;
        Some(*weight)
    }

    /// Of a batch, whichever are fewer: the terms that are present, or those to be subtracted.
    fn sum(mut self) -> G1Sum {
        let mut sum = G1Sum::identity();
        for (batch, present) in self.batches.into_values() {
            let count = present.iter().filter(|present| **present).count();
            let subtract = 2 * count > present.len();
            if subtract {
                sum.add(&batch.sum);
            }
            for ((u, weight), present) in batch.terms.iter().zip(present) {
                match (present, subtract) {
                    (true, false) => self.loose.add_short(*weight, u.as_curve_point()),
                    (false, true) => self.loose.add_short(*weight, &u.as_curve_point().negate()),
                    _ => {}
                }
            }
        }
        sum.add(&self.loose.sum());
        sum
    }
}
