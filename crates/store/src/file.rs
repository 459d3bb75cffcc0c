//! Creating, opening and verifying a store's two files.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use redb::{Builder, Database, TableDefinition, WriteTransaction};
use redb::{Durability, ReadableDatabase};
use sealbid_protocol::disk::Table;
use sealbid_types::id::{AuctionId, MemberIndex};

use crate::checksum::{framed, unframed};
use crate::error::StoreError;
use crate::outbox::is_archived;

/// The layout of tables, keys and checksums. The engine versions its values itself.
const VERSION: u32 = 2;

/// redb's page cache of each file. Its own default, 1 GiB, is more than a member may take. Of the
/// working file, what a start reads; of the archive hardly anything, since its rows are written
/// once and read for others, each by itself.
const WORKING_CACHE_BYTES: usize = 16 << 20;
const ARCHIVE_CACHE_BYTES: usize = 2 << 20;

/// The table of what this crate itself keeps, and its rows.
const SELF_TABLE: TableDefinition<'static, &[u8], &[u8]> = TableDefinition::new("store");
const VERSION_KEY: &[u8] = b"version";
const AUCTION_KEY: &[u8] = b"auction";
const MEMBER_KEY: &[u8] = b"member";
/// How many commits there were that had something for the archive.
const COMMITS_KEY: &[u8] = b"commits";
/// What the newest of them had for it.
const OUTBOX_KEY: &[u8] = b"outbox";

/// One of a store's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// What a start reads: bounded by what is going on, and verified as a whole when it is opened.
    Working,
    /// What grows with each round: read row by row, each against its checksum.
    Archive,
}

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

impl Part {
    fn tables(self) -> impl Iterator<Item = Table> {
        let tables = Table::ALL.into_iter();
        tables.filter(move |table| is_archived(*table) == (self == Self::Archive))
    }
}

/// Where the archive of the store at `path` is: beside it.
pub(crate) fn archive_of(path: &Path) -> PathBuf {
    path.with_extension("archive.redb")
}

/// The written name of a table: renaming the variant changes nothing.
#[must_use]
pub const fn name(table: Table) -> &'static str {
    match table {
        Table::Meta => "meta",
        Table::Envelopes => "envelopes",
        Table::Acknowledgements => "acknowledgements",
        Table::Reports => "reports",
        Table::Votes => "votes",
        Table::Closes => "closes",
        Table::Points => "points",
        Table::Certificates => "certificates",
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
    part: Part,
    path: &Path,
) -> Result<WriteTransaction, StoreError> {
    let mut transaction = database.begin_write().at(path)?;
    transaction.set_durability(Durability::Immediate).at(path)?;
    transaction.set_two_phase_commit(true);
    // The map of free pages goes along with each commit, or the next start after a crash would have
    // to read the whole file to make it again. Of the working file it does, and that is small.
    transaction.set_quick_repair(part == Part::Archive);
    Ok(transaction)
}

/// Creates the files beside their place, with their tables and identity in them, and links them
/// there: a crash leaves no half-made store. One that another process put there meanwhile stays.
pub(crate) fn create(path: &Path, identity: Identity) -> Result<(), StoreError> {
    // The archive first: where there is a working file, there is an archive.
    create_part(&archive_of(path), Part::Archive, identity)?;
    create_part(path, Part::Working, identity)
}

fn create_part(path: &Path, part: Part, identity: Identity) -> Result<(), StoreError> {
    let directory = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    let directory = directory.unwrap_or_else(|| Path::new("."));
    let disk = |source| StoreError::disk(path, source);
    // Mode 0600 from creation.
    let file = tempfile::NamedTempFile::new_in(directory).map_err(disk)?;
    let handle = file.reopen().map_err(disk)?;
    let database = builder(part).create_file(handle).at(path)?;
    initialise(&database, part, path, identity)?;
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
    part: Part,
    path: &Path,
    identity: Identity,
) -> Result<(), StoreError> {
    let transaction = durable_transaction(database, part, path)?;
    for table in part.tables() {
        transaction.open_table(definition(table)).at(path)?;
    }
    let rows: [(&[u8], &[u8]); 4] = [
        (VERSION_KEY, &VERSION.to_le_bytes()),
        (AUCTION_KEY, identity.auction.as_bytes()),
        (MEMBER_KEY, &[identity.member.0]),
        (COMMITS_KEY, &0_u64.to_le_bytes()),
    ];
    for (key, value) in rows {
        put_own(&transaction, path, key, value)?;
    }
    transaction.commit().at(path)
}

/// Opens an existing file.
pub(crate) fn open(path: &Path, part: Part, identity: Identity) -> Result<Database, StoreError> {
    let file = existing(path)?;
    guarded(path, || {
        let database = builder(part).create_file(file).at(path)?;
        checked(database, part, path, identity)
    })
}

