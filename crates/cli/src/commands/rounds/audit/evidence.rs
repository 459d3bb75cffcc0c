//! `sealbid audit --evidence`: whether a file shows that a member lied, by the committee file alone.

use std::path::Path;

use sealbid_client::CommitteeFile;
use sealbid_client::evidence::{
    Charge, EvidenceError, EvidenceFileError, Exhibit, Subject, convict, read_evidence,
};
use serde::Serialize;

use crate::exit::Failure;
use crate::ui::charge::ChargeFields;
use crate::ui::output::Console;

/// Judges the evidence in a file. Names nobody whom it does not convict.
pub(super) fn audit_evidence(
    path: &Path,
    committee: &CommitteeFile,
    console: Console,
) -> Result<(), Failure> {
    let evidence = read_evidence(path).map_err(|error| match error {
        EvidenceFileError::Read { .. } => Failure::storage(error.to_string()),
        EvidenceFileError::NoEvidence { .. } => Failure::audit(error.to_string()),
    })?;
    let source = path.display().to_string();
    match convict(committee, &evidence) {
        Ok(charge) => {
            console.result(&object(&source, Ok(&charge)), || text(&source, &charge));
            Ok(())
        }
        // Of another house it may well be right there: the command line names the wrong file.
        Err(EvidenceError::Foreign) => {
            let auction = committee.committee().auction.short();
            let message = format!("{source} is of another auction or epoch than {auction}");
            Err(Failure::key(message)
                .advise("name the committee file of the evidence's house with --committee"))
        }
        Err(error) => {
            console.result(&object(&source, Err(error)), || {
                format!("PROVES NOTHING   ({source})\n  {error}")
            });
            let message = format!("{source} proves nothing against anybody: {error}");
            Err(Failure::audit(message).reported())
        }
    }
}

/// A judgement, for scripts.
#[derive(Debug, Serialize)]
struct Judged<'a> {
    evidence: &'static str,
    source: &'a str,
    #[serde(flatten)]
    charge: ChargeFields<'a>,
    error: Option<String>,
}

fn object<'a>(source: &'a str, judged: Result<&'a Charge, EvidenceError>) -> Judged<'a> {
    Judged {
        evidence: match judged {
            Ok(_) => "proven",
            Err(_) => "not_valid",
        },
        source,
        charge: ChargeFields::of(judged.ok()),
        error: judged.err().map(|error| error.to_string()),
    }
}

fn text(source: &str, charge: &Charge) -> String {
    let who = match charge.member {
        Some(member) => member.to_string(),
        None => "more members than the committee can bear".to_owned(),
    };
    let place = match (charge.vote, charge.view) {
        (Some(vote), Some(view)) => {
            let vote = match vote {
                Subject::Close => "close",
                Subject::Allocation => "allocation",
            };
            format!(", view {view} of the vote on its {vote}")
        }
        _ => String::new(),
    };
    let [first, second] = &charge.statements;
    format!(
        "PROVEN   ({source})\n  {who} {}\n  round {}{place}\n{}\n{}",
        charge.offence,
        charge.round,
        exhibit(first),
        exhibit(second),
    )
}

fn exhibit(Exhibit { says, digest }: &Exhibit) -> String {
    format!("  {says}\n    {digest}")
}
