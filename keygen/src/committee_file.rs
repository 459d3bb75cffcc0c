//! The committee file as the ceremony and the dealer write it: pretty JSON, whole or not at all.
//!
//! It is read by [`sealbid_client::CommitteeFile`].

use std::io;
use std::path::{Path, PathBuf};

use sealbid_types::committee::Committee;

use crate::secret_file::write_new_public;

/// Why a committee file was not written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the committee file {}: {source}", path.display())]
pub struct SaveCommitteeError {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub source: io::Error,
}

/// Writes a committee to a new file.
///
/// # Errors
/// [`SaveCommitteeError`]; a file that is there already is left alone.
pub fn save_committee(path: &Path, committee: &Committee) -> Result<(), SaveCommitteeError> {
    let text = serde_json::to_string_pretty(committee).map_err(io::Error::from);
    text.and_then(|text| write_new_public(path, (text + "\n").as_bytes()))
        .map_err(|source| SaveCommitteeError {
            path: path.to_owned(),
            source,
        })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use sealbid_client::CommitteeFile;

    use super::*;
    use crate::testing::dealt;

    #[test]
    fn there_and_back() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("committee.json");
        let committee = dealt(5, 4, 1).committee;
        save_committee(&path, &committee).unwrap();
        let (loaded, keys) = CommitteeFile::load(&path).unwrap().into_parts();
        assert_eq!(loaded, committee);
        assert_eq!((keys.members(), keys.quorum()), (5, 4));
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o600, 0o600);
        assert!(
            save_committee(&path, &committee).is_err(),
            "it is not replaced"
        );
        assert!(
            fs::read_to_string(&path).unwrap().lines().count() > 50,
            "people can read it"
        );
    }
}
