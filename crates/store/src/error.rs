//! What can be wrong with a store.

use std::io;
use std::path::{Path, PathBuf};

use sealbid_protocol::disk::Table;

use crate::file::Identity;

/// What is damaged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Damage {
    /// The file as such: redb's words.
    File(String),
    /// One value.
    Value {
        /// Its table.
        table: Table,
        /// Its key.
        key: Vec<u8>,
    },
}

impl core::fmt::Display for Damage {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::File(what) => f.write_str(what),
            Self::Value { table, key } => {
                write!(f, "the value of ")?;
                for byte in key {
                    write!(f, "{byte:02x}")?;
                }
                write!(f, " in {table:?} is not what was stored")
            }
        }
    }
}

/// Why a store cannot be used. None of them passes by itself while the store stays open.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file does not hold what was written.
    #[error("the store {} is damaged: {damage}", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What is damaged.
        damage: Damage,
    },
    /// The file is another auction's or another member's.
    #[error("the store {} belongs to {found}, not to {expected}", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// Whose it is.
        found: Identity,
        /// Who opened it.
        expected: Identity,
    },
    /// The file was written by another version of this program.
    #[error("the store {} has version {found}, which is not known here", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
    },
    /// Another process has the file open.
    #[error("the store {} is held by another process: most likely its member runs already", path.display())]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// The disk refused.
    #[error("the store {}: {source}", path.display())]
    Disk {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl StoreError {
    pub(crate) fn file(path: &Path, what: impl Into<String>) -> Self {
        let damage = Damage::File(what.into());
        Self::Corrupt {
            path: path.to_owned(),
            damage,
        }
    }

    pub(crate) fn disk(path: &Path, source: io::Error) -> Self {
        Self::Disk {
            path: path.to_owned(),
            source,
        }
    }

    /// Sorts redb's errors: the disk's, another holder's, and everything else, which no file that
    /// this crate wrote gives rise to.
    pub(crate) fn redb(path: &Path, error: redb::Error) -> Self {
        use redb::Error;
        match error {
            Error::DatabaseAlreadyOpen => Self::Locked {
                path: path.to_owned(),
            },
            Error::Io(source) => match source.kind() {
                io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
                    Self::file(path, source.to_string())
                }
                _ => Self::disk(path, source),
            },
            error @ (Error::PreviousIo | Error::DatabaseClosed | Error::ValueTooLarge(_)) => {
                Self::disk(path, io::Error::other(error.to_string()))
            }
            error => Self::file(path, error.to_string()),
        }
    }
}
