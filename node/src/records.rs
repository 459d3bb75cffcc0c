//! Settled rounds, read from the store for clients.
//!
//! Records never change once they are written, so they are read past the engine: a client that
//! pages through years of rounds costs the one that is being closed nothing.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use sealbid_protocol::chain::certified_close;
use sealbid_protocol::disk::Table;
use sealbid_protocol::evidence::Evidence;
use sealbid_protocol::member::{RECORDS_SINCE, StoredOutcome, records_since, summary};
use sealbid_store::{Store, StoreError};
use sealbid_types::bytes::Blob;
use sealbid_types::codec::{Schema, decode, encode};
use sealbid_types::door::{EnvelopeStatus, MOST_SUMMARIES, RoundSummary};
use sealbid_types::id::{EnvelopeId, Round};
use sealbid_types::record::RoundRecord;

/// How many summaries are kept in memory; older ones are read from their records again.
const CACHED: usize = 16_384;

/// The evidence in a store, with both halves of a pair of certificates. A row that cannot be read
/// shows nothing against anybody and is left out, as the member itself leaves it out when it starts;
/// `sealbid node store check` names it.
///
/// # Errors
/// [`StoreError`].
pub fn kept_evidence(store: &Store) -> Result<Vec<Evidence>, StoreError> {
    let mut kept = Vec::new();
    for (_, row) in store.scan(Table::Evidence)? {
        let Ok(evidence) = decode::<Evidence>(&row) else {
            continue;
        };
        let round = evidence.round().0.to_be_bytes();
        let own = store.get(Table::Closes, &round)?;
        kept.push(evidence.beside(own.as_deref().and_then(certified_close)));
    }
    Ok(kept)
}

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

    #[cfg(test)]
    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// A settled round's record. Reads the disk.
    pub(crate) fn record(&self, round: Round) -> Result<Option<RoundRecord>, StoreError> {
        self.value(Table::Records, &round.0.to_be_bytes())
    }

    /// The evidence against members that this one has kept: the encoding of each, with both halves
    /// of a pair of certificates. Reads the disk.
    pub(crate) fn evidence(&self) -> Result<Vec<Blob>, StoreError> {
        let kept = kept_evidence(&self.store)?;
        Ok(kept.iter().map(|each| Blob::from(encode(each))).collect())
    }

    /// The first round whose record is kept. Reads the disk.
    pub(crate) fn since(&self) -> Result<Round, StoreError> {
        let Some(row) = self.store.get(Table::Meta, RECORDS_SINCE)? else {
            return Ok(Round(1));
        };
        records_since(&row).ok_or_else(|| self.store.unreadable(Table::Meta, RECORDS_SINCE))
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

    /// Summaries of settled rounds from one on, as far back as records are kept, until the first
    /// that is not settled here.
    pub(crate) fn from(&self, from: Round, count: u16) -> Result<Vec<RoundSummary>, StoreError> {
        let mut found = Vec::new();
        let mut round = from.max(self.since()?);
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
