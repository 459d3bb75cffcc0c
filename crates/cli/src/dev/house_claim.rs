//! Who may make or run a house in a directory: one process, and only in a directory that holds
//! nothing else.
//!
//! Whatever is made of a house before it is whole lies in one directory within its own, `.making`.
//! So what a process left that was ended in the midst of it can be told from everything that is
//! somebody else's, and the next one takes it up or clears it away.

use core::time::Duration;
use std::fs::{File, TryLockError};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;
use sealbid_keygen::{HouseDir, HouseError};

use crate::dev::house_setup::{cannot_write, passphrase_path};
use crate::exit::Failure;

/// Where a house is made until it is whole.
const MAKING: &str = ".making";
/// How often it is tried to remove a directory that somebody still writes into.
const TRIES: u32 = 40;
/// How long it waits in between.
const PAUSE: Duration = Duration::from_millis(50);
/// Held by the process that makes or runs the house. It stays in the directory.
const LOCK: &str = "lock";

/// A house's directory, in which no other process makes or runs one.
pub(crate) struct Claim {
    directory: HouseDir,
    lock: File,
}

/// What a directory holds.
#[derive(Debug, PartialEq, Eq)]
enum Holds {
    /// Nothing, or what was left of the making of a house.
    Nothing,
    /// A house that was made elsewhere in it, and whose parts have not all been moved to their
    /// places.
    Parts,
    /// A whole house.
    House,
}

impl Claim {
    /// Claims a directory, which need not exist. What was left in it by a process that was ended
    /// while it made a house is taken up, if a whole house can be had of it, and else cleared away.
    ///
    /// # Errors
    /// Storage, if it holds something else, if another process has claimed it, or if it cannot be
    /// written.
    pub(crate) fn take(root: &Path) -> Result<Self, Failure> {
        // Children may run elsewhere one day; their files stay where they are.
        let root = std::path::absolute(root)
            .map_err(|error| Failure::storage(format!("{}: {error}", root.display())))?;
        let directory = HouseDir::new(root);
        // Looked at first: nothing is written into a directory that is not a house's.
        look(&directory)?;
        make_directory(directory.root())?;
        let claim = Self {
            lock: lock(&directory)?,
            directory,
        };
        // Again: another process may have gone on with it until it let go of the lock.
        match look(&claim.directory)? {
            Holds::Nothing => {}
            Holds::Parts => return claim.publish(),
            Holds::House => {}
        }
        remove(&claim.making())?;
        Ok(claim)
    }

    /// Whether a house is in it.
    pub(crate) fn holds_house(&self) -> bool {
        self.directory.committee().exists()
    }

    /// The directory.
    pub(crate) const fn directory(&self) -> &HouseDir {
        &self.directory
    }

    /// Where its house is made until it is [published](Self::publish).
    pub(crate) fn staged(&self) -> HouseDir {
        staged(&self.directory)
    }

    /// Where whatever is made of a house lies until then.
    pub(crate) fn making(&self) -> PathBuf {
        self.directory.root().join(MAKING)
    }

    /// Moves the house that was made to its place.
    ///
    /// # Errors
    /// Storage. What is in the way stays; tried again, it goes on.
    pub(crate) fn publish(self) -> Result<Self, Failure> {
        let staged = self.staged();
        let root = staged.root();
        let committee = staged.committee();
        let entries = std::fs::read_dir(root).map_err(|error| cannot_move(root, &error))?;
        let mut paths = Vec::new();
        for entry in entries {
            let path = entry.map_err(|error| cannot_move(root, &error))?.path();
            // Last of all: with it in its place the house is whole.
            if path != committee {
                paths.push(path);
            }
        }
        paths.push(committee);
        for from in paths {
            self.place(&from)?;
        }
        remove(&self.making())?;
        Ok(self)
    }

