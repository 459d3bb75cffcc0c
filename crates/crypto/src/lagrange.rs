//! Lagrange interpolation at zero, in integers.
//!
//! For members with points `x_i = i + 1`, f(0) is the sum of `λ_i f(x_i)`, where λ_i is the product
//! of `x_j / (x_j - x_i)` over all other members j of the set. Δ(n, q) is the least common
//! denominator of all λ_i over all sets of q of n members. That Δ λ_i are integers is Shoup's
//! (Practical Threshold Signatures, EUROCRYPT 2000, protocol RTS1, with n! for Δ), who needs it where no
//! order is known; here it makes short coefficients. Decryption shares carry 1/Δ in the exponent, so
//! that combining them takes these integers. Within one set these have a common
//! factor as a rule: dividing it out and multiplying by it once at the end leaves coefficients of
//! 23 bits where they had 58 (11 of 16).

use sealbid_types::id::MemberIndex;

use crate::group::{IntegerCombination, Scalar};

/// Δ(n, q): a row for each n from 3, an entry for each q from the majority to n.
#[rustfmt::skip]
const COMMON_DENOMINATORS: [&[u64]; 14] = [
    &[2, 1],
    &[3, 1],
    &[24, 12, 1],
    &[60, 10, 1],
    &[720, 360, 60, 1],
    &[2520, 1260, 105, 1],
    &[40_320, 20_160, 3360, 280, 1],
    &[181_440, 90_720, 15_120, 252, 1],
    &[3_628_800, 1_814_400, 907_200, 151_200, 2520, 1],
    &[19_958_400, 9_979_200, 1_663_200, 138_600, 2310, 1],
    &[479_001_600, 239_500_800, 119_750_400, 19_958_400, 1_663_200, 27_720, 1],
    &[3_113_510_400, 1_556_755_200, 778_377_600, 129_729_600, 10_810_800, 25_740, 1],
    &[87_178_291_200, 43_589_145_600, 21_794_572_800, 3_632_428_800, 605_404_800, 10_090_080,
      24_024, 1],
    &[653_837_184_000, 326_918_592_000, 163_459_296_000, 27_243_216_000,
      2_270_268_000, 37_837_800, 45_045, 1],
];

/// Δ(n, q); none unless n is 3 to 16, `2q > n` and `q <= n`.
#[must_use]
pub fn common_denominator(n: u8, q: u8) -> Option<u64> {
    let row = COMMON_DENOMINATORS.get(usize::from(n.checked_sub(3)?))?;
    row.get(usize::from(q.checked_sub(n / 2 + 1)?)).copied()
}

/// `denominator · λ_i` for each member of a set, in its order. None if a member stands there twice,
/// or if the denominator does not clear the fractions.
fn integer_coefficients(members: &[MemberIndex], denominator: u64) -> Option<Vec<i64>> {
    let point = |member: &MemberIndex| i128::from(member.0) + 1;
    let coefficient = |of: &MemberIndex| {
        let x = point(of);
        // At most 16 factors of at most 16 each: below 2^64, times a denominator below 2^40.
        let (mut over, mut under) = (i128::from(denominator), 1);
        for other in members.iter().filter(|other| *other != of).map(point) {
            over *= other;
            under *= other - x;
        }
        (over % under == 0).then(|| i64::try_from(over / under).ok())?
    };
    let distinct = members
        .iter()
        .enumerate()
        .all(|(at, member)| members.iter().take(at).all(|earlier| earlier != member));
    if distinct {
        members.iter().map(coefficient).collect()
    } else {
        None
    }
}

/// How the shares `u^{s_i/Δ}` of `members`, in this order, combine to `u^s`.
pub(crate) fn share_combination(
    members: &[MemberIndex],
    denominator: u64,
) -> Option<IntegerCombination> {
    let coefficients = integer_coefficients(members, denominator)?;
    let scale = coefficients.iter().fold(0, |divisor, c| {
        greatest_common_divisor(divisor, c.unsigned_abs())
    });
    let divisor = i64::try_from(scale).ok()?;
    let reduced: Vec<i64> = coefficients
        .iter()
        .map(|c| c.checked_div(divisor))
        .collect::<Option<_>>()?;
    Some(IntegerCombination::new(&reduced, scale))
}

