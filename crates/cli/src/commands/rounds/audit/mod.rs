//! `sealbid audit`: a round computed again, from the committee file and its record alone.
//!
//! A record counts for nothing by who shows it. It comes from the house directory, from whichever
//! member has one that is right, or from a file, and is computed again in full in any case. `--all`
//! needs every round from the first one on: parents, used nonces and used points are a matter of
//! the chain and of no one record.

mod all;
mod evidence;

use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args};
use sealbid_client::audit::{audit_round, batch_secret};
use sealbid_client::records::{self, RecordFileError};
use sealbid_client::{Client, CommitteeFile, RecordDirectory, RoundAudit};
use sealbid_types::committee::Committee;
use sealbid_types::id::Round;
use sealbid_types::record::RoundRecord;
use serde_json::json;

use self::evidence::audit_evidence;
use super::at_hand;
use crate::context::{Context, blocking};
use crate::exit::Failure;
use crate::ui::output::Console;
use crate::ui::text::count;

/// Check rounds again: certificates, lists, openings, clearing, sums, signatures
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what").required(true).args(["round", "all", "file", "evidence"]))]
#[command(after_help = "\
Examples:
  sealbid audit 12
  sealbid audit --all
  sealbid audit --all --offline
  sealbid audit --file house/records/12.json --committee house/committee.json
  sealbid audit --evidence evidence/member-3-two-reports-7-1f0c5a2e.json

Everything is computed again, from the committee file and the record alone: nobody has to be
trusted. --all also checks what only the rounds together show. Exits with 8 if anything is wrong,
and says what.

Records that a relayer wrote (records/ in the house directory) are read first, and members are asked
for the others. If no member can be reached, --all checks what is at hand and exits with 6, since
there may be later rounds; with --offline nobody is asked, and what is at hand is all.

--evidence judges what `sealbid node evidence --export` has written: it exits with 0 if the file
shows by signatures alone what it says, and names who did it; with 8 if it proves nothing, and then
names nobody.")]
pub(crate) struct AuditArgs {
    /// The round, as the members show it
    #[arg(value_name = "ROUND", value_parser = round_number)]
    round: Option<u64>,
    /// All rounds from the first on, each as the next of its chain
    #[arg(long)]
    all: bool,
    /// A record's file; needs no house
    #[arg(long, value_name = "RECORD")]
    file: Option<PathBuf>,
    /// A file of evidence that a member lied; needs no house
    #[arg(long, value_name = "FILE")]
    evidence: Option<PathBuf>,
    /// Ask no member: only the records that lie in the house directory
    #[arg(long, conflicts_with_all = ["file", "evidence"])]
    offline: bool,
    /// The committee file, instead of the house's
    #[arg(long, value_name = "FILE")]
    committee: Option<PathBuf>,
}

/// A record's file is given in its place, most often.
fn round_number(text: &str) -> Result<u64, String> {
    let what = "a round is a number, such as 12; a record's file goes after --file";
    text.parse().map_err(|_| what.to_owned())
}

/// Runs it.
pub(crate) async fn run(args: AuditArgs, context: &Context) -> Result<(), Failure> {
    let path = args
        .committee
        .unwrap_or_else(|| context.house_dir().committee());
    // All that is believed here: whoever has another house's committee file audits another house.
    let committee = context.committee(path).await?;
    let (directory, console) = (context.house_dir(), context.console());
    // For a file no member need be there: an auditor may be anybody, anywhere, years later.
    if let Some(file) = args.file {
        return blocking(move || audit_file(&file, &committee, console)).await?;
    }
    if let Some(file) = args.evidence {
        return blocking(move || audit_evidence(&file, &committee, console)).await?;
    }
    let records = RecordDirectory::new(directory.records());
    let house = Client::connect(committee).await?;
    let house = house.with_records(records);
    match args.round {
        Some(round) => audit_one(&house, Round(round), args.offline, console).await,
        None => all::audit_all(house, args.offline, console).await,
    }
}

/// Audits the record in a file, against the committee file alone.
fn audit_file(path: &Path, committee: &CommitteeFile, console: Console) -> Result<(), Failure> {
    let record = read_record(path)?;
    // Before the audit: of another house's record everything would be wrong, and nothing of what is
    // listed would be the reason.
    require_own(&record, committee.committee(), path)?;
    // With a fresh secret for the coefficients of its batches, so that whoever made the record
    // cannot have fitted errors to them.
    let audit = audit_round(committee, &record, &batch_secret()?);
    report(&audit, &path.display().to_string(), console);
    conclude([&audit])
}

/// One round by itself. What earlier rounds have to do with it is believed as the committee has
/// signed it; [`all::audit_all`] computes that too.
async fn audit_one(
    house: &Client,
    round: Round,
    offline: bool,
    console: Console,
) -> Result<(), Failure> {
    let shown = at_hand::shown(house, round, offline, console).await?;
    report(&shown.audit, &shown.source, console);
    conclude([&shown.audit])
}

/// Reads a record, as JSON or in the canonical encoding.
///
/// # Errors
/// Storage, if it cannot be read; audit, if it is no record.
fn read_record(path: &Path) -> Result<RoundRecord, Failure> {
    records::read_record(path).map_err(|error| match error {
        RecordFileError::Read { .. } => Failure::storage(error.to_string()),
        _ => Failure::audit(error.to_string()),
    })
}

/// A record of another auction is no finding: the command line names the wrong file.
fn require_own(record: &RoundRecord, committee: &Committee, path: &Path) -> Result<(), Failure> {
    if record.close.auction == committee.auction {
        return Ok(());
    }
    Err(Failure::key(format!(
        "{} is of auction {}, the committee file of {}",
        path.display(),
        record.close.auction.short(),
        committee.auction.short()
    ))
    .advise("name the committee file of the record's house with --committee"))
}

/// Tells what came of a round. Of several findings the root cause is the first (docs/protocol.md
/// 4.6).
fn report(audit: &RoundAudit, source: &str, console: Console) {
    let errors: Vec<String> = audit.errors.iter().map(ToString::to_string).collect();
    let object = json!({
        "round": audit.round,
        "audit": if audit.is_ok() { "ok" } else { "failed" },
        "source": source,
        "intents": audit.intents,
        "quotes": audit.quotes,
        "opened": audit.opened,
        "filled": audit.filled,
        "unfilled": audit.unfilled,
        "void": audit.void,
        "errors": errors,
    });
    console.result(&object, || {
        let verdict = if errors.is_empty() { "ok" } else { "WRONG" };
        let mut lines = vec![format!(
            "round {:<6} {verdict:<6} {}, {}; {} filled, {} not, {} void   ({source})",
            audit.round,
            count(audit.intents as u64, "intent"),
            count(audit.quotes as u64, "quote"),
            audit.filled,
            audit.unfilled,
            audit.void
        )];
        lines.extend(errors.iter().map(|error| format!("  {error}")));
        lines.join("\n")
    });
}

/// Fails with the exit code of audits if a round is wrong. What is wrong with it has been told.
fn conclude<'a>(audits: impl IntoIterator<Item = &'a RoundAudit>) -> Result<(), Failure> {
    let wrong = audits.into_iter().filter(|audit| !audit.is_ok());
    let rounds: Vec<String> = wrong.map(|audit| audit.round.to_string()).collect();
    if rounds.is_empty() {
        return Ok(());
    }
    // Reported by now: every round has printed its own object.
    let what = format!("audit failed: round {}", rounds.join(", "));
    Err(Failure::audit(what)
        .advise("keep the record: it is the evidence")
        .reported())
}
