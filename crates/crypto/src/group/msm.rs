//! Multi-scalar multiplication by Pippenger's method, over chunks in parallel. Variable time:
//! public scalars only.

use blst::{
    blst_p1, blst_p1_affine, blst_p1s_mult_pippenger, blst_p1s_mult_pippenger_scratch_sizeof,
    blst_p2, blst_p2_affine, blst_p2s_mult_pippenger, blst_p2s_mult_pippenger_scratch_sizeof,
};
use rayon::prelude::*;

use super::scalar::SCALAR_BITS;
use super::{CurvePoint, G1Sum, G2Point, G2Sum, Scalar};

/// Points a chunk: more make wider windows, fewer keep all cores busy.
const CHUNK: core::ops::RangeInclusive<usize> = 256..=1024;

/// `Σ scalar_i · point_i` over the curve, gathered term by term. Points outside G1 are welcome:
/// every addition is by a complete formula.
#[derive(Default)]
pub struct LinearCombination {
    full: Terms<32>,
    short: Terms<16>,
}

#[derive(Default)]
struct Terms<const BYTES: usize> {
    points: Vec<blst_p1_affine>,
    scalars: Vec<[u8; BYTES]>,
}

impl LinearCombination {
    /// The empty sum, with room for `full` terms of 255 bits and `short` ones of 128.
    #[must_use]
    pub fn with_capacity(full: usize, short: usize) -> Self {
        Self {
            full: Terms::with_capacity(full),
            short: Terms::with_capacity(short),
        }
    }

    /// Adds `scalar · point`.
    pub fn add(&mut self, scalar: Scalar, point: &CurvePoint) {
        self.full.push(scalar.to_le_bytes(), point);
    }

    /// Adds `coefficient · point`, at half the cost.
    pub fn add_short(&mut self, coefficient: u128, point: &CurvePoint) {
        self.short.push(coefficient.to_le_bytes(), point);
    }

    /// The sum.
    #[must_use]
    pub fn sum(&self) -> G1Sum {
        let (mut sum, short) = rayon::join(|| self.full.sum(SCALAR_BITS), || self.short.sum(128));
        sum.add(&short);
        sum
    }
}

impl<const BYTES: usize> Terms<BYTES> {
    fn with_capacity(terms: usize) -> Self {
        Self {
            points: Vec::with_capacity(terms),
            scalars: Vec::with_capacity(terms),
        }
    }

    fn push(&mut self, scalar: [u8; BYTES], point: &CurvePoint) {
        self.points.push(point.0);
        self.scalars.push(scalar);
    }

    fn sum(&self, bits: usize) -> G1Sum {
        let share = self.points.len().div_ceil(rayon::current_num_threads());
        let chunk = share.clamp(*CHUNK.start(), *CHUNK.end());
        let chunks = self
            .points
            .par_chunks(chunk)
            .zip(self.scalars.par_chunks(chunk));
        let add = |mut sum: G1Sum, other| {
            sum.add(&other);
            sum
        };
        chunks
            .map(|(points, scalars)| pippenger(points, scalars, bits))
            .reduce(G1Sum::identity, add)
    }
}

/// One chunk, never empty: `par_chunks` yields no empty ones.
fn pippenger<const BYTES: usize>(
    points: &[blst_p1_affine],
    scalars: &[[u8; BYTES]],
    bits: usize,
) -> G1Sum {
    let mut sum = blst_p1::default();
    let point_pointers = [points.as_ptr(), core::ptr::null()];
    let scalar_pointers = [scalars.as_ptr().cast::<u8>(), core::ptr::null()];
    // SAFETY: a pointer followed by null stands for contiguous items. There are `points.len()` of
    // both, scalars ⌈bits / 8⌉ = BYTES bytes apart, and the scratch has the size `blst` asks for,
    // in bytes, rounded up to limbs of 8.
    unsafe {
        let mut scratch = vec![0; blst_p1s_mult_pippenger_scratch_sizeof(points.len()).div_ceil(8)];
        blst_p1s_mult_pippenger(
            &mut sum,
            point_pointers.as_ptr(),
            points.len(),
            scalar_pointers.as_ptr(),
            bits,
            scratch.as_mut_ptr(),
        );
    }
    G1Sum(sum)
}

/// `Σ scalar_i · point_i` in G2, for the few terms that keys and signatures need.
#[must_use]
pub fn linear_combination_g2(terms: &[(Scalar, G2Point)]) -> G2Sum {
    let (scalars, points): (Vec<_>, Vec<_>) = terms
        .iter()
        .map(|(scalar, point)| (scalar.to_le_bytes(), point.0))
        .unzip();
    pippenger_g2(&points, &scalars, SCALAR_BITS)
}

/// The same with coefficients of 128 bits, at half the cost.
#[must_use]
pub fn short_combination_g2(terms: &[(u128, G2Point)]) -> G2Sum {
    let (scalars, points): (Vec<_>, Vec<_>) = terms
        .iter()
        .map(|(coefficient, point)| (coefficient.to_le_bytes(), point.0))
        .unzip();
    pippenger_g2(&points, &scalars, 128)
}

fn pippenger_g2<const BYTES: usize>(
    points: &[blst_p2_affine],
    scalars: &[[u8; BYTES]],
    bits: usize,
) -> G2Sum {
    let mut sum = blst_p2::default();
    if points.is_empty() {
        return G2Sum(sum);
    }
    let point_pointers = [points.as_ptr(), core::ptr::null()];
    let scalar_pointers = [scalars.as_ptr().cast::<u8>(), core::ptr::null()];
    // SAFETY: as for G1 above.
    unsafe {
        let mut scratch = vec![0; blst_p2s_mult_pippenger_scratch_sizeof(points.len()).div_ceil(8)];
        blst_p2s_mult_pippenger(
            &mut sum,
            point_pointers.as_ptr(),
            points.len(),
            scalar_pointers.as_ptr(),
            bits,
            scratch.as_mut_ptr(),
        );
    }
    G2Sum(sum)
}
