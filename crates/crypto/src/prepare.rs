//! What of the check of openings can be done before the close.
//!
//! `e(Σ ρ_j z_j, g2) = e(Σ ρ_j u_j, pk2)` holds for openings that are right, and for wrong ones with
//! probability 2^-128, as long as whoever made the z_j could not foresee the weights ρ_j. They may
//! be drawn before the z_j are known, and so may the right side be added up: a weight that never
//! leaves its process is as unforeseen after the close as before it. A check that failed tells no
//! more than that one set of errors did not cancel, so weights may serve again: T attempts to slip
//! something through succeed with probability T 2^-128.
//!
//! Parts are prepared in batches, those of one kind together, since the certificate that opens some
//! of a kind tends to open all of a batch. What it leaves out is subtracted.

use std::collections::BTreeMap;
use std::sync::Arc;

use sealbid_types::envelope::Part;

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

/// Draws weights for the parts of `envelopes` and adds up their half of the check of openings.
///
/// To be called once, when they have been checked. It moves a third of a part's work after the
/// close before it, and changes no result. A part that was prepared takes 112 bytes more.
pub fn prepare<'a>(
    envelopes: impl IntoIterator<Item = &'a mut CheckedEnvelope>,
    secret: &BatchSecret,
) {
    let mut kinds: BTreeMap<Part, Vec<&mut CheckedPart>> = BTreeMap::new();
    for part in envelopes.into_iter().flat_map(CheckedEnvelope::parts_mut) {
        kinds.entry(part.part()).or_default().push(part);
    }
    for parts in kinds.into_values() {
        let points = parts.iter().map(|part| part.u).collect();
        let batch = Arc::new(Batch::new(points, secret));
        for (at, part) in parts.into_iter().enumerate() {
            let batch = Arc::clone(&batch);
            part.place = Some(Place { batch, at });
        }
    }
}

impl Batch {
    fn new(points: Vec<G1Point>, secret: &BatchSecret) -> Self {
        let weights = weights(&points, secret);
        let mut sum = LinearCombination::with_capacity(points.len());
        for (u, weight) in points.iter().zip(&weights) {
            sum.add_short(*weight, u.as_curve_point());
        }
        Self {
            sum: sum.sum(),
            terms: points.into_iter().zip(weights).collect(),
        }
    }
}

fn weights(points: &[G1Point], secret: &BatchSecret) -> Vec<u128> {
    let mut transcript = Transcript::new(domain::BATCH_OPENINGS, secret);
    transcript.update_points(points.iter().map(G1Point::as_curve_point));
    transcript.coefficients().take(points.len())
}

/// Weights of the openings of `parts`, and `Σ ρ_j u_j`.
pub(crate) struct RightSide {
    pub(crate) weights: Vec<u128>,
    pub(crate) sum: G1Sum,
}

impl RightSide {
    /// Adds up what was prepared; the rest is drawn and added now.
    pub(crate) fn of(parts: &[&CheckedPart], secret: &BatchSecret) -> Self {
        let unprepared = parts.iter().filter(|part| part.place.is_none());
        let drawn: Vec<G1Point> = unprepared.map(|part| part.u).collect();
        let mut drawn = weights(&drawn, secret).into_iter();
        let mut sides = Sides::default();
        let weights = parts
            .iter()
            .map(|part| match &part.place {
                Some(place) => sides.add_prepared(place),
                // There are as many as parts without a place.
                None => sides.add(&part.u, drawn.next().unwrap_or_default()),
            })
            .collect();
        Self {
            weights,
            sum: sides.sum(),
        }
    }
}

/// Terms of the sum, those that were prepared together in one place.
#[derive(Default)]
struct Sides<'a> {
    loose: LinearCombination,
    batches: BTreeMap<*const Batch, (&'a Batch, Vec<bool>)>,
}

impl<'a> Sides<'a> {
    fn add(&mut self, u: &G1Point, weight: u128) -> u128 {
        self.loose.add_short(weight, u.as_curve_point());
        weight
    }

    fn add_prepared(&mut self, place: &'a Place) -> u128 {
        let Place { batch, at } = place;
        let Some((u, weight)) = batch.terms.get(*at) else {
            return 0;
        };
        let nothing = || (&**batch, vec![false; batch.terms.len()]);
        let (_, present) = self
            .batches
            .entry(Arc::as_ptr(batch))
            .or_insert_with(nothing);
        match present.get_mut(*at) {
            Some(present) if !*present => *present = true,
            // It is opened twice.
            _ => _ = self.add(u, *weight),
        }
        *weight
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
