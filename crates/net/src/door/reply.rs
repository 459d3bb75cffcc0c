//! The answer to one request: one frame or many, each bounded in size and in the time that the peer
//! may take to read it.

use core::time::Duration;

use bytes::Bytes;
use iroh::endpoint::SendStream;
use tokio::time::{Instant, timeout_at};

use super::DoorRefusal;
use super::room::{Room, Taken};
use crate::frame;

/// Bytes a second at which an answer has to be taken.
const SLOWEST: u64 = 256 << 10;

/// Where the answer to one request goes.
///
/// Dropping it unfinished refuses the request with [`DoorRefusal::Failed`].
#[derive(Debug)]
pub struct Reply {
    stream: SendStream,
    limit: usize,
    patience: Duration,
    room: Room,
    ended: bool,
}

/// Why an answer was not sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    /// Larger than an answer may be.
    #[error("the answer has {size} bytes, more than {limit}")]
    TooLarge {
        /// Its bytes.
        size: usize,
        /// The limit.
        limit: usize,
    },
    /// The peer does not take it.
    #[error("the peer does not read the answer")]
    TimedOut,
    /// The peer has gone.
    #[error("the peer has gone: {0}")]
    Gone(String),
}

impl Reply {
    pub(super) const fn new(
        stream: SendStream,
        limit: usize,
        patience: Duration,
        room: Room,
    ) -> Self {
        Self {
            stream,
            limit,
            patience,
            room,
            ended: false,
        }
    }

    /// Takes room for a large answer of so many bytes; none if too much is waiting for slow
    /// readers already. To be kept until the answer is sent.
    #[must_use]
    pub fn take_room(&self, bytes: usize) -> Option<Taken> {
        self.room.take(bytes)
    }

    /// Sends one frame; more may follow.
    ///
    /// # Errors
    /// [`ReplyError`]. A frame that was refused as too large may be followed by another; after
    /// the other errors there is nobody to answer.
    pub async fn send(&mut self, body: Bytes) -> Result<(), ReplyError> {
        let size = body.len();
        let too_large = ReplyError::TooLarge {
            size,
            limit: self.limit,
        };
        let header = frame::header(&body)
            .filter(|_| size <= self.limit)
            .ok_or(too_large)?;
        // Piece by piece within its time, a reader could keep a large answer for hours.
        let pace = Duration::from_secs((size as u64).div_ceil(SLOWEST));
        let end = Instant::now() + self.patience + pace;
        for piece in frame::pieces(header, body) {
            let until = end.min(Instant::now() + self.patience);
            match timeout_at(until, self.stream.write_chunk(piece)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => return Err(ReplyError::Gone(error.to_string())),
                Err(_) => {
                    self.reset(DoorRefusal::TimedOut);
                    return Err(ReplyError::TimedOut);
                }
            }
        }
        Ok(())
    }

    /// Sends the last frame.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub async fn finish(mut self, body: Bytes) -> Result<(), ReplyError> {
        self.send(body).await?;
        self.end();
        Ok(())
    }

    /// Ends the answer after the frames sent so far.
    pub fn end(mut self) {
        self.ended = true;
        // An error says that it has ended already.
        let _ = self.stream.finish();
    }

    /// Refuses the request, or breaks off its answer.
    pub fn refuse(mut self, refusal: DoorRefusal) {
        self.reset(refusal);
    }

    /// Resolves when the peer no longer wants the answer.
    pub async fn gone(&self) {
        // Whatever the reason, nobody listens.
        let _ = self.stream.stopped().await;
    }

    fn reset(&mut self, refusal: DoorRefusal) {
        self.ended = true;
        // An error says that it has ended already.
        let _ = self.stream.reset(refusal.code());
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        if !self.ended {
            self.reset(DoorRefusal::Failed);
        }
    }
}
