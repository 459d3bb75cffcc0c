#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::expect_used
)]

use proptest::prelude::*;

use super::chords::Chords;
use super::*;
use crate::testing::secret;

const R: &str = "73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001";

fn hex<const N: usize>(text: &str) -> [u8; N] {
    text.parse::<sealbid_types::bytes::FixedBytes<N>>()
        .unwrap()
        .0
}

/// A point of G1 out of a seed.
fn point(seed: u64) -> G1Point {
    G1Point::generator().times_secret(&secret(seed))
}

/// A public scalar out of a seed.
fn scalar(seed: u64) -> Scalar {
    secret(seed).expose(|bytes| {
        let mut big_endian = *bytes;
        big_endian.reverse();
        Scalar::decode(&big_endian).unwrap()
    })
}

/// Σ scalar · point by double-and-add.
fn naive(terms: &[(Scalar, CurvePoint)]) -> G1Sum {
    let mut sum = G1Sum::identity();
    for (scalar, point) in terms {
        let bytes = scalar.to_le_bytes();
        let limbs: Vec<u64> = bytes
            .chunks(8)
            .map(|limb| u64::from_le_bytes(limb.try_into().unwrap()))
            .collect();
        sum.add(&G1Sum::from(point).times_any(&limbs));
    }
    sum
}

fn same(a: &G1Sum, b: &G1Sum) -> bool {
    a.to_point() == b.to_point()
}

mod points {
    use super::*;

    /// On the curve, outside G1, and of the order that it is named for.
    #[test]
    fn the_point_of_order_eleven_is_one() {
        let point = CurvePoint::of_order_eleven();
        assert_eq!(CurvePoint::decode(&point.encode()), Ok(point));
        assert_eq!(point.in_subgroup(), None);
        let sum = G1Sum::from(&point);
        assert!(sum.times_small(11).is_identity());
        assert!(!sum.is_identity());
    }

    #[test]
    fn encodings_come_back() {
        for seed in 0..20 {
            let point = point(seed);
            assert_eq!(G1Point::decode(&point.encode()), Ok(point));
            assert_eq!(G1Point::decompress(&point.compress()), Ok(point));
            let in_g2 = G2Point::generator().times_secret(&secret(seed));
            assert_eq!(G2Point::decompress(&in_g2.compress()), Ok(in_g2));
        }
    }

    #[test]
    fn the_identity_is_refused() {
        let mut bytes = [0; 96];
        bytes[0] = 0x40;
        assert_eq!(CurvePoint::decode(&bytes), Err(PointError::Identity));
        bytes[0] = 0xc0;
        assert_eq!(G2Point::decompress(&bytes), Err(PointError::Identity));
        let mut bytes = [0; 48];
        bytes[0] = 0xc0;
        assert_eq!(G1Point::decompress(&bytes), Err(PointError::Identity));
    }

    #[test]
    fn only_the_flags_of_the_form_asked_for_are_taken() {
        let uncompressed = point(1).encode();
        let compressed = point(1).compress();
        for flags in 1..8u8 {
            let mut bytes = uncompressed;
            bytes[0] |= flags << 5;
            assert!(CurvePoint::decode(&bytes).is_err(), "{flags:03b}");
        }
        for flags in [0b000, 0b001, 0b010, 0b011, 0b110, 0b111] {
            let mut bytes = compressed;
            bytes[0] = bytes[0] & 0x1f | flags << 5;
            assert!(G1Point::decompress(&bytes).is_err(), "{flags:03b}");
        }
        // A compressed point in a field for an uncompressed one, which blst alone would take.
        let mut bytes = [0xab; 96];
        bytes[..48].copy_from_slice(&compressed);
        assert_eq!(CurvePoint::decode(&bytes), Err(PointError::Encoding));
    }

    #[test]
    fn coordinates_must_be_reduced() {
        let p: [u8; 48] = hex("1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf\
             6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab");
        // x = 4, y = sqrt(68) if it were one: take any point with a small x and add p to it.
        let small = (1..).find_map(CurvePoint::with_x).unwrap();
        let mut bytes = small.encode();
        let mut carry = 0;
        for (x, p) in bytes[..48].iter_mut().zip(p).rev() {
            let sum = u16::from(*x) + u16::from(p) + carry;
            *x = sum as u8;
            carry = sum >> 8;
        }
        assert_eq!(CurvePoint::decode(&bytes), Err(PointError::Encoding));
        assert!(CurvePoint::decode(&small.encode()).is_ok());
    }

    #[test]
    fn points_off_the_curve_are_refused() {
        let mut bytes = point(3).encode();
        bytes[95] ^= 1;
        assert_eq!(CurvePoint::decode(&bytes), Err(PointError::OffCurve));
        assert_eq!(CurvePoint::decode(&[0; 96]), Err(PointError::OffCurve));
        let off = (1..9u8).map(|x| {
            let mut bytes = [0; 48];
            (bytes[0], bytes[47]) = (0x80, x);
            G1Point::decompress(&bytes)
        });
        assert!(
            off.into_iter()
                .any(|result| result == Err(PointError::OffCurve))
        );
    }

