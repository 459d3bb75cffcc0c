//! What may be said once one has confirmed, and what of it shows whom.

use sealbid_types::bytes::FixedBytes;
use sealbid_types::id::MemberIndex;

use super::{MALLORY, N, Q, conclude, honest_dealing, only_mallory};
use crate::board::Board;
use crate::dealing::deal;
use crate::fault::{Culprit, Fault, FaultReason};
use crate::message::{Confirmed, DealingDigest, Message};
use crate::participant::Step;
use crate::signed::Signed;
use crate::testing::{Ceremony, NOW, commitment, identity, member, participant, secret};
use crate::waiting::Stage;

/// Who hosts the meeting, and lies.
const HOST: u8 = 0;
const ALICE: u8 = 1;
const BOB: u8 = 2;
const CAROL: u8 = 3;

/// What `seed` does next on this board: each side of a split has one of its own.
fn step(board: &Board, seed: u8) -> Step {
    let session = board.session().unwrap().as_ref().unwrap().id();
    participant(seed, Some(session)).next(board, NOW)
}

/// What `seed` confirms now. It is not posted: the test says who hears of it.
fn confirmation(ceremony: &Ceremony, seed: u8) -> Signed<Confirmed> {
    match ceremony.step(seed) {
        Step::Post(message) => match *message {
            Message::Confirmation(confirmed) => confirmed,
            other => panic!("not a confirmation: {other:?}"),
        },
        other => panic!("nothing to confirm: {other:?}"),
    }
}

/// The host keeps its confirmation from Bob, and shows Bob a second dealing instead: Alice has a key
/// that all n have signed, and Bob, who is one of them, must not be told to throw its share away.
#[test]
fn who_has_confirmed_is_in_doubt_and_never_told_to_start_again() {
    let mut ceremony = Ceremony::dealt(3, 2);
    for seed in [ALICE, BOB] {
        ceremony.post_next(seed);
    }
    let mut bobs = ceremony.board.clone();
    let withheld = confirmation(&ceremony, HOST);
    ceremony.post(Message::Confirmation(withheld.clone()));
    let alices = ceremony.outcome(ALICE);

    let session = ceremony.session().clone();
    let second = deal(&session, MemberIndex(HOST), &secret(99), &identity(HOST)).unwrap();
    bobs.post(Message::Dealing(second)).unwrap();
    let Step::InDoubt(doubt) = step(&bobs, BOB) else {
        panic!("not in doubt");
    };
    let twice = Fault::of(MemberIndex(HOST), FaultReason::TwoDealings);
    assert_eq!(doubt.faults, [twice]);
    assert_eq!(doubt.waiting.stage, Stage::Confirming);
    assert_eq!(doubt.waiting.missing, [MemberIndex(HOST)]);

    // Alice's transcript gives Bob its share of the key that counts …
    let recovered = alices
        .transcript
        .recover(&secret(BOB), &member(BOB).identity);
    assert_eq!(recovered.unwrap().committee, alices.committee);
    // … and so does the host's confirmation, from wherever it comes.
    bobs.post(Message::Confirmation(withheld)).unwrap();
    match step(&bobs, BOB) {
        Step::Done(outcome) => assert_eq!(outcome.committee, alices.committee),
        other => panic!("{other:?}"),
    }
}

/// Whatever is shown to one who has confirmed.
#[test]
fn nothing_voids_a_session_for_one_who_has_confirmed() {
    let mut ceremony = Ceremony::dealt(N, Q);
    ceremony.post_next(BOB);
    let session = ceremony.session().clone();
    let host = MemberIndex(HOST);
    let other = deal(&session, host, &secret(99), &identity(HOST)).unwrap();
    let mut roster = ceremony.board.rosters()[0].body.clone();
    roster.enrolments.swap(1, 2);
    let mut false_one = confirmation(&ceremony, HOST).body;
    false_one.confirmation.committee = [1; 32].into();
    // Both signatures are renewed, or the board would not take it and nothing would be shown.
    false_one.signature = false_one.confirmation.sign(&identity(HOST));
    let accused = &ceremony.board.dealings(MemberIndex(3))[0];
    let read = crate::check::read_dealing(&session, &accused.body).unwrap();
    let (own, key) = (secret(HOST), identity(HOST));
    let complaint = crate::complaint::complain(&session, host, accused, &read, &own, &key);
    // Four of these are evidence by themselves. That the confirmation is false shows only against
    // the dealings (`dissent`).
    let shown = [
        commitment(HOST, &other.body),
        Message::Dealing(other),
        Message::Roster(Signed::new(roster, &identity(HOST))),
        Message::Confirmation(Signed::new(false_one, &identity(HOST))),
        Message::Complaint(complaint.unwrap()),
    ];
    for message in shown {
        let (kind, mut board) = (message.kind(), ceremony.board.clone());
        board.post(message).unwrap();
        assert!(matches!(step(&board, BOB), Step::InDoubt(_)), "{kind}");
        // Carol has been shown the same and has not confirmed: for her it is over.
        assert!(matches!(step(&board, 3), Step::Void(_)), "{kind}");
    }
}

