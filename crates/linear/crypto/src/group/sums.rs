//! Linear combinations, and membership in the subgroup of many points.

use super::field::{add, multiply, reduce, signed};
use super::g1::TORSION;
use super::{CurvePoint, G1Point, G1Sum, G2Point, G2Sum, Scalar};

/// `Σ scalar_i · point_i`.
pub struct LinearCombination(G1Sum);

impl Default for LinearCombination {
    fn default() -> Self {
        Self(G1Sum::identity())
    }
}

impl LinearCombination {
    /// The empty sum.
    #[must_use]
    pub fn with_capacity(_terms: usize) -> Self {
        Self::default()
    }

    /// Adds `scalar · point`.
    pub fn add(&mut self, scalar: Scalar, point: &CurvePoint) {
        self.add_short(u128::from(scalar.0), point);
    }

    /// Adds `coefficient · point`.
    pub fn add_short(&mut self, coefficient: u128, point: &CurvePoint) {
        self.0.add(&G1Sum::from(point).times(coefficient));
    }

    /// The sum.
    #[must_use]
    pub const fn sum(&self) -> G1Sum {
        self.0
    }
}

/// `Σ scalar_i · point_i` in the second group.
#[must_use]
pub fn linear_combination_g2(terms: &[(Scalar, G2Point)]) -> G2Sum {
    let add_term = |sum, (scalar, point): &(Scalar, G2Point)| add(sum, multiply(scalar.0, point.0));
    G2Sum(terms.iter().fold(0, add_term))
}

/// The same with coefficients of 128 bits.
#[must_use]
pub fn short_combination_g2(terms: &[(u128, G2Point)]) -> G2Sum {
    let add_term =
        |sum, (factor, point): &(u128, G2Point)| add(sum, multiply(reduce(*factor), point.0));
    G2Sum(terms.iter().fold(0, add_term))
}

/// `scale · Σ coefficients[i] · points[i]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntegerCombination {
    coefficients: Vec<i64>,
    scale: u64,
}

impl IntegerCombination {
    /// Takes the coefficients.
    #[must_use]
    pub fn new(coefficients: &[i64], scale: u64) -> Self {
        Self {
            coefficients: coefficients.to_vec(),
            scale,
        }
    }

    /// The combination of what the lists have at each position.
    #[must_use]
    pub fn apply(&self, lists: &[&[CurvePoint]]) -> Option<Vec<Option<CurvePoint>>> {
        let (first, rest) = lists.split_first()?;
        let is_even = rest.iter().all(|list| list.len() == first.len());
        if lists.len() != self.coefficients.len() || !is_even {
            return None;
        }
        let at = |place: usize| {
            let points = lists.iter().filter_map(|list| list.get(place));
            self.sum(points).to_point()
        };
        Some((0..first.len()).map(at).collect())
    }

    fn sum<'a>(&self, points: impl Iterator<Item = &'a CurvePoint>) -> G1Sum {
        let mut sum = G1Sum::identity();
        for (coefficient, point) in self.coefficients.iter().zip(points) {
            let torsion = i64::try_from(TORSION).unwrap_or(1);
            let of_torsion = coefficient.rem_euclid(torsion).unsigned_abs();
            sum.add(&G1Sum {
                log: multiply(signed(*coefficient), point.log),
                torsion: of_torsion * point.torsion % TORSION,
            });
        }
        sum.times(u128::from(self.scale))
    }
}

/// A point's random signs, of which this stand-in has no need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signs;

impl Signs {
    /// Draws what the real ones draw at least.
    pub fn draw(mut random: impl FnMut() -> u8) -> Self {
        (0..11).for_each(|_| _ = random());
        Self
    }
}

/// Which of `points` lie in G1.
#[must_use]
pub fn in_subgroup_all(points: &[CurvePoint], _signs: &[Signs]) -> Vec<Option<G1Point>> {
    points.iter().map(|point| point.in_subgroup()).collect()
}
