//! What the ceremony's commands are given.

use core::fmt;
use core::time::Duration;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use crate::ceremony::directory::CeremonyDir;
use crate::command::values::duration;
use crate::command::work_factor;
use crate::encryption::WorkFactor;

const IDENTITY_FILE: &str = "identity.key";

/// Make a participant's long-term key.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  sealbid keygen identity new --out identity.key")]
pub struct IdentityArgs {
    #[command(subcommand)]
    pub(super) command: IdentityCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum IdentityCommand {
    /// Make a new one; prints its public key, and its fingerprint as words
    #[command(
        after_help = "Example:\n  sealbid keygen identity new --out identity.key\n\n\
        Keep the file and its passphrase for as long as you are a member: with the session key \
        and the\ntranscript of a ceremony they give back a lost key file."
    )]
    New(NewIdentityArgs),
}

#[derive(Debug, Args)]
pub(super) struct NewIdentityArgs {
    /// The file to make
    #[arg(long, value_name = "FILE", default_value = "identity.key")]
    pub(super) out: PathBuf,
    #[command(flatten)]
    pub(super) work: WorkArgs,
}

#[derive(Debug, Clone, Copy, Args)]
pub(super) struct WorkArgs {
    /// How much work one guess of the passphrase is: 2 to this power, 1 to 20
    #[arg(long, value_name = "LOG2", default_value = "17", value_parser = work_factor, hide = true)]
    pub(super) work_factor: WorkFactor,
}

/// Who takes part.
#[derive(Debug, Args)]
pub(super) struct OperatorArgs {
    /// Your identity file
    #[arg(long, value_name = "FILE", default_value = IDENTITY_FILE)]
    pub(super) identity: PathBuf,
    /// Say yes beforehand, for scripts: who checks the words then?
    #[arg(long)]
    pub(super) yes: bool,
    /// Where your member will be found: house (UDP), door (UDP) and relay (TCP) take three ports
    /// in a row from this on [default: this machine's address and the first free ports]
    #[arg(long, value_name = "IP:BASE-PORT")]
    pub(super) listen: Option<SocketAddr>,
    #[command(flatten)]
    pub(super) work: WorkArgs,
}

/// What to call.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sealbid keygen invite --name demo --members 4 --quorum 3
  sealbid keygen invite --name demo --members 5 --meet 203.0.113.5:7399 --deadline 2h
  sealbid keygen invite --name demo --members 4 --files

Then `join` the file yourself: whoever invites hosts the meeting.")]
pub struct InviteArgs {
    /// The auction's name: a-z, 0-9 and '-'
    #[arg(long)]
    pub(super) name: String,
    /// How many members: 3 to 16
    #[arg(long, short = 'n', value_name = "N")]
    pub(super) members: u8,
    /// How many of them close a round, and open it: more than half. The usual: 2 of 3, else two
    /// thirds and one
    #[arg(long, short = 'q', value_name = "Q")]
    pub(super) quorum: Option<u8>,
    /// Until when everybody must be there [default: 1h, or 7d with --files]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(super) deadline: Option<Duration>,
    /// The length of a slot
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = duration)]
    pub(super) period: Duration,
    /// How long quotes are taken at a slot's end
    #[arg(long, value_name = "DURATION", default_value = "3s", value_parser = duration)]
    pub(super) quote_window: Duration,
    /// Where the others reach you, once or more [default: this machine's addresses]
    #[arg(long, value_name = "ADDR:PORT")]
    pub(super) meet: Vec<SocketAddr>,
    /// A relay through which they reach you too [default: one of your own, beside the meeting]
    #[arg(long, value_name = "URL")]
    pub(super) relay: Option<String>,
    /// No meeting: messages are carried as files, with `step`
    #[arg(long, conflicts_with_all = ["meet", "relay"])]
    pub(super) files: bool,
    /// The ceremony file to write [default: NAME.ceremony]
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
    /// Your identity file
    #[arg(long, value_name = "FILE", default_value = IDENTITY_FILE)]
    pub(super) identity: PathBuf,
}

