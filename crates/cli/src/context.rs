//! What every command is given: where the house is, and how to print.

use std::path::{Path, PathBuf};

use crate::args::Options;
use crate::output::Console;

/// The global options, made usable.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    dir: PathBuf,
    passphrase_file: Option<PathBuf>,
    console: Console,
}

impl Context {
    pub(crate) fn new(options: Options) -> Self {
        let Options {
            dir,
            json,
            passphrase_file,
        } = options;
        Self {
            dir,
            passphrase_file,
            console: Console::new(json),
        }
    }

    /// The house directory; it need not exist.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// The file that holds the passphrase, if one was named.
    pub(crate) fn passphrase_file(&self) -> Option<&Path> {
        self.passphrase_file.as_deref()
    }

    /// Where results go.
    pub(crate) const fn console(&self) -> Console {
        self.console
    }
}
