//! Reading and writing.

use std::collections::btree_map::{self, BTreeMap};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use redb::{Database, ReadTransaction, ReadableDatabase, ReadableTable, WriteTransaction};
use sealbid_protocol::disk::{Table, Write};

use crate::checksum::{framed, unframed};
use crate::error::{Damage, StoreError};
use crate::file::{
    self, At, Identity, Part, archive_of, definition, durable_transaction, guarded, name,
};
use crate::memory::Memory;
use crate::outbox::{self, is_archived};

/// A row: key and value.
pub type Entry = (Vec<u8>, Vec<u8>);

/// A member's store, open and locked. Reads and one commit at a time may go on side by side; a read
/// sees the newest commit at its beginning.
#[derive(Debug)]
pub struct Store {
    pub(crate) working: Database,
    pub(crate) archive: Unread,
    pub(crate) path: PathBuf,
    pub(crate) archive_path: PathBuf,
    pub(crate) progress: Mutex<Progress>,
}

/// How far commits have come.
#[derive(Debug)]
pub(crate) struct Progress {
    /// How many of them had something for the archive.
    commits: u64,
    /// Whether the working file still has what the newest of them had for it.
    has_outbox: bool,
    /// Whether one of them came into the working file and not into the archive: the next start
    /// brings it there, and nothing may be committed before.
    is_apart: bool,
}

/// A file that nobody has verified: to close it may bring up what is damaged in it, which must not
/// end the process that closes it.
#[derive(Debug)]
pub(crate) struct Unread(Option<Database>);

impl Unread {
    /// It is there until it is closed.
    fn get(&self, path: &Path) -> Result<&Database, StoreError> {
        let closed = || StoreError::disk(path, io::Error::other("it is closed"));
        self.0.as_ref().ok_or_else(closed)
    }
}

impl Drop for Unread {
    fn drop(&mut self) {
        let database = self.0.take();
        // Nothing of it is wanted any more: what is damaged is found when it is next read.
        let close = std::panic::AssertUnwindSafe(|| drop(database));
        let _ = std::panic::catch_unwind(close);
    }
}

impl Store {
    /// Opens the store at `path`, or makes an empty one, readable by its owner alone. Of an existing
    /// one the working file is verified, which takes the time of reading it; the archive beside it,
    /// which grows with each round, is not read.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is changed if the files are another's.
    pub fn open(path: &Path, identity: Identity) -> Result<Self, StoreError> {
        let exists = path.try_exists();
        let archive_path = archive_of(path);
        if !exists.map_err(|source| StoreError::disk(path, source))? {
            file::create(path, identity)?;
        }
        let working = file::open(path, Part::Working, identity)?;
        let archive = file::open(&archive_path, Part::Archive, identity)?;
        Self::joined(working, archive, path.to_owned(), archive_path)
    }

    /// Opens the store at `path` as it is, whosesoever it may be, and verifies all of it: to look
    /// through it, and not to run a member on. One that was not closed in order is put in order
    /// first, as at a start; nothing else is changed.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::Disk`] if there is none, [`StoreError::Locked`] while a member
    /// has it open.
    pub fn examine(path: &Path) -> Result<(Self, Identity), StoreError> {
        let archive_path = archive_of(path);
        let (working, expected) = file::examine(path, Part::Working)?;
        let (archive, found) = file::examine(&archive_path, Part::Archive)?;
        if found != expected {
            return Err(StoreError::Foreign {
                path: archive_path,
                found,
                expected,
            });
        }
        let store = Self::joined(working, archive, path.to_owned(), archive_path)?;
        Ok((store, expected))
    }

    /// Both files as one store: what a crash has kept from the archive is brought there.
    pub(crate) fn joined(
        working: Database,
        archive: Database,
        path: PathBuf,
        archive_path: PathBuf,
    ) -> Result<Self, StoreError> {
        let (commits, outbox) = guarded(&path, || {
            let commits = file::commits(&working, &path)?;
            Ok((commits, file::outbox(&working, &path)?))
        })?;
        let archived = guarded(&archive_path, || file::commits(&archive, &archive_path))?;
        let progress = Progress {
            commits,
            has_outbox: outbox.is_some(),
            is_apart: false,
        };
        let store = Self {
            working,
            archive: Unread(Some(archive)),
            path,
            archive_path,
            progress: Mutex::new(progress),
        };
        match outbox {
            _ if archived == commits => {}
            Some(outbox) if archived.checked_add(1) == Some(commits) => {
                let writes = outbox::decode(&outbox);
                let writes = writes.ok_or_else(|| {
                    StoreError::file(&store.path, "what it has for its archive is unreadable")
                })?;
                let writes: Vec<_> = writes.iter().collect();
                store.commit_to_archive(&writes, commits)?;
            }
            _ => {
                let what = "it is of another time than the store beside it: put both in place \
                            from one backup, or move both away to start anew";
                return Err(StoreError::file(&store.archive_path, what));
            }
        }
        Ok(store)
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
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        if progress.is_apart {
            let failed = io::Error::other("an earlier commit failed");
            return Err(StoreError::disk(&self.archive_path, failed));
        }
        let (archived, working): (Vec<_>, Vec<_>) = writes.iter().partition(|write| {
            let (Write::Put { table, .. } | Write::Delete { table, .. }) = write;
            is_archived(*table)
        });
        let commits = match archived.is_empty() {
            true => progress.commits,
            false => progress.commits.saturating_add(1),
        };
        let outbox = (!archived.is_empty()).then(|| outbox::encode(&archived));
        // Until it is known to be in both files, or in neither.
        progress.is_apart = outbox.is_some();
        guarded(&self.path, || {
            let path = &self.path;
            let transaction = durable_transaction(&self.working, Part::Working, path)?;
            apply(&transaction, path, &working)?;
            if outbox.is_some() {
                file::put_commits(&transaction, path, commits)?;
            }
            if outbox.is_some() || progress.has_outbox {
                file::put_outbox(&transaction, path, outbox.as_deref())?;
            }
            transaction.commit().at(path)
        })?;
        progress.has_outbox = outbox.is_some();
        if !archived.is_empty() {
            self.commit_to_archive(&archived, commits)?;
        }
        progress.commits = commits;
        progress.is_apart = false;
        Ok(())
    }

