//! Why a request at a door has no answer.

use sealbid_types::id::MemberIndex;

use super::DoorRefusal;
use crate::Cause;

/// Why a request has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DoorError {
    /// No address is known for the member.
    #[error("{member} has no front door that is known here")]
    UnknownMember {
        /// The member.
        member: MemberIndex,
    },
    /// Nobody answers there.
    #[error("{member} cannot be reached: {reason}")]
    Unreachable {
        /// The member.
        member: MemberIndex,
        /// What the transport said.
        #[source]
        reason: Cause,
    },
    /// No answer in time.
    #[error("{member} did not answer in time")]
    TimedOut {
        /// The member.
        member: MemberIndex,
    },
    /// The member refuses.
    #[error("{member} refused: {refusal}")]
    Refused {
        /// The member.
        member: MemberIndex,
        /// Why.
        refusal: DoorRefusal,
    },
    /// A request, or an answer, of too many bytes.
    #[error("{size} bytes, more than {limit}")]
    TooLarge {
        /// Its bytes.
        size: usize,
        /// The limit.
        limit: usize,
    },
    /// The connection broke before the answer was complete.
    #[error("the connection to {member} broke: {reason}")]
    Disconnected {
        /// The member.
        member: MemberIndex,
        /// What the transport said.
        #[source]
        reason: Cause,
    },
    /// The client's own endpoint did not come up.
    #[error("no local endpoint: {reason}")]
    Bind {
        /// What the transport said.
        #[source]
        reason: Cause,
    },
}

impl DoorError {
    /// Whether another try, or another member, may do better.
    #[must_use]
    pub const fn is_temporary(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::TimedOut { .. } | Self::Disconnected { .. } => true,
            Self::Refused { refusal, .. } => !matches!(
                refusal,
                DoorRefusal::TooLarge | DoorRefusal::Malformed | DoorRefusal::Other(_)
            ),
            Self::UnknownMember { .. } | Self::TooLarge { .. } | Self::Bind { .. } => false,
        }
    }
}
