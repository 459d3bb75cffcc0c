//! Cheats, one behaviour each: the session is void, whoever signed what shows it is named, and
//! nobody honest ever is.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use proptest::prelude::*;
use sealbid_crypto::group::{G1Point, G1Sum, G2Point, PointError, SecretScalar};
use sealbid_types::bytes::FixedBytes;
use sealbid_types::id::MemberIndex;

use crate::board::{Board, PostError, Posted};
use crate::check::{DealingError, DealtPoint};
use crate::dealing::deal;
use crate::fault::{Culprit, Fault, FaultReason, Void};
use crate::message::{Dealing, Message};
use crate::participant::Step;
use crate::payload::Route;
use crate::proof::{Dealer, EqualityProof, PossessionProof};
use crate::signed::Signed;
use crate::testing::{Ceremony, NOW, identity, invitation, member, participant, secret};

const N: u8 = 4;
const Q: u8 = 3;
/// Who cheats.
const MALLORY: u8 = 2;

fn honest_dealing(ceremony: &Ceremony, seed: u8) -> Dealing {
    let index = MemberIndex(seed);
    deal(ceremony.session(), index, &secret(seed), &identity(seed))
        .unwrap()
        .body
}

/// A ceremony in which `seed` deals `forge` of its honest dealing.
fn with_dealing(seed: u8, forge: impl FnOnce(&Ceremony, Dealing) -> Dealing) -> Ceremony {
    let mut ceremony = Ceremony::called(N, Q);
    for dealer in 0..N {
        let honest = honest_dealing(&ceremony, dealer);
        if dealer != seed {
            ceremony.post(Message::Dealing(Signed::new(honest, &identity(dealer))));
        }
    }
    let forged = forge(&ceremony, honest_dealing(&ceremony, seed));
    ceremony.post(Message::Dealing(Signed::new(forged, &identity(seed))));
    ceremony
}

/// Lets everybody but the cheat go on until they are done; what they conclude, all alike.
fn conclude(ceremony: &mut Ceremony, cheats: &[u8]) -> Void {
    let mut voids = go_on(ceremony, cheats).into_iter().map(|step| match step {
        Step::Void(void) => void,
        other => panic!("somebody goes on: {other:?}"),
    });
    let void = voids.next().unwrap();
    assert!(voids.all(|other| other == void), "they differ");
    void
}

/// Lets everybody but the cheats say all that they have to say; what they do then.
fn go_on(ceremony: &mut Ceremony, cheats: &[u8]) -> Vec<Step> {
    let honest = || (0..N).filter(|seed| !cheats.contains(seed));
    for _ in 0..4 {
        for seed in honest() {
            if let Step::Post(message) = ceremony.step(seed) {
                ceremony.post(*message);
            }
        }
    }
    honest().map(|seed| ceremony.step(seed)).collect()
}

fn only_mallory(void: &Void) -> FaultReason {
    let [fault] = void.faults.as_slice() else {
        panic!("not one fault: {void}");
    };
    assert_eq!(fault.culprit, Culprit::Member(MemberIndex(MALLORY)));
    fault.reason.clone()
}

fn reason_of_dealing(forge: impl FnOnce(&Ceremony, Dealing) -> Dealing) -> FaultReason {
    let mut ceremony = with_dealing(MALLORY, forge);
    only_mallory(&conclude(&mut ceremony, &[MALLORY]))
}

fn scalar(seed: u8) -> SecretScalar {
    SecretScalar::from_uniform_bytes(&[seed; 64]).unwrap()
}

fn scalar_point(seed: u8) -> G1Point {
    G1Point::generator().times_secret(&scalar(seed))
}

fn encoded(point: &G1Point) -> FixedBytes<96> {
    FixedBytes(point.encode())
}

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
        dealing.proof = PossessionProof::new(dealer, constant, &public, scalar(3));
        dealing
    });
    assert_eq!(other_session, possession);
}

