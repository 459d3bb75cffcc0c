//! What a participant of a ceremony has on disk, under its house directory.
//!
//! Everything is written, synced and renamed before anything that follows from it is sent: a
//! participant that is killed at any moment goes on from these files as if nothing had happened.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use sealbid_dkg::Board;
use sealbid_dkg::board::MOST_BOARD_BYTES;
use sealbid_types::id::SessionId;

use crate::ceremony::error::CeremonyError;
use crate::house::HouseDir;
use crate::secret_file::{read_bounded, write_public};

/// The files of one ceremony.
#[derive(Debug, Clone)]
pub(crate) struct CeremonyDir {
    house: HouseDir,
}

/// The directory, held by this process alone until it is dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl CeremonyDir {
    pub(crate) fn new(house: &Path) -> Self {
        Self {
            house: HouseDir::new(house),
        }
    }

    pub(crate) const fn house(&self) -> &HouseDir {
        &self.house
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.house.root().join("ceremony")
    }

    /// All messages that are known, encoded.
    pub(crate) fn board(&self) -> PathBuf {
        self.path().join("board")
    }

    /// The session's secret until it lies beside the member's key.
    pub(crate) fn session_key(&self) -> PathBuf {
        self.path().join("session.age")
    }

    /// The session to which its person has said yes.
    pub(crate) fn accepted(&self) -> PathBuf {
        self.path().join("accepted")
    }

    /// The public transcript of the finished ceremony.
    pub(crate) fn transcript(&self) -> PathBuf {
        self.house.root().join("transcript")
    }

    /// Whether a ceremony has begun here.
    pub(crate) fn is_begun(&self) -> bool {
        self.board().exists()
    }

    /// Makes the directory, for its owner alone, and takes its lock.
    ///
    /// # Errors
    /// [`CeremonyError::Locked`] while another process has it.
    pub(crate) fn lock(&self) -> Result<Lock, CeremonyError> {
        let path = self.path().join("lock");
        let failed = |source| CeremonyError::io(&path, source);
        fs::create_dir_all(self.house.root()).map_err(failed)?;
        let mut directories = fs::DirBuilder::new();
        directories.recursive(true).mode(0o700);
        directories.create(self.path()).map_err(failed)?;
        // The system's lock goes with the process, however it ends: no stale file keeps anybody
        // out.
        let file = File::create(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Lock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(CeremonyError::Locked { path: self.path() }),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }

    pub(crate) fn load_board(&self) -> Result<Option<Board>, CeremonyError> {
        match read_board(&self.board()) {
            Err(CeremonyError::NotFound { .. }) => Ok(None),
            board => board.map(Some),
        }
    }

    /// Replaces the board that is there, which holds less.
    pub(crate) fn save_board(&self, board: &Board) -> Result<(), CeremonyError> {
        let path = self.board();
        write_public(&path, &board.to_bytes()).map_err(|source| CeremonyError::io(&path, source))
    }

    /// None before anybody has said yes. A damaged file is an error and no "no": the person is not
    /// asked twice without knowing why.
    pub(crate) fn load_accepted(&self) -> Result<Option<SessionId>, CeremonyError> {
        let path = self.accepted();
        let bytes = match read_bounded(&path, 256) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            bytes => bytes.map_err(|source| CeremonyError::io(&path, source))?,
        };
        let text = core::str::from_utf8(&bytes).unwrap_or_default();
        let foreign = |error: sealbid_types::bytes::NotHex| CeremonyError::Corrupt {
            path: path.clone(),
            reason: error.to_string(),
        };
        text.trim().parse().map(Some).map_err(foreign)
    }

    pub(crate) fn save_accepted(&self, session: SessionId) -> Result<(), CeremonyError> {
        let path = self.accepted();
        let text = format!("{session}\n");
        write_public(&path, text.as_bytes()).map_err(|source| CeremonyError::io(&path, source))
    }
}

/// Reads a ceremony file: a board with the invitation alone, or more.
///
/// # Errors
/// [`CeremonyError::NotFound`], `Io`, or `NotCeremony`.
pub(crate) fn read_board(path: &Path) -> Result<Board, CeremonyError> {
    let owned = || path.to_owned();
    let bytes = read_bounded(path, MOST_BOARD_BYTES).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => CeremonyError::NotFound { path: owned() },
        _ => CeremonyError::io(path, source),
    })?;
    Board::from_bytes(&bytes).map_err(|error| CeremonyError::NotCeremony {
        path: owned(),
        reason: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::expect_used
    )]

    use super::*;

    #[test]
    fn one_process_at_a_time() {
        let house = tempfile::tempdir().unwrap();
        let directory = CeremonyDir::new(house.path());
        let held = directory.lock().unwrap();
        let refused = directory.lock().unwrap_err();
        assert!(matches!(refused, CeremonyError::Locked { .. }), "{refused}");
        assert_eq!(refused.exit_code(), 5);
        drop(held);
        directory.lock().unwrap();
    }

    #[test]
    fn a_yes_is_remembered() {
        let house = tempfile::tempdir().unwrap();
        let directory = CeremonyDir::new(house.path());
        let _lock = directory.lock().unwrap();
        assert_eq!(directory.load_accepted().unwrap(), None);
        let session = SessionId::from([7; 32]);
        directory.save_accepted(session).unwrap();
        assert_eq!(directory.load_accepted().unwrap(), Some(session));
        fs::write(directory.accepted(), "yes").unwrap();
        let refused = directory.load_accepted().unwrap_err();
        assert_eq!(refused.exit_code(), 4, "{refused}");
    }

    #[test]
    fn what_is_no_ceremony_is_said_to_be_none() {
        let house = tempfile::tempdir().unwrap();
        let path = house.path().join("demo.ceremony");
        let refused = read_board(&path).unwrap_err();
        assert!(matches!(refused, CeremonyError::NotFound { .. }));
        fs::write(&path, "{}").unwrap();
        let refused = read_board(&path).unwrap_err();
        assert!(matches!(refused, CeremonyError::NotCeremony { .. }));
        assert_eq!(refused.exit_code(), 4, "{refused}");
    }
}