/// Opens an existing file whose owner is not known, and verifies all of it.
pub(crate) fn examine(path: &Path, part: Part) -> Result<(Database, Identity), StoreError> {
    let file = existing(path)?;
    guarded(path, || {
        let database = builder(part).create_file(file).at(path)?;
        let database = verified(database, path)?;
        let (_, identity) = identity(&database, path)?;
        Ok((database, identity))
    })
}

fn existing(path: &Path) -> Result<File, StoreError> {
    let disk = |source| StoreError::disk(path, source);
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .map_err(disk)?;
    check_header(path, &mut file)?;
    Ok(file)
}

/// The same as [`open`] on a backend of the caller's.
#[cfg(test)]
pub(crate) fn open_backend(
    path: &Path,
    part: Part,
    backend: impl redb::StorageBackend,
    identity: Identity,
) -> Result<Database, StoreError> {
    guarded(path, || {
        let database = builder(part).create_with_backend(backend).at(path)?;
        checked(database, part, path, identity)
    })
}

fn builder(part: Part) -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(match part {
        Part::Working => WORKING_CACHE_BYTES,
        Part::Archive => ARCHIVE_CACHE_BYTES,
    });
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

/// Whose file it is; and of the working file, every page in use against its checksum. The archive
/// may have many gigabytes: a start does not read it.
fn checked(
    database: Database,
    part: Part,
    path: &Path,
    expected: Identity,
) -> Result<Database, StoreError> {
    let database = match part {
        Part::Working => verified(database, path)?,
        Part::Archive => database,
    };
    let (_, found) = identity(&database, path)?;
    if found != expected {
        return Err(StoreError::Foreign {
            path: path.to_owned(),
            found,
            expected,
        });
    }
    Ok(database)
}

/// Reads every page in use against its checksum.
fn verified(mut database: Database, path: &Path) -> Result<Database, StoreError> {
    // False means that redb's map of free pages was wrong and is right now; what is stored was
    // verified either way.
    let _free_pages_were_right = database.check_integrity().at(path)?;
    Ok(database)
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

/// How many commits there were that had something for the archive, by this file.
pub(crate) fn commits(database: &impl ReadableDatabase, path: &Path) -> Result<u64, StoreError> {
    own_row(database, path, COMMITS_KEY).map(u64::from_le_bytes)
}

/// Counts one more such commit.
pub(crate) fn put_commits(
    transaction: &WriteTransaction,
    path: &Path,
    commits: u64,
) -> Result<(), StoreError> {
    put_own(transaction, path, COMMITS_KEY, &commits.to_le_bytes())
}

/// What the newest commit of the working file had for the archive.
pub(crate) fn outbox(
    database: &impl ReadableDatabase,
    path: &Path,
) -> Result<Option<Vec<u8>>, StoreError> {
    own(database, path, OUTBOX_KEY)
}

/// Replaces it, or takes it away.
pub(crate) fn put_outbox(
    transaction: &WriteTransaction,
    path: &Path,
    content: Option<&[u8]>,
) -> Result<(), StoreError> {
    match content {
        Some(content) => put_own(transaction, path, OUTBOX_KEY, content),
        None => {
            let mut table = transaction.open_table(SELF_TABLE).at(path)?;
            table.remove(OUTBOX_KEY).at(path)?;
            Ok(())
        }
    }
}

fn put_own(
    transaction: &WriteTransaction,
    path: &Path,
    key: &[u8],
    value: &[u8],
) -> Result<(), StoreError> {
    let mut table = transaction.open_table(SELF_TABLE).at(path)?;
    let stored = framed("store", key, value);
    table.insert(key, stored.as_slice()).at(path)?;
    Ok(())
}

fn own(
    database: &impl ReadableDatabase,
    path: &Path,
    key: &[u8],
) -> Result<Option<Vec<u8>>, StoreError> {
    let transaction = database.begin_read().at(path)?;
    let table = transaction.open_table(SELF_TABLE).at(path)?;
    let Some(stored) = redb::ReadableTable::get(&table, key).at(path)? else {
        return Ok(None);
    };
    let value = unframed("store", key, stored.value()).map(<[u8]>::to_vec);
    value.map(Some).ok_or_else(|| nameless(path))
}

fn own_row<const N: usize>(
    database: &impl ReadableDatabase,
    path: &Path,
    key: &[u8],
) -> Result<[u8; N], StoreError> {
    let value = own(database, path, key)?;
    value
        .and_then(|value| value.try_into().ok())
        .ok_or_else(|| nameless(path))
}

fn nameless(path: &Path) -> StoreError {
    StoreError::file(path, "it does not say whose it is")
}
