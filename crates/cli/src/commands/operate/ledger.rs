//! What the relayer writes: `settlements.jsonl`, one line a round, and `records/R.json`.
//!
//! A round's record is written before its line, and both are synced, so that a line says that the
//! record is there. A line that a crash cut short is taken away when the file is next opened.

use core::time::Duration;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::Instant;

use sealbid_keygen::HouseDir;
use sealbid_keygen::secret_file::write_public;
use sealbid_types::bytes::FixedBytes;
use sealbid_types::id::Round;
use sealbid_types::record::RoundRecord;
use sealbid_types::settlement::Settlement;
use serde::{Deserialize, Serialize};

use crate::exit::Failure;

/// How long a relayer waits for its predecessor to exit.
const PREDECESSOR_TIMEOUT: Duration = Duration::from_secs(5);
/// Polls this often while the predecessor exits.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// A line of `settlements.jsonl`.
#[derive(Debug, Serialize)]
struct Line<'a> {
    round: Round,
    settlement: &'a Settlement,
    /// The committee's threshold signature.
    signature: FixedBytes<96>,
    /// What `execute_intents` of the Verifier contract takes.
    execute_intents: serde_json::Value,
}

/// The part of a line that says how far the file goes.
#[derive(Debug, Deserialize)]
struct LineRound {
    round: Round,
}

/// The relayer's files.
#[derive(Debug)]
pub(crate) struct Ledger {
    house: HouseDir,
    path: PathBuf,
    file: File,
    /// Appended next: rounds are written without gaps.
    next: Round,
}

impl Ledger {
    /// Opens the files of the house in `directory`, where they were left.
    ///
    /// # Errors
    /// Storage, if they cannot be read or written, or hold something else.
    pub(crate) fn open(directory: &Path) -> Result<Self, Failure> {
        let house = HouseDir::new(directory);
        let path = house.settlements();
        let open = || -> io::Result<(File, Option<Round>)> {
            fs::create_dir_all(house.records())?;
            let mut file = OpenOptions::new()
                .read(true)
                .append(true)
                .create(true)
                .open(&path)?;
            // Before it is read: a line that another relayer is writing would look as if it were
            // cut short.
            lock(&file)?;
            let last = last_round(&mut file)?;
            Ok((file, last))
        };
        let (file, last) =
            open().map_err(|error| Failure::storage(format!("{}: {error}", path.display())))?;
        let next = last.unwrap_or_default().next();
        Ok(Self {
            house,
            path,
            file,
            next,
        })
    }

    /// The round that is appended next.
    pub(crate) const fn next(&self) -> Round {
        self.next
    }

    /// Writes the record of the next round, then its line.
    ///
    /// # Errors
    /// Storage; the line is not there then, or cut short.
    pub(crate) fn append(&mut self, record: &RoundRecord) -> Result<(), Failure> {
        let round = record.close.round;
        // Whoever asks: what reads the file counts on its order.
        if round != self.next {
            return Err(Failure::work(format!(
                "round {round} comes where round {} is next",
                self.next
            )));
        }
        let failed = |path: &Path, error: io::Error| {
            Failure::storage(format!("{}: {error}", path.display()))
        };
        let path = self.house.record(round);
        let json = serde_json::to_vec_pretty(record).map_err(io::Error::from);
        json.and_then(|json| write_public(&path, &json))
            .map_err(|error| failed(&path, error))?;
        let line = line(record).map_err(|error| failed(&self.path, error.into()))?;
        self.file
            .write_all(&line)
            .and_then(|()| self.file.sync_data())
            .map_err(|error| failed(&self.path, error))?;
        self.next = round.next();
        Ok(())
    }
}

/// Keeps other relayers out: two would write every round twice. One that was told to stop, or has
/// lost its parent, may still hold the file.
fn lock(file: &File) -> io::Result<()> {
    let deadline = Instant::now() + PREDECESSOR_TIMEOUT;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                std::thread::sleep(POLL_INTERVAL);
            }
            Err(TryLockError::WouldBlock) => {
                return Err(io::Error::other("another relayer writes it"));
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}

/// The rounds of a house's `settlements.jsonl`, line by line.
///
/// # Errors
/// Those of reading the file.
pub(crate) fn rounds(house: &HouseDir) -> io::Result<Vec<Round>> {
    let text = match fs::read_to_string(house.settlements()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        read => read?,
    };
    // A line without an end is being written at this moment.
    let lines = text
        .split_inclusive('\n')
        .filter(|line| line.ends_with('\n'));
    lines
        .map(|line| Ok(serde_json::from_str::<LineRound>(line)?.round))
        .collect()
}

/// Beside the signed settlement stands what the chain's contract takes, so that whoever submits it
/// needs nothing of this program.
fn line(record: &RoundRecord) -> serde_json::Result<Vec<u8>> {
    let settlement = &record.settlement.settlement;
    let line = Line {
        round: record.close.round,
        settlement,
        signature: record.settlement.signature,
        execute_intents: serde_json::from_str(&sealbid_market::settle::near_json(settlement))?,
    };
    let mut bytes = serde_json::to_vec(&line)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// The round of the last whole line; what stands after it is cut off.
fn last_round(file: &mut File) -> io::Result<Option<Round>> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.read_to_end(&mut bytes)?;
    let whole = bytes
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at.saturating_add(1));
    if whole < bytes.len() {
        file.set_len(u64::try_from(whole).map_err(io::Error::other)?)?;
        file.sync_all()?;
        bytes.truncate(whole);
    }
    let mut lines = bytes.split(|byte| *byte == b'\n');
    match lines.rfind(|line| !line.is_empty()) {
        None => Ok(None),
        Some(line) => serde_json::from_slice::<LineRound>(line)
            .map(|line| Some(line.round))
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error)),
    }
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

    fn opened(text: &str) -> (tempfile::TempDir, Result<Ledger, Failure>) {
        let directory = tempfile::tempdir().unwrap();
        fs::write(HouseDir::new(directory.path()).settlements(), text).unwrap();
        let ledger = Ledger::open(directory.path());
        (directory, ledger)
    }

    #[test]
    fn goes_on_after_the_last_whole_line() {
        for (text, next) in [
            ("", 1),
            ("{\"round\":1}\n{\"round\":2}\n", 3),
            ("{\"round\":1}\n{\"round\":2,\"sett", 2),
            ("{\"rou", 1),
        ] {
            let (directory, ledger) = opened(text);
            assert_eq!(ledger.unwrap().next(), Round(next), "{text}");
            let left = fs::read_to_string(HouseDir::new(directory.path()).settlements()).unwrap();
            assert!(left.is_empty() || left.ends_with('\n'), "{left}");
            assert!(text.starts_with(&left));
        }
    }

    #[test]
    fn two_relayers_do_not_write_one_file() {
        let (directory, first) = opened("");
        assert_eq!(Ledger::open(directory.path()).unwrap_err().code(), 5);
        drop(first);
        assert!(Ledger::open(directory.path()).is_ok());
    }

    #[test]
    fn a_file_of_something_else_is_left_alone() {
        let (_directory, ledger) = opened("not a settlement\n");
        assert_eq!(ledger.unwrap_err().code(), 5);
    }
}
