//! Settled rounds, read from the store for clients.
//!
//! Records never change once they are written, so they are read past the engine: a client that
//! pages through years of rounds costs the one that is being closed nothing.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use sealbid_protocol::disk::Table;
use sealbid_protocol::member::{StoredOutcome, summary};
use sealbid_store::{Store, StoreError};
use sealbid_types::codec::{Schema, decode};
use sealbid_types::door::{EnvelopeStatus, MOST_SUMMARIES, RoundSummary};
use sealbid_types::id::{EnvelopeId, Round};
use sealbid_types::record::RoundRecord;

/// How many summaries are kept in memory; older ones are read from their records again.
const CACHED: usize = 16_384;

/// The store as clients see it.
#[derive(Clone)]
pub(crate) struct Records {
    store: Arc<Store>,
    summaries: Arc<Mutex<BTreeMap<Round, RoundSummary>>>,
}

impl Records {
    pub(crate) fn new(store: Arc<Store>) -> Self {
        Self {
            store,
            summaries: Arc::default(),
        }
    }

    /// A settled round's record. Reads the disk.
    pub(crate) fn record(&self, round: Round) -> Result<Option<RoundRecord>, StoreError> {
        self.value(Table::Records, &round.0.to_be_bytes())
    }

    /// What became of an envelope of a settled round. Reads the disk.
    pub(crate) fn outcome(&self, id: &EnvelopeId) -> Result<Option<EnvelopeStatus>, StoreError> {
        let outcome = self.value(Table::Outcomes, id.as_bytes())?;
        Ok(outcome.map(|StoredOutcome(status)| status))
    }

    /// A value, if it is there. One that cannot be read is an error: it is not missing.
    fn value<T: Schema>(&self, table: Table, key: &[u8]) -> Result<Option<T>, StoreError> {
        let Some(bytes) = self.store.get(table, key)? else {
            return Ok(None);
        };
        let value = decode(&bytes).map_err(|_| self.store.unreadable(table, key))?;
        Ok(Some(value))
    }

    /// A settled round's summary.
    pub(crate) fn summary(&self, round: Round) -> Result<Option<RoundSummary>, StoreError> {
        if let Some(summary) = self.summaries().get(&round) {
            return Ok(Some(summary.clone()));
        }
        let summary = self.record(round)?.map(|record| summary(&record));
        if let Some(summary) = &summary {
            self.keep(summary.clone());
        }
        Ok(summary)
    }

    /// Summaries of settled rounds from one on, until the first that is not settled here.
    pub(crate) fn from(&self, from: Round, count: u16) -> Result<Vec<RoundSummary>, StoreError> {
        let mut found = Vec::new();
        // Rounds count from 1.
        let mut round = from.max(Round(1));
        while found.len() < usize::from(count.min(MOST_SUMMARIES)) {
            match self.summary(round)? {
                Some(summary) => found.push(summary),
                None => break,
            }
            round = round.next();
        }
        Ok(found)
    }

    /// Keeps the summary of a round that has just settled.
    pub(crate) fn keep(&self, summary: RoundSummary) {
        let mut summaries = self.summaries();
        summaries.insert(summary.round, summary);
        // The oldest goes: people page through the newest.
        while summaries.len() > CACHED {
            summaries.pop_first();
        }
    }

    fn summaries(&self) -> std::sync::MutexGuard<'_, BTreeMap<Round, RoundSummary>> {
        self.summaries
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
