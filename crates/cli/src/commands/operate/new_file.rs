//! Files that are written once and never overwritten.

use std::io;
use std::path::Path;

use sealbid_keygen::secret_file::write_new_public;

use crate::exit::Failure;

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    /// It is new.
    New,
    /// It was there, with the same content.
    There,
}

/// Writes a file, unless it is there as it would be written: what was interrupted can be done again.
///
/// # Errors
/// Storage; also if another file is there, which stays.
pub(super) fn write_once(path: &Path, bytes: &[u8]) -> Result<Written, Failure> {
    match write_new_public(path, bytes) {
        Ok(()) => Ok(Written::New),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let there = std::fs::read(path).map_err(|error| failed(path, &error))?;
            if there == bytes {
                return Ok(Written::There);
            }
            let taken = Failure::storage(format!("another file is there: {}", path.display()));
            Err(taken.advise("name a directory that is new or holds what was written before"))
        }
        Err(error) => Err(failed(path, &error)),
    }
}

/// Makes a directory, unless it is there.
///
/// # Errors
/// Storage.
pub(super) fn make_directory(path: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(path).map_err(|error| failed(path, &error))
}

/// A file that cannot be written.
pub(super) fn failed(path: &Path, error: &dyn core::fmt::Display) -> Failure {
    Failure::storage(format!("cannot write {}: {error}", path.display()))
}
