//! What other members have sent and nobody has taken yet: a queue for each of them, served in
//! turn.
//!
//! A queue that is full stops the reading of its own member's connection, and nothing else: the
//! transport then tells that member to wait. So a member that floods delays itself. With one queue
//! for all, it made the others' messages drop.

use core::future::poll_fn;
use core::task::{Context, Poll};
use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use sealbid_types::id::MemberIndex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

/// Messages of one member that wait.
const MESSAGES: usize = 256;
/// Bytes of one member's messages that wait: four of the largest.
const BYTES: usize = 4 << 20;

/// A message, and its part of its member's bytes until it is taken.
struct Waiting {
    message: Bytes,
    _bytes: OwnedSemaphorePermit,
}

/// Where the messages of the other members are taken from.
pub struct Inbox {
    queues: Vec<(MemberIndex, mpsc::Receiver<Waiting>)>,
    /// Whose turn it is.
    turn: usize,
}

/// One member's end of the inbox.
#[derive(Debug, Clone)]
pub(super) struct InboxSender {
    queue: mpsc::Sender<Waiting>,
    bytes: Arc<Semaphore>,
}

/// An inbox for messages of these members. It ends when all senders are gone.
pub(super) fn inbox(
    members: impl IntoIterator<Item = MemberIndex>,
) -> (BTreeMap<MemberIndex, InboxSender>, Inbox) {
    let (mut senders, mut queues) = (BTreeMap::new(), Vec::new());
    for member in members {
        let (queue, receiver) = mpsc::channel(MESSAGES);
        let bytes = Arc::new(Semaphore::new(BYTES));
        senders.insert(member, InboxSender { queue, bytes });
        queues.push((member, receiver));
    }
    (senders, Inbox { queues, turn: 0 })
}

impl InboxSender {
    /// Waits for room and puts the message there; false if nobody takes messages any more.
    pub(super) async fn put(&self, message: Bytes) -> bool {
        // An empty message counts too, so that the number of messages is not the only bound.
        let weight = u32::try_from(message.len().clamp(1, BYTES)).unwrap_or(u32::MAX);
        let Ok(bytes) = Arc::clone(&self.bytes).acquire_many_owned(weight).await else {
            return false;
        };
        let waiting = Waiting {
            message,
            _bytes: bytes,
        };
        self.queue.send(waiting).await.is_ok()
    }
}

impl Inbox {
    /// The next message: of the members that have sent something, each in its turn. `None` once
    /// the mesh has been left.
    pub async fn recv(&mut self) -> Option<(MemberIndex, Bytes)> {
        poll_fn(|task| self.poll(task)).await
    }

    /// A message that waits, if there is one.
    pub fn try_recv(&mut self) -> Option<(MemberIndex, Bytes)> {
        let waker = core::task::Waker::noop();
        match self.poll(&mut Context::from_waker(waker)) {
            Poll::Ready(message) => message,
            Poll::Pending => None,
        }
    }

    fn poll(&mut self, task: &mut Context<'_>) -> Poll<Option<(MemberIndex, Bytes)>> {
        let members = self.queues.len();
        let mut ended = 0;
        for offset in 0..members {
            let at = (self.turn + offset) % members;
            let Some((from, queue)) = self.queues.get_mut(at) else {
                continue;
            };
            match queue.poll_recv(task) {
                Poll::Ready(Some(waiting)) => {
                    self.turn = (at + 1) % members;
                    return Poll::Ready(Some((*from, waiting.message)));
                }
                Poll::Ready(None) => ended += 1,
                Poll::Pending => {}
            }
        }
        // A node that is no member has no queues; it waits for ever, as one whose peers are silent.
        if members > 0 && ended == members {
            Poll::Ready(None)
        } else {
            Poll::Pending
        }
    }
}

impl core::fmt::Debug for Inbox {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Inbox")
            .field("members", &self.queues.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use tokio::time::timeout;

    use super::*;

    /// A member that floods fills its own queue; another's one message is the second that is
    /// taken, and is neither dropped nor kept waiting behind the flood.
    #[tokio::test]
    async fn a_flood_delays_nobody_but_its_sender() {
        let (senders, mut inbox) = inbox([MemberIndex(1), MemberIndex(2)]);
        let (flood, quiet) = (&senders[&MemberIndex(1)], &senders[&MemberIndex(2)]);
        let mut put = 0_usize;
        while timeout(
            Duration::from_millis(20),
            flood.put(Bytes::from_static(b"more")),
        )
        .await
        .is_ok()
        {
            put += 1;
            assert!(put <= MESSAGES, "the flood is not bounded");
        }
        assert!(quiet.put(Bytes::from_static(b"one")).await);
        let first = [inbox.recv().await.unwrap(), inbox.recv().await.unwrap()];
        assert!(first.contains(&(MemberIndex(2), Bytes::from_static(b"one"))));
        // What was taken made room.
        assert!(flood.put(Bytes::from_static(b"again")).await);
    }

    #[tokio::test]
    async fn large_messages_are_bounded_by_their_bytes() {
        let (senders, mut inbox) = inbox([MemberIndex(0)]);
        let sender = &senders[&MemberIndex(0)];
        let large = Bytes::from(vec![0; 1_000_000]);
        for _ in 0..4 {
            assert!(sender.put(large.clone()).await);
        }
        let fifth = timeout(Duration::from_millis(50), sender.put(large.clone())).await;
        assert!(fifth.is_err(), "a fifth megabyte waits");
        inbox.recv().await.unwrap();
        assert!(sender.put(large).await);
    }

    #[tokio::test]
    async fn ends_with_the_last_sender() {
        let (senders, mut inbox) = inbox([MemberIndex(0), MemberIndex(1)]);
        assert!(senders[&MemberIndex(1)].put(Bytes::new()).await);
        drop(senders);
        assert_eq!(inbox.recv().await, Some((MemberIndex(1), Bytes::new())));
        assert_eq!(inbox.recv().await, None);
    }
}
