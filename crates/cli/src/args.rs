//! The command line: global options, and every command by name.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::context::Context;
use crate::exit::Failure;
use crate::orders;

/// Sealed-bid auctions for intents: nobody reads a bid before the round is closed.
#[derive(Debug, Parser)]
#[command(name = "sealbid", version, arg_required_else_help = true)]
#[command(after_help = "\
Try it:
  sealbid demo      a whole committee, a few rounds and their audit, in one go
  sealbid up        the same house, kept running: trade against it from a second terminal

Exit codes: 0 fine, 1 the work failed, 2 usage, 3 authentication, 4 key, 5 storage,
6 no quorum, 7 timeout, 8 audit failed, 9 not filled (with --wait), 130 Ctrl-C.")]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) options: Options,
    #[command(subcommand)]
    pub(crate) command: Command,
}

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

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Your own orders, with their receipts
    Orders(orders::OrdersArgs),
}

impl Command {
    /// Runs it.
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::Orders(args) => orders::run(args, context).await,
        }
    }

    /// Whether it handles Ctrl-C itself, to stop what it has started.
    pub(crate) const fn sees_to_interrupts(&self) -> bool {
        match self {
            Self::Orders(_) => false,
        }
    }

    /// What it logs to stderr unless `SEALBID_LOG` says otherwise.
    pub(crate) const fn log_filter(&self) -> &'static str {
        match self {
            Self::Orders(_) => "off",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }
}
