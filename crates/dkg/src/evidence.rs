//! What the messages on a board show of those who signed them: whoever is named here has signed what
//! names it, and nobody honest signs such a thing.

use sealbid_types::id::MemberIndex;

use crate::board::Board;
use crate::complaint::judge;
use crate::fault::{Fault, FaultReason};
use crate::message::Confirmed;
use crate::receive::Dealt;
use crate::session::Session;

/// Two messages of one author where an honest one has one, a dealing that was not committed to, a
/// complaint, a confirmation that contradicts itself. Known before a dealing is looked into.
pub(crate) fn evidence(board: &Board, session: &Session) -> Vec<Fault> {
    let mut faults = Vec::new();
    if board.rosters().len() > 1 {
        faults.push(Fault::of_inviter(FaultReason::TwoRosters));
    }
    for member in MemberIndex::all(session.members()) {
        faults.extend(contradiction(board, member).map(|reason| Fault::of(member, reason)));
        let confirmations = board.confirmations(member).iter();
        let invented =
            confirmations.filter_map(|said| false_confirmation(board, session, &said.body));
        faults.extend(invented.map(|reason| Fault::of(member, reason)));
    }
    let judged = board
        .complaints()
        .map(|complaint| judge(session, &complaint.body));
    faults.extend(judged);
    faults
}

/// How a member's own messages contradict each other. Of several ways the first is told: who has
/// committed to two dealings may well have dealt both.
fn contradiction(board: &Board, member: MemberIndex) -> Option<FaultReason> {
    let (commitments, dealings) = (board.commitments(member), board.dealings(member));
    if commitments.len() > 1 {
        return Some(FaultReason::TwoCommitments);
    }
    if dealings.len() > 1 {
        return Some(FaultReason::TwoDealings);
    }
    let committed = commitments
        .first()
        .map(|commitment| commitment.body.dealing);
    let dealt = dealings.first().map(|dealing| dealing.body.digest());
    if let (Some(committed), Some(dealt)) = (committed, dealt)
        && committed != dealt
    {
        return Some(FaultReason::OtherDealing);
    }
    (board.confirmations(member).len() > 1).then_some(FaultReason::TwoConfirmations)
}

/// What is wrong with the commitments that a confirmation rests on. Whether they make what it says is
/// seen once the dealings are there ([`dissent`]).
fn false_confirmation(board: &Board, session: &Session, said: &Confirmed) -> Option<FaultReason> {
    if said.commitments.len() != usize::from(session.members()) {
        return Some(FaultReason::FalseConfirmation);
    }
    for (dealer, shown) in MemberIndex::all(session.members()).zip(&said.commitments) {
        let known = board.commitments(dealer);
        // The board has taken every one that its dealer signed, up to two. Once it has two, the
        // dealer is named whatever else it signed, and nobody need be for having seen a third.
        if known.len() < 2 && !known.iter().any(|known| known.body == shown.body) {
            return Some(FaultReason::InventedDealing(dealer));
        }
    }
    None
}

/// Those who have confirmed another result than the dealings here make. Without evidence (see
/// [`evidence`]) their confirmations rest on the same dealings.
pub(crate) fn dissent(board: &Board, dealt: &Dealt<'_>) -> Vec<Fault> {
    let Some(expected) = dealt.confirmation() else {
        return Vec::new();
    };
    let differs = |member: &MemberIndex| {
        let first = board.confirmations(*member).first();
        first.is_some_and(|said| said.body.confirmation != expected)
    };
    MemberIndex::all(dealt.session.members())
        .filter(differs)
        .map(|member| Fault::of(member, FaultReason::FalseConfirmation))
        .collect()
}
