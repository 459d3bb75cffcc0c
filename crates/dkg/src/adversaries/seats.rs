//! Who has a seat, who may speak for it, and how often.

use std::net::Ipv4Addr;

use sealbid_types::bytes::FixedBytes;
use sealbid_types::id::MemberIndex;

use super::{MALLORY, N, Q, conclude, honest_dealing};
use crate::board::{Board, PostError, Posted};
use crate::dealing::deal;
use crate::fault::{Culprit, Fault, FaultReason};
use crate::message::{Enrolment, Message, Roster};
use crate::participant::Step;
use crate::session::{RosterError, Session};
use crate::signed::Signed;
use crate::testing::{Ceremony, NOW, identity, invitation, member, participant, secret};

/// Also after all have dealt: a member's index says at which point its share is the polynomial's
/// value, so another order would change what was dealt to whom.
#[test]
fn a_late_change_of_the_roster_names_the_inviter() {
    let mut ceremony = Ceremony::dealt(N, Q);
    let mut changed = ceremony.board.rosters()[0].body.clone();
    changed.enrolments.swap(1, 2);
    ceremony.post(Message::Roster(Signed::new(changed, &identity(0))));
    let faults = conclude(&mut ceremony, &[0]);
    assert_eq!(faults, [Fault::of_inviter(FaultReason::TwoRosters)]);
}

/// One identity in two seats, and somebody left without: everybody sees it, before there is a
/// session to accept.
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

/// Neither by signing for another's seat, nor under another's name.
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

/// The first keys of an identity stay: whoever looks at the table may have read them already.
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
    // It hears why, instead of waiting for a roster that leaves it out.
    match ceremony.step(3) {
        Step::Void(void) => assert_eq!(void.faults[0].reason, FaultReason::NotSeated),
        other => panic!("{other:?}"),
    }
}

/// All n signatures are out by then. Who heeded later evidence would throw away its share of a key
/// that the others use.
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

/// Two show the lie. A third would only let a liar fill everybody's board.
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

/// An enrolment in order but for its ports, of house and door.
fn enrolment_at(board: &Board, seed: u8, addresses: [u16; 2]) -> Signed<Enrolment> {
    let [house, door] = addresses.map(|port| (Ipv4Addr::LOCALHOST, port).into());
    let mut own = member(seed);
    (own.house_addresses, own.door_addresses) = (vec![house], vec![door]);
    let enrolment = Enrolment {
        ceremony: board.ceremony(),
        member: own,
        encryption_key: FixedBytes(secret(seed).encryption_key(board.ceremony()).compress()),
    };
    Signed::new(enrolment, &identity(seed))
}

/// Two who would be found at one address, as house, door, or crosswise: the second is refused, and
/// told who has it. No honest inviter comes to call such a roster; one who does is named.
#[test]
fn an_address_is_one_members() {
    for addresses in [[9000, 9001], [9000, 9999], [9999, 9001], [9001, 9000]] {
        let mut board = Board::new(invitation(N, Q)).unwrap();
        let first = enrolment_at(&board, 0, [9000, 9001]);
        let second = enrolment_at(&board, 1, addresses);
        board.post(Message::Enrolment(first.clone())).unwrap();
        match board.post(Message::Enrolment(second.clone())) {
            Err(PostError::SharedAddress {
                one,
                other,
                address,
            }) => {
                assert_eq!((one, other), (first.author, second.author));
                assert!([9000, 9001].contains(&address.port()));
            }
            other => panic!("{addresses:?}: {other:?}"),
        }
        let third = enrolment_at(&board, 2, [9100, 9101]);
        let fourth = enrolment_at(&board, 3, [9200, 9201]);
        let roster = Roster {
            ceremony: board.ceremony(),
            enrolments: vec![first, third, second, fourth],
            started: NOW,
        };
        let roster = Signed::new(roster, &identity(0));
        let refused = Session::new(board.invitation(), &roster).map(|session| session.id());
        let (one, other) = (MemberIndex(0), MemberIndex(2));
        assert!(
            matches!(refused, Err(RosterError::SharedAddress { one: a, other: b, .. }) if (a, b) == (one, other)),
            "{refused:?}"
        );
    }
}
