//! A look at a store that is at rest, which changes nothing.

use std::path::Path;

use redb::{DatabaseError, ReadOnlyDatabase, ReadableDatabase as _, ReadableTable as _};
use sealbid_protocol::disk::Table;
use sealbid_types::id::Round;

use crate::error::StoreError;
use crate::file::{At as _, Identity, archive_of, definition, guarded, identity};
use crate::store::Store;

/// What a store is, seen from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Survey {
    /// There is none.
    Absent,
    /// The process that had it open was ended before it could close it. Nothing is wrong with that:
    /// the next one that opens it verifies all of it first.
    NotClosed,
    /// It was closed in order.
    Closed {
        /// The version of its layout.
        version: u32,
        /// Whose it is.
        identity: Identity,
        /// The newest round of which it has a record.
        newest: Option<Round>,
    },
}

impl Store {
    /// What the store at `path` is, without opening it for a member.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::Locked`] while a member has it open.
    pub fn survey(path: &Path) -> Result<Survey, StoreError> {
        let exists = path.try_exists();
        if !exists.map_err(|source| StoreError::disk(path, source))? {
            return Ok(Survey::Absent);
        }
        let (version, identity) = match at_rest(path)? {
            None => return Ok(Survey::NotClosed),
            Some(database) => guarded(path, || identity(&database, path))?,
        };
        let archive_path = &archive_of(path);
        let Some(archive) = at_rest(archive_path)? else {
            return Ok(Survey::NotClosed);
        };
        let newest = guarded(archive_path, || {
            let transaction = archive.begin_read().at(archive_path)?;
            let records = transaction.open_table(definition(Table::Records));
            let records = records.at(archive_path)?;
            let last = records.last().at(archive_path)?;
            let round = |key: &[u8]| key.try_into().ok().map(u64::from_be_bytes).map(Round);
            Ok(last.and_then(|(key, _)| round(key.value())))
        })?;
        Ok(Survey::Closed {
            version,
            identity,
            newest,
        })
    }
}

/// A file that was closed in order; none for one that was not.
fn at_rest(path: &Path) -> Result<Option<ReadOnlyDatabase>, StoreError> {
    guarded(path, || match ReadOnlyDatabase::open(path) {
        Err(DatabaseError::RepairAborted) => Ok(None),
        opened => opened.at(path).map(Some),
    })
}
