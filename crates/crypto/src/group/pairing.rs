//! Equations between pairings.

use blst::{
    blst_final_exp, blst_fp12, blst_fp12_is_one, blst_miller_loop_n, blst_p1_affine, blst_p2_affine,
};

use super::{CurvePoint, G1Sum, G2Point};

/// `Π e(P_i, Q_i)`, gathered factor by factor.
///
/// The pairing is blind to torsion: for T of small order e(P + T, Q) = e(P, Q). So what stands on
/// the left must be known to lie in G1 before anything is concluded.
#[derive(Default)]
pub struct PairingProduct {
    left: Vec<blst_p1_affine>,
    right: Vec<blst_p2_affine>,
}

impl PairingProduct {
    /// Multiplies by e(P, Q).
    #[must_use]
    pub fn times(mut self, p: &CurvePoint, q: &G2Point) -> Self {
        self.left.push(p.0);
        self.right.push(q.0);
        self
    }

    /// Multiplies by e(P, Q), which is one if P is the identity.
    #[must_use]
    pub fn times_sum(self, p: &G1Sum, q: &G2Point) -> Self {
        match p.to_point() {
            Some(p) => self.times(&p, q),
            None => self,
        }
    }

    /// Divides by e(P, Q), which is one if P is the identity.
    #[must_use]
    pub fn over_sum(self, p: &G1Sum, q: &G2Point) -> Self {
        self.times_sum(&p.negate(), q)
    }

    /// Whether the product is one.
    #[must_use]
    pub fn is_one(&self) -> bool {
        if self.left.is_empty() {
            return true;
        }
        let left = [self.left.as_ptr(), core::ptr::null()];
        let right = [self.right.as_ptr(), core::ptr::null()];
        let mut product = blst_fp12::default();
        let mut result = blst_fp12::default();
        // SAFETY: a pointer followed by null stands for contiguous points; there are
        // `self.left.len()` of both, at least one, none the identity.
        unsafe {
            blst_miller_loop_n(&mut product, right.as_ptr(), left.as_ptr(), self.left.len());
            blst_final_exp(&mut result, &product);
            blst_fp12_is_one(&result)
        }
    }
}

/// Whether `e(p, g2) = e(g, q)`: p and q are the same multiple of their generators.
#[must_use]
pub fn multiples_of_generators_agree(p: &super::G1Point, q: &G2Point) -> bool {
    PairingProduct::default()
        .times(p.as_curve_point(), &G2Point::generator())
        .times(super::G1Point::generator().negate().as_curve_point(), q)
        .is_one()
}
