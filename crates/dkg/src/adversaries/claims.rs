//! Different words to different people, and false ones about others.

use sealbid_types::bytes::FixedBytes;
use sealbid_types::id::MemberIndex;

use super::{MALLORY, N, Q, conclude, honest_dealing, only_mallory, scalar_point};
use crate::board::Posted;
use crate::dealing::deal;
use crate::fault::{Fault, FaultReason};
use crate::message::Message;
use crate::participant::Step;
use crate::proof::EqualityProof;
use crate::signed::Signed;
use crate::testing::{Ceremony, NOW, identity, participant, secret};

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
