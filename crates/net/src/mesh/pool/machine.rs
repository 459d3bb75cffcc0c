//! The pool as mosaik's state machine.
//!
//! To the pure state it adds what only a replica has: the check of clearings, news for the engine,
//! and snapshots for members that are behind.

use std::sync::Arc;

use mosaik::groups::{ApplyContext, StateMachine};
use mosaik::primitives::UniqueId;
use sealbid_protocol::pool::{
    Applied, ClearedRound, EnvelopeKind, Pool, PoolAnswer, PoolCommand, PoolEnvelope, PoolItem,
    PoolLimits, PoolQuery,
};
use tokio::sync::mpsc::{self, error::TrySendError};

use super::super::config::ClearingCheck;
use super::super::counters::Counters;
use super::sync::SnapshotSync;

/// The name and version of the state machine; part of the group's id.
const SIGNATURE: &str = "sealbid.pool.v2";

/// An envelope that is new in the pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolDelivery {
    /// What it is.
    pub kind: EnvelopeKind,
    /// The envelope, as somebody submitted it: nothing of it is checked.
    pub envelope: PoolEnvelope,
}

/// The pool, and where its news goes.
pub(super) struct PoolMachine {
    pool: Pool,
    limits: PoolLimits,
    clearing: ClearingCheck,
    deliveries: mpsc::Sender<PoolDelivery>,
    counters: Arc<Counters>,
}

impl PoolMachine {
    pub(super) fn new(
        limits: PoolLimits,
        clearing: ClearingCheck,
        deliveries: mpsc::Sender<PoolDelivery>,
        counters: Arc<Counters>,
    ) -> Self {
        Self {
            pool: Pool::new(limits),
            limits,
            clearing,
            deliveries,
            counters,
        }
    }

    /// Everything in the pool.
    pub(super) fn items(&self) -> impl Iterator<Item = PoolItem> + '_ {
        self.pool.items()
    }

    /// Takes another pool's place; what it holds and this one does not is news.
    pub(super) fn install(&mut self, items: Vec<PoolItem>) {
        // From another member, which may lie: a round counts as closed by its certificate here too.
        let items = items.into_iter().filter(|item| match item {
            PoolItem::Cleared(round) => self.pool.fits(round) && self.clearing.admits(round),
            PoolItem::Envelope(..) => true,
        });
        let restored = Pool::restore(self.limits, items);
        for item in restored.items() {
            if let PoolItem::Envelope(kind, envelope) = item
                && !self.pool.holds(kind, &envelope)
            {
                self.deliver(PoolDelivery { kind, envelope });
            }
        }
        self.pool = restored;
    }

    /// What finds no room is not delivered again: it is fetched if a report names it.
    fn deliver(&self, delivery: PoolDelivery) {
        if let Err(TrySendError::Full(_)) = self.deliveries.try_send(delivery) {
            Counters::add(&self.counters.deliveries_full);
        }
    }

    fn submit(&mut self, kind: EnvelopeKind, envelope: PoolEnvelope) {
        let delivery = PoolDelivery {
            kind,
            envelope: envelope.clone(),
        };
        let command = match kind {
            EnvelopeKind::Intent => PoolCommand::SubmitIntent(envelope),
            EnvelopeKind::Quote => PoolCommand::SubmitQuote(envelope),
        };
        // All members offer what all of them hold. The first offer is news.
        if self.pool.apply(command) == Applied::Added {
            self.deliver(delivery);
        }
    }

    fn clear(&mut self, round: ClearedRound) {
        // Every member proposes it: what is known need not be checked again.
        let is_news = !self.pool.knows_round(round.round) && self.pool.fits(&round);
        if is_news && self.clearing.admits(&round) {
            self.pool.apply(PoolCommand::ClearRound(round));
        }
    }
}

impl StateMachine for PoolMachine {
    type Command = PoolCommand;
    type Query = PoolQuery;
    type QueryResult = PoolAnswer;
    type StateSync = SnapshotSync;

    fn signature(&self) -> UniqueId {
        let PoolLimits {
            entries,
            bytes,
            envelope_bytes,
            certificate_bytes,
            ahead,
            rounds,
            round_ids,
            listed,
        } = self.limits;
        // A part of the group's id: under other limits a node would make another pool of the same
        // commands.
        let limits = [
            entries as u64,
            bytes as u64,
            envelope_bytes as u64,
            certificate_bytes as u64,
            ahead,
            rounds as u64,
            round_ids as u64,
            listed as u64,
        ];
        limits
            .into_iter()
            .fold(UniqueId::from(SIGNATURE), |id, limit| {
                id.derive(limit.to_le_bytes())
            })
    }

    fn apply(&mut self, command: PoolCommand, _: &dyn ApplyContext) {
        match command {
            PoolCommand::SubmitIntent(envelope) => self.submit(EnvelopeKind::Intent, envelope),
            PoolCommand::SubmitQuote(envelope) => self.submit(EnvelopeKind::Quote, envelope),
            PoolCommand::ClearRound(round) => self.clear(round),
        }
    }

    fn query(&self, query: PoolQuery) -> PoolAnswer {
        self.pool.query(&query)
    }

    fn state_sync(&self) -> SnapshotSync {
        SnapshotSync::default()
    }
}