/// λ_i for each of `members`, in this order, as scalars.
pub(crate) fn scalar_coefficients(
    members: &[MemberIndex],
    denominator: u64,
) -> Option<Vec<Scalar>> {
    let inverse = Scalar::from(denominator).inverse()?;
    let coefficients = integer_coefficients(members, denominator)?;
    Some(
        coefficients
            .into_iter()
            .map(|c| Scalar::from(c) * inverse)
            .collect(),
    )
}

fn greatest_common_divisor(a: u64, b: u64) -> u64 {
    if b == 0 {
        a
    } else {
        greatest_common_divisor(b, a % b)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All sets of `q` out of `n`, by the bits of a counter.
    fn subsets(n: u8, q: u8) -> impl Iterator<Item = Vec<MemberIndex>> {
        let sets = (0u32..1 << n).filter(move |bits| bits.count_ones() == u32::from(q));
        sets.map(move |bits| {
            MemberIndex::all(n)
                .filter(|m| bits >> m.0 & 1 == 1)
                .collect()
        })
    }

    /// The denominator of λ_i in lowest terms.
    fn denominator(members: &[MemberIndex], of: MemberIndex) -> u64 {
        let x = u64::from(of.0) + 1;
        let (mut over, mut under) = (1u64, 1u64);
        for other in members
            .iter()
            .filter(|m| **m != of)
            .map(|m| u64::from(m.0) + 1)
        {
            over *= other;
            under *= other.abs_diff(x);
        }
        under / greatest_common_divisor(over, under)
    }

    #[test]
    fn the_table_holds_the_least_common_denominators() {
        for n in 3..=16u8 {
            for q in n / 2 + 1..=n {
                let mut least = 1;
                for set in subsets(n, q) {
                    for member in &set {
                        let d = denominator(&set, *member);
                        least *= d / greatest_common_divisor(least, d);
                    }
                }
                assert_eq!(common_denominator(n, q), Some(least), "{q} of {n}");
            }
        }
    }

    #[test]
    fn every_set_interpolates_a_polynomial_of_its_degree() {
        for (n, q) in [
            (3, 2),
            (4, 3),
            (5, 4),
            (7, 5),
            (12, 9),
            (16, 9),
            (16, 11),
            (16, 16),
        ] {
            let delta = common_denominator(n, q).unwrap();
            for set in subsets(n, q) {
                let coefficients = integer_coefficients(&set, delta).unwrap();
                // f = 1, and f = 7 + x^{q-1} modulo a prime.
                assert_eq!(
                    coefficients.iter().map(|c| i128::from(*c)).sum::<i128>(),
                    i128::from(delta)
                );
                const P: i128 = (1 << 61) - 1;
                let power = |x: i128| (1..q).fold(1, |product, _| product * x % P);
                let sum = set.iter().zip(&coefficients).fold(0, |sum, (member, c)| {
                    (sum + i128::from(*c) % P * (7 + power(i128::from(member.0) + 1))) % P
                });
                assert_eq!(sum.rem_euclid(P), 7 * i128::from(delta) % P);
            }
        }
    }

    #[test]
    fn sizes_outside_the_table_have_no_denominator() {
        for (n, q) in [(2, 2), (17, 9), (4, 2), (16, 8), (5, 6), (0, 0), (3, 0)] {
            assert_eq!(common_denominator(n, q), None, "{q} of {n}");
        }
    }

    #[test]
    fn repeated_members_do_not_combine() {
        let set = [MemberIndex(0), MemberIndex(1), MemberIndex(0)];
        assert_eq!(integer_coefficients(&set, 3), None);
    }
}