    /// Brings what the working file has for the archive there.
    fn commit_to_archive(&self, writes: &[&Write], commits: u64) -> Result<(), StoreError> {
        let path = &self.archive_path;
        guarded(path, || {
            let archive = self.archive.get(path)?;
            let transaction = durable_transaction(archive, Part::Archive, path)?;
            apply(&transaction, path, writes)?;
            file::put_commits(&transaction, path, commits)?;
            transaction.commit().at(path)
        })
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
        let path = match is_archived(table) {
            true => self.archive_path.clone(),
            false => self.path.clone(),
        };
        let key = key.to_vec();
        let damage = Damage::Value { table, key };
        StoreError::Corrupt { path, damage }
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
        let Self {
            working,
            archive,
            path,
            archive_path,
            ..
        } = self;
        let working = guarded(path, || working.compact().at(path))?;
        let archive = match &mut archive.0 {
            Some(archive) => guarded(archive_path, || archive.compact().at(archive_path))?,
            None => false,
        };
        Ok(working || archive)
    }

    fn snapshot(&self) -> Result<Snapshot<'_>, StoreError> {
        let begin =
            |database: &Database, path: &Path| guarded(path, || database.begin_read().at(path));
        Ok(Snapshot {
            working: begin(&self.working, &self.path)?,
            archive: begin(self.archive.get(&self.archive_path)?, &self.archive_path)?,
            path: &self.path,
            archive_path: &self.archive_path,
        })
    }
}

/// Opens each table once: that takes as long as several writes to it.
fn apply(transaction: &WriteTransaction, path: &Path, writes: &[&Write]) -> Result<(), StoreError> {
    let mut tables = BTreeMap::new();
    for write in writes {
        let (Write::Put { table, .. } | Write::Delete { table, .. }) = write;
        let rows = match tables.entry(*table) {
            btree_map::Entry::Occupied(open) => open.into_mut(),
            btree_map::Entry::Vacant(place) => {
                place.insert(transaction.open_table(definition(*table)).at(path)?)
            }
        };
        match write {
            Write::Put { table, key, value } => {
                let stored = framed(name(*table), key, value);
                rows.insert(key.as_slice(), stored.as_slice()).at(path)?;
            }
            Write::Delete { key, .. } => {
                rows.remove(key.as_slice()).at(path)?;
            }
        }
    }
    Ok(())
}

/// What the store held at one moment.
pub(crate) struct Snapshot<'a> {
    working: ReadTransaction,
    archive: ReadTransaction,
    path: &'a Path,
    archive_path: &'a Path,
}

impl Snapshot<'_> {
    /// The file of a table.
    fn of(&self, table: Table) -> (&ReadTransaction, &Path) {
        match is_archived(table) {
            true => (&self.archive, self.archive_path),
            false => (&self.working, self.path),
        }
    }

    pub(crate) fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let (transaction, path) = self.of(table);
        guarded(path, || {
            let rows = transaction.open_table(definition(table)).at(path)?;
            let stored = ReadableTable::get(&rows, key).at(path)?;
            stored
                .map(|stored| value(path, table, key, stored.value()))
                .transpose()
        })
    }

    pub(crate) fn range(
        &self,
        table: Table,
        from: &[u8],
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        let (transaction, path) = self.of(table);
        guarded(path, || {
            let rows = transaction.open_table(definition(table)).at(path)?;
            let range = ReadableTable::range::<&[u8]>(&rows, from..).at(path)?;
            let read = |row: Result<_, redb::StorageError>| {
                let (key, stored): (redb::AccessGuard<'_, &[u8]>, redb::AccessGuard<'_, &[u8]>) =
                    row.at(path)?;
                let value = value(path, table, key.value(), stored.value())?;
                Ok((key.value().to_vec(), value))
            };
            range.take(limit).map(read).collect()
        })
    }
}

fn value(path: &Path, table: Table, key: &[u8], stored: &[u8]) -> Result<Vec<u8>, StoreError> {
    let value = unframed(name(table), key, stored).map(<[u8]>::to_vec);
    value.ok_or_else(|| StoreError::Corrupt {
        path: path.to_owned(),
        damage: Damage::Value {
            table,
            key: key.to_vec(),
        },
    })
}
