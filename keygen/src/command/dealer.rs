//! `dealer`: a whole house from one process.

use std::io::{self, Write};
use std::net::IpAddr;
use std::path::PathBuf;

use clap::Args;
use sealbid_types::committee::Committee;
use sealbid_types::id::MemberIndex;
use serde::Serialize;

use crate::command::{KeygenError, Surroundings, print, work_factor};
use crate::dealer::{DealerError, DealerOptions, MemberContact, PORT_STEP, deal_house};
use crate::encryption::WorkFactor;
use crate::house::HouseDir;
use crate::inspect::DEVELOPMENT;
use crate::passphrase::Terminal;
use crate::trust::Survival;

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

/// What a dealer has made.
#[derive(Serialize)]
struct DealerReport<'a> {
    /// Always: what one process has made is no committee's key.
    development_only: bool,
    name: &'a str,
    auction: String,
    key: String,
    committee: PathBuf,
    key_files: Vec<PathBuf>,
    survival: Survival,
    next: String,
}

pub(super) fn dealer<T: Terminal>(
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

/// One host for all members sets their ports ten apart; a host for each leaves all of them at the
/// same port.
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

/// None where there are no ports any more.
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
