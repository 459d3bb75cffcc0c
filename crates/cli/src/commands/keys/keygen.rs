//! `sealbid keygen`: the key commands, the same as those of `sealbid-keygen`.
//!
//! The very same code: only the options, the passphrase's source and Ctrl-C are seen to here.

use std::time::SystemTime;

use clap::Args;
use sealbid_keygen::command::{Surroundings, run as run_keygen};
use sealbid_keygen::{Exit, KeygenCommand, StandardOutput, StandardTerminal};
use sealbid_types::time::Timestamp;
use zeroize::Zeroizing;

use crate::context::{Context, blocking};
use crate::exit::Failure;
use crate::stop::{self, ParentArgs};

/// Make and look at the keys of a house
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sealbid keygen identity new                               # everybody, once
  sealbid keygen invite --name demo --members 4 --quorum 3  # one of them
  sealbid keygen join CODE                                  # everybody
  sealbid keygen verify house/transcript                    # anybody")]
pub(crate) struct KeygenArgs {
    #[command(flatten)]
    parent: ParentArgs,
    #[command(subcommand)]
    command: KeygenCommand,
}

/// Runs it.
pub(crate) async fn run(args: KeygenArgs, context: &Context) -> Result<(), Failure> {
    let (passphrase, json) = (context.passphrase_source(), context.console().is_json());
    let dir = context.dir().to_owned();
    // Before the arguments are moved: what to do after Ctrl-C depends on the command.
    let advice = args.command.after_interrupt(&dir);
    // Drawn here and handed in: the commands have no randomness of their own.
    let mut entropy = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *entropy)
        .map_err(|error| Failure::work(format!("no randomness: {error}")))?;
    // On a thread of its own: it asks a person, or waits for others at a meeting.
    let command = args.command;
    let work = blocking(move || {
        let mut around = Surroundings {
            dir: &dir,
            out: &mut StandardOutput,
            json,
            terminal: &mut StandardTerminal,
            passphrase,
            entropy: &entropy,
            now: Timestamp::from(SystemTime::now()),
        };
        run_keygen(&command, &mut around)
    });
    // It may be left at any moment, since whatever it has said is on disk.
    let failure = tokio::select! {
        done = work => match done? {
            Ok(()) => return Ok(()),
            Err(error) => Failure::of(error.exit(), &error),
        },
        _ = stop::requested(args.parent.until_stdin_closes) => Failure::interrupted(),
    };
    // At a prompt Ctrl-C is an answer too, and either may be first.
    Err(
        match advice.filter(|_| failure.kind() == Exit::Interrupted) {
            Some(advice) => failure.advise(advice.to_string()),
            None => failure,
        },
    )
}