/// What keeps the last dealer from choosing the key (Gennaro, Jarecki, Krawczyk and Rabin; see
/// `lib.rs`): while one commitment is missing no honest dealing can be seen, also if the one who
/// owes it has dealt already.
#[test]
fn nobody_shows_a_dealing_before_all_have_committed() {
    let mut ceremony = Ceremony::called(N, Q);
    for seed in (0..N).filter(|seed| *seed != MALLORY) {
        ceremony.post_next(seed);
    }
    // Mallory deals, and has not committed.
    let early = honest_dealing(&ceremony, MALLORY);
    ceremony.post(Message::Dealing(Signed::new(early, &identity(MALLORY))));
    for seed in (0..N).filter(|seed| *seed != MALLORY) {
        match ceremony.step(seed) {
            Step::Wait(waiting) => {
                let missing = vec![MemberIndex(MALLORY)];
                assert_eq!(
                    (waiting.stage, waiting.missing),
                    (Stage::Committing, missing)
                );
            }
            other => panic!("{seed} goes on: {other:?}"),
        }
        assert!(ceremony.board.dealings(MemberIndex(seed)).is_empty());
    }
}

/// Who has two commitments out can see the others' dealings and then choose which one to keep.
#[test]
fn two_commitments_name_their_maker() {
    let mut ceremony = Ceremony::committed(N, Q);
    let mut other = honest_dealing(&ceremony, MALLORY);
    other.contribution = FixedBytes([1; 32]);
    ceremony.post(commitment(MALLORY, &other));
    let faults = conclude(&mut ceremony, &[MALLORY]);
    assert_eq!(only_mallory(&faults), FaultReason::TwoCommitments);
}

/// Mallory confirms dealings that nobody dealt: one of its own making under another's name, with
/// its own signature, another's of something else, or one of itself.
#[test]
fn a_confirmation_of_an_invented_dealing_names_its_maker() {
    for dealer in (0..N).map(MemberIndex) {
        for signed in 0..3u8 {
            let mut ceremony = Ceremony::dealt(N, Q);
            ceremony.post_next(ALICE);
            let mut body = confirmation(&ceremony, MALLORY).body;
            let shown = &mut body.commitments[dealer.as_usize()];
            shown.body.dealing = DealingDigest(FixedBytes([1; 32]));
            match signed {
                // With the signature over what the dealer did commit to.
                0 => {}
                1 => *shown = Signed::new(shown.body, &identity(MALLORY)),
                _ => shown.author = member(MALLORY).identity,
            }
            // The lie is made whole, digest and both signatures, so that nothing gives it away but
            // that no dealer has signed the commitment.
            let digests = body.commitments.iter().map(|shown| shown.body.dealing);
            let session = ceremony.session().id();
            let transcript = crate::receive::transcript_digest(session, digests);
            body.confirmation.transcript = transcript;
            body.signature = body.confirmation.sign(&identity(MALLORY));
            let invented = Signed::new(body, &identity(MALLORY));
            ceremony.post(Message::Confirmation(invented));
            let faults = conclude(&mut ceremony, &[MALLORY]);
            // Its own it may sign: then it has committed twice.
            let expected = match (dealer.0, signed) {
                (MALLORY, 1) => FaultReason::TwoCommitments,
                _ => FaultReason::InventedDealing(dealer),
            };
            assert_eq!(only_mallory(&faults), expected, "{dealer} {signed}");
        }
    }
}

/// A digest of no dealings, more or fewer commitments, and those of another order.
#[test]
fn a_confirmation_that_contradicts_itself_names_its_maker() {
    for lie in 0..4u8 {
        let mut ceremony = Ceremony::dealt(N, Q);
        let mut body = confirmation(&ceremony, MALLORY).body;
        match lie {
            0 => body.confirmation.transcript = [1; 32].into(),
            1 => _ = body.commitments.pop(),
            2 => body.commitments.push(body.commitments[0].clone()),
            _ => body.commitments.swap(0, 1),
        }
        body.signature = body.confirmation.sign(&identity(MALLORY));
        ceremony.post(Message::Confirmation(Signed::new(body, &identity(MALLORY))));
        let faults = conclude(&mut ceremony, &[MALLORY]);
        let expected = match lie {
            3 => FaultReason::InventedDealing(MemberIndex(0)),
            _ => FaultReason::FalseConfirmation,
        };
        assert_eq!(only_mallory(&faults), expected, "lie {lie}");
    }
}

/// Mallory shows Alice one dealing and Carol another: the confirmation of either tells the other.
#[test]
fn a_confirmation_tells_who_dealt_differently_elsewhere() {
    let ceremony = Ceremony::called(N, Q);
    let session = ceremony.session().clone();
    let honest: Vec<u8> = (0..N).filter(|seed| *seed != MALLORY).collect();
    let mut sides = [ceremony.board.clone(), ceremony.board.clone()];
    for (side, shown) in sides.iter_mut().zip([MALLORY, 99]) {
        let index = MemberIndex(MALLORY);
        let forged = deal(&session, index, &secret(shown), &identity(MALLORY)).unwrap();
        side.post(commitment(MALLORY, &forged.body)).unwrap();
        for seed in &honest {
            let dealing = honest_dealing(&ceremony, *seed);
            side.post(commitment(*seed, &dealing)).unwrap();
            let dealing = Signed::new(dealing, &identity(*seed));
            side.post(Message::Dealing(dealing)).unwrap();
        }
        side.post(Message::Dealing(forged)).unwrap();
    }
    let [mut alices, carols] = sides;
    // Nothing but Carol's confirmation travels.
    let Step::Post(confirmed) = step(&carols, CAROL) else {
        panic!("nothing to confirm");
    };
    alices.post(*confirmed).unwrap();
    match step(&alices, ALICE) {
        Step::Void(void) => {
            assert_eq!(only_mallory(&void.faults), FaultReason::TwoCommitments);
            assert_eq!(
                void.faults[0].culprit,
                Culprit::Member(MemberIndex(MALLORY))
            );
        }
        other => panic!("{other:?}"),
    }
}