/// Of what to show the code.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sealbid keygen code demo.ceremony
  sealbid --dir house keygen code       # of the ceremony that was joined there")]
pub struct CodeArgs {
    /// The ceremony file [default: what the house directory has of its ceremony]
    #[arg(value_name = "FILE")]
    pub(super) file: Option<PathBuf>,
}

/// In what to take part.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sealbid --dir house keygen join demo.ceremony     # the inviter: hosts the meeting
  sealbid --dir house keygen join sealbid1...       # everybody else: the code")]
pub struct JoinArgs {
    /// The code, or the ceremony file
    #[arg(value_name = "CODE|FILE")]
    pub(super) ceremony: String,
    #[command(flatten)]
    pub(super) operator: OperatorArgs,
}

/// What has been carried here.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sealbid --dir house keygen step demo.ceremony
  sealbid --dir house keygen step 4-dealing-from-*.ceremony

Files of one ceremony may be given in any order, and more than once.")]
pub struct StepArgs {
    /// Ceremony files
    #[arg(value_name = "FILE", required = true)]
    pub(super) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) operator: OperatorArgs,
}

/// What to go on with.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  sealbid --dir house keygen resume")]
pub struct ResumeArgs {
    /// Go on by files, whatever the invitation says
    #[arg(long)]
    pub(super) files: bool,
    #[command(flatten)]
    pub(super) operator: OperatorArgs,
}

/// What to check.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  sealbid keygen verify house/transcript --committee house/committee.json")]
pub struct VerifyArgs {
    /// The transcript
    #[arg(value_name = "TRANSCRIPT")]
    pub(super) transcript: PathBuf,
    /// Check too that this committee file is the transcript's; members' addresses may have changed
    #[arg(long, value_name = "FILE")]
    pub(super) committee: Option<PathBuf>,
}

/// What to make again, and from what.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  sealbid keygen recover --transcript house/transcript --session house/member-1/session.age \\
      --identity identity.key --out member.key --committee house/committee.json")]
pub struct RecoverArgs {
    /// The public transcript
    #[arg(long, value_name = "FILE")]
    pub(super) transcript: PathBuf,
    /// The session key
    #[arg(long, value_name = "FILE")]
    pub(super) session: PathBuf,
    /// Your identity file
    #[arg(long, value_name = "FILE", default_value = IDENTITY_FILE)]
    pub(super) identity: PathBuf,
    /// The key file to make
    #[arg(long, value_name = "FILE")]
    pub(super) out: PathBuf,
    /// Check too that the transcript is this committee's
    #[arg(long, value_name = "FILE")]
    pub(super) committee: Option<PathBuf>,
    #[command(flatten)]
    pub(super) work: WorkArgs,
}

/// What to tell who has pressed Ctrl-C: what is on disk when this is shown decides.
#[derive(Debug, Clone)]
pub struct AfterInterrupt {
    dir: PathBuf,
    identity: PathBuf,
}

impl OperatorArgs {
    pub(super) fn after_interrupt(&self, dir: &Path) -> AfterInterrupt {
        AfterInterrupt {
            dir: dir.to_owned(),
            identity: self.identity.clone(),
        }
    }
}

impl fmt::Display for AfterInterrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !CeremonyDir::new(&self.dir).is_begun() {
            return f.write_str("nothing has been sent: give the same command to begin again");
        }
        let dir = self.dir.display();
        write!(
            f,
            "all that was sent is kept. Go on with: sealbid --dir {dir} keygen resume{}",
            identity_again(&self.identity)
        )
    }
}

/// What a next command has to be given of the identity of this one: nothing, where it is looked for
/// anyway.
pub(super) fn identity_again(identity: &Path) -> String {
    if identity == Path::new(IDENTITY_FILE) {
        return String::new();
    }
    format!(" --identity {}", identity.display())
}
