//! The guest's side of a meeting: keeps a board in step with the host's, whether or not the host
//! can be reached at the moment.

use core::fmt;
use core::time::Duration;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use iroh::endpoint::Connection;
use sealbid_types::bytes::FixedBytes;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use super::line::{Line, ask_news};
use super::protocol::{Id, fixed};
use super::visit::{Shared, Visit};
use super::{MAX_BOARD, MAX_MESSAGES, MeetingAddress, MeetingError, Noticeboard, PostRefusal};
use crate::PeerId;
use crate::bind::BindAddresses;

/// Events that wait for their reader. When there are so many, the guest waits too.
const EVENTS: usize = 256;
/// How long [`fetch`] waits between two tries.
const RETRY: Duration = Duration::from_millis(500);

/// How a guest goes to a meeting.
pub struct GuestConfig {
    /// Where the meeting is.
    pub address: MeetingAddress,
    /// The guest's ed25519 secret in the meeting. With the same one after a restart, the host takes
    /// it for the same guest. Default: a new one.
    pub secret: Option<Zeroizing<[u8; 32]>>,
    /// Where it binds (UDP). Default: loopback if the host is there, else every interface; any
    /// port.
    pub bind: Option<BindAddresses>,
}

impl GuestConfig {
    /// A guest without a key of its own.
    #[must_use]
    pub const fn new(address: MeetingAddress) -> Self {
        Self {
            address,
            secret: None,
            bind: None,
        }
    }
}

impl fmt::Debug for GuestConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuestConfig")
            .field("address", &self.address)
            .field("bind", &self.bind)
            .finish_non_exhaustive()
    }
}

/// What a guest tells whoever runs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MeetingEvent {
    /// The host has answered: for the first time, or after it was unreachable.
    Connected,
    /// So many new messages came from the host and are on the guest's board.
    Changed {
        /// How many, one at least.
        new: usize,
    },
    /// The host's board does not take a message of the guest's. Said once a message and reason;
    /// the guest offers it again when the host's board has changed, or is reached anew.
    Refused {
        /// The message.
        id: [u8; 32],
        /// Why.
        refusal: PostRefusal,
    },
    /// The host cannot be reached, or does not answer as it should. Said once, and again when the
    /// reason becomes another; the guest goes on trying.
    Unreachable {
        /// Since when.
        since: Instant,
        /// Why.
        why: MeetingError,
    },
}

/// A guest, who keeps a board in step with the host's until it is told to stop. Dropping it stops
/// it.
#[derive(Debug)]
pub struct MeetingGuest {
    peer: PeerId,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl MeetingGuest {
    /// Goes to the meeting, and keeps `board` in step from now on, whether or not the host can be
    /// reached. The events are to be read, or their receiver dropped.
    ///
    /// # Errors
    /// [`MeetingError::Key`], [`MeetingError::RelayUrl`], [`MeetingError::Bind`].
    pub async fn join<B: Noticeboard>(
        config: GuestConfig,
        board: Arc<B>,
    ) -> Result<(Self, mpsc::Receiver<MeetingEvent>), MeetingError> {
        let line = Line::new(&config.address, config.secret, config.bind).await?;
        let peer = line.peer();
        let (events, receiver) = mpsc::channel(EVENTS);
        let shared = Arc::new(Shared::new(board, CancellationToken::new()));
        let visit = Visit::new(line, Arc::clone(&shared), events);
        let task = tokio::spawn(visit.run());
        Ok((Self { peer, shared, task }, receiver))
    }

    /// The guest's key.
    #[must_use]
    pub const fn peer(&self) -> PeerId {
        self.peer
    }

    /// Says that the guest's board has a message that did not come from the meeting: it is posted
    /// at once, or once the host is reached.
    pub fn announce(&self) {
        self.shared.announce();
    }

    /// Resolves once the host holds, or has refused, all that the guest's board holds. It does not
    /// while the host cannot be reached: the caller sets the limit.
    pub async fn delivered(&self) {
        self.shared.delivered().await;
    }

    /// Stops, and tells the host.
    pub async fn close(mut self) {
        self.shared.stop.cancel();
        // An error says that it has panicked: it is over either way.
        let _ = (&mut self.task).await;
    }
}

impl Drop for MeetingGuest {
    fn drop(&mut self) {
        self.shared.stop.cancel();
    }
}

/// Fetches all messages of the host's board, unverified and in the host's order, for a caller
/// without a board of its own. Goes on trying for `patience`.
///
/// # Errors
/// [`MeetingError`]: the last, if there were several.
pub async fn fetch(
    address: &MeetingAddress,
    patience: Duration,
) -> Result<Vec<Vec<u8>>, MeetingError> {
    let line = Line::new(address, None, None).await?;
    let mut why = MeetingError::TimedOut { waited: patience };
    let fetched = timeout(patience, fetch_on(&line, &mut why)).await;
    line.close().await;
    fetched.unwrap_or(Err(why))
}

/// Tries until it succeeds or fails for good. `why` has the latest temporary failure, which the
/// caller reports if time runs out first.
async fn fetch_on(line: &Line, why: &mut MeetingError) -> Result<Vec<Vec<u8>>, MeetingError> {
    loop {
        let fetched = match line.dial().await {
            Ok(connection) => fetch_all(&connection).await,
            Err(error) => Err(error),
        };
        match fetched {
            Err(error) if error.is_temporary() => *why = error,
            settled => return settled,
        }
        sleep(RETRY).await;
    }
}

async fn fetch_all(connection: &Connection) -> Result<Vec<Vec<u8>>, MeetingError> {
    let mut held: BTreeSet<Id> = BTreeSet::new();
    let (mut messages, mut bytes) = (Vec::new(), 0);
    loop {
        let news = ask_news(connection, fixed(held.iter().copied()), Duration::ZERO).await?;
        if news.posts.is_empty() {
            return Ok(messages);
        }
        for (FixedBytes(id), message) in news.posts {
            bytes += message.0.len();
            if bytes > MAX_BOARD || messages.len() >= MAX_MESSAGES {
                return Err(MeetingError::BoardTooLarge);
            }
            if !held.insert(id) {
                return Err(MeetingError::Malformed {
                    reason: "it repeats a message".to_owned(),
                });
            }
            messages.push(message.0.into());
        }
    }
}
