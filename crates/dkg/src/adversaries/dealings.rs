//! Dealings that are not in order, or not their dealer's own.

use sealbid_crypto::group::{G1Point, G1Sum, G2Point, PointError};
use sealbid_types::bytes::FixedBytes;
use sealbid_types::id::MemberIndex;

use super::with_dealings;
use super::{MALLORY, N, Q, conclude, honest_dealing, reason_of_dealing, scalar, scalar_point};
use crate::board::PostError;
use crate::check::{DealingError, DealtPoint};
use crate::dealing::deal;
use crate::fault::{Fault, FaultReason};
use crate::message::Message;
use crate::payload::Route;
use crate::proof::{Dealer, Possessed, PossessionProof};
use crate::testing::{Ceremony, NOW, identity, member, secret};

fn encoded(point: &G1Point) -> FixedBytes<96> {
    FixedBytes(point.encode())
}

/// With one coefficient more than q in any dealing, q members could not use the key, which nobody
/// would notice before the first opening: every share would still fit its commitment.
#[test]
fn one_coefficient_too_many_or_too_few() {
    let more = reason_of_dealing(|_, mut dealing| {
        dealing.commitment.push(encoded(&scalar_point(1)));
        dealing
    });
    let fewer = reason_of_dealing(|_, mut dealing| {
        dealing.commitment_2.pop();
        dealing
    });
    let coefficients = |found| {
        FaultReason::Dealing(DealingError::Coefficients {
            expected: usize::from(Q),
            found,
        })
    };
    assert_eq!(more, coefficients(4));
    assert_eq!(fewer, coefficients(2));
}

#[test]
fn one_payload_too_few() {
    let reason = reason_of_dealing(|_, mut dealing| {
        dealing.payloads.pop();
        dealing
    });
    let (expected, found) = (4, 3);
    assert_eq!(
        reason,
        FaultReason::Dealing(DealingError::Payloads { expected, found })
    );
}

/// The first and the last byte of the share, and of the contribution: both halves are checked.
#[test]
fn a_wrong_share_is_shown_by_its_recipient() {
    for byte in [0, 31, 32, 63] {
        let reason = reason_of_dealing(|_, mut dealing| {
            dealing.payloads[1].0[byte] ^= 1;
            dealing
        });
        assert_eq!(reason, FaultReason::BadShare(MemberIndex(1)), "byte {byte}");
    }
}

/// The right share for member 1, encrypted to the key of member 3.
#[test]
fn a_share_to_the_wrong_key() {
    let reason = reason_of_dealing(|ceremony, mut dealing| {
        let session = ceremony.session();
        let id = session.id();
        let ephemeral = secret(MALLORY).ephemeral(id);
        let route = Route {
            session: id,
            dealer: MemberIndex(MALLORY),
            recipient: MemberIndex(1),
            encryption_key: session.encryption_keys()[3],
            ephemeral_key: G1Point::generator().times_secret(&ephemeral),
        };
        let share = secret(MALLORY).polynomial(id, Q).evaluate(2).unwrap();
        let shared = route.encryption_key.times_secret_kept(&ephemeral);
        let contribution = secret(MALLORY).contribution(id);
        dealing.payloads[1] = route.seal(&shared, &share, &contribution);
        dealing
    });
    assert_eq!(reason, FaultReason::BadShare(MemberIndex(1)));
}

/// Neither another's proof nor one's own of another session shows anything here.
#[test]
fn a_missing_or_foreign_proof_of_possession() {
    let possession = FaultReason::Dealing(DealingError::Possession);
    let of_another = reason_of_dealing(|ceremony, mut dealing| {
        dealing.proof = honest_dealing(ceremony, 1).proof;
        dealing
    });
    assert_eq!(of_another, possession);
    // Its own secret, and its own index, in another session.
    let other_session = reason_of_dealing(|ceremony, mut dealing| {
        let polynomial = secret(MALLORY).polynomial(ceremony.session().id(), Q);
        let dealer = Dealer {
            session: [7; 32].into(),
            index: MemberIndex(MALLORY),
        };
        let constant = polynomial.constant().unwrap();
        let public = polynomial.commitment()[0];
        dealing.proof =
            PossessionProof::new(dealer, Possessed::Secret, constant, &public, scalar(3));
        dealing
    });
    assert_eq!(other_session, possession);
}

