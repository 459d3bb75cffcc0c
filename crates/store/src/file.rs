//! Creating, opening and verifying the file.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::path::Path;

use redb::{Builder, Database, TableDefinition, WriteTransaction};
use redb::{Durability, ReadableDatabase};
use sealbid_protocol::disk::Table;
use sealbid_types::id::{AuctionId, MemberIndex};

use crate::checksum::{framed, unframed};
use crate::error::StoreError;

/// The layout of tables, keys and checksums. The engine versions its values itself.
const VERSION: u32 = 1;

/// redb's page cache. Its own default, 1 GiB, is more than a member may take.
const CACHE_BYTES: usize = 32 << 20;

/// The table of what this crate itself keeps, and its rows.
const SELF_TABLE: TableDefinition<'static, &[u8], &[u8]> = TableDefinition::new("store");
const VERSION_KEY: &[u8] = b"version";
const AUCTION_KEY: &[u8] = b"auction";
const MEMBER_KEY: &[u8] = b"member";

/// Whose store it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// The auction.
    pub auction: AuctionId,
    /// The member's place in the roster.
    pub member: MemberIndex,
}

impl core::fmt::Display for Identity {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} of auction {}", self.member, self.auction.short())
    }
}

/// The written name of a table: renaming the variant changes nothing.
pub(crate) const fn name(table: Table) -> &'static str {
    match table {
        Table::Meta => "meta",
        Table::Envelopes => "envelopes",
        Table::Acknowledgements => "acknowledgements",
        Table::Reports => "reports",
        Table::Votes => "votes",
        Table::Closes => "closes",
        Table::Points => "points",
        Table::Records => "records",
        Table::Promises => "promises",
        Table::Witness => "witness",
        Table::Outcomes => "outcomes",
        Table::Nonces => "nonces",
        Table::Evidence => "evidence",
    }
}

pub(crate) const fn definition(
    table: Table,
) -> TableDefinition<'static, &'static [u8], &'static [u8]> {
    TableDefinition::new(name(table))
}

/// Runs `work` on the file at `path`.
///
/// redb trusts pages once they are read, and panics on some that no version of it wrote. A member
/// with a damaged disk is to stop with an error that says so: a panic of redb becomes one.
pub(crate) fn guarded<T>(
    path: &Path,
    work: impl FnOnce() -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    // Nothing of ours is left half changed: the caller drops what it was working on, or redb's
    // own locks are poisoned and every later call fails.
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(StoreError::file(path, "redb gave up on its content")))
}

pub(crate) trait At<T> {
    /// The error, with the file it is about.
    fn at(self, path: &Path) -> Result<T, StoreError>;
}

impl<T, E: Into<redb::Error>> At<T> for Result<T, E> {
    fn at(self, path: &Path) -> Result<T, StoreError> {
        self.map_err(|error| StoreError::redb(path, error.into()))
    }
}

/// A transaction that is durable when it returns.
pub(crate) fn durable_transaction(
    database: &Database,
    path: &Path,
) -> Result<WriteTransaction, StoreError> {
    let mut transaction = database.begin_write().at(path)?;
    transaction.set_durability(Durability::Immediate).at(path)?;
    transaction.set_two_phase_commit(true);
    Ok(transaction)
}

/// Creates the file beside its place, with its tables and identity in it, and links it there: a
/// crash leaves no half-made store. One that another process put there meanwhile stays.
pub(crate) fn create(path: &Path, identity: Identity) -> Result<(), StoreError> {
    let directory = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    let directory = directory.unwrap_or_else(|| Path::new("."));
    let disk = |source| StoreError::disk(path, source);
    // Mode 0600 from creation.
    let file = tempfile::NamedTempFile::new_in(directory).map_err(disk)?;
    let handle = file.reopen().map_err(disk)?;
    let database = builder().create_file(handle).at(path)?;
    initialise(&database, path, identity)?;
    drop(database);
    match file.persist_noclobber(path) {
        Err(error) if error.error.kind() != io::ErrorKind::AlreadyExists => Err(disk(error.error)),
        _ => File::open(directory)
            .and_then(|directory| directory.sync_all())
            .map_err(disk),
    }
}

