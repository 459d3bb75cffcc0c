//! What the mesh has done with what it was given.

use core::sync::atomic::{AtomicU64, Ordering};

/// What was dropped, and what was not, since the mesh was joined.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MeshCounters {
    /// Member messages that are on their way.
    pub sent: u64,
    /// Member messages dropped because the member was not connected.
    pub unreachable: u64,
    /// Member messages dropped because the member does not keep up.
    pub outgoing_full: u64,
    /// Member messages that arrived.
    pub received: u64,
    /// Pool deliveries dropped because nobody took them.
    pub deliveries_full: u64,
    /// Items of the feed dropped, published or received.
    pub feed_full: u64,
    /// How often the pool had to be joined anew.
    pub pool_rejoined: u64,
}

/// The counters as they count.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) sent: AtomicU64,
    pub(super) unreachable: AtomicU64,
    pub(super) outgoing_full: AtomicU64,
    pub(super) received: AtomicU64,
    pub(super) deliveries_full: AtomicU64,
    pub(super) feed_full: AtomicU64,
    pub(super) pool_rejoined: AtomicU64,
}

impl Counters {
    /// Counts one more.
    pub(super) fn add(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// The counters now.
    pub(super) fn read(&self) -> MeshCounters {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        MeshCounters {
            sent: read(&self.sent),
            unreachable: read(&self.unreachable),
            outgoing_full: read(&self.outgoing_full),
            received: read(&self.received),
            deliveries_full: read(&self.deliveries_full),
            feed_full: read(&self.feed_full),
            pool_rejoined: read(&self.pool_rejoined),
        }
    }
}
