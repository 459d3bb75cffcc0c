//! Messages that are longer than any honest one: nobody has to keep them, and whoever has signed
//! them is named.

use sealbid_types::bytes::FixedBytes;
use sealbid_types::id::MemberIndex;

use super::{MALLORY, N, Q, honest_dealing};
use crate::board::{Board, MOST_BOARD_BYTES};
use crate::message::{Complaint, Confirmed, Dealing, Message, Roster};
use crate::participant::Step;
use crate::signed::Signed;
use crate::testing::{Ceremony, NOW, identity, invitation};

/// One dealing of just less than a whole board.
const BLOATED: usize = MOST_BOARD_BYTES / 64 - 200;

fn bloated(dealing: Dealing) -> Dealing {
    Dealing {
        payloads: vec![FixedBytes([7; 64]); BLOATED],
        ..dealing
    }
}

/// Refused, the author named, and the board as before: it can be written and read again.
#[track_caller]
fn refuses(ceremony: &mut Ceremony, message: Message) {
    let (author, before) = (message.author(), ceremony.board.to_bytes());
    let refused = ceremony.board.post(message).unwrap_err().to_string();
    assert!(refused.contains(&author.to_string()), "{refused}");
    assert_eq!(ceremony.board.to_bytes(), before);
    Board::from_bytes(&before).unwrap();
}

#[test]
fn a_bloated_dealing_is_not_kept() {
    let mut ceremony = Ceremony::committed(N, Q);
    let dealing = bloated(honest_dealing(&ceremony, MALLORY));
    let dealing = Message::Dealing(Signed::new(dealing, &identity(MALLORY)));
    refuses(&mut ceremony, dealing);
}

/// Neither for what the accuser makes of it, nor for the dealing in it.
#[test]
fn a_bloated_complaint_is_not_kept() {
    let mut ceremony = Ceremony::dealt(N, Q);
    let accused = &ceremony.board.dealings(MemberIndex(0))[0];
    let read = crate::check::read_dealing(ceremony.session(), &accused.body).unwrap();
    let complaint = crate::complaint::complain(
        ceremony.session(),
        MemberIndex(MALLORY),
        accused,
        &read,
        &crate::testing::secret(MALLORY),
        &identity(MALLORY),
    );
    let complaint = complaint.unwrap().body;
    let carried = bloated(complaint.dealing.body.clone());
    let complaint = Complaint {
        dealing: Box::new(Signed::new(carried, &identity(0))),
        ..complaint
    };
    let complaint = Message::Complaint(Signed::new(complaint, &identity(MALLORY)));
    refuses(&mut ceremony, complaint);
}

#[test]
fn a_bloated_confirmation_is_not_kept() {
    let mut ceremony = Ceremony::dealt(N, Q);
    let Step::Post(confirmation) = ceremony.step(MALLORY) else {
        panic!("nothing to confirm");
    };
    let Message::Confirmation(confirmed) = *confirmation else {
        panic!("not a confirmation");
    };
    let shown = confirmed.body.commitments[0].clone();
    let confirmed = Confirmed {
        commitments: vec![shown; 4_000],
        ..confirmed.body
    };
    let confirmation = Message::Confirmation(Signed::new(confirmed, &identity(MALLORY)));
    refuses(&mut ceremony, confirmation);
}

/// The inviter's own: it may sign as many seats as it likes.
#[test]
fn a_bloated_roster_is_not_kept() {
    let mut ceremony = Ceremony::new(N, Q);
    for seed in 0..N {
        ceremony.post_next(seed);
    }
    let roster = Roster {
        ceremony: ceremony.board.ceremony(),
        enrolments: vec![ceremony.board.enrolments()[0].clone(); 4_000],
        started: NOW,
    };
    refuses(
        &mut ceremony,
        Message::Roster(Signed::new(roster, &identity(0))),
    );
    assert!(ceremony.board.session().is_none());
}

/// The bounds leave room for all that honest members say, in the largest committee there can be.
#[test]
fn what_the_honest_say_has_room() {
    const ALL: u8 = 16;
    let ceremony = Ceremony::confirmed(ALL, ALL);
    let mut board = Board::new(invitation(ALL, ALL)).unwrap();
    let (new, refused) = board.merge(&ceremony.board);
    assert_eq!((new, refused), (4 * usize::from(ALL) + 1, Vec::new()));
}
