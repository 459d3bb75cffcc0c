//! Why a meeting is not opened, not reached, or not believed.

use core::time::Duration;
use std::net::SocketAddr;

use crate::Cause;
use crate::door::{DoorBindError, DoorRefusal};
use crate::relay::RelayError;

/// Why a host did not open its meeting.
#[derive(Debug, Clone, thiserror::Error)]
pub enum HostError {
    /// Another process listens there.
    #[error("the meeting's port is in use: {address}")]
    PortInUse {
        /// The UDP address.
        address: SocketAddr,
    },
    /// The relay of its own did not start.
    #[error(transparent)]
    Relay(#[from] RelayError),
    /// A relay's URL is none.
    #[error("not the URL of a relay: {url}")]
    RelayUrl {
        /// What was given.
        url: String,
    },
    /// Anything else.
    #[error("the meeting did not open: {reason}")]
    Failed {
        /// What the transport said.
        #[source]
        reason: Cause,
    },
}

impl From<DoorBindError> for HostError {
    fn from(error: DoorBindError) -> Self {
        match error {
            DoorBindError::PortInUse { address } => Self::PortInUse { address },
            DoorBindError::Failed { reason } => Self::Failed { reason },
        }
    }
}

/// Why a guest does not reach the host, or does not get on with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MeetingError {
    /// The host's key is none.
    #[error("the host's key is not a key")]
    Key,
    /// The relay's URL is none.
    #[error("not the URL of a relay: {url}")]
    RelayUrl {
        /// What was given.
        url: String,
    },
    /// The guest's own endpoint did not come up.
    #[error("no local endpoint: {reason}")]
    Bind {
        /// What the transport said.
        #[source]
        reason: Cause,
    },
    /// Nobody answers there.
    #[error("the host cannot be reached: {reason}")]
    Unreachable {
        /// What the transport said.
        #[source]
        reason: Cause,
    },
    /// No answer in time.
    #[error("the host did not answer within {} s", .waited.as_secs())]
    TimedOut {
        /// How long was waited.
        waited: Duration,
    },
    /// The host refuses: the connection, or a request.
    #[error("the host refused: {0}")]
    Refused(DoorRefusal),
    /// The connection broke.
    #[error("the connection to the host broke: {reason}")]
    Disconnected {
        /// What the transport said.
        #[source]
        reason: Cause,
    },
    /// The host does not speak this protocol, or not this version of it.
    #[error("the host's answer makes no sense: {reason}")]
    Malformed {
        /// What is wrong with it.
        reason: String,
    },
    /// A board beyond [`MAX_MESSAGES`](super::MAX_MESSAGES) or [`MAX_BOARD`](super::MAX_BOARD):
    /// the host's, or the own.
    #[error("a board of too many messages or bytes")]
    BoardTooLarge,
    /// The own board's keeper has panicked.
    #[error("the own board does not answer")]
    Board,
}

impl MeetingError {
    /// Whether another try may do better.
    #[must_use]
    pub const fn is_temporary(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::TimedOut { .. }
            | Self::Refused(_)
            | Self::Disconnected { .. } => true,
            Self::Key
            | Self::RelayUrl { .. }
            | Self::Bind { .. }
            | Self::Malformed { .. }
            | Self::BoardTooLarge
            | Self::Board => false,
        }
    }
}
