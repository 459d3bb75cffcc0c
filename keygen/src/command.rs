//! The commands, of `sealbid-keygen` and of `sealbid keygen` alike.

use std::io::{self, Write};
use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use sealbid_types::committee::Committee;
use sealbid_types::id::MemberIndex;
use sealbid_types::time::Timestamp;
use serde::Serialize;

use crate::committee_file::{CommitteeFileError, load_committee};
use crate::dealer::{DealerError, DealerOptions, MemberContact, PORT_STEP, deal_house};
use crate::encryption::WorkFactor;
use crate::house::{HouseDir, HouseError};
use crate::inspect::{DEVELOPMENT, InspectError, inspect};
use crate::member_key::KeyFileError;
use crate::passphrase::{PassphraseError, PassphraseSource, Terminal};
use crate::trust::Survival;

/// What to do.
#[derive(Debug, Subcommand)]
pub enum KeygenCommand {
    /// DEVELOPMENT ONLY: make the keys of a whole house in this one process
    ///
    /// The dealer holds every member's secrets for a moment, and nothing shows that it forgets
    /// them. Use it to try things out, never for money.
    Dealer(DealerArgs),
    /// Tell what a key or committee file is, and never what is secret in it
    Inspect(InspectArgs),
}

/// What house to deal.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  sealbid keygen dealer --members 4 --quorum 3 --out house")]
pub struct DealerArgs {
    /// How many members: 3 to 16
    #[arg(long, short = 'n', value_name = "N", default_value_t = 4)]
    pub members: u8,
    /// How many of them close a round, and open it: more than half. The usual: 2 of 3, else
    /// two thirds and one
    #[arg(long, short = 'q', value_name = "Q")]
    pub quorum: Option<u8>,
    /// The house directory to make: new or empty
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// The auction's name: a-z, 0-9 and '-'
    #[arg(long, default_value = "sealbid")]
    pub name: String,
    /// The length of a slot, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 5_000)]
    pub period_ms: u32,
    /// How long quotes are taken at a slot's end, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 3_000)]
    pub quote_window_ms: u32,
    /// Where the members run: once for all of them on one host, or once for each in turn; this
    /// machine alone if left out
    #[arg(long, value_name = "IP")]
    pub host: Vec<IpAddr>,
    /// The first member's first port: house and door (UDP) and relay (TCP) take three in a row,
    /// and members on one host begin ten apart
    #[arg(long, value_name = "PORT", default_value_t = 7_400)]
    pub base_port: u16,
    /// How much work one guess of the passphrase is: 2 to this power, 1 to 20
    #[arg(long, value_name = "LOG2", default_value = "17", value_parser = work_factor)]
    pub work_factor: WorkFactor,
}

/// What to look at.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sealbid keygen inspect house/committee.json
  sealbid keygen inspect house/member-1/member.key --open --committee house/committee.json")]
pub struct InspectArgs {
    /// A committee file, a member's key file, or a trading key
    pub file: PathBuf,
    /// Open an encrypted file with its passphrase
    #[arg(long)]
    pub open: bool,
    /// Hold a member's key against this committee file
    #[arg(long, value_name = "FILE", requires = "open")]
    pub committee: Option<PathBuf>,
}

fn work_factor(text: &str) -> Result<WorkFactor, String> {
    let log_n = text.parse().ok().and_then(WorkFactor::new);
    log_n.ok_or_else(|| format!("a number from 1 to {}", WorkFactor::MOST.log_n()))
}

/// What a command needs from its surroundings.
pub struct Surroundings<'a, T: Terminal> {
    /// Where results go.
    pub out: &'a mut dyn Write,
    /// Whether results are JSON: one object.
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
    /// There is no passphrase.
    #[error(transparent)]
    Passphrase(#[from] PassphraseError),
    /// The result could not be printed.
    #[error("cannot print: {0}")]
    Out(#[from] io::Error),
}

impl KeygenError {
    /// The exit code: 1 the work failed, 2 usage, 3 authentication, 4 key, 5 storage.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        use KeygenError as E;
        match self {
            E::Usage(_) | E::Dealer(DealerError::Quorum(_) | DealerError::Committee(_)) => 2,
            E::Passphrase(_)
            | E::Inspect(InspectError::Passphrase(_) | InspectError::WrongPassphrase { .. }) => 3,
            E::Inspect(_) | E::CommitteeFile(_) => 4,
            E::Dealer(DealerError::Deal(_)) => 1,
            E::Dealer(DealerError::House(
                HouseError::HoldsHouse { .. } | HouseError::NotEmpty { .. } | HouseError::Io { .. },
            ))
            | E::Dealer(
                DealerError::KeyFile(KeyFileError::Write { .. }) | DealerError::CommitteeFile(_),
            )
            | E::Out(_) => 5,
            E::Dealer(DealerError::KeyFile(_)) => 4,
        }
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
        KeygenCommand::Dealer(args) => dealer(args, around),
        KeygenCommand::Inspect(args) => inspection(args, around),
    }
}

