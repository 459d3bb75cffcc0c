//! What a ceremony and a session are called binds who called them.

use super::{N, Q};
use crate::board::{Board, PostError};
use crate::message::Message;
use crate::session::RosterError;
use crate::signed::Signed;
use crate::testing::{Ceremony, identity, invitation};
use crate::transcript::TranscriptError;

/// Somebody else signs invitation and roster of a finished transcript again, and would pass for the
/// inviter: the enrolments, and with them all else, are of another ceremony.
#[test]
fn nobody_passes_for_the_inviter_of_a_finished_ceremony() {
    let transcript = Ceremony::confirmed(N, Q).outcome(0).transcript;
    for eve in [1, 77] {
        let mut claimed = transcript.clone();
        claimed.invitation = Signed::new(claimed.invitation.body, &identity(eve));
        claimed.roster = Signed::new(claimed.roster.body, &identity(eve));
        let refused = TranscriptError::Roster(RosterError::Ceremony);
        assert_eq!(claimed.verify(), Err(refused.clone()), "{eve}");
        // Nor with a roster that names the ceremony by its new id.
        claimed.roster.body.ceremony = claimed.invitation.ceremony();
        claimed.roster = Signed::new(claimed.roster.body, &identity(eve));
        assert!(claimed.verify().is_err(), "{eve}");
    }
}

/// Word for word, nonce included: what differs is who signed.
#[test]
fn the_same_words_by_two_inviters_are_two_ceremonies() {
    let own = invitation(N, Q);
    let copied = Signed::new(own.body.clone(), &identity(1));
    assert_ne!(own.ceremony(), copied.ceremony());
    let mut board = Board::new(own).unwrap();
    let refused = board.post(Message::Invitation(copied));
    assert_eq!(refused, Err(PostError::Foreign("invitation")));
}
