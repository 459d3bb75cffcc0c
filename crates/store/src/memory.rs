//! What a member remembers when it starts.

use core::cell::RefCell;

use sealbid_protocol::disk::{Recall, Table};

use crate::error::StoreError;
use crate::store::{Entry, Snapshot};

/// What the store held at one moment, for an engine that is starting.
pub struct Memory<'a> {
    snapshot: Snapshot<'a>,
    failure: RefCell<Option<StoreError>>,
}

impl<'a> Memory<'a> {
    pub(crate) const fn new(snapshot: Snapshot<'a>) -> Self {
        Self {
            snapshot,
            failure: RefCell::new(None),
        }
    }

    /// The error of the first read that failed.
    pub(crate) fn failure(self) -> Option<StoreError> {
        self.failure.into_inner()
    }

    fn keep<T: Default>(&self, read: Result<T, StoreError>) -> T {
        read.unwrap_or_else(|error| {
            self.failure.borrow_mut().get_or_insert(error);
            T::default()
        })
    }
}

impl Recall for Memory<'_> {
    fn get(&self, table: Table, key: &[u8]) -> Option<Vec<u8>> {
        self.keep(self.snapshot.get(table, key))
    }

    fn scan(&self, table: Table) -> Vec<Entry> {
        self.keep(self.snapshot.range(table, &[], usize::MAX))
    }
}
