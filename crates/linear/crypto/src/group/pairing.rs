//! Equations between pairings: a product of logarithms.

use super::field::{add, multiply};
use super::{CurvePoint, G1Point, G1Sum, G2Point};

/// `Π e(P_i, Q_i)`: blind to torsion, as on the curve.
#[derive(Default)]
pub struct PairingProduct(u64);

impl PairingProduct {
    /// Multiplies by e(P, Q).
    #[must_use]
    pub fn times(self, p: &CurvePoint, q: &G2Point) -> Self {
        self.times_sum(&G1Sum::from(p), q)
    }

    /// Multiplies by e(P, Q).
    #[must_use]
    pub fn times_sum(self, p: &G1Sum, q: &G2Point) -> Self {
        Self(add(self.0, multiply(p.log, q.0)))
    }

    /// Divides by e(P, Q).
    #[must_use]
    pub fn over_sum(self, p: &G1Sum, q: &G2Point) -> Self {
        self.times_sum(&p.negate(), q)
    }

    /// Whether the product is one.
    #[must_use]
    pub const fn is_one(&self) -> bool {
        self.0 == 0
    }
}

/// Whether p and q have one logarithm.
#[must_use]
pub fn multiples_of_generators_agree(p: &G1Point, q: &G2Point) -> bool {
    p.as_curve_point().log == q.0
}