    #[test]
    fn points_off_the_subgroup_are_told_apart() {
        for order in [11, 10_177, 859_267, 52_437_899] {
            let torsion = CurvePoint::of_order(order);
            assert!(G1Sum::from(&torsion).times_any(&[order]).is_identity());
            let shifted = point(5).as_curve_point().plus(&torsion);
            assert_eq!(CurvePoint::decode(&shifted.encode()), Ok(shifted));
            assert_eq!(
                G1Point::decode(&shifted.encode()),
                Err(PointError::OffSubgroup)
            );
            assert_eq!(
                G1Point::decode(&torsion.encode()),
                Err(PointError::OffSubgroup)
            );
        }
        // (0, 2), of order 3, is refused even where torsion is not.
        let mut bytes = [0; 96];
        bytes[95] = 2;
        assert_eq!(CurvePoint::decode(&bytes), Err(PointError::OffSubgroup));
    }

    #[test]
    fn clearing_the_cofactor_leaves_what_is_in_the_subgroup() {
        for order in [3, 11, 10_177, 859_267, 52_437_899] {
            let torsion = CurvePoint::of_order(order);
            assert!(
                G1Sum::from(&torsion).clear_cofactor().is_identity(),
                "{order}"
            );
            let inside = G1Sum::from(point(7).as_curve_point());
            let mut shifted = inside;
            shifted.add(&G1Sum::from(&torsion));
            assert!(
                same(&shifted.clear_cofactor(), &inside.clear_cofactor()),
                "{order}"
            );
            assert!(!inside.clear_cofactor().is_identity());
        }
    }

    /// With as many points as the batched test takes, and one of them outside.
    #[test]
    fn subgroups_are_tested_alike_one_by_one_and_together() {
        let mut points: Vec<CurvePoint> =
            (0..300).map(|i| *point(i % 40).as_curve_point()).collect();
        points[8] = points[7].negate();
        let signs = |seed: u8| -> Vec<Signs> {
            let mut output = blake3::Hasher::new_keyed(&[seed; 32]).finalize_xof();
            let mut byte = || {
                let mut byte = [0];
                output.fill(&mut byte);
                byte[0]
            };
            (0..300).map(|_| Signs::draw(&mut byte)).collect()
        };
        let all: Vec<_> = points.iter().map(|point| point.in_subgroup()).collect();
        assert!(all.iter().all(Option::is_some));
        for count in [0, 1, 79, 80, 300] {
            assert_eq!(
                in_subgroup_all(&points[..count], &signs(1)[..count]),
                all[..count]
            );
        }
        assert_eq!(in_subgroup_all(&points, &[]), all);
        for (seed, order) in [11, 10_177, 859_267, 52_437_899].into_iter().enumerate() {
            let mut points = points.clone();
            points[200] = points[200].plus(&CurvePoint::of_order(order));
            let tested = in_subgroup_all(&points, &signs(seed as u8));
            assert_eq!(tested[200], None, "{order}");
            assert_eq!(tested.iter().filter(|point| point.is_none()).count(), 1);
        }
        // Order three: by itself no decoder lets it through, as a part of a point it does.
        assert_eq!(CurvePoint::of_order(3).in_subgroup(), None);
        let mut with_three = points.clone();
        with_three[3] = with_three[3].plus(&CurvePoint::of_order(3));
        assert_eq!(in_subgroup_all(&with_three, &signs(9))[3], None);
        // Two errors that cancel where both points are chosen.
        let torsion = CurvePoint::of_order(11);
        points[1] = points[1].plus(&torsion);
        points[2] = points[2].plus(&torsion.negate());
        let tested = in_subgroup_all(&points, &signs(5));
        assert_eq!((tested[1], tested[2]), (None, None));
    }
}

mod scalars {
    use super::*;

    #[test]
    fn only_reduced_scalars_are_read() {
        let mut r: [u8; 32] = hex(R);
        assert_eq!(Scalar::decode(&r), Err(ScalarError::NotReduced));
        assert_eq!(Scalar::decode(&[0xff; 32]), Err(ScalarError::NotReduced));
        r.reverse();
        assert_eq!(
            SecretScalar::from_le_bytes(&r).unwrap_err(),
            ScalarError::NotReduced
        );
        assert_eq!(
            SecretScalar::from_le_bytes(&[0; 32]).unwrap_err(),
            ScalarError::Zero
        );
        r[0] -= 1;
        assert!(SecretScalar::from_le_bytes(&r).is_ok());
        r.reverse();
        assert_eq!(Scalar::decode(&r), Ok(-Scalar::from(1u64)));
        assert_eq!(Scalar::decode(&[0; 32]), Ok(Scalar::ZERO));
    }

    #[test]
    fn secrets_are_not_shown() {
        assert_eq!(format!("{:?}", secret(1)), "SecretScalar(redacted)");
    }

