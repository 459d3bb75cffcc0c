//! Multi-scalar multiplication by Pippenger's method, its windows in parallel. Variable time: for
//! public scalars, and for weights of batches, which are safe from all who cannot measure this
//! process from the same processor.

use std::collections::BTreeMap;

use blst::{
    blst_p1, blst_p1_affine, blst_p1s_mult_pippenger, blst_p1s_mult_pippenger_scratch_sizeof,
    blst_p1s_tile_pippenger, blst_p2, blst_p2_affine, blst_p2s_mult_pippenger,
    blst_p2s_mult_pippenger_scratch_sizeof,
};
use rayon::prelude::*;
use zeroize::Zeroize as _;

use super::scalar::SCALAR_BITS;
use super::{CurvePoint, G1Point, G1Sum, G2Point, G2Sum, Scalar};

/// The width of every coefficient.
const BITS: usize = 128;

/// Fewer points than this take less time by tables of their multiples than by buckets.
const FEWEST: usize = 32;

/// The widths of windows that are considered.
const WIDTHS: core::ops::RangeInclusive<usize> = 4..=14;

/// `Σ scalar_i · point_i` over the curve, gathered term by term. Points outside G1 are welcome, but
/// for the two of order three (x = 0), which no decoder lets through: additions of buckets are
/// complete, and tables of multiples err on orders 3, 5 and 7 only. With one of those two the sum
/// may be any point.
#[derive(Default)]
pub struct LinearCombination {
    points: Vec<blst_p1_affine>,
    coefficients: Vec<[u8; BITS / 8]>,
}

impl LinearCombination {
    /// The empty sum, with room for so many terms of 128 bits; a full scalar makes two.
    #[must_use]
    pub fn with_capacity(terms: usize) -> Self {
        Self {
            points: Vec::with_capacity(terms),
            coefficients: Vec::with_capacity(terms),
        }
    }

    /// Adds `scalar · point`, as two terms: `scalar = low + high z²`, and to multiply by z² takes
    /// an endomorphism (Gallant, Lambert and Vanstone, CRYPTO 2001). Outside G1 the product is
    /// right up to torsion; a residue modulo r determines no more.
    pub fn add(&mut self, scalar: Scalar, point: &CurvePoint) {
        let (low, high) = scalar.split();
        self.add_short(low, point);
        if high != 0 {
            self.add_short(high, &point.times_z_squared());
        }
    }

    /// Adds `coefficient · point`, on all of the curve.
    pub fn add_short(&mut self, coefficient: u128, point: &CurvePoint) {
        self.points.push(point.0);
        self.coefficients.push(coefficient.to_le_bytes());
    }

    /// The sum.
    #[must_use]
    pub fn sum(&self) -> G1Sum {
        // Beyond some twenty threads there are more of them than windows.
        let chunks = rayon::current_num_threads().div_ceil(BITS / 8);
        let chunk = self.points.len().div_ceil(chunks).max(FEWEST);
        let chunks = self.points.par_chunks(chunk);
        chunks
            .zip(self.coefficients.par_chunks(chunk))
            .map(|(points, coefficients)| sum_of(points, coefficients))
            .reduce(G1Sum::identity, |mut sum, other| {
                sum.add(&other);
                sum
            })
    }
}

/// Coefficients may be the weights of a batch.
impl Drop for LinearCombination {
    fn drop(&mut self) {
        self.coefficients.zeroize();
    }
}

/// One chunk, never empty: `par_chunks` yields no empty ones.
fn sum_of(points: &[blst_p1_affine], coefficients: &[[u8; BITS / 8]]) -> G1Sum {
    match (points, coefficients) {
        // `blst` would multiply a lone point by incomplete additions.
        ([point], [coefficient]) => by_tables(
            &[*point, G1Point::generator().as_curve_point().0],
            &[*coefficient, [0; BITS / 8]],
        ),
        _ if points.len() < FEWEST => by_tables(points, coefficients),
        _ => by_windows(points, coefficients),
    }
}

fn by_tables(points: &[blst_p1_affine], coefficients: &[[u8; BITS / 8]]) -> G1Sum {
    let mut sum = blst_p1::default();
    let point_pointers = [points.as_ptr(), core::ptr::null()];
    let coefficient_pointers = [coefficients.as_ptr().cast::<u8>(), core::ptr::null()];
    // SAFETY: a pointer followed by null stands for contiguous items. There are `points.len()` of
    // both, coefficients ⌈BITS / 8⌉ bytes apart, and the scratch has the size `blst` asks for, in
    // bytes, rounded up to limbs of 8.
    unsafe {
        let mut scratch = vec![0; blst_p1s_mult_pippenger_scratch_sizeof(points.len()).div_ceil(8)];
        blst_p1s_mult_pippenger(
            &mut sum,
            point_pointers.as_ptr(),
            points.len(),
            coefficient_pointers.as_ptr(),
            BITS,
            scratch.as_mut_ptr(),
        );
    }
    G1Sum(sum)
}

/// The windows' sums, each by itself, then by Horner's rule together.
fn by_windows(points: &[blst_p1_affine], coefficients: &[[u8; BITS / 8]]) -> G1Sum {
    let width = best_width(points.len());
    // SAFETY: `blst` tells the size of one bucket in bytes.
    let bucket = unsafe { blst_p1s_mult_pippenger_scratch_sizeof(0) }.div_ceil(8);
    let buckets = || vec![0; bucket << (width - 1)];
    let window = |scratch: &mut Vec<u64>, number| {
        let sum = window_sum(points, coefficients, scratch, width * number, width);
        (number, sum)
    };
    // A range would be cut into a few pieces; a bridge hands window by window to whoever is free.
    let sums: BTreeMap<usize, G1Sum> = (0..windows(width))
        .par_bridge()
        .map_init(buckets, window)
        .collect();
    let highest_first = sums.values().rev();
    highest_first.fold(G1Sum::identity(), |mut sum, window| {
        (0..width).for_each(|_| sum.double());
        sum.add(window);
        sum
    })
}

fn window_sum(
    points: &[blst_p1_affine],
    coefficients: &[[u8; BITS / 8]],
    scratch: &mut [u64],
    first_bit: usize,
    width: usize,
) -> G1Sum {
    let mut sum = blst_p1::default();
    let point_pointers = [points.as_ptr(), core::ptr::null()];
    let coefficient_pointers = [coefficients.as_ptr().cast::<u8>(), core::ptr::null()];
    // SAFETY: as above, for two points at least. `first_bit` is at most BITS; the scratch holds
    // 2^(width - 1) buckets, all zero, and is left so.
    unsafe {
        blst_p1s_tile_pippenger(
            &mut sum,
            point_pointers.as_ptr(),
            points.len(),
            coefficient_pointers.as_ptr(),
            BITS,
            scratch.as_mut_ptr(),
            first_bit,
            width,
        );
    }
    G1Sum(sum)
}

/// How many windows there are: digits are signed, so that the last one carries into one more bit.
const fn windows(width: usize) -> usize {
    BITS / width + 1
}

/// The width that takes the least additions: a window adds every point to a bucket, and each of
/// its 2^(width - 1) buckets twice, at one and a half times the price.
fn best_width(points: usize) -> usize {
    let additions = |width: &usize| {
        let buckets = 1 << (width - 1);
        windows(*width).saturating_mul(points.saturating_add(3 * buckets))
    };
    WIDTHS.min_by_key(additions).unwrap_or(*WIDTHS.start())
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
    pippenger_g2(&points, &scalars, BITS)
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
    // SAFETY: as for G1 above, scalars ⌈bits / 8⌉ = BYTES bytes apart.
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
