//! What the NEAR Intents Verifier says of wallets' payloads. Needs no house.

mod check;
mod payloads;

use clap::{Args, Subcommand};

use crate::context::Context;
use crate::exit::Failure;

/// Check what wallets have signed for NEAR Intents
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  sealbid near check signed.json")]
pub(crate) struct NearArgs {
    #[command(subcommand)]
    command: NearCommand,
}

#[derive(Debug, Subcommand)]
enum NearCommand {
    /// Say of signed payloads whether the Verifier would take them, and why not
    Check(check::CheckArgs),
}

/// Runs it.
pub(crate) async fn run(args: NearArgs, context: &Context) -> Result<(), Failure> {
    match args.command {
        NearCommand::Check(args) => check::run(args, context).await,
    }
}