/// A key chosen so that the sum is one that the cheat knows the secret of.
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
        dealing.proof = PossessionProof::new(dealer, &scalar(5), &rogue, scalar(6));
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
#[test]
fn two_who_deal_the_same_secret_are_both_named() {
    for negate in [false, true] {
        let partner = 1;
        let mut ceremony = Ceremony::called(N, Q);
        let session = ceremony.session().clone();
        let theirs = secret(partner).polynomial(session.id(), Q);
        let own = if negate {
            theirs.negated()
        } else {
            secret(partner).polynomial(session.id(), Q)
        };
        for seed in [0, partner, 3] {
            let dealing = honest_dealing(&ceremony, seed);
            ceremony.post(Message::Dealing(Signed::new(dealing, &identity(seed))));
        }
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
        dealing.proof = PossessionProof::new(dealer, own.constant().unwrap(), &public, scalar(4));
        ceremony.post(Message::Dealing(Signed::new(dealing, &identity(MALLORY))));
        let void = conclude(&mut ceremony, &[partner, MALLORY]);
        let same = |one: u8, other: u8| {
            Fault::of(
                MemberIndex(one),
                FaultReason::SameSecret(MemberIndex(other)),
            )
        };
        assert_eq!(
            void.faults,
            [same(partner, MALLORY), same(MALLORY, partner)]
        );
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

/// Two dealings shown to two people: nobody finishes; once their boards meet, the liar is named.
#[test]
fn two_dealings_shown_to_two_people() {
    let ceremony = Ceremony::called(N, Q);
    let session = ceremony.session().clone();
    let mut sides = [ceremony.board.clone(), ceremony.board.clone()];
    for seed in (0..N).filter(|seed| *seed != MALLORY) {
        let dealing = honest_dealing(&ceremony, seed);
        for side in &mut sides {
            let message = Message::Dealing(Signed::new(dealing.clone(), &identity(seed)));
            side.post(message).unwrap();
        }
    }
    // Both are in order: they come of two secrets for one enrolment's key.
    for (side, shown) in sides.iter_mut().zip([MALLORY, 99]) {
        let index = MemberIndex(MALLORY);
        let dealing = deal(&session, index, &secret(shown), &identity(MALLORY)).unwrap();
        side.post(Message::Dealing(dealing)).unwrap();
    }
    for (side, seed) in sides.iter_mut().zip([0, 1]) {
        let mut own = participant(seed, Some(session.id()));
        match own.next(side, NOW) {
            Step::Post(message) => assert_eq!(side.post(*message), Ok(Posted::New)),
            other => panic!("{other:?}"),
        }
    }
    let [mut first, second] = sides;
    let (new, refused) = first.merge(&second);
    assert_eq!((new, refused.len()), (2, 0));
    for seed in [0, 1, 3] {
        match participant(seed, Some(session.id())).next(&first, NOW) {
            Step::Void(void) => assert_eq!(only_mallory(&void), FaultReason::TwoDealings),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_confirmation_of_other_dealings_blames_nobody() {
    let mut ceremony = Ceremony::dealt(N, Q);
    ceremony.post_next(0);
    let Step::Post(message) = ceremony.step(MALLORY) else {
        panic!("nothing to confirm");
    };
    let Message::Confirmation(mut confirmation) = *message else {
        panic!("not a confirmation");
    };
    confirmation.body.transcript = [1; 32].into();
    let false_one = Signed::new(confirmation.body, &identity(MALLORY));
    ceremony.post(Message::Confirmation(false_one));
    let void = conclude(&mut ceremony, &[MALLORY]);
    let disagreement = FaultReason::Disagreement(MemberIndex(MALLORY));
    assert_eq!(void.faults, [Fault::of_nobody(disagreement)]);
}

#[test]
fn a_confirmation_of_another_committee_is_a_lie() {
    let mut ceremony = Ceremony::dealt(N, Q);
    let Step::Post(message) = ceremony.step(MALLORY) else {
        panic!("nothing to confirm");
    };
    let Message::Confirmation(mut confirmation) = *message else {
        panic!("not a confirmation");
    };
    confirmation.body.committee = [1; 32].into();
    let false_one = Signed::new(confirmation.body, &identity(MALLORY));
    ceremony.post(Message::Confirmation(false_one));
    let void = conclude(&mut ceremony, &[MALLORY]);
    assert_eq!(only_mallory(&void), FaultReason::FalseConfirmation);
}

/// Complaints about a right payload: with the right point, with another's, with no proof.
#[test]
fn a_false_accusation_names_the_accuser() {
    for lie in 0..3u8 {
        let mut ceremony = Ceremony::dealt(N, Q);
        let session = ceremony.session().clone();
        let accused = ceremony.board.dealings(MemberIndex(0))[0].clone();
        let read = crate::check::read_dealing(&session, &accused.body).unwrap();
        let mut complaint = crate::complaint::complain(
            &session,
            MemberIndex(MALLORY),
            &accused,
            &read,
            &secret(MALLORY),
            &identity(MALLORY),
        )
        .unwrap()
        .body;
        match lie {
            0 => {}
            1 => complaint.shared_point = FixedBytes(scalar_point(9).compress()),
            _ => complaint.proof = proof_of_nothing(&complaint.proof),
        }
        let signed = Signed::new(complaint, &identity(MALLORY));
        ceremony.post(Message::Complaint(signed));
        let void = conclude(&mut ceremony, &[MALLORY]);
        let expected = FaultReason::FalseAccusation(MemberIndex(0));
        assert_eq!(only_mallory(&void), expected, "lie {lie}");
    }
}

/// The same proof with a response that is not reduced.
fn proof_of_nothing(proof: &EqualityProof) -> EqualityProof {
    let mut bytes = postcard::to_stdvec(proof).unwrap();
    let length = bytes.len();
    bytes[length - 32..].fill(0xff);
    postcard::from_bytes(&bytes).unwrap()
}

#[test]
fn a_late_change_of_the_roster_names_the_inviter() {
    let mut ceremony = Ceremony::dealt(N, Q);
    let mut changed = ceremony.board.rosters()[0].body.clone();
    changed.enrolments.swap(1, 2);
    ceremony.post(Message::Roster(Signed::new(changed, &identity(0))));
    let void = conclude(&mut ceremony, &[0]);
    assert_eq!(void.faults, [Fault::of_inviter(FaultReason::TwoRosters)]);
}

#[test]
fn a_roster_that_cannot_be_names_the_inviter() {
    let mut ceremony = Ceremony::new(N, Q);
    for seed in 0..N {
        ceremony.post_next(seed);
    }
    let Message::Roster(mut roster) = ceremony.participant(0).call_roster(&ceremony.board, NOW)
    else {
        panic!("not a roster");
    };
    roster.body.enrolments[3] = roster.body.enrolments[1].clone();
    let roster = Signed::new(roster.body, &identity(0));
    ceremony.post(Message::Roster(roster));
    for seed in 1..N {
        match participant(seed, None).next(&ceremony.board, NOW) {
            Step::Void(void) => assert_eq!(void.faults[0].culprit, Culprit::Inviter),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn nobody_speaks_for_another() {
    let mut ceremony = Ceremony::called(N, Q);
    let dealing = honest_dealing(&ceremony, 1);
    let forged = Message::Dealing(Signed::new(dealing, &identity(MALLORY)));
    let stranger = Err(PostError::Stranger("dealing"));
    assert_eq!(ceremony.board.post(forged), stranger);
    let mut unsigned = Signed::new(honest_dealing(&ceremony, 1), &identity(MALLORY));
    unsigned.author = member(1).identity;
    let signature = Err(PostError::Signature("dealing"));
    assert_eq!(ceremony.board.post(Message::Dealing(unsigned)), signature);
}

#[test]
fn more_joiners_than_seats_and_one_identity_twice() {
    let mut ceremony = Ceremony::new(3, 2);
    for seed in 0..2 {
        ceremony.post_next(seed);
    }
    let enrolment = |secret_seed: u8, seed: u8| {
        let board = Board::new(invitation(3, 2)).unwrap();
        let mut own = crate::participant::Participant::new(
            identity(seed),
            member(seed),
            secret(secret_seed),
            None,
        );
        match own.next(&board, NOW) {
            Step::Post(message) => *message,
            other => panic!("{other:?}"),
        }
    };
    let again = ceremony.board.post(enrolment(50, 1));
    assert_eq!(again, Err(PostError::Enrolled(member(1).identity)));
    ceremony.post_next(2);
    let fourth = ceremony.board.post(enrolment(3, 3));
    assert_eq!(fourth, Err(PostError::Full(3)));
    match ceremony.step(3) {
        Step::Void(void) => assert_eq!(void.faults[0].reason, FaultReason::NotSeated),
        other => panic!("{other:?}"),
    }
}

#[test]
fn once_all_have_confirmed_nothing_undoes_it() {
    let mut ceremony = Ceremony::confirmed(N, Q);
    let session = ceremony.session().clone();
    let second = deal(
        &session,
        MemberIndex(MALLORY),
        &secret(99),
        &identity(MALLORY),
    );
    ceremony.post(Message::Dealing(second.unwrap()));
    let committee = ceremony.outcome(0).committee;
    assert!((1..N).all(|seed| ceremony.outcome(seed).committee == committee));
}

#[test]
fn no_more_than_two_messages_of_a_kind_are_kept() {
    let mut ceremony = Ceremony::called(N, Q);
    let session = ceremony.session().clone();
    let mut post = |seed: u8| {
        let index = MemberIndex(MALLORY);
        let dealing = deal(&session, index, &secret(seed), &identity(MALLORY)).unwrap();
        ceremony.board.post(Message::Dealing(dealing))
    };
    assert_eq!(post(MALLORY), Ok(Posted::New));
    assert_eq!(post(MALLORY), Ok(Posted::Known));
    assert_eq!(post(97), Ok(Posted::New));
    assert_eq!(post(98), Err(PostError::TooMany));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever some dealers change of what they deal: if anybody is named, it is one of them.
    #[test]
    fn nobody_honest_is_ever_named(
        cheats in prop::collection::btree_set(0..N, 1..3),
        changes in prop::collection::vec((0usize..8, any::<prop::sample::Index>(), 1u8..), 2),
    ) {
        let mut ceremony = Ceremony::called(N, Q);
        let mut changes = changes.into_iter();
        for seed in 0..N {
            let mut dealing = honest_dealing(&ceremony, seed);
            if cheats.contains(&seed) && let Some((field, at, flip)) = changes.next() {
                change(&mut dealing, field, at, flip);
            }
            ceremony.post(Message::Dealing(Signed::new(dealing, &identity(seed))));
        }
        let liars: Vec<u8> = cheats.iter().copied().collect();
        for step in go_on(&mut ceremony, &liars) {
            // What one cheat dealt another is theirs alone: then the others wait for them.
            let faults = match step {
                Step::Void(void) => void.faults,
                Step::Wait(waiting) => {
                    prop_assert!(waiting.missing.iter().all(|seat| cheats.contains(&seat.0)));
                    continue;
                }
                other => panic!("{other:?}"),
            };
            for fault in faults {
                let Culprit::Member(MemberIndex(seed)) = fault.culprit else {
                    panic!("{fault}");
                };
                prop_assert!(cheats.contains(&seed), "{fault}");
            }
        }
    }
}

/// Changes one byte of one field.
fn change(dealing: &mut Dealing, field: usize, at: prop::sample::Index, flip: u8) {
    let bytes: &mut [u8] = match field {
        0 | 1 => &mut dealing.commitment[at.index(usize::from(Q))].0,
        2 => &mut dealing.commitment_2[at.index(usize::from(Q))].0,
        3 => &mut dealing.ephemeral_key.0,
        4 => &mut dealing.contribution.0,
        5 => {
            let mut bytes = postcard::to_stdvec(&dealing.proof).unwrap();
            let byte = at.index(bytes.len());
            bytes[byte] ^= flip;
            dealing.proof = postcard::from_bytes(&bytes).unwrap();
            return;
        }
        _ => &mut dealing.payloads[at.index(usize::from(N))].0,
    };
    let byte = at.index(bytes.len());
    bytes[byte] ^= flip;
}
