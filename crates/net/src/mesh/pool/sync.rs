//! How a member that is behind gets the pool: a snapshot, not the log.
//!
//! With snapshots the log holds next to nothing, whatever the house's age. The member that is
//! behind fetches from the leader, chunk by chunk: the pool as of the leader's last committed
//! entry (the *anchor*), and after it what the leader's log holds beyond (the *tail*). What the
//! leader sends meanwhile is kept and appended after that. Bonds keep their order, so the tail
//! reaches at least to where the member fell behind; if anything is missing all the same, or the
//! leader changes, it starts over.

use core::pin::Pin;
use core::task::{Context as Task, Poll};
use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use mosaik::PeerId;
use mosaik::groups::{
    Cursor, Index, StateSync, StateSyncProvider, StateSyncSession, SyncContext,
    SyncProviderContext, SyncSessionContext, Term,
};
use mosaik::primitives::UniqueId;
use sealbid_protocol::pool::{PoolCommand, PoolItem};
use serde::{Deserialize, Serialize};
use tokio::time::{Sleep, sleep};

use super::machine::PoolMachine;
use super::weight;

/// The name and version of the exchange; part of the group's id.
const SIGNATURE: &str = "sealbid.pool.snapshot.v1";
/// Bytes of a chunk, about.
const CHUNK: usize = 256 << 10;
/// How long a chunk may take before the member starts over.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long a snapshot is kept for a member that does not fetch the rest of it.
const KEEP: Duration = Duration::from_secs(30);

/// The factory of both sides.
#[derive(Debug, Clone, Default)]
pub(super) struct SnapshotSync {
    /// Numbers the fetches of this node.
    next: Arc<AtomicU64>,
}

/// What the two sides say.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Message {
    /// Send a chunk of the snapshot that goes by this number; the first chunk makes the snapshot.
    Fetch {
        /// The fetch's number.
        fetch: u64,
        /// The chunk, from 0.
        chunk: u32,
    },
    /// A chunk.
    Chunk {
        /// The fetch's number.
        fetch: u64,
        /// The last entry whose effect the pool has.
        anchor: Cursor,
        /// The chunk, from 0.
        chunk: u32,
        /// How many there are, at least one.
        chunks: u32,
        /// What is in it.
        parts: Vec<Part>,
    },
}

/// A part of a snapshot.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Part {
    /// Of the pool.
    Pool(PoolItem),
    /// An entry of the log after the anchor, in order.
    Tail(Term, PoolCommand),
}

impl StateSync for SnapshotSync {
    type Machine = PoolMachine;
    type Message = Message;
    type Provider = Provider;
    type Session = Session;

    fn signature(&self) -> UniqueId {
        UniqueId::from(SIGNATURE)
    }

    fn create_provider(&self, _: &dyn SyncContext<Self>) -> Provider {
        Provider::default()
    }

    fn create_session(
        &self,
        cx: &mut dyn SyncSessionContext<Self>,
        position: Cursor,
        _: Index,
        entries: Vec<(PoolCommand, Term)>,
    ) -> Session {
        let mut session = Session {
            next: Arc::clone(&self.next),
            leader: cx.leader(),
            behind: position.index(),
            fetch: 0,
            parts: Vec::new(),
            received: 0,
            complete: None,
            buffered: BTreeMap::new(),
            timer: Box::pin(sleep(PATIENCE)),
        };
        session.keep(position, entries);
        session.start(cx);
        session
    }
}

/// The side that has the pool.
#[derive(Debug, Default)]
pub(super) struct Provider {
    snapshots: BTreeMap<PeerId, Snapshot>,
}

#[derive(Debug)]
struct Snapshot {
    fetch: u64,
    anchor: Cursor,
    chunks: Vec<Vec<Part>>,
    made: Instant,
}

