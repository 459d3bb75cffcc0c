//! Records at hand (`records/N.json` of the house directory) before those of members.
//!
//! A record is computed again in full wherever it comes from, so the one on the own disk is as good
//! and costs nobody a question. One that is wrong is told, passed over, and asked for at a member.

use std::path::Path;

use sealbid_client::audit::{audit_round, batch_secret};
use sealbid_client::{Client, RoundAudit};
use sealbid_types::id::Round;
use sealbid_types::record::RoundRecord;

use crate::exit::Failure;
use crate::ui::output::Console;

/// A round's record, with its audit and where it came from.
pub(crate) struct Shown {
    pub(crate) record: RoundRecord,
    pub(crate) audit: RoundAudit,
    pub(crate) source: String,
}

/// The record at hand of a round if it is right, else whichever member's is. Of several that are
/// wrong the first is returned; with `offline`, no member is asked.
///
/// # Errors
/// Whatever the members fail by, if nothing is at hand either.
pub(crate) async fn shown(
    house: &Client,
    round: Round,
    offline: bool,
    console: Console,
) -> Result<Shown, Failure> {
    let wrong = match at_hand(house, round, console)? {
        Some(shown) if shown.audit.is_ok() => return Ok(shown),
        wrong => wrong,
    };
    if let Some(Shown { audit, source, .. }) = &wrong
        && let Some(error) = audit.errors.first()
    {
        passed_over(Path::new(source), error, console);
    }
    if offline {
        return wrong.ok_or_else(|| absent(house, round));
    }
    match house.audit(round).await {
        // With the member that showed it: one that shows a wrong record is to be known.
        Ok(shown) => Ok(Shown {
            record: shown.record,
            audit: shown.audit,
            source: shown.member.to_string(),
        }),
        Err(error) => wrong.ok_or_else(|| error.into()),
    }
}

/// The record at hand of a round, audited; none if there is none, or one that cannot be read.
fn at_hand(house: &Client, round: Round, console: Console) -> Result<Option<Shown>, Failure> {
    let Some((record, source)) = read(house, round, console) else {
        return Ok(None);
    };
    let secret = batch_secret()?;
    let audit = tokio::task::block_in_place(|| audit_round(house, &record, &secret));
    // A right record of another round would be a right answer to another question.
    if record.close.round != round {
        let what = format!("it is of round {}", record.close.round);
        passed_over(Path::new(&source), what, console);
        return Ok(None);
    }
    Ok(Some(Shown {
        record,
        audit,
        source,
    }))
}

/// The record at hand of a round, unverified, and its file; none if there is none that can be read.
pub(crate) fn read(
    house: &Client,
    round: Round,
    console: Console,
) -> Option<(RoundRecord, String)> {
    let directory = house.records()?;
    // A large one takes a while to read.
    let read = tokio::task::block_in_place(|| directory.read(round));
    match read {
        Ok(record) => Some((record?, directory.file(round).display().to_string())),
        Err(error) => {
            console.note(format_args!("passed over: {error}"));
            None
        }
    }
}

/// Says of a file at hand that it is of no use.
pub(crate) fn passed_over(path: &Path, why: impl core::fmt::Display, console: Console) {
    console.note(format_args!("passed over: {}: {why}", path.display()));
}

/// Says which files at hand the library passed over, and why.
pub(crate) fn tell_passed_over(house: &Client, console: Console) {
    for error in house.passed_over().values() {
        console.note(format_args!("passed over: {error}"));
    }
}

/// Whether a round has a file at hand, of whatever use.
pub(crate) fn is_there(house: &Client, round: Round) -> bool {
    let file = house.records().map(|directory| directory.file(round));
    file.is_some_and(|file| file.exists())
}

/// Nothing that is right is at hand, and nobody may be asked.
pub(crate) fn absent(house: &Client, round: Round) -> Failure {
    if is_there(house, round) {
        return Failure::audit(format!(
            "round {round} at hand is wrong: it was passed over"
        ))
        .advise("without --offline the members are asked for it");
    }
    let file = house.records().map(|directory| directory.file(round));
    let file = file.map_or_else(String::new, |file| file.display().to_string());
    Failure::work(format!("round {round} is not at hand: there is no {file}"))
        .advise("without --offline the members are asked for it")
}