/// A key chosen so that the sum is one that the cheat knows the secret of.
/// Without the proof of possession Mallory alone would hold the committee's secret.
#[test]
fn a_rogue_key() {
    let reason = reason_of_dealing(|ceremony, mut dealing| {
        let mut rogue = G1Sum::from(scalar_point(5).as_curve_point());
        for seed in (0..N).filter(|seed| *seed != MALLORY) {
            let first = honest_dealing(ceremony, seed).commitment[0];
            let first = G1Point::decode(&first.0).unwrap();
            rogue.add(&G1Sum::from(first.negate().as_curve_point()));
        }
        let rogue = rogue.to_point().unwrap().in_subgroup().unwrap();
        dealing.commitment[0] = encoded(&rogue);
        let dealer = Dealer {
            session: ceremony.session().id(),
            index: MemberIndex(MALLORY),
        };
        dealing.proof =
            PossessionProof::new(dealer, Possessed::Secret, &scalar(5), &rogue, scalar(6));
        dealing
    });
    assert_eq!(reason, FaultReason::Dealing(DealingError::Possession));
}

/// A copy of another's commitment, or of its negative: the proof is bound to who made it.
#[test]
fn an_equal_or_negated_commitment_has_no_proof() {
    for negate in [false, true] {
        let reason = reason_of_dealing(|ceremony, mut dealing| {
            let theirs = honest_dealing(ceremony, 0);
            let first = G1Point::decode(&theirs.commitment[0].0).unwrap();
            let first = if negate { first.negate() } else { first };
            dealing.commitment[0] = encoded(&first);
            dealing.proof = theirs.proof;
            dealing
        });
        assert_eq!(reason, FaultReason::Dealing(DealingError::Possession));
    }
}

/// Two who share a secret, or whose secrets cancel each other, both prove that they know it.
/// Who copied whom cannot be told, so both are named.
#[test]
fn two_who_deal_the_same_secret_are_both_named() {
    for negate in [false, true] {
        let partner = 1;
        let ceremony = Ceremony::called(N, Q);
        let session = ceremony.session().clone();
        let theirs = secret(partner).polynomial(session.id(), Q);
        let own = if negate {
            theirs.negated()
        } else {
            secret(partner).polynomial(session.id(), Q)
        };
        let mut dealing = honest_dealing(&ceremony, MALLORY);
        dealing.commitment = own.commitment().iter().map(encoded).collect();
        dealing.commitment_2 = own
            .commitment_2()
            .iter()
            .map(|point| FixedBytes(point.encode()))
            .collect();
        let dealer = Dealer {
            session: session.id(),
            index: MemberIndex(MALLORY),
        };
        let public = own.commitment()[0];
        dealing.proof = PossessionProof::new(
            dealer,
            Possessed::Secret,
            own.constant().unwrap(),
            &public,
            scalar(4),
        );
        let mut ceremony = with_dealings(ceremony, &[(MALLORY, dealing)]);
        let faults = conclude(&mut ceremony, &[partner, MALLORY]);
        let same = |one: u8, other: u8| {
            Fault::of(
                MemberIndex(one),
                FaultReason::SameSecret(MemberIndex(other)),
            )
        };
        assert_eq!(faults, [same(partner, MALLORY), same(MALLORY, partner)]);
    }
}

