//! A ceremony by files: what to carry next, and to whom.
//!
//! A file is a whole board and not a message: one that was lost, carried twice or in the wrong
//! order does no harm, since the next one holds all that it held. Nothing in it is secret, and
//! whoever carries it can change nothing but what arrives.

use std::path::{Path, PathBuf};

use sealbid_dkg::{Board, PostError, Stage, Waiting};
use sealbid_types::keys::PublicKey;
use serde::Serialize;

use crate::ceremony::directory::read_board;
use crate::ceremony::drive::{Advance, Ceremony};
use crate::ceremony::error::CeremonyError;
use crate::ceremony::outcome::Report;
use crate::ceremony::people::{missing, stage_name, waiting_line};
use crate::ceremony::voice::Voice;
use crate::secret_file::write_public;
use crate::words::words_of_key;

/// Where a participant by files stands.
#[derive(Debug, Serialize)]
pub(crate) struct Carry {
    event: &'static str,
    stage: &'static str,
    /// What is being waited for.
    waiting: Option<String>,
    /// The file to carry, if there is anything new in it.
    file: Option<PathBuf>,
    /// To whom.
    to: Option<String>,
    /// What comes after.
    then: Option<String>,
}

/// The boards in these files, as one.
///
/// # Errors
/// [`CeremonyError`]: one is no ceremony file, or of another ceremony.
pub(crate) fn read_boards(
    paths: &[PathBuf],
) -> Result<Option<(Board, Vec<PostError>)>, CeremonyError> {
    let mut merged: Option<(Board, Vec<PostError>)> = None;
    for path in paths {
        let board = read_board(path)?;
        match &mut merged {
            None => merged = Some((board, Vec::new())),
            Some((known, refused)) if known.ceremony() == board.ceremony() => {
                refused.extend(known.merge(&board).1);
            }
            Some((known, _)) => {
                return Err(CeremonyError::OtherCeremony {
                    path: path.clone(),
                    found: board.ceremony(),
                    expected: known.ceremony(),
                });
            }
        }
    }
    Ok(merged)
}

/// Goes as far as is possible without news, and writes the file to carry. `again` is what the next
/// command has to be given beside the files.
///
/// # Errors
/// [`CeremonyError`]; what is there already is in the file all the same.
pub(crate) fn advance(
    mut ceremony: Ceremony,
    again: &str,
    voice: &mut Voice<'_>,
) -> Result<Option<Report>, CeremonyError> {
    loop {
        match ceremony.step(voice) {
            Ok(Advance::Posted) => {}
            Ok(Advance::Done(report)) => {
                // In the place of the file that this stage wrote before: it holds all confirmations
                // now.
                let file = write_carry(&ceremony, 5, "confirmation")?;
                let carry = Carry {
                    event: "carry",
                    stage: "done",
                    waiting: None,
                    file: Some(file),
                    to: Some("all who have not finished yet".to_owned()),
                    then: None,
                };
                tell(&carry, voice)?;
                return Ok(Some(*report));
            }
            Ok(Advance::Void(error)) => {
                // The others are to see it too.
                write_carry(&ceremony, 6, "evidence")?;
                return Err(error);
            }
            // By files there is no waiting for news: it is in doubt until somebody brings more.
            Ok(Advance::InDoubt(doubt)) => {
                write_carry(&ceremony, 6, "evidence")?;
                return Err(doubt);
            }
            Ok(Advance::Waiting(waiting)) => return wait(&ceremony, &waiting, again, voice),
            Err(error) => return Err(error),
        }
    }
}

