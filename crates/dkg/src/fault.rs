//! Why a session is void, and who is to blame for it where signed messages show it.

use core::fmt;

use sealbid_types::id::MemberIndex;

use crate::check::DealingError;
use crate::session::RosterError;

/// Who is to blame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Culprit {
    /// A member to be.
    Member(MemberIndex),
    /// Who called the ceremony.
    Inviter,
    /// Nobody that the messages show.
    Nobody,
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FaultReason {
    /// The roster is not one.
    #[error("called a roster that cannot be: {0}")]
    Roster(RosterError),
    /// Two rosters for one ceremony.
    #[error("called two rosters")]
    TwoRosters,
    /// The dealing is not one.
    #[error("dealt what cannot be: {0}")]
    Dealing(DealingError),
    /// Two commitments in one session.
    #[error("committed to two dealings in one session")]
    TwoCommitments,
    /// A dealing that is not the one that its dealer had committed to.
    #[error("dealt something else than it had committed to")]
    OtherDealing,
    /// Two dealings in one session.
    #[error("dealt twice in one session")]
    TwoDealings,
    /// Two dealers' secrets are the same, or cancel each other: each proved that it knows its own.
    #[error("dealt the same secret as member-{}, or its negative", .0.number())]
    SameSecret(MemberIndex),
    /// A payload does not hold what its dealer committed to.
    #[error("dealt member-{} a share that is not on its polynomial", .0.number())]
    BadShare(MemberIndex),
    /// A complaint about a payload that is right, or one without proof.
    #[error("accused member-{} falsely", .0.number())]
    FalseAccusation(MemberIndex),
    /// Two confirmations in one session.
    #[error("confirmed two different results")]
    TwoConfirmations,
    /// A confirmation that shows a commitment which its dealer has not signed.
    #[error("confirmed a dealing to which member-{} has not committed", .0.number())]
    InventedDealing(MemberIndex),
    /// The right dealings, and another result than they make.
    #[error("confirmed what the dealings do not make")]
    FalseConfirmation,
    /// This identity's enrolment has other keys than this participant's session.
    #[error("this identity is enrolled with the keys of another run of this ceremony")]
    EnrolledElsewhere,
    /// The roster leaves this participant out.
    #[error("the seats went to others")]
    NotSeated,
    /// The sum of all secrets is zero.
    #[error("the dealings cancel each other")]
    Degenerate,
}

/// One reason why the session is void.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Who is to blame.
    pub culprit: Culprit,
    /// For what.
    pub reason: FaultReason,
}

/// The session is void: nothing of it may be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Void {
    /// Why, at least one.
    pub faults: Vec<Fault>,
}

impl Fault {
    pub(crate) const fn of(member: MemberIndex, reason: FaultReason) -> Self {
        Self {
            culprit: Culprit::Member(member),
            reason,
        }
    }

    pub(crate) const fn of_inviter(reason: FaultReason) -> Self {
        Self {
            culprit: Culprit::Inviter,
            reason,
        }
    }

    pub(crate) const fn of_nobody(reason: FaultReason) -> Self {
        Self {
            culprit: Culprit::Nobody,
            reason,
        }
    }
}

impl From<Fault> for Void {
    fn from(fault: Fault) -> Self {
        Self {
            faults: vec![fault],
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.culprit {
            Culprit::Member(member) => write!(f, "member-{} {}", member.number(), self.reason),
            Culprit::Inviter => write!(f, "the inviter {}", self.reason),
            Culprit::Nobody => write!(f, "{}", self.reason),
        }
    }
}

impl fmt::Display for Void {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the session is void")?;
        let mut separator = ": ";
        for fault in &self.faults {
            write!(f, "{separator}{fault}")?;
            separator = "; ";
        }
        Ok(())
    }
}