pub(crate) fn initialise(
    database: &Database,
    path: &Path,
    identity: Identity,
) -> Result<(), StoreError> {
    let transaction = durable_transaction(database, path)?;
    for table in Table::ALL {
        transaction.open_table(definition(table)).at(path)?;
    }
    let rows: [(&[u8], &[u8]); 3] = [
        (VERSION_KEY, &VERSION.to_le_bytes()),
        (AUCTION_KEY, identity.auction.as_bytes()),
        (MEMBER_KEY, &[identity.member.0]),
    ];
    let mut table = transaction.open_table(SELF_TABLE).at(path)?;
    for (key, value) in rows {
        table
            .insert(key, framed("store", key, value).as_slice())
            .at(path)?;
    }
    drop(table);
    transaction.commit().at(path)
}

/// Opens an existing file and verifies all of it.
pub(crate) fn open(path: &Path, identity: Identity) -> Result<Database, StoreError> {
    let disk = |source| StoreError::disk(path, source);
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .map_err(disk)?;
    check_header(path, &mut file)?;
    guarded(path, || {
        let database = builder().create_file(file).at(path)?;
        verified(database, path, identity)
    })
}

/// The same on a backend of the caller's.
#[cfg(test)]
pub(crate) fn open_backend(
    path: &Path,
    backend: impl redb::StorageBackend,
    identity: Identity,
) -> Result<Database, StoreError> {
    guarded(path, || {
        let database = builder().create_with_backend(backend).at(path)?;
        verified(database, path, identity)
    })
}

fn builder() -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE_BYTES);
    builder
}

/// The first bytes of a redb file, the last of them its flags: two-phase commit is bit 2.
const HEADER_BYTES: usize = 10;
const TWO_PHASE_COMMIT: u8 = 4;

/// redb falls back to an older commit if a file that did not use two-phase commit is damaged. All
/// of this crate's commits do; a header that says otherwise is damaged itself.
fn check_header(path: &Path, file: &mut File) -> Result<(), StoreError> {
    let mut header = [0; HEADER_BYTES];
    match file.read_exact(&mut header) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            return Err(StoreError::file(path, "it ends before its header does"));
        }
        read => read.map_err(|source| StoreError::disk(path, source))?,
    }
    let flags = header.last().copied().unwrap_or(0);
    if flags & TWO_PHASE_COMMIT == 0 {
        return Err(StoreError::file(
            path,
            "its header does not name two-phase commit",
        ));
    }
    Ok(())
}

/// Reads every page in use against its checksum, and whose file it is.
fn verified(
    mut database: Database,
    path: &Path,
    identity: Identity,
) -> Result<Database, StoreError> {
    // False means that redb's map of free pages was wrong and is right now; what is stored was
    // verified either way.
    let _free_pages_were_right = database.check_integrity().at(path)?;
    check_identity(&database, path, identity)?;
    Ok(database)
}

fn check_identity(database: &Database, path: &Path, expected: Identity) -> Result<(), StoreError> {
    let (_, found) = identity(database, path)?;
    if found != expected {
        return Err(StoreError::Foreign {
            path: path.to_owned(),
            found,
            expected,
        });
    }
    Ok(())
}

/// The version of the layout, and whose file it is.
pub(crate) fn identity(
    database: &impl ReadableDatabase,
    path: &Path,
) -> Result<(u32, Identity), StoreError> {
    let found = u32::from_le_bytes(own_row(database, path, VERSION_KEY)?);
    // Its rows may mean anything.
    if found != VERSION {
        return Err(StoreError::Version {
            path: path.to_owned(),
            found,
        });
    }
    let auction: [u8; 32] = own_row(database, path, AUCTION_KEY)?;
    let [member] = own_row(database, path, MEMBER_KEY)?;
    let identity = Identity {
        auction: auction.into(),
        member: MemberIndex(member),
    };
    Ok((found, identity))
}

fn own_row<const N: usize>(
    database: &impl ReadableDatabase,
    path: &Path,
    key: &[u8],
) -> Result<[u8; N], StoreError> {
    let transaction = database.begin_read().at(path)?;
    let table = transaction.open_table(SELF_TABLE).at(path)?;
    let stored = redb::ReadableTable::get(&table, key).at(path)?;
    let value = stored
        .as_ref()
        .and_then(|stored| unframed("store", key, stored.value()));
    value
        .and_then(|value| value.try_into().ok())
        .ok_or_else(|| StoreError::file(path, "it does not say whose it is"))
}