    fn place(&self, from: &Path) -> Result<(), Failure> {
        let Some(name) = from.file_name() else {
            return Ok(());
        };
        let to = self.directory.root().join(name);
        if to.try_exists().map_err(|error| cannot_move(from, &error))? {
            // Not of this program's making, which moves each once.
            let message = format!("{} is in the way of the house's own", to.display());
            return Err(Failure::storage(message).advise("move it away, and try again"));
        }
        std::fs::rename(from, &to).map_err(|error| cannot_move(from, &error))
    }

    /// The directory, and the lock to be held as long as its house runs.
    pub(crate) fn into_parts(self) -> (HouseDir, File) {
        (self.directory, self.lock)
    }
}

fn staged(directory: &HouseDir) -> HouseDir {
    HouseDir::new(directory.root().join(MAKING).join("house"))
}

/// What the directory holds.
///
/// # Errors
/// Storage, if that is none of what may be there.
fn look(directory: &HouseDir) -> Result<Holds, Failure> {
    let root = directory.root();
    if directory.committee().exists() {
        // Members that operators run have no passphrase lying beside them: `up` must not take such
        // a house for its own.
        if !passphrase_path(directory).exists() {
            let message = format!("{} holds a house that `up` has not made", root.display());
            return Err(Failure::storage(message)
                .advise("run its members with `sealbid node run`, or give another --dir"));
        }
        return Ok(Holds::House);
    }
    // The last that is made of a house: with it all parts are there.
    if staged(directory).committee().exists() {
        return Ok(Holds::Parts);
    }
    let failed = |source| {
        let root = root.to_owned();
        of_house(&HouseError::Io { root, source })
    };
    let entries = match std::fs::read_dir(root) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Holds::Nothing),
        entries => entries.map_err(failed)?,
    };
    for entry in entries {
        let name = entry.map_err(failed)?.file_name();
        if name != MAKING && name != LOCK {
            let root = root.to_owned();
            return Err(of_house(&HouseError::NotEmpty { root }));
        }
    }
    Ok(Holds::Nothing)
}

/// Locks the directory for this process. The lock goes with the process, however it ends.
fn lock(directory: &HouseDir) -> Result<File, Failure> {
    let path = directory.root().join(LOCK);
    let failed = |error: &std::io::Error| cannot_write(&path, error);
    // Not emptied before it is held: it has the other one's id.
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    // A link of this name leads to somebody else's file.
    options.custom_flags(OFlag::O_NOFOLLOW.bits());
    let mut file = options.open(&path).map_err(|error| failed(&error))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut id = String::new();
            // It is for people: without it they are told all the same.
            let _ = file.read_to_string(&mut id);
            let root = directory.root().display();
            let message = match id.trim() {
                "" => format!("another process runs the house in {root} already"),
                id => format!("process {id} runs the house in {root} already"),
            };
            return Err(Failure::storage(message).advise("use that one, or stop it first"));
        }
        Err(TryLockError::Error(error)) => return Err(failed(&error)),
    }
    file.set_len(0)
        .and_then(|()| writeln!(file, "{}", std::process::id()))
        .map_err(|error| failed(&error))?;
    Ok(file)
}

fn make_directory(path: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(path).map_err(|error| cannot_write(path, &error))
}

/// Removes a directory and all in it. Participants of a ceremony whose `up` was killed end with it,
/// but a moment later, and may write until then.
fn remove(path: &Path) -> Result<(), Failure> {
    let mut tries = 0..TRIES;
    let removed = loop {
        match std::fs::remove_dir_all(path) {
            Err(error)
                if error.kind() == ErrorKind::DirectoryNotEmpty && tries.next().is_some() =>
            {
                std::thread::sleep(PAUSE);
            }
            removed => break removed,
        }
    };
    match removed {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Failure::storage(format!(
            "cannot remove {}: {error}",
            path.display()
        ))),
        _ => Ok(()),
    }
}

fn cannot_move(path: &Path, error: &std::io::Error) -> Failure {
    Failure::storage(format!("cannot move {}: {error}", path.display()))
}

