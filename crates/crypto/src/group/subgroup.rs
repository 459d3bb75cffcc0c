//! Many points' membership in G1, tested together.

use rayon::prelude::*;

use super::chords::Chords;
use super::{CurvePoint, G1Point};

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
/// point's three terms at most one can make up for the others' (the random subset test of
/// Bellare, Garay and Rabin, EUROCRYPT '98, with three signs for its two). If 44 such sums are inside, so are
/// all points, but for one chance in 2^69; if one sum is not, every point is tested exactly. For a
/// thousand points that is a seventh of the exact test's price.
#[must_use]
pub fn in_subgroup_all(points: &[CurvePoint], signs: &[Signs]) -> Vec<Option<G1Point>> {
    let few = points.len() < FEWEST || points.len() != signs.len();
    if !few && sums_are_inside(points, signs) {
        return points.iter().map(|point| Some(G1Point(*point))).collect();
    }
    points.par_iter().map(|point| point.in_subgroup()).collect()
}

fn sums_are_inside(points: &[CurvePoint], signs: &[Signs]) -> bool {
    // A range would be cut into a few pieces; a bridge hands group by group to whoever is free.
    let sums: Vec<CurvePoint> = (0..GROUPS)
        .par_bridge()
        .map_init(Workplace::new, |workplace, group| {
            workplace.signed_sums(points, signs, group)
        })
        .flatten_iter()
        .flatten_iter()
        .collect();
    // Those left out are the identity, which is inside.
    let sums = sums.par_iter().with_max_len(1);
    sums.all(|sum| sum.in_subgroup().is_some())
}

/// Memory for one group after another.
struct Workplace {
    chords: Chords,
    /// A list for each pattern above the zeros, in their order.
    patterns: Vec<Vec<CurvePoint>>,
    /// A list for each digit of the patterns.
    digits: Vec<Vec<CurvePoint>>,
}

impl Workplace {
    fn new() -> Self {
        Self {
            chords: Chords::default(),
            patterns: vec![Vec::new(); ZEROS.into()],
            digits: vec![Vec::new(); SUMS as usize],
        }
    }

    /// The sums of one group; none for the identity.
    fn signed_sums(
        &mut self,
        points: &[CurvePoint],
        signs: &[Signs],
        group: usize,
    ) -> Vec<Option<CurvePoint>> {
        for (point, Signs(patterns)) in points.iter().zip(signs) {
            // A pattern below the zeros is the negative of one as far above.
            let pattern = patterns.get(group).copied().unwrap_or(ZEROS);
            let distance = usize::from(pattern.abs_diff(ZEROS));
            let list = distance
                .checked_sub(1)
                .and_then(|at| self.patterns.get_mut(at));
            if let Some(list) = list {
                list.push(if pattern > ZEROS {
                    *point
                } else {
                    point.negate()
                });
            }
        }
        let sums = self.chords.add_up_each(&mut self.patterns);
        for (sum, pattern) in sums.iter().zip(ZEROS + 1..) {
            for (digit, list) in (0..).zip(&mut self.digits) {
                match (sum, pattern / 3u8.pow(digit) % 3) {
                    (Some(sum), 0) => list.push(sum.negate()),
                    (Some(sum), 2) => list.push(*sum),
                    _ => {}
                }
            }
        }
        self.chords.add_up_each(&mut self.digits)
    }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::super::G1Sum;
    use super::*;

    /// Multiples of the generator with the torsion that `kinds` ask for; the last repeats the
    /// first.
    fn points(kinds: &[u8]) -> Vec<CurvePoint> {
        let generator = *G1Point::generator().as_curve_point();
        let mut multiple = G1Sum::identity();
        let point = |kind: &u8| {
            multiple.add_point(&generator);
            let inside = multiple.to_point().unwrap();
            match kind {
                0 => inside,
                1 => inside.plus(&CurvePoint::of_order(3)),
                2 => CurvePoint::of_order(3),
                _ => inside.plus(&CurvePoint::of_order(11)),
            }
        };
        let mut points: Vec<CurvePoint> = kinds.iter().map(point).collect();
        points.extend(points.first().copied());
        points
    }

    fn sign(signs: &Signs, group: usize, digit: u32) -> i8 {
        (signs.0[group] / 3u8.pow(digit) % 3) as i8 - 1
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn sums_are_those_of_points_with_signs(
            kinds in prop::collection::vec(0u8..4, 1..40),
            key: [u8; 32],
        ) {
            let points = points(&kinds);
            let mut output = blake3::Hasher::new_keyed(&key).finalize_xof();
            let mut byte = || {
                let mut byte = [0];
                output.fill(&mut byte);
                byte[0]
            };
            let signs: Vec<Signs> = points.iter().map(|_| Signs::draw(&mut byte)).collect();
            let mut workplace = Workplace::new();
            for group in 0..GROUPS {
                let sums = workplace.signed_sums(&points, &signs, group);
                prop_assert_eq!(sums.len(), SUMS as usize);
                for (digit, sum) in (0..SUMS).zip(sums) {
                    let mut expected = G1Sum::identity();
                    for (point, signs) in points.iter().zip(&signs) {
                        match sign(signs, group, digit) {
                            1 => expected.add_point(point),
                            -1 => expected.add_point(&point.negate()),
                            _ => {}
                        }
                    }
                    prop_assert_eq!(sum, expected.to_point(), "group {}, digit {}", group, digit);
                }
            }
        }
    }

    /// 243 bytes are taken of 256, and 243 draws of eleven use up each of them eleven times: in
    /// every group each pattern comes three times.
    #[test]
    fn every_pattern_is_as_likely() {
        let mut bytes = (0..=u8::MAX).cycle();
        let mut counts = [[0; PATTERNS as usize]; GROUPS];
        for _ in 0..243 {
            let Signs(patterns) = Signs::draw(|| bytes.next().unwrap());
            for (counts, pattern) in counts.iter_mut().zip(patterns) {
                counts[usize::from(pattern)] += 1;
            }
        }
        assert_eq!(counts, [[3; PATTERNS as usize]; GROUPS]);
    }

    #[test]
    fn the_bound_is_that_of_44_sums() {
        assert_eq!(GROUPS * SUMS as usize, 44);
    }
}
