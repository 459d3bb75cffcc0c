#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::expect_used
)]

use super::*;
use crate::group::CurvePoint;
use crate::group::{Scalar, linear_combination_g2};
use crate::testing::{House, secret};

fn refused(change: impl FnOnce(&mut PublicKeys)) -> KeysError {
    let mut public = House::new(4, 3, 1).public;
    change(&mut public);
    CommitteeKeys::new(&public, 3).unwrap_err()
}

const THIRD: MemberIndex = MemberIndex(2);

#[test]
fn every_size_is_taken_and_agrees_with_threshold_crypto() {
    for (n, q) in [(3, 2), (4, 3), (5, 4), (7, 5), (16, 11), (16, 16)] {
        let house = House::new(n, q, 1);
        assert_eq!(
            (house.keys.members(), house.keys.quorum()),
            (n, usize::from(q))
        );
        let reference = house.reference.public_keys();
        assert_eq!(*house.keys.public_key_set(), reference);
        assert_eq!(
            house.keys.public_key().compress(),
            reference.public_key().to_bytes()
        );
        for member in MemberIndex::all(n) {
            let expected = reference.public_key_share(u64::from(member.0)).to_bytes();
            assert_eq!(
                house.keys.share_key(member).unwrap().g1.compress(),
                expected
            );
        }
        assert!(house.keys.share_key(MemberIndex(n)).is_none());
    }
}

#[test]
fn sizes_out_of_bounds_are_refused() {
    let public = House::new(4, 3, 1).public;
    for quorum in [0, 1, 2, 5, 255] {
        let error = CommitteeKeys::new(&public, quorum).unwrap_err();
        assert_eq!(error, KeysError::Quorum { quorum, members: 4 });
    }
    let error = CommitteeKeys::new(&public, 4).unwrap_err();
    assert_eq!(
        error,
        KeysError::Coefficients {
            expected: 4,
            found: 3
        }
    );
    let two = refused(|public| public.share_keys.truncate(2));
    assert_eq!(
        two,
        KeysError::Quorum {
            quorum: 3,
            members: 2
        }
    );
    let many = refused(|public| public.share_keys = vec![public.share_keys[0]; 300]);
    assert_eq!(
        many,
        KeysError::ShareKeys {
            expected: 16,
            found: 300
        }
    );
}

#[test]
fn points_are_checked_one_by_one() {
    let mut identity = [0; 96];
    identity[0] = 0xc0;
    let point = |key| KeysError::Point {
        key,
        error: PointError::Identity,
    };
    let error = refused(|public| public.commitment[1].0.copy_from_slice(&identity[..48]));
    assert_eq!(error, point(KeyName::Coefficient(1)));
    let error = refused(|public| public.public_key_2.0 = identity);
    assert_eq!(error, point(KeyName::PublicKey2));
    let error = refused(|public| public.share_keys[2].g1.0.copy_from_slice(&identity[..48]));
    assert_eq!(error, point(KeyName::ShareKey(THIRD)));
    let error = refused(|public| public.share_keys[2].g2.0 = identity);
    assert_eq!(error, point(KeyName::ShareKey2(THIRD)));
    let torsion = CurvePoint::of_order(11);
    let error = refused(|public| {
        let key = G1Point::decompress(&public.share_keys[2].g1.0).unwrap();
        let shifted = key.as_curve_point().plus(&torsion);
        public.share_keys[2].g1.0 = compress(&shifted);
    });
    let key = KeyName::ShareKey(THIRD);
    assert_eq!(
        error,
        KeysError::Point {
            key,
            error: PointError::OffSubgroup
        }
    );
}

/// The compressed form, by way of `Debug`.
fn compress(point: &CurvePoint) -> [u8; 48] {
    let y_is_larger = {
        let (y, minus_y) = (point.encode(), point.negate().encode());
        y[48..] > minus_y[48..]
    };
    let mut bytes = [0; 48];
    bytes.copy_from_slice(&point.encode()[..48]);
    bytes[0] |= if y_is_larger { 0xa0 } else { 0x80 };
    bytes
}

#[test]
fn keys_that_do_not_fit_together_are_named() {
    let other = House::new(4, 3, 2).public;
    let error = refused(|public| public.share_keys[2] = other.share_keys[2]);
    assert_eq!(error, KeysError::OffPolynomial(THIRD));
    let error = refused(|public| public.share_keys.swap(2, 3));
    assert_eq!(error, KeysError::OffPolynomial(THIRD));
    let error = refused(|public| public.commitment[0] = other.commitment[0]);
    assert_eq!(error, KeysError::OffPolynomial(MemberIndex(0)));
    let error = refused(|public| public.public_key_2 = other.public_key_2);
    assert_eq!(error, KeysError::Twin(KeyName::PublicKey2));
    let error = refused(|public| public.share_keys[2].g2 = other.share_keys[2].g2);
    assert_eq!(error, KeysError::Twin(KeyName::ShareKey2(THIRD)));
}

/// Two wrong twins whose errors cancel in an unweighted sum.
#[test]
fn twins_are_weighted() {
    let error = refused(|public| {
        let shift = G2Point::generator().times_secret(&secret(99));
        let shifted = |bytes: &[u8; 96], by: Scalar| {
            let one = (Scalar::from(1u64), G2Point::decompress(bytes).unwrap());
            linear_combination_g2(&[one, (by, shift)])
                .to_point()
                .unwrap()
                .compress()
        };
        let one = Scalar::from(1u64);
        public.share_keys[2].g2.0 = shifted(&public.share_keys[2].g2.0, one);
        public.share_keys[3].g2.0 = shifted(&public.share_keys[3].g2.0, -one);
    });
    assert_eq!(error, KeysError::Twin(KeyName::ShareKey2(THIRD)));
}

/// Twins whose weighted sums are the identity agree like any others, and none is blamed. Weights
/// are a hash of the keys, so that here they are given.
#[test]
fn twins_that_sum_to_the_identity_agree() {
    let (g1, g2) = (G1Point::generator(), G2Point::generator());
    let minus_one = [(-Scalar::from(1u64), g2)];
    let minus_g2 = linear_combination_g2(&minus_one).to_point().unwrap();
    let own = (KeyName::PublicKey2, g1, g2);
    let negated = (KeyName::ShareKey2(THIRD), g1.negate(), minus_g2);
    assert!(twins_agree(&[own, negated], &[7, 7]));
    // And of wrong ones the identity in G2 alone is not enough.
    let wrong = (KeyName::ShareKey2(THIRD), g1, minus_g2);
    assert!(!twins_agree(&[own, wrong], &[7, 7]));
}
