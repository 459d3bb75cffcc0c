//! `sealbid audit`: a round computed again, from the committee file and its record alone.
//!
//! A record counts for nothing by who shows it. It comes from whichever member has one that is
//! right, or from a file, and is computed again in full either way. `--all` needs every round from
//! the first one on: parents, used nonces and used points are a matter of the chain and of no one
//! record.

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args};
use sealbid_client::audit::{audit_next, audit_round, batch_secret};
use sealbid_client::{Client, CommitteeFile, ErrorClass, RoundAudit};
use sealbid_keygen::HouseDir;
use sealbid_protocol::audit::ChainAudit;
use sealbid_types::codec::decode;
use sealbid_types::committee::Committee;
use sealbid_types::id::Round;
use sealbid_types::record::RoundRecord;
use sealbid_types::text::without_byte_order_mark;
use serde_json::json;

use crate::context::{Context, blocking};
use crate::exit::Failure;
use crate::ui::output::Console;
use crate::ui::text::count;

/// The most bytes of a record's file. JSON takes more room than the encoding.
const MOST_RECORD: u64 = 1 << 28;

/// Check rounds again: certificates, lists, openings, clearing, sums, signatures
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what").required(true).args(["round", "all", "file"]))]
#[command(after_help = "\
Examples:
  sealbid audit 12
  sealbid audit --all
  sealbid audit --file house/records/12.json --committee house/committee.json

Everything is computed again, from the committee file and the record alone: nobody has to be
trusted. --all also checks what only the rounds together show. Exits with 8 if anything is wrong,
and says what.")]
pub(crate) struct AuditArgs {
    /// The round, as the members show it
    #[arg(value_name = "ROUND")]
    round: Option<u64>,
    /// All rounds from the first on, each as the next of its chain
    #[arg(long)]
    all: bool,
    /// A record's file; needs no house
    #[arg(long, value_name = "RECORD")]
    file: Option<PathBuf>,
    /// The committee file, instead of the house's
    #[arg(long, value_name = "FILE")]
    committee: Option<PathBuf>,
}

