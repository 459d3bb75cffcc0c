//! Why the mesh could not be joined.

use std::net::SocketAddr;

use iroh::endpoint::BindError;
use sealbid_types::id::MemberIndex;

use crate::Cause;
use crate::bind::{BindAddresses, is_address_in_use};
use crate::relay::RelayError;
use crate::ticket::{Role, TicketError};

/// Why the mesh could not be joined.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum MeshError {
    /// Another process listens there.
    #[error("the mesh port is in use: {address}")]
    PortInUse {
        /// The UDP address.
        address: SocketAddr,
    },
    /// The embedded relay did not start.
    #[error(transparent)]
    Relay(#[from] RelayError),
    /// Not the URL of a relay.
    #[error("not a relay's URL (http://HOST:PORT): {url:?}")]
    RelayUrl {
        /// What was given.
        url: String,
    },
    /// A member's pool needs a relay, and none is given.
    #[error("no relay is given for the pool")]
    NoRelay,
    /// The roster is empty, or names an index or a key twice.
    #[error("the roster is empty or names a member twice")]
    Roster,
    /// The secret is not that of the member's seat.
    #[error("the mesh secret is not that of {member} by the roster")]
    NotTheMember {
        /// The seat's member.
        member: MemberIndex,
    },
    /// The ticket is for another role.
    #[error("the ticket is a {ticket}'s, the seat a {seat}'s")]
    Role {
        /// The ticket's role.
        ticket: Role,
        /// The seat's role.
        seat: Role,
    },
    /// The ticket does not admit.
    #[error("the ticket does not admit this node: {0}")]
    Ticket(#[from] TicketError),
    /// Anything else.
    #[error("the mesh did not come up: {reason}")]
    Failed {
        /// What the transport said.
        #[source]
        reason: Cause,
    },
}

impl MeshError {
    pub(super) fn of_bind(error: BindError, bind: &BindAddresses) -> Self {
        match bind.taken().filter(|_| is_address_in_use(&error)) {
            Some(address) => Self::PortInUse { address },
            None => Self::Failed {
                reason: Cause::of(error),
            },
        }
    }

    pub(super) const fn failed(reason: Cause) -> Self {
        Self::Failed { reason }
    }
}
