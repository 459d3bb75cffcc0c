//! The options that every command takes. They stand by themselves so that what is made of them, the
//! context, need not know the commands that use it.

use std::path::PathBuf;

use clap::{ArgAction, Args};

use crate::ui::output::Console;

/// What every command takes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Options for every command")]
pub(crate) struct Options {
    /// The house directory: committee file, tokens, members, accounts, orders
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "SEALBID_DIR",
        default_value = "house"
    )]
    #[arg(hide_env_values = true)]
    pub(crate) dir: PathBuf,
    /// Print JSON: one object, or one a line; messages go to stderr
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Say more on stderr: what a failure came of, and a log; twice for its details
    #[arg(long, short, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Read the passphrase from a file's first line instead of the terminal
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "SEALBID_PASSPHRASE_FILE"
    )]
    #[arg(hide_env_values = true)]
    pub(crate) passphrase_file: Option<PathBuf>,
}

impl Options {
    /// Where results go.
    pub(crate) const fn console(&self) -> Console {
        Console::new(self.json, self.verbose > 0)
    }
}