/// Runs it.
pub(crate) async fn run(args: AuditArgs, context: &Context) -> Result<(), Failure> {
    let path = args
        .committee
        .unwrap_or_else(|| context.house_dir().committee());
    // All that is believed here: whoever has another house's committee file audits another house.
    let committee = blocking(move || CommitteeFile::load(&path)).await??;
    let (directory, console) = (context.house_dir(), context.console());
    // For a file no member need be there: an auditor may be anybody, anywhere, years later.
    match (args.round, args.file) {
        (_, Some(file)) => blocking(move || audit_file(&file, &committee, console)).await?,
        (Some(round), None) => {
            let records = Records::open(committee, directory).await?;
            records.audit_one(Round(round), console).await
        }
        (None, None) => {
            let records = Records::open(committee, directory).await?;
            records.audit_all(console).await
        }
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

/// Where records come from: the members, or if none is reachable, the house directory.
struct Records {
    /// At its front doors.
    house: Client,
    /// Where a relayer has written records, as JSON.
    directory: HouseDir,
}

impl Records {
    async fn open(committee: CommitteeFile, directory: HouseDir) -> Result<Self, Failure> {
        Ok(Self {
            house: Client::connect(committee).await?,
            directory,
        })
    }

    /// One round by itself. What earlier rounds have to do with it is believed as the committee has
    /// signed it; [`Self::audit_all`] computes that too.
    async fn audit_one(&self, round: Round, console: Console) -> Result<(), Failure> {
        let path = self.directory.record(round);
        match self.house.audit(round).await {
            // With the member that showed it: one that shows a wrong record is to be known.
            Ok(shown) => {
                report(&shown.audit, &shown.member.to_string(), console);
                conclude([&shown.audit])
            }
            // Only where nobody answers: as long as a member does, it is the members' word that is
            // audited.
            Err(error) if error.class() == ErrorClass::NoQuorum && path.exists() => {
                console.note(format_args!(
                    "no member is reachable: reading {}",
                    path.display()
                ));
                audit_file(&path, self.house.as_ref(), console)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// All rounds, each held against those before it: parents, slots, and what its record says of
    /// earlier ones (docs/protocol.md 4.6).
    async fn audit_all(&self, console: Console) -> Result<(), Failure> {
        let newest = self.newest(console).await?;
        if newest == Round(0) {
            // No failure: there is nothing that could be wrong.
            console.line("no round is settled yet");
            return Ok(());
        }
        let (committee, keys) = (self.house.committee(), self.house.keys());
        let secret = batch_secret()?;
        let mut chain = ChainAudit::new(committee, keys, &secret);
        let mut audits = Vec::new();
        // From the first and without gaps: what a round may list depends on all before it.
        let mut rest = Ok(());
        for round in (1..=newest.0).map(Round) {
            let (record, source) = match self.record(round).await {
                Ok(found) => found,
                Err(failure) => {
                    // A wrong round has the last word, and this would go untold.
                    if audits.iter().any(|audit: &RoundAudit| !audit.is_ok()) {
                        console.note(format_args!("round {round} is not checked: {failure}"));
                    }
                    rest = Err(failure);
                    break;
                }
            };
            // One that is wrong does not end it: every round is told, and the exit code comes last.
            let audit = audit_next(&mut chain, &record);
            report(&audit, &source, console);
            // Large, and of no more use.
            audits.push(RoundAudit {
                terms: Default::default(),
                ..audit
            });
        }
        verdict(&audits, rest)?;
        console.line(format_args!(
            "{} checked, nothing is wrong",
            count(newest.0, "round")
        ));
        Ok(())
    }

    /// The newest settled round.
    async fn newest(&self, console: Console) -> Result<Round, Failure> {
        let error = match self.house.standing().await {
            Ok(standing) => return Ok(standing.settled),
            Err(error) => error,
        };
        // Up to the first gap: what lies behind it has no chain to stand on.
        let mut newest = Round(0);
        while self.directory.record(newest.next()).exists() {
            newest = newest.next();
        }
        if newest == Round(0) {
            return Err(error.into());
        }
        let records = self.directory.records();
        console.note(format_args!(
            "no member is reachable: reading {}",
            records.display()
        ));
        Ok(newest)
    }

    /// A round's record: one that is right by itself, if any member shows one.
    async fn record(&self, round: Round) -> Result<(RoundRecord, String), Failure> {
        let error = match self.house.audit(round).await {
            Ok(shown) => return Ok((shown.record, shown.member.to_string())),
            Err(error) => error,
        };
        let path = self.directory.record(round);
        if error.class() == ErrorClass::NoQuorum && path.exists() {
            let record = read_record(&path)?;
            require_own(&record, self.house.committee(), &path)?;
            return Ok((record, path.display().to_string()));
        }
        Err(error.into())
    }
}

/// Reads a record, as JSON or in the canonical encoding.
///
/// # Errors
/// Storage, if it cannot be read; audit, if it is no record.
pub(crate) fn read_record(path: &Path) -> Result<RoundRecord, Failure> {
    let mut bytes = Vec::new();
    let read =
        std::fs::File::open(path).and_then(|file| file.take(MOST_RECORD).read_to_end(&mut bytes));
    read.map_err(|error| Failure::storage(format!("cannot read {}: {error}", path.display())))?;
    let bytes = without_byte_order_mark(&bytes);
    // Told by its beginning. JSON is what `sealbid round --json` and the relayer write.
    let is_json = bytes
        .first()
        .is_some_and(|byte| byte.is_ascii_whitespace() || *byte == b'{');
    let record = if is_json {
        serde_json::from_slice(bytes).map_err(|error| error.to_string())
    } else {
        decode(bytes).map_err(|error| error.to_string())
    };
    record.map_err(|what| Failure::audit(format!("{} is no record: {what}", path.display())))
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

/// What all rounds together come to, and whatever ended the audit before the last of them.
fn verdict(audits: &[RoundAudit], rest: Result<(), Failure>) -> Result<(), Failure> {
    // Before what ended it: whoever has shown a wrong round could otherwise hide it by showing no
    // later one.
    conclude(audits)?;
    rest
}

#[cfg(test)]
mod tests {
    use core::slice::from_ref;

    use sealbid_protocol::audit::AuditError;

    use super::*;

    fn audit(round: u64, errors: Vec<AuditError>) -> RoundAudit {
        RoundAudit {
            round: Round(round),
            intents: 0,
            quotes: 0,
            opened: 0,
            filled: 0,
            unfilled: 0,
            void: 0,
            terms: Default::default(),
            errors,
        }
    }

    /// A house that showed a wrong round must not get away with showing no later one.
    #[test]
    fn a_wrong_round_is_told_whatever_comes_after_it() {
        let right = audit(1, Vec::new());
        let wrong = audit(2, vec![AuditError::Close("auction")]);
        let cut = || Err(Failure::no_quorum("nobody shows round 3"));
        let code = |audits: &[RoundAudit], rest| verdict(audits, rest).map_err(|it| it.code());
        assert_eq!(code(&[right.clone(), wrong.clone()], cut()), Err(8));
        assert_eq!(code(&[right.clone(), wrong], Ok(())), Err(8));
        assert_eq!(code(from_ref(&right), cut()), Err(6));
        assert_eq!(code(from_ref(&right), Ok(())), Ok(()));
    }
}