fn wait(
    ceremony: &Ceremony,
    waiting: &Waiting,
    again: &str,
    voice: &mut Voice<'_>,
) -> Result<Option<Report>, CeremonyError> {
    let board = ceremony.board().with(Board::clone);
    // Named by what the others wait for. The inviter has nothing to carry before the roster: its
    // invitation went out with `invite`.
    let file = match (waiting.stage, ceremony.is_inviter()) {
        (Stage::Enrolling | Stage::Roster, true) => None,
        (Stage::Enrolling | Stage::Roster, false) => Some((1, "enrolment")),
        (Stage::Committing, true) => Some((2, "roster")),
        (Stage::Committing, false) => Some((3, "commitment")),
        (Stage::Dealing, _) => Some((4, "dealing")),
        (Stage::Confirming, _) => Some((5, "confirmation")),
    };
    let file = file
        .map(|(number, kind)| write_carry(ceremony, number, kind))
        .transpose()?;
    let carry = Carry {
        event: "carry",
        stage: stage_name(waiting.stage),
        waiting: Some(waiting_line(&board, waiting)),
        to: file.is_some().then(|| recipients(&board, waiting.stage)),
        file,
        then: Some(then(ceremony, waiting.stage) + again),
    };
    tell(&carry, voice)?;
    // After the file is written: the others may have time left, and need what is in it.
    if waiting.overdue {
        return Err(CeremonyError::Overdue(missing(&board, waiting)));
    }
    Ok(None)
}

/// Before the roster only the inviter can do anything with what is said. From then on everybody
/// needs it of everybody.
fn recipients(board: &Board, stage: Stage) -> String {
    let inviter = words_of_key(&board.invitation().author);
    match stage {
        Stage::Enrolling | Stage::Roster => format!("the inviter ({inviter})"),
        Stage::Committing | Stage::Dealing | Stage::Confirming => {
            "everybody else, or to one who carries all: files of one ceremony may be merged in any \
             order"
                .to_owned()
        }
    }
}

/// The next command, with what it waits for in the place of files' names.
fn then(ceremony: &Ceremony, stage: Stage) -> String {
    let dir = ceremony.directory().house().root().display().to_string();
    let files = match (stage, ceremony.is_inviter()) {
        (Stage::Enrolling | Stage::Roster, true) => "ENROLMENT-FILES...",
        (Stage::Enrolling | Stage::Roster, false) => "ROSTER-FILE",
        (Stage::Committing, _) => "COMMITMENT-FILES...",
        (Stage::Dealing, _) => "DEALING-FILES...",
        (Stage::Confirming, _) => "CONFIRMATION-FILES...",
    };
    format!("sealbid --dir {dir} keygen step {files}")
}

fn tell(carry: &Carry, voice: &mut Voice<'_>) -> Result<(), CeremonyError> {
    voice.say(carry, || {
        let mut lines = Vec::new();
        lines.extend(carry.waiting.clone());
        if let (Some(file), Some(to)) = (&carry.file, &carry.to) {
            lines.push(format!("carry  {}", file.display()));
            lines.push(format!("to     {to}"));
        }
        lines.extend(carry.then.as_ref().map(|then| format!("then   {then}")));
        lines.join("\n") + "\n"
    })
}

/// Writes all that is known into a file that others may have.
/// One that the same stage wrote before is replaced: it held less.
fn write_carry(ceremony: &Ceremony, number: u8, kind: &str) -> Result<PathBuf, CeremonyError> {
    let name = carry_name(number, kind, &ceremony.identity().public_key());
    let path = ceremony.directory().house().root().join(name);
    let bytes = ceremony.board().with(Board::to_bytes);
    write(&path, &bytes)?;
    Ok(path)
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), CeremonyError> {
    write_public(path, bytes).map_err(|source| CeremonyError::io(path, source))
}

/// Such as `4-dealing-from-acid-laptop.ceremony`.
/// Two words of eight tell people's files apart by eye; who signed is in the file.
fn carry_name(number: u8, kind: &str, identity: &PublicKey) -> String {
    let words = words_of_key(identity).to_string();
    let words: Vec<_> = words.split(' ').take(2).collect();
    format!("{number}-{kind}-from-{}.ceremony", words.join("-"))
}