/// The compressed encoding of a point on the curve outside G1: found, not made up.
fn torsion() -> FixedBytes<48> {
    let candidate = |last: u8| {
        let mut bytes = [0; 48];
        (bytes[0], bytes[47]) = (0x80, last);
        bytes
    };
    let off_subgroup =
        |bytes: &[u8; 48]| G1Point::decompress(bytes) == Err(PointError::OffSubgroup);
    FixedBytes((1..=255).map(candidate).find(off_subgroup).unwrap())
}

/// (0, 2): on the curve, of order three.
fn of_order_three() -> FixedBytes<96> {
    let mut bytes = [0; 96];
    bytes[95] = 2;
    assert_eq!(G1Point::decode(&bytes), Err(PointError::OffSubgroup));
    FixedBytes(bytes)
}

/// Each point is checked by itself and before any equation: the equations are about logarithms, and
/// what is outside the group, or the identity, passes more of them than it should.
#[test]
fn points_that_are_none() {
    let identity_point = {
        let mut bytes = [0; 96];
        bytes[0] = 0x40;
        FixedBytes(bytes)
    };
    let identity_point_2 = {
        let mut bytes = [0; 192];
        bytes[0] = 0x40;
        FixedBytes(bytes)
    };
    let point = |point, error| FaultReason::Dealing(DealingError::Point { point, error });
    let coefficient = |power: usize, bytes: FixedBytes<96>| {
        reason_of_dealing(move |_, mut dealing| {
            dealing.commitment[power] = bytes;
            dealing
        })
    };
    assert_eq!(
        coefficient(0, identity_point),
        point(DealtPoint::Coefficient(0), PointError::Identity)
    );
    assert_eq!(
        coefficient(2, identity_point),
        point(DealtPoint::Coefficient(2), PointError::Identity)
    );
    assert_eq!(
        coefficient(1, of_order_three()),
        point(DealtPoint::Coefficient(1), PointError::OffSubgroup)
    );
    let in_g2 = reason_of_dealing(|_, mut dealing| {
        dealing.commitment_2[1] = identity_point_2;
        dealing
    });
    assert_eq!(
        in_g2,
        point(DealtPoint::Coefficient2(1), PointError::Identity)
    );
    let ephemeral = reason_of_dealing(|_, mut dealing| {
        dealing.ephemeral_key = torsion();
        dealing
    });
    assert_eq!(
        ephemeral,
        point(DealtPoint::EphemeralKey, PointError::OffSubgroup)
    );
}

/// Decryption shares are checked by the keys in G2, which are made of these commitments. Were they
/// another polynomial's, every honest share would look wrong.
#[test]
fn commitments_that_differ_between_the_groups() {
    for power in 0..usize::from(Q) {
        let reason = reason_of_dealing(|_, mut dealing| {
            let other = G2Point::generator().times_secret(&scalar(8));
            dealing.commitment_2[power] = FixedBytes(other.encode());
            dealing
        });
        assert_eq!(reason, FaultReason::Dealing(DealingError::Twins));
    }
}

#[test]
fn a_dealing_of_another_session_is_not_taken_and_proves_nothing_if_signed_again() {
    let other = {
        let mut other = Ceremony::new(N, Q);
        // Seats in another order: another session, of the same invitation and the same secrets.
        for seed in [3, 0, 1, 2] {
            other.post_next(seed);
        }
        let roster = other.participant(0).call_roster(&other.board, NOW);
        other.post(roster);
        let index = other.session().index_of(&member(MALLORY).identity).unwrap();
        let session = other.session();
        deal(session, index, &secret(MALLORY), &identity(MALLORY)).unwrap()
    };
    let mut ceremony = Ceremony::called(N, Q);
    let refused = ceremony.board.post(Message::Dealing(other.clone()));
    assert_eq!(refused, Err(PostError::Foreign("dealing")));
    let mut replayed = other.body;
    let replayed = reason_of_dealing(|ceremony, _| {
        replayed.session = ceremony.session().id();
        replayed.dealer = MemberIndex(MALLORY);
        replayed
    });
    assert_eq!(replayed, FaultReason::Dealing(DealingError::Possession));
}