/// What a dealer has made.
#[derive(Serialize)]
struct DealerReport<'a> {
    development_only: bool,
    name: &'a str,
    auction: String,
    key: String,
    committee: PathBuf,
    key_files: Vec<PathBuf>,
    survival: Survival,
    next: String,
}

fn dealer<T: Terminal>(
    args: &DealerArgs,
    around: &mut Surroundings<'_, T>,
) -> Result<(), KeygenError> {
    let options = options_of(args)?;
    // Before anybody is asked for a passphrase.
    let survival = options.survival().map_err(DealerError::from)?;
    let house = HouseDir::new(&args.out);
    house.check_unused().map_err(DealerError::from)?;
    let passphrase = around
        .passphrase
        .chosen(around.terminal, "new passphrase of the key files")?;
    let (entropy, now) = (around.entropy, around.now);
    let committee = deal_house(
        &house,
        &options,
        &passphrase,
        args.work_factor,
        entropy,
        now,
    )?;
    let report = report_of(&house, &committee, survival);
    print(around, &report, |out| print_report(out, &report))
}

fn options_of(args: &DealerArgs) -> Result<DealerOptions, KeygenError> {
    let contacts = contacts_of(args)?;
    let usual = DealerOptions::new(contacts);
    let options = match args.quorum {
        Some(quorum) => usual.with_quorum(quorum),
        None => usual,
    };
    let DealerArgs {
        period_ms,
        quote_window_ms,
        ..
    } = *args;
    Ok(DealerOptions {
        name: args.name.clone(),
        period_ms,
        quote_window_ms,
        ..options
    })
}

fn contacts_of(args: &DealerArgs) -> Result<Vec<MemberContact>, KeygenError> {
    let members = usize::from(args.members);
    if args.host.len() > 1 && args.host.len() != members {
        let hosts = args.host.len();
        let text = format!("{hosts} hosts for {members} members: give one, or one for each");
        return Err(KeygenError::Usage(text));
    }
    let contact = |index: usize| match (args.host.get(index), args.host.first()) {
        (Some(&host), _) if args.host.len() > 1 => MemberContact::at(host, args.base_port),
        (_, Some(&host)) => MemberContact::at(host, nth_port(args.base_port, index)?),
        (_, None) => MemberContact::loopback(nth_port(args.base_port, index)?),
    };
    let contacts: Option<Vec<_>> = (0..members).map(contact).collect();
    contacts.ok_or_else(|| {
        let text = format!(
            "no room for {members} members' ports from {} on",
            args.base_port
        );
        KeygenError::Usage(text)
    })
}

fn nth_port(base_port: u16, index: usize) -> Option<u16> {
    u16::try_from(index)
        .ok()?
        .checked_mul(PORT_STEP)?
        .checked_add(base_port)
}

fn report_of<'a>(
    house: &HouseDir,
    committee: &'a Committee,
    survival: Survival,
) -> DealerReport<'a> {
    let members = MemberIndex::all(committee.members());
    DealerReport {
        development_only: true,
        name: &committee.name,
        auction: committee.auction.to_string(),
        key: committee.key.to_string(),
        committee: house.committee(),
        key_files: members.map(|index| house.member(index).key()).collect(),
        survival,
        next: format!(
            "sealbid node init --dir {} --member 1",
            house.root().display()
        ),
    }
}

fn print_report(out: &mut dyn Write, report: &DealerReport<'_>) -> io::Result<()> {
    writeln!(
        out,
        "{DEVELOPMENT}: this one process has held the secrets of every member.\n"
    )?;
    writeln!(out, "auction  {} ({})", report.name, report.auction)?;
    writeln!(out, "key      {}\n", report.key)?;
    writeln!(out, "{}\n", report.survival)?;
    writeln!(out, "wrote    {}", report.committee.display())?;
    for path in &report.key_files {
        writeln!(out, "wrote    {}", path.display())?;
    }
    writeln!(out, "\nnext     {}", report.next)
}

fn inspection<T: Terminal>(
    args: &InspectArgs,
    around: &mut Surroundings<'_, T>,
) -> Result<(), KeygenError> {
    let committee = args.committee.as_deref().map(load_committee).transpose()?;
    let prompt = format!("passphrase of {}", args.file.display());
    let (source, terminal) = (&around.passphrase, &mut *around.terminal);
    let passphrase = args.open.then_some(|| source.existing(terminal, &prompt));
    let inspection = inspect(&args.file, passphrase, committee.as_ref())?;
    print(around, &inspection, |out| writeln!(out, "{inspection}"))
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
    Ok(())
}

#[cfg(test)]
mod tests;
