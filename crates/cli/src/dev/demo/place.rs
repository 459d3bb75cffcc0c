//! Where a demo's house lives, and what stays of it.

use std::path::{Path, PathBuf};

use sealbid_keygen::HouseDir;

use crate::exit::Failure;

/// Where the house lives.
pub(super) enum Place {
    /// Named by --keep, and there when the demo has ended.
    Kept(PathBuf),
    /// Removed when this is dropped.
    Temporary(tempfile::TempDir),
}

impl Place {
    pub(super) fn new(keep: Option<PathBuf>) -> Result<Self, Failure> {
        match keep {
            Some(path) => Ok(Self::Kept(path)),
            None => tempfile::Builder::new()
                .prefix("sealbid-demo-")
                .tempdir()
                .map(Self::Temporary)
                .map_err(|error| Failure::storage(format!("no temporary directory: {error}"))),
        }
    }

    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Kept(path) => path,
            Self::Temporary(directory) => directory.path(),
        }
    }

    /// Removes it, unless it is to be kept: then it says where it is. Before the report is printed,
    /// since that may end the process.
    pub(super) fn leave(self) -> Result<Option<PathBuf>, Failure> {
        match self {
            Self::Kept(path) => Ok(Some(path)),
            Self::Temporary(directory) => {
                let path = directory.path().display().to_string();
                let failed = |error| Failure::storage(format!("cannot remove {path}: {error}"));
                directory.close().map_err(failed)?;
                Ok(None)
            }
        }
    }

    /// As [`Self::leave`]; but of a temporary one, all that is public stays, in a directory of its
    /// own: the committee file, the tokens, the records. No key does.
    pub(super) fn leave_public(self) -> Result<PathBuf, Failure> {
        let public = match &self {
            Self::Kept(path) => return Ok(path.clone()),
            Self::Temporary(directory) => keep_public(&HouseDir::new(directory.path()))?,
        };
        self.leave()?;
        Ok(public)
    }
}

/// Copies all that is public of a house to a directory that stays.
fn keep_public(house: &HouseDir) -> Result<PathBuf, Failure> {
    let failed =
        |error: std::io::Error| Failure::storage(format!("cannot keep the records: {error}"));
    let directory = tempfile::Builder::new().prefix("sealbid-heist-").tempdir();
    let directory = directory.map_err(failed)?;
    let public = HouseDir::new(directory.path());
    std::fs::create_dir(public.records()).map_err(failed)?;
    for (from, to) in [
        (house.committee(), public.committee()),
        (house.tokens(), public.tokens()),
    ] {
        std::fs::copy(from, to).map_err(failed)?;
    }
    for entry in std::fs::read_dir(house.records()).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let to = public.records().join(entry.file_name());
        std::fs::copy(entry.path(), to).map_err(failed)?;
    }
    Ok(directory.keep())
}

#[cfg(test)]
mod tests {
    use sealbid_types::id::{MemberIndex, Round};

    use super::*;

    /// The keys of a house whose demo is over are of no use to anybody but a thief.
    #[test]
    fn what_stays_of_a_temporary_house_is_public() {
        let place = Place::new(None).unwrap();
        let house = HouseDir::new(place.path());
        let member = house.member(MemberIndex(0));
        std::fs::create_dir_all(member.path()).unwrap();
        std::fs::create_dir(house.records()).unwrap();
        for path in [
            house.committee(),
            house.tokens(),
            house.record(Round(1)),
            house.root().join("passphrase"),
            member.key(),
        ] {
            std::fs::write(path, "x").unwrap();
        }
        let (root, public) = (house.root().to_owned(), place.leave_public().unwrap());
        assert!(!root.exists());
        let public = HouseDir::new(public);
        let entries = std::fs::read_dir(public.root()).unwrap();
        assert_eq!(entries.count(), 3);
        for path in [public.committee(), public.tokens(), public.record(Round(1))] {
            assert!(path.exists(), "{}", path.display());
        }
        std::fs::remove_dir_all(public.root()).unwrap();
    }
}
