//! Records at hand: a directory of round records, one file a round, as relayers write them.
//!
//! A record proves itself by the committee's signatures, so one on the own disk is worth as much as
//! a member's, and costs no question. Nothing here is believed for lying there: whatever is read is
//! verified, and a file that does not verify is passed over and remembered
//! ([`Client::passed_over`]), so that it can be told.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sealbid_types::codec::decode;
use sealbid_types::id::{EnvelopeId, Round};
use sealbid_types::record::RoundRecord;
use sealbid_types::text::without_byte_order_mark;

use crate::client::Client;
use crate::outcome::Outcome;
use crate::round::{RecordError, VerifiedRound};

/// The most bytes of a record's file. JSON takes more room than the encoding.
const MOST_RECORD: u64 = 1 << 28;

/// Why a record's file is of no use.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RecordFileError {
    /// It cannot be read.
    #[error("cannot read {}: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        error: Arc<io::Error>,
    },
    /// It holds no record.
    #[error("{} is no record: {what}", path.display())]
    NoRecord {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// It holds a record that the committee has not signed like this.
    #[error("{} does not verify: {error}", path.display())]
    Wrong {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        error: RecordError,
    },
    /// It holds a certified record whose openings are not the right ones.
    #[error("{} does not open: {what}", path.display())]
    Openings {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
}

/// A directory of records: `1.json`, `2.json` and so on, some or all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordDirectory {
    path: PathBuf,
}

impl RecordDirectory {
    /// The directory at `path`; it need not exist.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where a round's record is, or would be.
    #[must_use]
    pub fn file(&self, round: Round) -> PathBuf {
        self.path.join(format!("{round}.json"))
    }

    /// The rounds that have a file, rising. None if there is no such directory.
    ///
    /// # Errors
    /// [`RecordFileError::Read`].
    pub fn rounds(&self) -> Result<Vec<Round>, RecordFileError> {
        let list = || -> io::Result<Vec<Round>> {
            let entries = match fs::read_dir(&self.path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
                entries => entries?,
            };
            let mut rounds = Vec::new();
            for entry in entries {
                let name = entry?.file_name();
                let number = name.to_str().and_then(|name| name.strip_suffix(".json"));
                rounds.extend(number.and_then(|number| number.parse().ok()).map(Round));
            }
            rounds.sort_unstable();
            Ok(rounds)
        };
        list().map_err(|error| unreadable(&self.path, error))
    }

    /// A round's record, unverified; none if it has no file.
    ///
    /// # Errors
    /// [`RecordFileError`].
    pub fn read(&self, round: Round) -> Result<Option<RoundRecord>, RecordFileError> {
        let path = self.file(round);
        match read_bytes(&path)? {
            Some(bytes) => parse(&path, &bytes).map(Some),
            None => Ok(None),
        }
    }

    /// The newest of `rounds` whose file lists an envelope, and its record, unverified; the error if
    /// that file holds none.
    fn listing(
        &self,
        id: EnvelopeId,
        rounds: &RangeInclusive<Round>,
    ) -> Option<(Round, Result<RoundRecord, RecordFileError>)> {
        let text = id.to_string();
        let candidates = self.rounds().ok()?.into_iter().rev();
        for round in candidates.filter(|round| rounds.contains(round)) {
            let path = self.file(round);
            let bytes = match read_bytes(&path) {
                Ok(bytes) => bytes.unwrap_or_default(),
                Err(error) => return Some((round, Err(error))),
            };
            // Looked for as text first: to read a large record takes some hundred times as long.
            if memchr::memmem::find(&bytes, text.as_bytes()).is_some() {
                return Some((round, parse(&path, &bytes)));
            }
        }
        None
    }
}

/// Reads a record's file, in JSON or in the canonical encoding. Nothing of it is verified.
///
/// # Errors
/// [`RecordFileError::Read`], [`RecordFileError::NoRecord`].
pub fn read_record(path: &Path) -> Result<RoundRecord, RecordFileError> {
    let absent = || unreadable(path, io::ErrorKind::NotFound.into());
    parse(path, &read_bytes(path)?.ok_or_else(absent)?)
}

fn unreadable(path: &Path, error: io::Error) -> RecordFileError {
    let (path, error) = (path.to_owned(), Arc::new(error));
    RecordFileError::Read { path, error }
}

