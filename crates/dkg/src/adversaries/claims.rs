//! Different words to different people, and false ones about others.

use sealbid_types::bytes::FixedBytes;
use sealbid_types::id::MemberIndex;

use super::{MALLORY, N, Q, conclude, honest_dealing, only_mallory, scalar_point};
use crate::board::{PostError, Posted};
use crate::dealing::deal;
use crate::fault::FaultReason;
use crate::message::Message;
use crate::participant::Step;
use crate::proof::EqualityProof;
use crate::signed::Signed;
use crate::testing::{Ceremony, NOW, commitment, identity, participant, secret};

/// Two dealings shown to two people: nobody finishes; once their boards meet, the liar is named.
#[test]
fn two_dealings_shown_to_two_people() {
    let ceremony = Ceremony::called(N, Q);
    let session = ceremony.session().clone();
    let mut sides = [ceremony.board.clone(), ceremony.board.clone()];
    let honest = || (0..N).filter(|seed| *seed != MALLORY);
    // Both are in order: they come of two secrets for one enrolment's key, each committed to.
    for (side, shown) in sides.iter_mut().zip([MALLORY, 99]) {
        let index = MemberIndex(MALLORY);
        let forged = deal(&session, index, &secret(shown), &identity(MALLORY)).unwrap();
        let theirs = honest().map(|seed| (seed, honest_dealing(&ceremony, seed)));
        let all: Vec<_> = theirs.chain([(MALLORY, forged.body)]).collect();
        for (seed, dealing) in &all {
            side.post(commitment(*seed, dealing)).unwrap();
        }
        for (seed, dealing) in all {
            side.post(Message::Dealing(Signed::new(dealing, &identity(seed))))
                .unwrap();
        }
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
    // The other commitment, the other dealing, and what the other side confirmed.
    assert_eq!((new, refused.len()), (3, 0));
    for seed in honest() {
        // Who has confirmed does not know that nobody has both of the others' confirmations.
        let faults = match participant(seed, Some(session.id())).next(&first, NOW) {
            Step::Void(void) if seed == 3 => void.faults,
            Step::InDoubt(doubt) if seed != 3 => doubt.faults,
            other => panic!("{other:?}"),
        };
        assert_eq!(only_mallory(&faults), FaultReason::TwoCommitments);
    }
}

/// It rests on the right dealings and contradicts nothing that it shows: whoever makes the
/// committee of them sees the lie.
#[test]
fn a_confirmation_of_another_committee_is_a_lie() {
    let mut ceremony = Ceremony::dealt(N, Q);
    let Step::Post(message) = ceremony.step(MALLORY) else {
        panic!("nothing to confirm");
    };
    let Message::Confirmation(mut confirmed) = *message else {
        panic!("not a confirmation");
    };
    let confirmation = &mut confirmed.body.confirmation;
    confirmation.committee = [1; 32].into();
    confirmed.body.signature = confirmation.sign(&identity(MALLORY));
    let false_one = Signed::new(confirmed.body, &identity(MALLORY));
    ceremony.post(Message::Confirmation(false_one));
    let faults = conclude(&mut ceremony, &[MALLORY]);
    assert_eq!(only_mallory(&faults), FaultReason::FalseConfirmation);
}

/// Both signatures of a confirmation are its author's, or it is none.
#[test]
fn a_confirmation_without_its_part_of_the_certificate_is_not_taken() {
    let mut ceremony = Ceremony::dealt(N, Q);
    let Step::Post(message) = ceremony.step(MALLORY) else {
        panic!("nothing to confirm");
    };
    let Message::Confirmation(mut confirmed) = *message else {
        panic!("not a confirmation");
    };
    // Taken, another's signature would stand at Mallory's seat in the certificate, and a committee
    // file that everybody believes finished would verify nowhere.
    confirmed.body.signature = confirmed.body.confirmation.sign(&identity(1));
    let unsigned = Signed::new(confirmed.body, &identity(MALLORY));
    let refused = ceremony.board.post(Message::Confirmation(unsigned));
    assert_eq!(refused, Err(PostError::Signature("confirmation")));
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
            // All is in order but the subject: this complaint proves that the payload is right.
            0 => {}
            1 => complaint.shared_point = FixedBytes(scalar_point(9).compress()),
            _ => complaint.proof = proof_of_nothing(&complaint.proof),
        }
        let signed = Signed::new(complaint, &identity(MALLORY));
        ceremony.post(Message::Complaint(signed));
        let faults = conclude(&mut ceremony, &[MALLORY]);
        let expected = FaultReason::FalseAccusation(MemberIndex(0));
        assert_eq!(only_mallory(&faults), expected, "lie {lie}");
    }
}

/// The same proof with a response that is not reduced.
fn proof_of_nothing(proof: &EqualityProof) -> EqualityProof {
    let mut bytes = postcard::to_stdvec(proof).unwrap();
    let length = bytes.len();
    bytes[length - 32..].fill(0xff);
    postcard::from_bytes(&bytes).unwrap()
}
