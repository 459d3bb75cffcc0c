//! `inspect`: what a file is.

use std::path::PathBuf;

use clap::Args;
use sealbid_client::CommitteeFile;

use crate::command::{KeygenError, Surroundings, print};
use crate::inspect::inspect;
use crate::passphrase::Terminal;

/// What to look at.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sealbid keygen inspect house/committee.json
  sealbid keygen inspect house/member-1/member.key --open --committee house/committee.json")]
pub struct InspectArgs {
    /// A committee file, a transcript, a message or state of a ceremony, or a key file
    pub file: PathBuf,
    /// Open an encrypted file with its passphrase
    #[arg(long)]
    pub open: bool,
    /// Hold a member's key against this committee file
    #[arg(long, value_name = "FILE", requires = "open")]
    pub committee: Option<PathBuf>,
}

pub(super) fn inspection<T: Terminal>(
    args: &InspectArgs,
    around: &mut Surroundings<'_, T>,
) -> Result<(), KeygenError> {
    let committee = args.committee.as_deref();
    let committee = committee.map(CommitteeFile::load).transpose()?;
    let prompt = format!("passphrase of {}", args.file.display());
    let (source, terminal) = (&around.passphrase, &mut *around.terminal);
    let passphrase = args.open.then_some(|| source.existing(terminal, &prompt));
    let inspection = inspect(&args.file, passphrase, committee.as_ref())?;
    print(around, &inspection, |out| writeln!(out, "{inspection}"))
}