fn of_house(error: &HouseError) -> Failure {
    Failure::storage(error.to_string()).advise("name it with --dir")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::fs;

    use super::*;

    /// A directory, and the house that is to be in it.
    fn place() -> (tempfile::TempDir, PathBuf) {
        let place = tempfile::tempdir().unwrap();
        let root = place.path().join("house");
        (place, root)
    }

    fn stage(root: &Path, names: &[&str]) {
        let staged = root.join(MAKING).join("house");
        fs::create_dir_all(&staged).unwrap();
        for name in names {
            fs::write(staged.join(name), name).unwrap();
        }
    }

    #[test]
    fn what_was_cut_short_is_cleared_away_and_nothing_else() {
        let (_place, root) = place();
        stage(&root, &["passphrase"]);
        let claim = Claim::take(&root).unwrap();
        assert!(!claim.holds_house());
        assert!(!claim.making().exists());
        drop(claim);
        stage(&root, &["passphrase"]);
        fs::write(root.join("notes.txt"), "mine").unwrap();
        assert_eq!(Claim::take(&root).err().unwrap().code(), 5);
        assert!(root.join(MAKING).exists() && root.join("notes.txt").exists());
    }

    #[test]
    fn nothing_is_written_into_what_is_somebody_elses() {
        let (_place, root) = place();
        fs::create_dir(&root).unwrap();
        fs::write(root.join("notes.txt"), "mine").unwrap();
        assert_eq!(Claim::take(&root).err().unwrap().code(), 5);
        assert_eq!(fs::read_dir(&root).unwrap().count(), 1);
    }

    /// Ended after each of the moves, one after the other, it is a whole house at the next claim.
    #[test]
    fn a_house_whose_parts_were_being_moved_is_taken_up() {
        let names = ["passphrase", "tokens.toml", "committee.json"];
        for moved in 0..=names.len() {
            let (_place, root) = place();
            stage(&root, &names);
            for name in names.iter().take(moved) {
                let from = root.join(MAKING).join("house").join(name);
                fs::rename(from, root.join(name)).unwrap();
            }
            let claim = Claim::take(&root).unwrap();
            assert!(claim.holds_house(), "{moved}");
            assert!(!claim.making().exists(), "{moved}");
            for name in names {
                assert_eq!(fs::read_to_string(root.join(name)).unwrap(), name);
            }
        }
    }

    #[test]
    fn what_is_in_the_way_stays() {
        let (_place, root) = place();
        stage(&root, &["passphrase", "committee.json"]);
        fs::write(root.join("passphrase"), "mine").unwrap();
        assert_eq!(Claim::take(&root).err().unwrap().code(), 5);
        assert_eq!(fs::read_to_string(root.join("passphrase")).unwrap(), "mine");
        fs::remove_file(root.join("passphrase")).unwrap();
        assert!(Claim::take(&root).unwrap().holds_house());
    }

    /// Nor is what a link leads to.
    #[test]
    fn nothing_is_written_or_removed_through_a_link() {
        let (place, root) = place();
        let others = place.path().join("others");
        fs::create_dir_all(&others).unwrap();
        fs::write(others.join("file"), "theirs").unwrap();
        fs::create_dir(&root).unwrap();
        std::os::unix::fs::symlink(&others, root.join(MAKING)).unwrap();
        std::os::unix::fs::symlink(others.join("file"), root.join(LOCK)).unwrap();
        assert_eq!(Claim::take(&root).err().unwrap().code(), 5);
        fs::remove_file(root.join(LOCK)).unwrap();
        drop(Claim::take(&root).unwrap());
        assert_eq!(fs::read_to_string(others.join("file")).unwrap(), "theirs");
    }

    #[test]
    fn two_processes_do_not_have_one_directory() {
        let (_place, root) = place();
        let claim = Claim::take(&root).unwrap();
        let failure = Claim::take(&root).err().unwrap();
        assert!(failure.to_string().contains("runs the house"), "{failure}");
        drop(claim);
        Claim::take(&root).unwrap();
    }
}
