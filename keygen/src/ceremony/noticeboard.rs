//! The board of one participant, shared between the one who acts and the meeting that brings
//! messages: whatever is new is on disk before anybody is told of it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use sealbid_dkg::{Board, Message, MessageId, PostError, Posted};
use sealbid_net::meeting::{Noticeboard, PostRefusal};
use sealbid_types::codec::{decode, encode};
use sealbid_types::time::Timestamp;

use crate::ceremony::directory::CeremonyDir;
use crate::ceremony::error::CeremonyError;
use crate::ceremony::people::told;

/// Why a board does not take a message, as the meeting tells it.
pub(crate) mod refusal {
    /// All seats are taken.
    pub(crate) const FULL: u16 = 1;
    /// The identity takes part with other keys.
    pub(crate) const ENROLLED: u16 = 2;
    /// Anything else.
    pub(crate) const OTHER: u16 = 3;
    /// The participant's own disk.
    pub(crate) const DISK: u16 = 4;
    /// Another has enrolled with one of its addresses.
    pub(crate) const ADDRESS: u16 = 5;
}

/// What time it is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Clock {
    /// This machine's time.
    Machine,
    /// The time at which a short command began.
    Fixed(Timestamp),
}

impl Clock {
    pub(crate) fn now(self) -> Timestamp {
        match self {
            Self::Machine => SystemTime::now().into(),
            Self::Fixed(now) => now,
        }
    }
}

/// A board and its file.
pub(crate) struct SharedBoard {
    board: Mutex<Board>,
    directory: CeremonyDir,
    clock: Clock,
}

impl SharedBoard {
    /// Takes a board, and writes it.
    pub(crate) fn new(
        board: Board,
        directory: CeremonyDir,
        clock: Clock,
    ) -> Result<Self, CeremonyError> {
        directory.save_board(&board)?;
        Ok(Self {
            board: Mutex::new(board),
            directory,
            clock,
        })
    }

    /// Lets `read` see the board.
    pub(crate) fn with<R>(&self, read: impl FnOnce(&Board) -> R) -> R {
        read(&self.lock())
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Takes a message, and writes the board if it is new.
    ///
    /// # Errors
    /// [`CeremonyError::Post`] or `Io`; then the message is not there.
    pub(crate) fn take(&self, message: Message) -> Result<Posted, CeremonyError> {
        // On a copy: the file is written before anybody can see the message, and if that fails, it
        // is as if it had not come.
        let mut board = self.lock();
        let mut next = board.clone();
        let posted = next.post(message)?;
        if matches!(posted, Posted::New) {
            self.directory.save_board(&next)?;
            *board = next;
        }
        Ok(posted)
    }

    fn lock(&self) -> MutexGuard<'_, Board> {
        // A board is replaced whole: a thread that panicked has left the one before.
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Noticeboard for SharedBoard {
    fn ids(&self) -> Vec<[u8; 32]> {
        self.with(|board| board.ids().map(|id| id.0.0).collect())
    }

    fn message(&self, id: &[u8; 32]) -> Option<Vec<u8>> {
        self.with(|board| board.get(&MessageId((*id).into())).as_ref().map(encode))
    }

    fn post(&self, message: Vec<u8>) -> Result<bool, PostRefusal> {
        let message = decode(&message)
            .map_err(|error| PostRefusal::new(refusal::OTHER, error.to_string()))?;
        match self.take(message) {
            Ok(posted) => Ok(matches!(posted, Posted::New)),
            Err(CeremonyError::Post(error)) => Err(PostRefusal::new(code_of(&error), told(&error))),
            Err(error) => Err(PostRefusal::new(refusal::DISK, error.to_string())),
        }
    }
}

const fn code_of(error: &PostError) -> u16 {
    match error {
        PostError::Full(_) => refusal::FULL,
        PostError::Enrolled(_) => refusal::ENROLLED,
        PostError::SharedAddress { .. } => refusal::ADDRESS,
        _ => refusal::OTHER,
    }
}
