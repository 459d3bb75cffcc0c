//! Reading and writing.

use std::collections::btree_map::{self, BTreeMap};
use std::path::{Path, PathBuf};

use redb::{Database, ReadTransaction, ReadableDatabase, ReadableTable, WriteTransaction};
use sealbid_protocol::disk::{Table, Write};

use crate::checksum::{framed, unframed};
use crate::error::{Damage, StoreError};
use crate::file::{self, At, Identity, definition, durable_transaction, guarded, name};
use crate::memory::Memory;

/// A row: key and value.
pub type Entry = (Vec<u8>, Vec<u8>);

/// A member's store, open and locked. Reads and one commit at a time may go on side by side; a read
/// sees the newest commit at its beginning.
#[derive(Debug)]
pub struct Store {
    pub(crate) database: Database,
    pub(crate) path: PathBuf,
}

impl Store {
    /// Opens the store at `path`, or makes an empty one, readable by its owner alone. All of an
    /// existing file is verified, which takes the time of reading it.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is changed if the file is another's.
    pub fn open(path: &Path, identity: Identity) -> Result<Self, StoreError> {
        if !path
            .try_exists()
            .map_err(|source| StoreError::disk(path, source))?
        {
            file::create(path, identity)?;
        }
        let database = file::open(path, identity)?;
        Ok(Self {
            database,
            path: path.to_owned(),
        })
    }

    /// Writes all of `writes`, in their order, or none, and returns when they are durable.
    ///
    /// # Errors
    /// [`StoreError::Disk`] when the disk refuses: it may or may not have the writes, and takes no
    /// more. The member must stop.
    pub fn commit(&self, writes: &[Write]) -> Result<(), StoreError> {
        if writes.is_empty() {
            return Ok(());
        }
        guarded(&self.path, || {
            let transaction = durable_transaction(&self.database, &self.path)?;
            self.apply(&transaction, writes)?;
            transaction.commit().at(&self.path)
        })
    }

    /// Opens each table once: that takes as long as several writes to it.
    fn apply(&self, transaction: &WriteTransaction, writes: &[Write]) -> Result<(), StoreError> {
        let mut tables = BTreeMap::new();
        for write in writes {
            let (Write::Put { table, .. } | Write::Delete { table, .. }) = write;
            let rows = match tables.entry(*table) {
                btree_map::Entry::Occupied(open) => open.into_mut(),
                btree_map::Entry::Vacant(place) => {
                    place.insert(transaction.open_table(definition(*table)).at(&self.path)?)
                }
            };
            match write {
                Write::Put { table, key, value } => {
                    let stored = framed(name(*table), key, value);
                    rows.insert(key.as_slice(), stored.as_slice())
                        .at(&self.path)?;
                }
                Write::Delete { key, .. } => {
                    rows.remove(key.as_slice()).at(&self.path)?;
                }
            }
        }
        Ok(())
    }

    /// The value of `key` in `table`.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] or [`StoreError::Disk`].
    pub fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.snapshot()?.get(table, key)
    }

    /// The error of a value that was stored whole and is nothing that the member writes there.
    #[must_use]
    pub fn unreadable(&self, table: Table, key: &[u8]) -> StoreError {
        StoreError::Corrupt {
            path: self.path.clone(),
            damage: Damage::Value {
                table,
                key: key.to_vec(),
            },
        }
    }

    /// All of `table`, by ascending keys.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub fn scan(&self, table: Table) -> Result<Vec<Entry>, StoreError> {
        self.range(table, &[], usize::MAX)
    }

    /// At most `limit` rows of `table` from the key `from` on, by ascending keys.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub fn range(&self, table: Table, from: &[u8], limit: usize) -> Result<Vec<Entry>, StoreError> {
        self.snapshot()?.range(table, from, limit)
    }

    /// Runs `start` on what the store holds now.
    ///
    /// [`Recall`](sealbid_protocol::disk::Recall) cannot fail, so a read that fails looks absent to
    /// `start`; its result is then thrown away for the error. What is damaged is never taken for
    /// what is missing.
    ///
    /// # Errors
    /// The first read's that failed.
    pub fn recall<T>(&self, start: impl FnOnce(&Memory<'_>) -> T) -> Result<T, StoreError> {
        let memory = Memory::new(self.snapshot()?);
        let result = start(&memory);
        memory.failure().map_or(Ok(result), Err)
    }

    /// Gives free pages back to the file system, and says whether there were any. Takes the time
    /// of writing the file anew.
    ///
    /// # Errors
    /// As [`Self::commit`].
    pub fn compact(&mut self) -> Result<bool, StoreError> {
        let Self { database, path } = self;
        guarded(path, || database.compact().at(path))
    }

    fn snapshot(&self) -> Result<Snapshot<'_>, StoreError> {
        let transaction = guarded(&self.path, || self.database.begin_read().at(&self.path))?;
        Ok(Snapshot {
            transaction,
            path: &self.path,
        })
    }
}

/// What the store held at one moment.
pub(crate) struct Snapshot<'a> {
    transaction: ReadTransaction,
    path: &'a Path,
}

impl Snapshot<'_> {
    pub(crate) fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        guarded(self.path, || {
            let rows = self
                .transaction
                .open_table(definition(table))
                .at(self.path)?;
            let stored = ReadableTable::get(&rows, key).at(self.path)?;
            stored
                .map(|stored| self.value(table, key, stored.value()))
                .transpose()
        })
    }

    pub(crate) fn range(
        &self,
        table: Table,
        from: &[u8],
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        guarded(self.path, || {
            let rows = self
                .transaction
                .open_table(definition(table))
                .at(self.path)?;
            let range = ReadableTable::range::<&[u8]>(&rows, from..).at(self.path)?;
            let read = |row: Result<_, redb::StorageError>| {
                let (key, stored): (redb::AccessGuard<'_, &[u8]>, redb::AccessGuard<'_, &[u8]>) =
                    row.at(self.path)?;
                let value = self.value(table, key.value(), stored.value())?;
                Ok((key.value().to_vec(), value))
            };
            range.take(limit).map(read).collect()
        })
    }

    fn value(&self, table: Table, key: &[u8], stored: &[u8]) -> Result<Vec<u8>, StoreError> {
        let value = unframed(name(table), key, stored).map(<[u8]>::to_vec);
        value.ok_or_else(|| StoreError::Corrupt {
            path: self.path.to_owned(),
            damage: Damage::Value {
                table,
                key: key.to_vec(),
            },
        })
    }
}
