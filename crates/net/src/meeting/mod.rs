//! Where the participants of a key ceremony meet over the network.
//!
//! Each participant has a *board*: a set of messages that only ever grows, named by their ids. One
//! participant is the [`MeetingHost`], at an address that the others were given; the others are
//! each a [`MeetingGuest`] who dials it. The boards of all of them come to hold the same messages.
//! What these say is decided behind the trait [`Noticeboard`], by whoever keeps the board: it
//! checks each message, and persists it before it says that it holds it.
//!
//! # Protocol
//!
//! The host is a front door ([`crate::door`]) with a name of its own in the handshake ([`ALPN`])
//! and with closer limits; it may also be reached through a relay, its own or another's. A request
//! is one frame on a stream of its own, and so is its answer:
//!
//! - *Sync*: the ids that the guest holds, and how long it will wait. The host answers at once if
//!   either side holds what the other lacks, else as soon as its board changes, else when the wait
//!   is over: with messages that the guest lacks (a batch of half a MiB at most, so that a slow
//!   line makes headway) and the ids of those that it lacks itself.
//! - *Post*: one message. The host answers with its board's verdict.
//!
//! # Where the guarantee ends
//!
//! The transport proves to the guest that it speaks to the key it was told of, and encrypts. It
//! does not say who a guest is: whoever knows the host's key may read the board and post to it, and
//! may occupy the host's places. A host that lies can keep messages back, from all or from some;
//! it cannot make any, since messages are signed and the board checks them. A relay of the host's
//! own forwards for anyone, within its rate, for as long as the meeting is open.

mod error;
mod guest;
mod host;
mod line;
mod protocol;
mod service;
mod visit;

use std::net::SocketAddr;

pub use error::{HostError, MeetingError};
pub use guest::{GuestConfig, MeetingEvent, MeetingGuest, fetch};
pub use host::{Guest, HostConfig, HostRelay, MeetingHost, MeetingLimits};

use crate::PeerId;

/// The protocol's name in the TLS handshake.
pub const ALPN: &[u8] = b"sealbid-ceremony/1";
/// Bytes of a message.
pub const MAX_MESSAGE: usize = 64 << 10;
/// Bytes of all messages of a board.
pub const MAX_BOARD: usize = 2 << 20;
/// Messages of a board.
pub const MAX_MESSAGES: usize = 256;

/// A board, as its keeper shows it to the meeting.
///
/// The calls are made from threads that may block: `post` may wait for the disk. Whoever adds a
/// message to the board by another way than the meeting says so with [`MeetingHost::announce`] or
/// [`MeetingGuest::announce`].
pub trait Noticeboard: Send + Sync + 'static {
    /// The ids of all messages, in the order in which others should take them.
    fn ids(&self) -> Vec<[u8; 32]>;

    /// The message of an id, if the board holds it: [`MAX_MESSAGE`] bytes at most.
    fn message(&self, id: &[u8; 32]) -> Option<Vec<u8>>;

    /// Checks a message that came from elsewhere, and persists and holds it; says whether it is
    /// new.
    ///
    /// # Errors
    /// [`PostRefusal`]: the board does not take it, or not yet.
    fn post(&self, message: Vec<u8>) -> Result<bool, PostRefusal>;
}

/// Why a board does not take a message.
///
/// It travels to whoever posted the message. Codes are the board's own, below
/// [`PostRefusal::BOARD_FULL`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text} ({code})")]
pub struct PostRefusal {
    /// The reason, for programs.
    pub code: u16,
    /// The reason, for people: at most 512 bytes of it travel, without control characters.
    pub text: String,
}

impl PostRefusal {
    /// The code of a board at [`MAX_MESSAGES`] or [`MAX_BOARD`].
    pub const BOARD_FULL: u16 = 60_000;
    /// The code of a message over [`MAX_MESSAGE`].
    pub const TOO_LARGE: u16 = 60_001;

    /// A refusal.
    pub fn new(code: u16, text: impl Into<String>) -> Self {
        Self {
            code,
            text: text.into(),
        }
    }
}

/// Where a meeting is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeetingAddress {
    /// The host's key.
    pub peer: PeerId,
    /// Where it may listen (UDP).
    pub addresses: Vec<SocketAddr>,
    /// The URL of a relay through which it can be reached.
    pub relay: Option<String>,
}