/// The bytes of a file; none if there is no such file.
fn read_bytes(path: &Path) -> Result<Option<Vec<u8>>, RecordFileError> {
    let mut bytes = Vec::new();
    match File::open(path).and_then(|file| file.take(MOST_RECORD).read_to_end(&mut bytes)) {
        Ok(_) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unreadable(path, error)),
    }
}

fn parse(path: &Path, bytes: &[u8]) -> Result<RoundRecord, RecordFileError> {
    let bytes = without_byte_order_mark(bytes);
    // Told by its beginning. JSON is what `sealbid round --json` and relayers write.
    let is_json = bytes
        .first()
        .is_some_and(|byte| byte.is_ascii_whitespace() || *byte == b'{');
    let record = if is_json {
        serde_json::from_slice(bytes).map_err(|error| error.to_string())
    } else {
        decode(bytes).map_err(|error| error.to_string())
    };
    record.map_err(|what| RecordFileError::NoRecord {
        path: path.to_owned(),
        what,
    })
}

impl Client {
    /// The same house, with records at hand: [`Client::round`] and what builds on it read these
    /// first, and ask the members for the others.
    #[must_use]
    pub fn with_records(mut self, directory: RecordDirectory) -> Self {
        self.records = Some(directory);
        self
    }

    /// The records at hand, if there is a directory of them.
    #[must_use]
    pub const fn records(&self) -> Option<&RecordDirectory> {
        self.records.as_ref()
    }

    /// The files at hand that were passed over so far, since they did not verify, by round.
    #[must_use]
    pub fn passed_over(&self) -> BTreeMap<Round, RecordFileError> {
        self.passed_over_now().clone()
    }

    /// A round by the record at hand, verified as if a member had shown it. None if there is no
    /// such file, or a wrong one, which is remembered.
    pub async fn round_at_hand(&self, round: Round) -> Option<Arc<VerifiedRound>> {
        if let Some(known) = self.kept_round(round) {
            return Some(known);
        }
        let record = self.record_at_hand(round).await?;
        self.verified_at_hand(round, record).map(|verified| {
            let verified = Arc::new(verified);
            self.keep_round(round, &verified);
            verified
        })
    }

    /// What became of an envelope by the records at hand: of those of `rounds`, the newest that
    /// lists it. Nobody is asked; none means only that no record here tells.
    ///
    /// Every file of `rounds` may be read through: some 10 ms for a megabyte.
    pub async fn outcome_at_hand(
        &self,
        id: EnvelopeId,
        rounds: RangeInclusive<Round>,
    ) -> Option<Outcome> {
        let (oldest, mut newest) = rounds.into_inner();
        loop {
            let (directory, within) = (self.records.clone()?, oldest..=newest);
            let listing = move || directory.listing(id, &within);
            let (round, record) = tokio::task::spawn_blocking(listing).await.ok()??;
            let verified = match record {
                Ok(record) => self.verified_at_hand(round, record),
                Err(error) => {
                    self.pass_over(round, error);
                    None
                }
            };
            // None also where it is named and not listed, as among those that an ancestor lists.
            if let Some(outcome) = verified.and_then(|verified| verified.outcome_of(id)) {
                return Some(outcome);
            }
            newest = Round(round.0.checked_sub(1)?);
        }
    }

    /// The record at hand of a round, unverified; none if there is none that can be read.
    pub(crate) async fn record_at_hand(&self, round: Round) -> Option<RoundRecord> {
        let directory = self.records.clone()?;
        let read = tokio::task::spawn_blocking(move || directory.read(round)).await;
        match read.ok()? {
            Ok(record) => record,
            Err(error) => {
                self.pass_over(round, error);
                None
            }
        }
    }

    pub(crate) fn verified_at_hand(
        &self,
        round: Round,
        record: RoundRecord,
    ) -> Option<VerifiedRound> {
        let path = self.records.as_ref()?.file(round);
        let verified = VerifiedRound::verify(self, round, record);
        verified
            .map_err(|error| self.pass_over(round, RecordFileError::Wrong { path, error }))
            .ok()
    }

    pub(crate) fn pass_over(&self, round: Round, error: RecordFileError) {
        tracing::warn!("passed over: {error}");
        self.passed_over_now().insert(round, error);
    }
}

#[cfg(test)]
mod tests;