    proptest! {
        #[test]
        fn arithmetic_is_that_of_integers(a: u64, b: u64) {
            let (sa, sb) = (Scalar::from(a), Scalar::from(b));
            prop_assert_eq!(sa * sb, Scalar::from(u128::from(a) * u128::from(b)));
            prop_assert_eq!(sa + sb, Scalar::from(u128::from(a) + u128::from(b)));
            prop_assert_eq!(sa - sb + sb, sa);
            let signed = a as i64;
            let magnitude = Scalar::from(signed.unsigned_abs());
            let expected = if signed < 0 { -magnitude } else { magnitude };
            prop_assert_eq!(Scalar::from(signed), expected);
            prop_assert_eq!(sa.inverse().map(|i| i * sa), (a != 0).then(|| Scalar::from(1u64)));
        }

        #[test]
        fn secret_arithmetic_agrees_with_public(x: u64, k: u64, e: u128, f: u64) {
            let (e, f) = (Scalar::from(e), Scalar::from(f));
            prop_assert_eq!(secret(x).respond(secret(k), &e), scalar(k) + e * scalar(x));
            let value = |s: Option<SecretScalar>| s.map(|s| s.expose(|b| *b));
            let product = f * scalar(x);
            let expected = (product != Scalar::ZERO).then(|| product.to_le_bytes());
            prop_assert_eq!(value(secret(x).times(&f)), expected);
            let sum = (scalar(x) + scalar(k)).to_le_bytes();
            prop_assert_eq!(value(secret(x).plus(&secret(k))), Some(sum));
        }

        #[test]
        fn secret_multiplication_agrees_with_public(base: u64, by: u64) {
            let product = point(base).times_secret(&secret(by));
            let expected = naive(&[(scalar(by), *point(base).as_curve_point())]);
            prop_assert_eq!(Some(*product.as_curve_point()), expected.to_point());
        }
    }
}

mod combinations;

mod pairings {
    use super::*;

    #[test]
    fn pairings_are_bilinear() {
        let q = G2Point::generator().times_secret(&secret(9));
        assert!(multiples_of_generators_agree(&point(9), &q));
        assert!(!multiples_of_generators_agree(&point(8), &q));
        assert!(PairingProduct::default().is_one());
        let sum = |seed| G1Sum::from(point(seed).as_curve_point());
        let product = |a, b| {
            PairingProduct::default()
                .times_sum(&sum(a), &q)
                .over_sum(&sum(b), &q)
        };
        assert!(product(3, 3).is_one());
        assert!(!product(3, 4).is_one());
        let identity = G1Sum::identity();
        assert!(PairingProduct::default().times_sum(&identity, &q).is_one());
        assert!(
            !PairingProduct::default()
                .times_sum(&sum(1), &q)
                .over_sum(&identity, &q)
                .is_one()
        );
    }

    /// The trap that subgroup checks are for.
    #[test]
    fn pairings_are_blind_to_torsion() {
        let q = G2Point::generator();
        let p = point(3);
        let shifted = G1Sum::from(&p.as_curve_point().plus(&CurvePoint::of_order(11)));
        assert!(
            PairingProduct::default()
                .times(p.as_curve_point(), &q)
                .over_sum(&shifted, &q)
                .is_one()
        );
    }
}

mod hashes {
    use super::*;

    /// RFC 9380, appendix J.9.1.
    #[test]
    fn hashing_to_g1_follows_the_rfc() {
        let domain = "QUUX-V01-CS02-with-BLS12381G1_XMD:SHA-256_SSWU_RO_";
        let expected = [
            (
                "",
                "052926add2207b76ca4fa57a8734416c8dc95e24501772c814278700eed6d1e4\
                 e8cf62d9c09db0fac349612b759e79a108ba738453bfed09cb546dbb0783dbb3\
                 a5f1f566ed67bb6be0e8c67e2e81a4cc68ee29813bb7994998f3eae0c9c6a265",
            ),
            (
                "abc",
                "03567bc5ef9c690c2ab2ecdf6a96ef1c139cc0b2f284dca0a9a7943388a49a3a\
                 ee664ba5379a7655d3c68900be2f69030b9c15f3fe6e5cf4211f346271d7b01c\
                 8f3b28be689c8429c85b67af215533311f0b8dfaaa154fa6b88176c229f2885d",
            ),
        ];
        for (message, point) in expected {
            let hashed = hash_to_g1(message.as_bytes(), domain);
            assert_eq!(hashed.encode(), hex::<96>(point), "{message:?}");
        }
    }

    #[test]
    fn hashing_to_g2_is_that_of_threshold_crypto() {
        use threshold_crypto::group::CurveProjective;
        for i in 0..200u32 {
            let message = vec![i as u8; i as usize];
            let expected = threshold_crypto::hash_g2(&message).into_affine();
            let expected = threshold_crypto::group::CurveAffine::into_compressed(&expected);
            assert_eq!(
                hash_to_g2(&message).compress().as_slice(),
                expected.as_ref(),
                "{i}"
            );
        }
    }
}
