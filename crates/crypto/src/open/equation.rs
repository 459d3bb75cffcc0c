//! Many equations `e(x_j, L) = e(u_j, R)` with common L and R, checked as one.

use zeroize::Zeroizing;

use crate::batch::{BatchSecret, Transcript, bisect};
use crate::group::{CurvePoint, G1Point, G1Sum, G2Point, LinearCombination, PairingProduct};

/// The equations, each with a weight of 128 bits that nobody else can predict.
pub(super) struct Equations {
    pairs: Vec<(G1Point, G1Point)>,
    weights: Zeroizing<Vec<u128>>,
    left_key: G2Point,
    right_key: G2Point,
}

impl Equations {
    /// `e(x, left_key) = e(u, right_key)` for each pair (x, u).
    pub(super) fn new(
        context: &'static str,
        secret: &BatchSecret,
        pairs: Vec<(G1Point, G1Point)>,
        left_key: G2Point,
        right_key: G2Point,
    ) -> Self {
        let mut transcript = Transcript::new(context, secret);
        transcript.update(&left_key.compress());
        transcript.update(&right_key.compress());
        let points = pairs.iter().flat_map(|(x, u)| [x, u]);
        let points: Vec<CurvePoint> = points.map(|point| *point.as_curve_point()).collect();
        transcript.update_points(&points);
        let weights = transcript.coefficients().take(pairs.len());
        Self::weighted(pairs, weights, left_key, right_key)
    }

    /// The same with weights that were drawn before, as many as there are pairs.
    pub(super) const fn weighted(
        pairs: Vec<(G1Point, G1Point)>,
        weights: Zeroizing<Vec<u128>>,
        left_key: G2Point,
        right_key: G2Point,
    ) -> Self {
        Self {
            pairs,
            weights,
            left_key,
            right_key,
        }
    }

    /// Whether those at the positions `set` all hold: `e(Σ ρ_j x_j, L) = e(Σ ρ_j u_j, R)`. A wrong
    /// one slips through with probability 2^-128.
    pub(super) fn hold(&self, set: &[usize]) -> bool {
        let (left, right) = rayon::join(|| self.sum(set, |(x, _)| x), || self.sum(set, |(_, u)| u));
        agree(&left, &self.left_key, &right, &self.right_key)
    }

    /// Positions of those that do not hold, in order; of many the first `most`.
    pub(super) fn find_false(&self, most: usize) -> Vec<usize> {
        let all: Vec<usize> = (0..self.pairs.len()).collect();
        bisect(&all, most, &mut |set| self.hold(set))
    }

    fn sum(&self, set: &[usize], side: impl Fn(&(G1Point, G1Point)) -> &G1Point) -> G1Sum {
        let term = |at: &usize| Some((self.pairs.get(*at)?, self.weights.get(*at)?));
        let terms = set.iter().filter_map(term);
        weighted_sum(terms.map(|(pair, weight)| (side(pair).as_curve_point(), *weight)))
    }
}

/// `Σ ρ_j x_j`
pub(super) fn weighted_sum<'a>(terms: impl Iterator<Item = (&'a CurvePoint, u128)>) -> G1Sum {
    let mut sum = LinearCombination::with_capacity(terms.size_hint().1.unwrap_or_default());
    terms.for_each(|(point, weight)| sum.add_short(weight, point));
    sum.sum()
}

/// Whether `e(left, left_key) = e(right, right_key)`.
pub(super) fn agree(left: &G1Sum, left_key: &G2Point, right: &G1Sum, right_key: &G2Point) -> bool {
    PairingProduct::default()
        .times_sum(left, left_key)
        .over_sum(right, right_key)
        .is_one()
}
