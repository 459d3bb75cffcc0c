//! A wall clock that is off, for processes that know nothing of it.
//!
//! The program under test has no switch for its clock. A library that is preloaded stands before
//! the system's, so that the members' own code and mosaik's see the same time.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A clock that processes can be started with.
pub(crate) struct Clock {
    library: PathBuf,
    file: PathBuf,
}

impl Clock {
    /// A clock of this name, so many seconds ahead of the system's.
    pub(crate) fn new(directory: &Path, name: &str, ahead: i64) -> Self {
        let library = directory.join("libclock.so");
        if !library.exists() {
            let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/house/clock.c");
            let mut compiler = Command::new("cc");
            compiler.args(["-shared", "-fPIC", "-O1", "-o"]);
            let done = compiler.arg(&library).arg(source).arg("-ldl").status();
            assert!(done.unwrap().success(), "the clock does not compile");
        }
        let clock = Self {
            library,
            file: directory.join(name),
        };
        clock.set(ahead);
        clock
    }

    /// Sets it, in all processes that go by it, at once.
    pub(crate) fn set(&self, ahead: i64) {
        // Renamed into its place: nobody reads half of it.
        let next = self.file.with_extension("next");
        std::fs::write(&next, ahead.to_string()).unwrap();
        std::fs::rename(&next, &self.file).unwrap();
    }

    /// What a process needs in its environment to go by it.
    pub(crate) fn variables(&self) -> [(&'static str, &Path); 2] {
        [
            ("LD_PRELOAD", &self.library),
            ("SEALBID_TEST_CLOCK", &self.file),
        ]
    }
}
