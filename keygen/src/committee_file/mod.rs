//! The committee file: pretty JSON, written whole or not at all, read strictly.

use std::io;
use std::path::{Path, PathBuf};

use sealbid_crypto::{CommitteeKeys, KeysError};
use sealbid_types::committee::{Committee, CommitteeError};
use sealbid_types::id::MemberIndex;

use crate::secret_file::{read_bounded, write_new_public};

/// The most bytes of a committee file; one of 16 members is some 20 KiB long.
pub const MOST_BYTES: usize = 1 << 20;

/// The most bytes of a relay's URL.
const MOST_RELAY_BYTES: usize = 256;

/// What is wrong with a committee file's content.
#[derive(Debug, thiserror::Error)]
pub enum CommitteeProblem {
    /// Not JSON of the right shape.
    #[error("not a committee file: {0}")]
    Json(serde_json::Error),
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
    /// It cannot be written.
    #[error("cannot write the committee file {}: {source}", path.display())]
    Write {
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
        problem: CommitteeProblem,
    },
}

/// Reads a committee from the bytes of its file and checks all of it: some 40 ms.
///
/// # Errors
/// [`CommitteeProblem`], the first that is found.
pub fn read_committee(bytes: &[u8]) -> Result<(Committee, CommitteeKeys), CommitteeProblem> {
    let committee: Committee = serde_json::from_slice(bytes).map_err(CommitteeProblem::Json)?;
    let said: serde_json::Value = serde_json::from_slice(bytes).map_err(CommitteeProblem::Json)?;
    let understood = serde_json::to_value(&committee).map_err(CommitteeProblem::Json)?;
    if said != understood {
        return Err(CommitteeProblem::Unknown);
    }
    committee.check()?;
    check_relays(&committee)?;
    let keys = CommitteeKeys::new(&committee.keys, committee.quorum)?;
    Ok((committee, keys))
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

/// Reads the file at `path`, as [`read_committee`] does.
///
/// # Errors
/// [`CommitteeFileError`], but for `Write`.
pub fn load_committee(path: &Path) -> Result<(Committee, CommitteeKeys), CommitteeFileError> {
    let owned = || path.to_owned();
    let bytes = read_bounded(path, MOST_BYTES).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => CommitteeFileError::NotFound { path: owned() },
        _ => CommitteeFileError::Read {
            path: owned(),
            source,
        },
    })?;
    read_committee(&bytes).map_err(|problem| CommitteeFileError::Invalid {
        path: owned(),
        problem,
    })
}

/// Writes a committee to a new file.
///
/// # Errors
/// [`CommitteeFileError::Write`]; a file that is there already is left alone.
pub fn save_committee(path: &Path, committee: &Committee) -> Result<(), CommitteeFileError> {
    let text = serde_json::to_string_pretty(committee).map_err(io::Error::from);
    text.and_then(|text| write_new_public(path, (text + "\n").as_bytes()))
        .map_err(|source| CommitteeFileError::Write {
            path: path.to_owned(),
            source,
        })
}

#[cfg(test)]
mod tests;
