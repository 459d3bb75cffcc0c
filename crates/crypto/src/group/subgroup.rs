//! Many points' membership in G1, tested together.

use blst::{blst_p1, blst_p1_affine, blst_p1_in_g1, blst_p1s_add};
use rayon::prelude::*;

use super::{CurvePoint, G1Point, G1Sum};

/// How many groups of sums are made: 44 sums in all.
const GROUPS: usize = 11;

/// Sums of one group, made together by sorting the points into buckets.
const SUMS: u32 = 4;

/// Patterns of a point's signs in the sums of one group: -1, 0 or 1 in each.
const PATTERNS: u8 = 3u8.pow(SUMS);

/// The pattern of zeros. Those as far above it as below are each other's negatives.
const ZEROS: u8 = PATTERNS / 2;

/// Fewer points than this are cheaper to test one by one.
const FEWEST: usize = 80;

/// The most points that `blst` is given to add at once. It adds them in pairs, the sums in pairs
/// again while there are sixteen, and the rest by a complete formula. Pairs of points come out
/// right; of a pair of sums, one the identity and one with x = 0, it loses the latter. So many make
/// no second pairs.
const ADDED_AT_ONCE: usize = 31;

/// A point's random signs: for each group of sums a pattern, its digits in base 3 the signs, each
/// one more than it stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signs([u8; GROUPS]);

impl Signs {
    /// Uniform ones, if `random` is.
    pub fn draw(mut random: impl FnMut() -> u8) -> Self {
        Self([(); GROUPS].map(|()| {
            loop {
                // Three bytes for each pattern; the others would favour some.
                let byte = random();
                if byte < 3 * PATTERNS {
                    return byte % PATTERNS;
                }
            }
        }))
    }
}

/// Which of `points` lie in G1. `signs` are as many, which whoever chose the points could not
/// predict; with another number of them every point is tested by itself.
///
/// If one of the points is outside G1, so is a sum of all points with random signs -1, 0, 1, but
/// for one chance in three: the order of its component outside is no less than 3, so of that
/// point's three terms at most one can make up for the others'. If 44 such sums are inside, so are
/// all points, but for one chance in 2^69; if one sum is not, every point is tested exactly. Some
/// five microseconds a point for a thousand, where the exact test takes 42.
#[must_use]
pub fn in_subgroup_all(points: &[CurvePoint], signs: &[Signs]) -> Vec<Option<G1Point>> {
    let few = points.len() < FEWEST || points.len() != signs.len();
    if !few && sums_are_inside(points, signs) {
        return points.iter().map(|point| Some(G1Point(*point))).collect();
    }
    points.par_iter().map(|point| point.in_subgroup()).collect()
}

fn sums_are_inside(points: &[CurvePoint], signs: &[Signs]) -> bool {
    let negatives: Vec<CurvePoint> = points.iter().map(|point| point.negate()).collect();
    let is_inside = |sum: G1Sum| {
        // SAFETY: see the module's header.
        sum.is_identity() || unsafe { blst_p1_in_g1(&sum.0) }
    };
    let groups: Vec<Vec<G1Sum>> = (0..GROUPS)
        .into_par_iter()
        .map(|group| bucket_sums(points, &negatives, signs, group))
        .collect();
    let sums = groups.par_iter().flat_map(|buckets| {
        let digits = (0..SUMS).into_par_iter();
        digits.map(|digit| signed_sum(buckets, digit))
    });
    sums.all(is_inside)
}

/// For each pattern above the zeros, in their order: the sum of its points, less that of its
/// negative's points.
fn bucket_sums(
    points: &[CurvePoint],
    negatives: &[CurvePoint],
    signs: &[Signs],
    group: usize,
) -> Vec<G1Sum> {
    let mut buckets = vec![Vec::new(); usize::from(ZEROS)];
    for ((point, negative), Signs(patterns)) in points.iter().zip(negatives).zip(signs) {
        let pattern = patterns.get(group).copied().unwrap_or(ZEROS);
        let signed = if pattern > ZEROS { point } else { negative };
        let bucket = usize::from(pattern.abs_diff(ZEROS)).checked_sub(1);
        if let Some(bucket) = bucket.and_then(|at| buckets.get_mut(at)) {
            bucket.push(&signed.0);
        }
    }
    buckets.par_iter().map(|bucket| add_up(bucket)).collect()
}

/// The sum of one group that the patterns' digits at `digit` are the signs of.
fn signed_sum(buckets: &[G1Sum], digit: u32) -> G1Sum {
    let mut sum = G1Sum::identity();
    for (bucket, pattern) in buckets.iter().zip(ZEROS + 1..) {
        match pattern / 3u8.pow(digit) % 3 {
            0 => sum.add(&bucket.negate()),
            2 => sum.add(bucket),
            _ => {}
        }
    }
    sum
}

fn add_up(points: &[&blst_p1_affine]) -> G1Sum {
    let mut sum = G1Sum::identity();
    for points in points.chunks(ADDED_AT_ONCE) {
        let mut part = blst_p1::default();
        // SAFETY: as many pointers are read as there are references, at least one, which have their
        // layout.
        unsafe { blst_p1s_add(&mut part, points.as_ptr().cast(), points.len()) };
        sum.add(&G1Sum(part));
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pairs come to the identity, but one to the bare component of order three: pairs of pairs
    /// would lose it.
    #[test]
    fn the_bare_component_of_order_three_is_not_lost() {
        let inside = *G1Point::generator().as_curve_point();
        let torsion = CurvePoint::of_order(3);
        let (outside, negative) = (inside.plus(&torsion), inside.negate());
        for at in 0..40 {
            let mut points = [&inside.0, &negative.0].repeat(40);
            if let Some(point) = points.get_mut(2 * at) {
                *point = &outside.0;
            }
            assert_eq!(add_up(&points).to_point(), Some(torsion), "{at}");
        }
    }
}
