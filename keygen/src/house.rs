//! A house directory and what lies where in it. Members are numbered from 1 in names and in text
//! for people: index 0 is `member-1`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sealbid_types::id::{MemberIndex, Round};

/// A house directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HouseDir {
    root: PathBuf,
}

/// A member's directory in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberDir {
    path: PathBuf,
}

/// Why no house can be made in a directory.
#[derive(Debug, thiserror::Error)]
pub enum HouseError {
    /// It holds another house.
    #[error("{} holds a house already: give a new or an empty directory", root.display())]
    HoldsHouse {
        /// The directory.
        root: PathBuf,
    },
    /// It holds something else.
    #[error("{} is not empty: give a new or an empty directory", root.display())]
    NotEmpty {
        /// The directory.
        root: PathBuf,
    },
    /// The file system refuses.
    #[error("{}: {source}", root.display())]
    Io {
        /// The directory.
        root: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl HouseDir {
    /// The house in `root`, which need not exist.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The directory.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The committee file.
    #[must_use]
    pub fn committee(&self) -> PathBuf {
        self.root.join("committee.json")
    }

    /// The tokens that people name, and their decimals.
    #[must_use]
    pub fn tokens(&self) -> PathBuf {
        self.root.join("tokens.toml")
    }

    /// The relayer's output, one settlement a line.
    #[must_use]
    pub fn settlements(&self) -> PathBuf {
        self.root.join("settlements.jsonl")
    }

    /// The directory of round records.
    #[must_use]
    pub fn records(&self) -> PathBuf {
        self.root.join("records")
    }

    /// The record of a round.
    #[must_use]
    pub fn record(&self, round: Round) -> PathBuf {
        self.records().join(format!("{round}.json"))
    }

    /// The directory of the house's own trading accounts.
    #[must_use]
    pub fn accounts(&self) -> PathBuf {
        self.root.join("accounts")
    }

    /// The directory of one's own orders and receipts.
    #[must_use]
    pub fn orders(&self) -> PathBuf {
        self.root.join("orders")
    }

    /// A member's directory.
    #[must_use]
    pub fn member(&self, index: MemberIndex) -> MemberDir {
        MemberDir {
            path: self.root.join(index.to_string()),
        }
    }

    /// The members that have a directory here, in the roster's order.
    ///
    /// # Errors
    /// The file system's.
    pub fn members(&self) -> io::Result<Vec<MemberIndex>> {
        let mut members = Vec::new();
        for entry in fs::read_dir(&self.root)? {
            let name = entry?.file_name();
            members.extend(
                name.to_str()
                    .and_then(|name| name.parse::<MemberIndex>().ok()),
            );
        }
        members.sort_unstable();
        Ok(members)
    }

    /// Whether a house could be made here: the directory is empty, or is not there yet.
    ///
    /// # Errors
    /// [`HouseError`].
    pub fn check_unused(&self) -> Result<(), HouseError> {
        let root = || self.root.clone();
        let failed = |source| HouseError::Io {
            root: root(),
            source,
        };
        let mut entries = match fs::read_dir(&self.root) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries.map_err(failed)?,
        };
        if self.committee().try_exists().map_err(failed)? {
            return Err(HouseError::HoldsHouse { root: root() });
        }
        if entries.next().is_some() {
            return Err(HouseError::NotEmpty { root: root() });
        }
        Ok(())
    }
}

impl MemberDir {
    /// A member's directory that lies somewhere else than in a house.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The member's configuration.
    #[must_use]
    pub fn config(&self) -> PathBuf {
        self.path.join("member.toml")
    }

    /// Its key file.
    #[must_use]
    pub fn key(&self) -> PathBuf {
        self.path.join("member.key")
    }

    /// Its store.
    #[must_use]
    pub fn store(&self) -> PathBuf {
        self.path.join("member.redb")
    }

    /// The file with its process id, while it runs.
    #[must_use]
    pub fn pid(&self) -> PathBuf {
        self.path.join("pid")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_empty_or_new_directory_is_unused() {
        let directory = tempfile::tempdir().unwrap();
        let house = HouseDir::new(directory.path().join("house"));
        house.check_unused().unwrap();
        fs::create_dir(house.root()).unwrap();
        house.check_unused().unwrap();
        fs::write(house.root().join("notes.txt"), "x").unwrap();
        assert!(matches!(
            house.check_unused(),
            Err(HouseError::NotEmpty { .. })
        ));
        fs::write(house.committee(), "{}").unwrap();
        assert!(matches!(
            house.check_unused(),
            Err(HouseError::HoldsHouse { .. })
        ));
        let file = HouseDir::new(house.committee());
        assert!(matches!(file.check_unused(), Err(HouseError::Io { .. })));
    }

    #[test]
    fn members_are_those_with_a_directory() {
        let directory = tempfile::tempdir().unwrap();
        let house = HouseDir::new(directory.path());
        for name in ["member-10", "member-2", "member-1", "member-x", "records"] {
            fs::create_dir(house.root().join(name)).unwrap();
        }
        assert_eq!(house.members().unwrap(), [0, 1, 9].map(MemberIndex));
    }
}
