//! What a participant waits for, and from whom.

use sealbid_types::id::MemberIndex;

use crate::board::Board;
use crate::fault::Fault;
use crate::session::Session;

/// How far a ceremony has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Seats are free.
    Enrolling,
    /// All seats are taken; the inviter has not called the roster.
    Roster,
    /// Commitments to dealings are missing.
    Committing,
    /// Dealings are missing.
    Dealing,
    /// Confirmations are missing.
    Confirming,
}

/// What a participant waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// At which stage.
    pub stage: Stage,
    /// Whose message is missing, once there is a roster.
    pub missing: Vec<MemberIndex>,
    /// How many seats are free, before.
    pub free_seats: u8,
    /// The deadline has passed.
    pub overdue: bool,
}

/// A participant that has confirmed sees a cheat: whether the key counts it cannot know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    /// Who has cheated, and how: at least one.
    pub faults: Vec<Fault>,
    /// Whose confirmations are missing here. Should they turn up, the key counts.
    pub waiting: Waiting,
}

/// Whose message of this stage is missing; none if nobody's is.
pub(crate) fn missing(
    board: &Board,
    session: &Session,
    stage: Stage,
    overdue: bool,
) -> Option<Waiting> {
    let waiting = waiting(board, session, stage, overdue);
    (!waiting.missing.is_empty()).then_some(waiting)
}

pub(crate) fn waiting(board: &Board, session: &Session, stage: Stage, overdue: bool) -> Waiting {
    let is_missing = |member: &MemberIndex| match stage {
        Stage::Committing => board.commitments(*member).is_empty(),
        Stage::Dealing => board.dealings(*member).is_empty(),
        Stage::Confirming => board.confirmations(*member).is_empty(),
        Stage::Enrolling | Stage::Roster => false,
    };
    let members = MemberIndex::all(session.members());
    Waiting {
        stage,
        missing: members.filter(is_missing).collect(),
        free_seats: 0,
        overdue,
    }
}
