//! The commands, of `sealbid-keygen` and of `sealbid keygen` alike.

mod ceremony;
mod ceremony_args;
mod dealer;
mod inspection;
pub mod values;

use std::io::{self, Write};
use std::path::Path;

use clap::Subcommand;
use sealbid_types::time::Timestamp;
use serde::Serialize;

pub use ceremony_args::{
    AfterInterrupt, CodeArgs, IdentityArgs, InviteArgs, JoinArgs, RecoverArgs, ResumeArgs,
    StepArgs, VerifyArgs,
};
pub use dealer::DealerArgs;
pub use inspection::InspectArgs;

use crate::ceremony::error::CeremonyError;
use crate::dealer::DealerError;
use crate::encryption::WorkFactor;
use crate::exit::Exit;
use crate::house::HouseError;
use crate::inspect::InspectError;
use crate::member_key::KeyFileError;
use crate::passphrase::{PassphraseError, PassphraseSource, Terminal};
use sealbid_client::CommitteeFileError;

/// What to do.
#[derive(Debug, Subcommand)]
pub enum KeygenCommand {
    /// Make a participant's long-term key, encrypted at rest
    Identity(IdentityArgs),
    /// Call a key ceremony: writes its file, and prints a code to send to the others
    Invite(InviteArgs),
    /// Show the code of a ceremony again, from its file
    Code(CodeArgs),
    /// Take part in a ceremony over the network
    ///
    /// Shows who is there and their fingerprints as words, to be compared by voice; waits for a
    /// yes; makes the key; ends with all members' certificate and one encrypted key file.
    Join(JoinArgs),
    /// Take part in a ceremony by files: prints the next file to carry, and to whom
    Step(StepArgs),
    /// Go on with a ceremony after a crash or a pause, at any step
    Resume(ResumeArgs),
    /// Check a transcript: signatures, proofs, degrees, certificate, and the key
    Verify(VerifyArgs),
    /// Make a lost key file again, from identity, session key and transcript
    Recover(RecoverArgs),
    /// Tell what a key, ceremony or committee file is, and never what is secret in it
    Inspect(InspectArgs),
    /// DEVELOPMENT ONLY: make the keys of a whole house in this one process
    ///
    /// The dealer holds every member's secrets for a moment, and nothing shows that it forgets
    /// them. Use it to try things out, never for money.
    Dealer(DealerArgs),
}

impl KeygenCommand {
    /// What to tell who has interrupted this with Ctrl-C; `dir` is the house directory.
    #[must_use]
    pub fn after_interrupt(&self, dir: &Path) -> Option<AfterInterrupt> {
        match self {
            Self::Join(args) => Some(args.operator.after_interrupt(dir)),
            Self::Step(args) => Some(args.operator.after_interrupt(dir)),
            Self::Resume(args) => Some(args.operator.after_interrupt(dir)),
            _ => None,
        }
    }
}

fn work_factor(text: &str) -> Result<WorkFactor, String> {
    let log_n = text.parse().ok().and_then(WorkFactor::new);
    log_n.ok_or_else(|| format!("a number from 1 to {}", WorkFactor::MOST.log_n()))
}

/// What a command needs from its surroundings.
pub struct Surroundings<'a, T: Terminal> {
    /// The house directory that ceremonies fill; it need not exist.
    pub dir: &'a Path,
    /// Where results go.
    pub out: &'a mut dyn Write,
    /// Whether results are JSON: one object, after objects of progress a line.
    pub json: bool,
    /// Where passphrases are asked for, and warnings go.
    pub terminal: &'a mut T,
    /// Where passphrases come from.
    pub passphrase: PassphraseSource,
    /// 32 bytes that nobody else ever has.
    pub entropy: &'a [u8; 32],
    /// The time.
    pub now: Timestamp,
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum KeygenError {
    /// The command line makes no sense.
    #[error("{0}")]
    Usage(String),
    /// No house was dealt.
    #[error(transparent)]
    Dealer(#[from] DealerError),
    /// A file could not be told.
    #[error(transparent)]
    Inspect(#[from] InspectError),
    /// The committee file cannot be used.
    #[error(transparent)]
    CommitteeFile(#[from] CommitteeFileError),
    /// A ceremony's command failed.
    #[error(transparent)]
    Ceremony(#[from] CeremonyError),
    /// There is no passphrase.
    #[error(transparent)]
    Passphrase(#[from] PassphraseError),
    /// The result could not be printed.
    #[error("cannot print: {0}")]
    Out(#[from] io::Error),
}

impl KeygenError {
    /// What kind of failure it is.
    #[must_use]
    pub const fn exit(&self) -> Exit {
        use KeygenError as E;
        match self {
            E::Usage(_) | E::Dealer(DealerError::Quorum(_) | DealerError::Committee(_)) => {
                Exit::Usage
            }
            E::Ceremony(error) => error.exit(),
            E::Passphrase(error) | E::Inspect(InspectError::Passphrase(error)) => error.exit(),
            E::Inspect(InspectError::WrongPassphrase { .. }) => Exit::Authentication,
            E::Inspect(_) | E::CommitteeFile(_) => Exit::Key,
            E::Dealer(DealerError::Deal(_)) => Exit::Work,
            E::Dealer(DealerError::House(
                HouseError::HoldsHouse { .. } | HouseError::NotEmpty { .. } | HouseError::Io { .. },
            ))
            | E::Dealer(
                DealerError::KeyFile(KeyFileError::Write { .. }) | DealerError::CommitteeFile(_),
            )
            | E::Out(_) => Exit::Storage,
            E::Dealer(DealerError::KeyFile(_)) => Exit::Key,
        }
    }

    /// Its exit code.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        self.exit().code()
    }
}

/// Runs a command.
///
/// # Errors
/// [`KeygenError`].
pub fn run<T: Terminal>(
    command: &KeygenCommand,
    around: &mut Surroundings<'_, T>,
) -> Result<(), KeygenError> {
    match command {
        KeygenCommand::Identity(args) => ceremony::identity(args, around)?,
        KeygenCommand::Invite(args) => ceremony::invite(args, around)?,
        KeygenCommand::Code(args) => ceremony::code(args, around)?,
        KeygenCommand::Join(args) => ceremony::join(args, around)?,
        KeygenCommand::Step(args) => ceremony::step(args, around)?,
        KeygenCommand::Resume(args) => ceremony::resume(args, around)?,
        KeygenCommand::Verify(args) => ceremony::verify(args, around)?,
        KeygenCommand::Recover(args) => ceremony::recover(args, around)?,
        KeygenCommand::Inspect(args) => inspection::inspection(args, around)?,
        KeygenCommand::Dealer(args) => dealer::dealer(args, around)?,
    }
    Ok(())
}

fn print<T: Terminal>(
    around: &mut Surroundings<'_, T>,
    object: &impl Serialize,
    text: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), KeygenError> {
    if around.json {
        serde_json::to_writer(&mut *around.out, object).map_err(io::Error::from)?;
        writeln!(around.out)?;
    } else {
        text(around.out)?;
    }
    around.out.flush()?;
    Ok(())
}

#[cfg(test)]
mod tests;
