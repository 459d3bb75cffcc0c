//! Sums of multiples, against the plain definition.

use super::*;

fn curve_point(seed: u64) -> CurvePoint {
    let inside = *point(seed).as_curve_point();
    match seed % 5 {
        0 => inside,
        1 => inside.plus(&CurvePoint::of_order(11)),
        2 => CurvePoint::of_order(11),
        3 => inside.plus(&CurvePoint::of_order(3)),
        _ => CurvePoint::of_order(10_177),
    }
}

/// The same, and of order three: what no decoder lets through, but sums can come to.
fn any_point(seed: u8) -> CurvePoint {
    match seed {
        12 => CurvePoint::of_order(3),
        _ => curve_point(u64::from(seed)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Points of small order and repeated points are where incomplete additions go wrong.
    #[test]
    fn multi_scalar_multiplication_is_right_off_the_subgroup(
        full in prop::collection::vec((any::<u8>(), 0u64..12), 0..40),
        short in prop::collection::vec((any::<u128>(), 0u64..12), 0..80),
    ) {
        let (mut sum, mut terms) = (LinearCombination::default(), Vec::new());
        for (s, p) in short {
            sum.add_short(s, &curve_point(p));
            terms.push((Scalar::from(s), curve_point(p)));
        }
        prop_assert!(same(&sum.sum(), &naive(&terms)));
        for (s, p) in full {
            sum.add(scalar(s.into()), &curve_point(p));
            terms.push((scalar(s.into()), curve_point(p)));
        }
        // A full scalar is a residue: outside G1 the sum is right up to torsion.
        let (sum, naive) = (sum.sum().clear_cofactor(), naive(&terms).clear_cofactor());
        prop_assert!(same(&sum, &naive));
    }

    /// A lone term of small order, by any coefficient.
    #[test]
    fn a_lone_term_is_right_off_the_subgroup(coefficient: u128, p in 0u64..12) {
        let mut sum = LinearCombination::default();
        sum.add_short(coefficient, &curve_point(p));
        let expected = naive(&[(Scalar::from(coefficient), curve_point(p))]);
        prop_assert!(same(&sum.sum(), &expected));
    }

    /// Ten positions, each with points of its own.
    #[test]
    fn integer_combinations_are_right_off_the_subgroup(
        coefficients in prop::collection::vec(any::<i64>(), 1..17),
        points in prop::collection::vec(any::<[u8; 10]>(), 17),
        bits in 1u32..64,
        scale in 0u64..1 << 40,
    ) {
        let coefficients: Vec<i64> = coefficients.iter().map(|c| c >> bits).collect();
        let lists: Vec<Vec<CurvePoint>> = points
            .iter()
            .take(coefficients.len())
            .map(|points| points.map(|p| any_point(p % 13)).to_vec())
            .collect();
        let lists: Vec<&[CurvePoint]> = lists.iter().map(Vec::as_slice).collect();
        let combination = IntegerCombination::new(&coefficients, scale);
        let sums = combination.apply(&lists).unwrap();
        prop_assert_eq!(sums.len(), 10);
        for (at, sum) in sums.iter().enumerate() {
            let mut expected = G1Sum::identity();
            for (c, list) in coefficients.iter().zip(&lists) {
                let point = if *c < 0 { list[at].negate() } else { list[at] };
                expected.add(&G1Sum::from(&point).times_any(&[c.unsigned_abs()]));
            }
            prop_assert_eq!(*sum, expected.times_any(&[scale]).to_point());
        }
        prop_assert!(combination.apply(&lists[1..]).is_none());
        let mut uneven = lists.clone();
        uneven[0] = &uneven[0][1..];
        prop_assert!(lists.len() == 1 || combination.apply(&uneven).is_none());
    }

    #[test]
    fn lists_are_added_up_right_off_the_subgroup(
        lists in prop::collection::vec(prop::collection::vec((0u8..13, any::<bool>()), 0..40), 0..6),
    ) {
        let signed = |(seed, negative): &(u8, bool)| match (any_point(*seed), negative) {
            (point, true) => point.negate(),
            (point, false) => point,
        };
        let lists: Vec<Vec<CurvePoint>> = lists
            .iter()
            .map(|list| list.iter().map(signed).collect())
            .collect();
        let mut emptied = lists.clone();
        let sums = Chords::default().add_up_each(&mut emptied);
        prop_assert!(emptied.iter().all(Vec::is_empty));
        prop_assert_eq!(sums.len(), lists.len());
        for (list, sum) in lists.iter().zip(&sums) {
            let mut expected = G1Sum::identity();
            list.iter().for_each(|point| expected.add(&G1Sum::from(point)));
            prop_assert_eq!(*sum, expected.to_point());
        }
    }

    #[test]
    fn pairs_have_a_chord_unless_they_share_x(
        pairs in prop::collection::vec((0u8..13, 0u8..13, any::<bool>()), 0..20),
    ) {
        let pair = |(a, b, negative): &(u8, u8, bool)| {
            let (a, b) = (any_point(*a), any_point(*b));
            (a, if *negative { b.negate() } else { b })
        };
        let (first, second): (Vec<CurvePoint>, Vec<CurvePoint>) =
            pairs.iter().map(pair).unzip();
        let mut sums = first.clone();
        let mut chords = Chords::default();
        let left = chords.add_each(&mut sums, &second);
        for (at, (a, b)) in first.iter().zip(&second).enumerate() {
            let vertical = a == b || *a == b.negate();
            prop_assert_eq!(left.contains(&at), vertical);
            prop_assert_eq!(sums[at], if vertical { *a } else { a.plus(b) });
        }
        prop_assert!(left.is_sorted_by(|a, b| a > b));
        let mut doubles = first.clone();
        chords.double_each(&mut doubles);
        let expected: Vec<CurvePoint> = first.iter().map(|a| a.plus(a)).collect();
        prop_assert_eq!(doubles, expected);
    }
}

proptest! {
    #[test]
    fn a_scalar_is_its_halves(bytes: [u8; 32]) {
        let mut reduced = bytes;
        reduced[0] &= 0x3f;
        let whole = Scalar::decode(&reduced).unwrap();
        let (low, high) = whole.split();
        let z_squared = Scalar::from(0xd201_0000_0001_0000_u64) * Scalar::from(0xd201_0000_0001_0000_u64);
        prop_assert_eq!(Scalar::from(low) + Scalar::from(high) * z_squared, whole);
    }
}

#[test]
fn combinations_of_nothing_are_identities() {
    let points: Vec<CurvePoint> = (0..20).map(|seed| *point(seed).as_curve_point()).collect();
    for (coefficients, scale) in [([0, 0], 5), ([1, 2], 0), ([3, -3], 1)] {
        let combination = IntegerCombination::new(&coefficients, scale);
        for length in [20, 3, 0] {
            let sums = combination.apply(&[&points[..length]; 2]);
            assert_eq!(sums, Some(vec![None; length]));
        }
    }
}

#[test]
fn the_extreme_scalars_have_halves() {
    for whole in [Scalar::ZERO, Scalar::from(1u64), -Scalar::from(1u64)] {
        let mut sum = LinearCombination::default();
        sum.add(whole, point(3).as_curve_point());
        assert!(same(
            &sum.sum(),
            &naive(&[(whole, *point(3).as_curve_point())])
        ));
    }
}

#[test]
fn the_endomorphism_multiplies_by_the_square_of_the_parameter() {
    for seed in 0..8 {
        let inside = *point(seed).as_curve_point();
        let z = [0xd201_0000_0001_0000];
        let product = G1Sum::from(&inside).times_any(&z).times_any(&z);
        assert_eq!(product.to_point(), Some(inside.times_z_squared()));
    }
}

#[test]
fn many_terms_add_up() {
    for count in [1usize, 31, 32, 33, 700, 1100] {
        let p = *point(1).as_curve_point();
        let mut sum = LinearCombination::with_capacity(3 * count);
        for i in 0..count as u64 {
            sum.add(Scalar::from(i), &p);
            sum.add_short(u128::from(i), &p.negate());
        }
        assert!(sum.sum().is_identity(), "{count}");
        sum.add_short(1, &p);
        assert_eq!(sum.sum().to_point(), Some(p));
    }
    assert!(LinearCombination::default().sum().is_identity());
}

#[test]
fn combinations_in_g2_match_those_in_g1() {
    for count in [0, 1, 2, 5, 16] {
        let base = |seed| G2Point::generator().times_secret(&secret(seed));
        let terms: Vec<_> = (0..count).map(|i| (scalar(100 + i), base(i))).collect();
        let mut in_g1 = LinearCombination::default();
        for i in 0..count {
            in_g1.add(scalar(100 + i), point(i).as_curve_point());
        }
        let in_g1 = in_g1.sum().to_point().map(|p| p.in_subgroup().unwrap());
        match (in_g1, linear_combination_g2(&terms).to_point()) {
            (Some(p), Some(q)) => assert!(multiples_of_generators_agree(&p, &q)),
            (p, q) => assert_eq!((p, q.map(|_| ())), (None, None)),
        }
    }
}