impl Snapshot {
    fn make(fetch: u64, cx: &dyn SyncProviderContext<SnapshotSync>) -> Self {
        let anchor = cx.committed();
        let beyond = anchor.index().next()..=cx.log().last().index();
        let tail = cx
            .log()
            .get_range(&beyond)
            .into_iter()
            .map(|(term, _, c)| Part::Tail(term, c));
        let pool = cx.state_machine().items().map(Part::Pool);
        Self {
            fetch,
            anchor,
            chunks: chunks(pool.chain(tail)),
            made: Instant::now(),
        }
    }
}

/// Parts in their order, in chunks of a bounded size; one at least.
fn chunks(parts: impl Iterator<Item = Part>) -> Vec<Vec<Part>> {
    let (mut chunks, mut chunk, mut bytes) = (Vec::new(), Vec::new(), 0);
    for part in parts {
        let more = match &part {
            Part::Pool(PoolItem::Envelope(_, envelope)) => 128 + envelope.body.len(),
            Part::Pool(PoolItem::Cleared(round)) => {
                128 + round.certificate.len() + 32 * round.listed.len()
            }
            Part::Tail(_, command) => weight(command),
        };
        if bytes + more > CHUNK && !chunk.is_empty() {
            chunks.push(core::mem::take(&mut chunk));
            bytes = 0;
        }
        bytes += more;
        chunk.push(part);
    }
    chunks.push(chunk);
    chunks
}

impl StateSyncProvider for Provider {
    type Owner = SnapshotSync;

    fn receive(
        &mut self,
        message: Message,
        sender: PeerId,
        cx: &mut dyn SyncProviderContext<SnapshotSync>,
    ) -> Result<(), Message> {
        let Message::Fetch { fetch, chunk } = message else {
            return Err(message);
        };
        // Always anew: whoever starts over wants the pool as it is now.
        if chunk == 0 {
            self.snapshots.insert(sender, Snapshot::make(fetch, cx));
        }
        let snapshot = self
            .snapshots
            .get(&sender)
            .filter(|snapshot| snapshot.fetch == fetch);
        let part = snapshot.and_then(|snapshot| {
            let parts = snapshot.chunks.get(usize::try_from(chunk).ok()?)?.clone();
            let chunks = u32::try_from(snapshot.chunks.len()).ok()?;
            Some(Message::Chunk {
                fetch,
                anchor: snapshot.anchor,
                chunk,
                chunks,
                parts,
            })
        });
        if let Some(message) = part {
            // The last one: if it is lost, the member starts over.
            if matches!(&message, Message::Chunk { chunks, .. } if chunk + 1 == *chunks) {
                self.snapshots.remove(&sender);
            }
            // If it cannot be sent, the member asks again.
            let _ = cx.send_to(sender, message);
        }
        Ok(())
    }

    fn safe_to_prune_prefix(
        &self,
        cx: &mut dyn SyncProviderContext<SnapshotSync>,
    ) -> Option<Index> {
        // All that is committed: nobody who is behind reads the log up to there.
        Some(cx.committed().index())
    }

    fn committed(&mut self, _: Cursor, _: &mut dyn SyncProviderContext<SnapshotSync>) {
        self.snapshots
            .retain(|_, snapshot| snapshot.made.elapsed() < KEEP);
    }
}

/// The side that is behind.
pub(super) struct Session {
    next: Arc<AtomicU64>,
    leader: PeerId,
    /// The leader's log reached at least this far when the member found itself behind.
    behind: Index,
    fetch: u64,
    parts: Vec<Part>,
    received: u32,
    /// The anchor, once all is here.
    complete: Option<Cursor>,
    /// What the leader sent meanwhile.
    buffered: BTreeMap<u64, (Term, PoolCommand)>,
    timer: Pin<Box<Sleep>>,
}

impl Session {
    /// Starts over, with whoever leads now.
    fn start(&mut self, cx: &mut dyn SyncSessionContext<SnapshotSync>) {
        self.leader = cx.leader();
        self.fetch = self.next.fetch_add(1, Ordering::Relaxed);
        self.parts.clear();
        self.received = 0;
        self.complete = None;
        self.request(cx);
    }

