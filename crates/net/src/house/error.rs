//! Why the house network is not joined.

use core::time::Duration;
use std::net::SocketAddr;

use mosaik::network::NetworkError;
use sealbid_types::id::MemberIndex;

use crate::bind::{BindAddresses, describe, is_address_in_use};
use crate::relay::RelayError;
use crate::ticket::{Role, TicketError};

/// Why the house could not be joined.
#[derive(Debug, Clone, thiserror::Error)]
pub enum HouseError {
    /// Another process listens there.
    #[error("the house port is in use: {address}")]
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
    /// None of the relays answers; or none is given.
    #[error("no relay answered within {waited:?}: is any member running?")]
    NoRelay {
        /// How long it was tried.
        waited: Duration,
    },
    /// The roster is empty, or names an index or a key twice.
    #[error("the roster is empty or names a member twice")]
    Roster,
    /// The secret is not that of the member's seat.
    #[error("the house secret is not {member}'s by the roster")]
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
    #[error("the house network did not come up: {reason}")]
    Failed {
        /// What the network said.
        reason: String,
    },
}

impl HouseError {
    pub(super) fn of_build(error: &NetworkError, bind: &BindAddresses) -> Self {
        match bind.taken().filter(|_| is_address_in_use(error)) {
            Some(address) => Self::PortInUse { address },
            None => Self::Failed {
                reason: describe(error),
            },
        }
    }
}
