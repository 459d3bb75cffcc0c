//! The committee file: all that a client has to believe, read strictly and checked in full.
//!
//! It is the one thing that a client gets from people and not from a member. Everything else is
//! verified against it.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sealbid_crypto::{CommitteeKeys, KeysError};
use sealbid_types::committee::{Committee, CommitteeError};
use sealbid_types::id::MemberIndex;
use sealbid_types::text::without_byte_order_mark;

/// The most bytes of a committee file; one of 16 members is some 20 KiB long.
pub const MOST_BYTES: usize = 1 << 20;

/// The most bytes of a relay's URL.
const MOST_RELAY_BYTES: usize = 256;

/// A committee, and its keys: both checked.
///
/// Cheap to clone. Whatever takes one takes a [`Client`](crate::Client) too, which has its own.
#[derive(Debug, Clone)]
pub struct CommitteeFile(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    committee: Committee,
    keys: CommitteeKeys,
}

impl CommitteeFile {
    /// Reads a committee from the bytes of its file and checks all of it: some 40 ms of arithmetic
    /// for the keys. A byte-order mark before the JSON is passed over.
    ///
    /// # Errors
    /// [`CommitteeProblem`], the first that is found.
    ///
    /// # Examples
    /// ```
    /// use sealbid_client::CommitteeFile;
    ///
    /// let refused = CommitteeFile::read(b"{}").unwrap_err();
    /// assert!(refused.to_string().starts_with("not a committee file"));
    /// ```
    pub fn read(bytes: &[u8]) -> Result<Self, CommitteeProblem> {
        let bytes = without_byte_order_mark(bytes);
        let committee: Committee = serde_json::from_slice(bytes).map_err(CommitteeProblem::Json)?;
        let said: serde_json::Value =
            serde_json::from_slice(bytes).map_err(CommitteeProblem::Json)?;
        // Nested fields that serde passes over, and numbers in an unusual form, would look like
        // something that is believed here.
        let understood = serde_json::to_value(&committee).map_err(CommitteeProblem::Json)?;
        if said != understood {
            return Err(CommitteeProblem::Unknown);
        }
        Self::new(committee)
    }

    /// Checks a committee that was made here, as [`CommitteeFile::read`] does.
    ///
    /// # Errors
    /// [`CommitteeProblem`], the first that is found.
    pub fn new(committee: Committee) -> Result<Self, CommitteeProblem> {
        committee.check()?;
        check_relays(&committee)?;
        let keys = CommitteeKeys::new(&committee.keys, committee.quorum)?;
        Ok(Self(Arc::new(Parts { committee, keys })))
    }

    /// Reads the file at `path`, as [`CommitteeFile::read`] does. It blocks: within an async task,
    /// [`Client::open`](crate::Client::open) does it on a thread of its own.
    ///
    /// # Errors
    /// [`CommitteeFileError`].
    ///
    /// # Examples
    /// ```
    /// use std::path::Path;
    /// use sealbid_client::{CommitteeFile, CommitteeFileError};
    ///
    /// let missing = CommitteeFile::load(Path::new("nowhere/committee.json"));
    /// assert!(matches!(missing, Err(CommitteeFileError::NotFound { .. })));
    /// ```
    pub fn load(path: &Path) -> Result<Self, CommitteeFileError> {
        let owned = || path.to_owned();
        let bytes = read_bounded(path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => CommitteeFileError::NotFound { path: owned() },
            _ => CommitteeFileError::Read {
                path: owned(),
                source,
            },
        })?;
        Self::read(&bytes).map_err(|problem| CommitteeFileError::Invalid {
            path: owned(),
            problem,
        })
    }

    /// The committee.
    #[must_use]
    pub fn committee(&self) -> &Committee {
        &self.0.committee
    }

    /// Its keys.
    #[must_use]
    pub fn keys(&self) -> &CommitteeKeys {
        &self.0.keys
    }

    /// Both, each for itself.
    #[must_use]
    pub fn into_parts(self) -> (Committee, CommitteeKeys) {
        let Parts { committee, keys } = Arc::try_unwrap(self.0).unwrap_or_else(|shared| Parts {
            committee: shared.committee.clone(),
            keys: shared.keys.clone(),
        });
        (committee, keys)
    }
}

impl AsRef<Self> for CommitteeFile {
    fn as_ref(&self) -> &Self {
        self
    }
}

/// What is wrong with a committee file's content.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommitteeProblem {
    /// Not JSON of the right shape.
    #[error("not a committee file: {0}")]
    Json(#[source] serde_json::Error),
    /// It says more than is understood here, or says it in another way.
    #[error("it holds fields that are not known here, or values in an unusual form")]
    Unknown,
    /// Something does not fit together.
    #[error(transparent)]
    Committee(#[from] CommitteeError),
    /// A member's relay is no URL.
    #[error("the relay of {0} is not http://HOST:PORT or https://HOST:PORT")]
    Relay(MemberIndex),
    /// The keys are bad.
    #[error(transparent)]
    Keys(#[from] KeysError),
}

/// Why there is no committee.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommitteeFileError {
    /// There is no such file.
    #[error("there is no committee file {}", path.display())]
    NotFound {
        /// Where it should be.
        path: PathBuf,
    },
    /// It cannot be read.
    #[error("the committee file {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Its content is bad.
    #[error("the committee file {}: {problem}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        problem: CommitteeProblem,
    },
}

/// Relays are text from a file that others wrote, shown to people and dialled.
fn check_relays(committee: &Committee) -> Result<(), CommitteeProblem> {
    let is_url = |url: &str| {
        let rest = url
            .strip_prefix("http://")
            .or_else(|| url.strip_prefix("https://"));
        url.len() <= MOST_RELAY_BYTES
            && rest.is_some_and(|rest| !rest.is_empty())
            && url.bytes().all(|byte| byte.is_ascii_graphic())
    };
    let mut members = MemberIndex::all(committee.members()).zip(&committee.roster);
    match members.find(|(_, member)| !is_url(&member.relay)) {
        Some((index, _)) => Err(CommitteeProblem::Relay(index)),
        None => Ok(()),
    }
}

fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = MOST_BYTES as u64;
    File::open(path)?
        // One more than is read, so that what is too long shows.
        .take(most.saturating_add(1))
        .read_to_end(&mut bytes)?;
    if bytes.len() > MOST_BYTES {
        let message = format!("longer than {MOST_BYTES} bytes: not a file of this kind");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests;