    fn request(&mut self, cx: &mut dyn SyncSessionContext<SnapshotSync>) {
        self.timer = Box::pin(sleep(PATIENCE));
        let message = Message::Fetch {
            fetch: self.fetch,
            chunk: self.received,
        };
        // If it cannot be sent, the timer starts over.
        let _ = cx.send_to(self.leader, message);
    }

    /// Keeps entries that follow `position`; they replace what is there from that place on.
    fn keep(&mut self, position: Cursor, entries: Vec<(PoolCommand, Term)>) {
        if entries.is_empty() {
            return;
        }
        let first = position.index().next();
        self.buffered.split_off(&u64::from(first));
        for (offset, (command, term)) in entries.into_iter().enumerate() {
            self.buffered
                .insert(u64::from(first + offset), (term, command));
        }
    }

    /// Where the log ends if the snapshot is installed; `None` if something would be missing.
    fn reach(&self, anchor: Cursor) -> Option<u64> {
        let tail = self
            .parts
            .iter()
            .filter(|part| matches!(part, Part::Tail(..)))
            .count();
        let end = u64::from(anchor.index() + tail);
        let next = self
            .buffered
            .range(end.saturating_add(1)..)
            .next()
            .map(|(index, _)| *index);
        let joined = next.is_none_or(|next| next == end.saturating_add(1));
        (joined && end >= u64::from(self.behind)).then_some(end)
    }

    /// Installs the snapshot, then what came meanwhile, as far as it is without a gap.
    fn install(
        &mut self,
        anchor: Cursor,
        end: u64,
        cx: &mut dyn SyncSessionContext<SnapshotSync>,
    ) -> Cursor {
        let (mut pool, mut tail) = (Vec::new(), Vec::new());
        for part in self.parts.drain(..) {
            match part {
                Part::Pool(item) => pool.push(item),
                Part::Tail(term, command) => tail.push((term, command)),
            }
        }
        cx.state_machine_mut().install(pool);
        cx.log_mut().reset_to(anchor);
        cx.set_committed(anchor);
        for (term, command) in tail {
            cx.log_mut().append(command, term);
        }
        let mut next = end.saturating_add(1);
        while let Some((term, command)) = self.buffered.remove(&next) {
            cx.log_mut().append(command, term);
            next += 1;
        }
        cx.log().last()
    }
}

impl StateSyncSession for Session {
    type Owner = SnapshotSync;

    fn poll(
        &mut self,
        task: &mut Task<'_>,
        cx: &mut dyn SyncSessionContext<SnapshotSync>,
    ) -> Poll<Cursor> {
        if let Some(anchor) = self.complete {
            match self.reach(anchor) {
                Some(end) => return Poll::Ready(self.install(anchor, end, cx)),
                None => self.start(cx),
            }
        }
        // Starting makes another timer, which wakes this task only once it has been polled.
        while self.timer.as_mut().poll(task).is_ready() {
            self.start(cx);
        }
        Poll::Pending
    }

    fn receive(
        &mut self,
        message: Message,
        sender: PeerId,
        cx: &mut dyn SyncSessionContext<SnapshotSync>,
    ) {
        let Message::Chunk {
            fetch,
            anchor,
            chunk,
            chunks,
            parts,
        } = message
        else {
            return;
        };
        // The chunk that was asked for and no other: of this fetch, and from whoever leads.
        if sender != self.leader || fetch != self.fetch || chunk != self.received {
            return;
        }
        self.parts.extend(parts);
        self.received = chunk.saturating_add(1);
        if self.received >= chunks {
            self.complete = Some(anchor);
        } else {
            self.request(cx);
        }
    }

    fn buffer(
        &mut self,
        position: Cursor,
        entries: Vec<(PoolCommand, Term)>,
        cx: &mut dyn SyncSessionContext<SnapshotSync>,
    ) {
        if cx.leader() != self.leader {
            // Another log: nothing of the old one can be joined to it.
            self.buffered.clear();
            self.behind = position.index();
            self.start(cx);
        }
        self.keep(position, entries);
    }
}
