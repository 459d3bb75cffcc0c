//! The ceremony's commands. A member to be uses them in this order:
//!
//! | command | makes | asks |
//! | --- | --- | --- |
//! | `identity new` | the identity's encrypted file | a new passphrase |
//! | `invite` (one of them) | a ceremony file, and a code | the passphrase |
//! | `code` | nothing; shows the code again | nothing |
//! | `join`, or `step` by files | in the end, a member's files | the passphrase, one typed yes |
//! | `resume` | the same, after a crash | the same, but for what was answered already |
//! | `verify` (anybody) | nothing | nothing |
//! | `recover` | a key file that was lost | the passphrase |
//!
//! Each draws what it needs from 32 bytes that it is given once, so that tests can give the same
//! ones. What must outlive the command is on disk before it is used.

use core::time::Duration;
use std::io;
use std::path::{Path, PathBuf};

use sealbid_dkg::Board;
use sealbid_types::keys::PublicKey;
use serde::Serialize;

use crate::ceremony::code::Code;
use crate::ceremony::contact::Contact;
use crate::ceremony::directory::{CeremonyDir, Lock, read_board};
use crate::ceremony::drive::{Ceremony, Operator};
use crate::ceremony::error::CeremonyError;
use crate::ceremony::files::{advance, read_boards};
use crate::ceremony::invite::{Call, code_of, invite as write_invitation};
use crate::ceremony::meeting::{attend, fetch_board};
use crate::ceremony::noticeboard::Clock;
use crate::ceremony::outcome::Report;
use crate::ceremony::people::{InvitationEvent, told};
use crate::ceremony::session_key::SessionKey;
use crate::ceremony::voice::Voice;
use crate::ceremony::{recover as recovery, verify as verification};
use crate::command::Surroundings;
use crate::command::ceremony_args::{
    CodeArgs, IdentityArgs, IdentityCommand, InviteArgs, JoinArgs, OperatorArgs, RecoverArgs,
    ResumeArgs, StepArgs, VerifyArgs, identity_again,
};
use crate::identity::Identity;
use crate::passphrase::{Passphrase, Terminal};
use crate::secret_file::write_new_public;
use crate::seed::Seed;

type CommandResult = Result<(), CeremonyError>;

/// The BLAKE3 derive-key contexts of what a command draws from its entropy.
mod context {
    pub(super) const IDENTITY: &str = "sealbid/1 2026-11 command identity";
    pub(super) const NONCE: &str = "sealbid/1 2026-11 command invitation nonce";
    pub(super) const SESSION: &str = "sealbid/1 2026-11 command session secret";
}

impl OperatorArgs {
    fn operator<T: Terminal>(
        &self,
        around: &mut Surroundings<'_, T>,
    ) -> Result<Operator, CeremonyError> {
        let (identity, passphrase) = load_identity(&self.identity, around)?;
        Ok(Operator {
            identity,
            passphrase,
            work: self.work.work_factor,
        })
    }
}

/// Reads an identity, and gives its passphrase as well: session key and key file are encrypted
/// under the same one, so that an operator has one to remember and a command asks once.
fn load_identity<T: Terminal>(
    path: &Path,
    around: &mut Surroundings<'_, T>,
) -> Result<(Identity, Passphrase), CeremonyError> {
    if !path.exists() {
        return Err(CeremonyError::NoIdentity {
            path: path.to_owned(),
        });
    }
    let prompt = format!("passphrase of {}", path.display());
    let passphrase = around.passphrase.existing(around.terminal, &prompt)?;
    let identity = Identity::load(path, &passphrase)?;
    Ok((identity, passphrase))
}

fn voice<'a, T: Terminal>(around: &'a mut Surroundings<'_, T>, yes: bool) -> Voice<'a> {
    Voice::new(around.out, around.terminal, around.json, yes)
}

#[derive(Serialize)]
struct NewIdentity<'a> {
    event: &'static str,
    identity: String,
    fingerprint: String,
    file: &'a Path,
}

pub(super) fn identity<T: Terminal>(
    args: &IdentityArgs,
    around: &mut Surroundings<'_, T>,
) -> CommandResult {
    let IdentityCommand::New(args) = &args.command;
    // Before anybody thinks of a passphrase for it. Nor does saving replace a file.
    if args.out.exists() {
        let text = format!(
            "{} is there already: name another with --out",
            args.out.display()
        );
        return Err(CeremonyError::Usage(text));
    }
    let passphrase = around
        .passphrase
        .chosen(around.terminal, "new passphrase of the identity")?;
    let entropy = Seed::derive(context::IDENTITY, around.entropy, 0);
    let identity = entropy.expose(Identity::from_entropy);
    identity.save(&args.out, &passphrase, args.work.work_factor)?;
    let made = NewIdentity {
        event: "identity",
        identity: identity.public_key().to_string(),
        fingerprint: identity.words().to_string(),
        file: &args.out,
    };
    voice(around, false).say(&made, || {
        let NewIdentity {
            identity,
            fingerprint,
            file,
            ..
        } = &made;
        format!(
            "identity     {identity}\nfingerprint  {fingerprint}\nwrote        {}  (secret)",
            file.display()
        )
    })
}

/// Writes the invitation into a file, and prints the code that leads to its meeting.
pub(super) fn invite<T: Terminal>(
    args: &InviteArgs,
    around: &mut Surroundings<'_, T>,
) -> CommandResult {
    let call = call_of(args)?;
    let out = match &args.out {
        Some(out) => out.clone(),
        None => PathBuf::from(format!("{}.ceremony", args.name)),
    };
    if out.exists() {
        let text = format!(
            "{} is there already: name another with --out",
            out.display()
        );
        return Err(CeremonyError::Usage(text));
    }
    let (identity, _passphrase) = load_identity(&args.identity, around)?;
    let nonce = Seed::derive(context::NONCE, around.entropy, 0);
    let invitation = nonce.expose(|nonce| write_invitation(&call, &identity, nonce, around.now))?;
    let code = code_of(&invitation).map(|code| code.to_string());
    let board = Board::new(invitation)?;
    // Never over another ceremony's.
    write_new_public(&out, &board.to_bytes()).map_err(|source| CeremonyError::io(&out, source))?;
    let event = InvitationEvent::new("invited", &board, &identity.public_key());
    let (file, dir) = (out.display().to_string(), around.dir.display().to_string());
    let command = if call.files { "step" } else { "join" };
    let identity = identity_again(&args.identity);
    let next = format!("sealbid --dir {dir} keygen {command} {file}{identity}");
    let object = serde_json::json!({
        "event": "invited", "invitation": event, "file": out, "code": code, "next": next,
    });
    voice(around, false).say(&object, || {
        let hand_out = match &code {
            Some(code) => format!(
                "send this code to the others:\n\n  {code}\n\nagain    sealbid keygen code {file}\n\
                 they     sealbid keygen join CODE"
            ),
            None => format!("give {file} to the others\nthey     sealbid keygen step {file}"),
        };
        format!("{event}\nwrote    {file}\n\n{hand_out}\nyou      {next}")
    })
}

/// Prints the code that `invite` has printed. It is in no file of its own, and follows from the
/// invitation.
pub(super) fn code<T: Terminal>(
    args: &CodeArgs,
    around: &mut Surroundings<'_, T>,
) -> CommandResult {
    let board = match &args.file {
        Some(file) => read_board(file)?,
        None => match CeremonyDir::new(around.dir).load_board()? {
            Some(board) => board,
            None => {
                let path = around.dir.to_owned();
                return Err(CeremonyError::NoCeremony { path });
            }
        },
    };
    let Some(code) = code_of(board.invitation()) else {
        let text = "this ceremony is by files: it has no code, give its file to the others";
        return Err(CeremonyError::Usage(text.to_owned()));
    };
    let code = code.to_string();
    let object = serde_json::json!({ "code": code, "ceremony": board.ceremony() });
    voice(around, false).say(&object, || code.clone())
}

/// Lengths of slots travel as milliseconds of 32 bits: some 49 days at most.
fn call_of(args: &InviteArgs) -> Result<Call, CeremonyError> {
    let millis = |what: &str, time: Duration| {
        u32::try_from(time.as_millis()).map_err(|_| {
            CeremonyError::Usage(format!(
                "a {what} of {} is too long",
                humantime::format_duration(time)
            ))
        })
    };
    Ok(Call {
        name: args.name.clone(),
        members: args.members,
        quorum: args.quorum,
        period_ms: millis("period", args.period)?,
        quote_window_ms: millis("quote window", args.quote_window)?,
        deadline: args.deadline,
        meet: args.meet.clone(),
        relay: args.relay.clone(),
        files: args.files,
    })
}

/// What `join` was given.
enum Target {
    File(PathBuf),
    Code(Code),
}

/// A file if there is one of this name, or else a code. What looks like neither is told so: a
/// mistyped path would be called a bad code.
fn target_of(text: &str) -> Result<Target, CeremonyError> {
    let path = Path::new(text);
    if path.exists() {
        return Ok(Target::File(path.to_owned()));
    }
    match text.parse() {
        Ok(code) => Ok(Target::Code(code)),
        Err(_) if !text.trim_start().starts_with("sealbid") => {
            Err(CeremonyError::NeitherFileNorCode(text.to_owned()))
        }
        Err(error) => Err(error.into()),
    }
}

pub(super) fn join<T: Terminal>(
    args: &JoinArgs,
    around: &mut Surroundings<'_, T>,
) -> CommandResult {
    let target = target_of(&args.ceremony)?;
    let directory = CeremonyDir::new(around.dir);
    // Told before the passphrase is asked for. Who has begun may go on after the deadline.
    if let Target::Code(code) = &target
        && !directory.is_begun()
    {
        let (deadline, now) = (code.deadline(), Clock::Machine.now());
        if now > deadline {
            return Err(CeremonyError::Expired { deadline, now });
        }
    }
    // The passphrase first: the lock keeps others out, and a person may take long to type.
    let operator = args.operator.operator(around)?;
    let lock = directory.lock()?;
    let mut voice = voice(around, args.operator.yes);
    let board = match target {
        Target::File(path) => read_board(&path)?,
        Target::Code(code) => match directory.load_board()? {
            // What is known here already needs no host to be there.
            Some(known) if known.ceremony().as_bytes().starts_with(&code.ceremony) => known,
            _ => fetch_board(&code, Clock::Machine, &mut voice)?,
        },
    };
    by_network(&args.operator, (directory, lock), board, operator, around)
}

/// Takes part at the ceremony's meeting until it is over, whoever called it.
fn by_network<T: Terminal>(
    args: &OperatorArgs,
    place: (CeremonyDir, Lock),
    board: Board,
    operator: Operator,
    around: &mut Surroundings<'_, T>,
) -> CommandResult {
    let Some(meeting) = board.invitation().body.meeting.clone() else {
        let text = "this ceremony is by files: use `step` instead of `join`";
        return Err(CeremonyError::Usage(text.to_owned()));
    };
    let entropy = Seed::derive(context::SESSION, around.entropy, 0);
    let mut voice = voice(around, args.yes);
    greet(&board, &operator, &mut voice)?;
    let mut contact = Contact::new(args.listen, Some(&meeting));
    let ceremony = entropy.expose(|entropy| {
        let at = |board: &Board, own: &PublicKey| contact.choose(board, own);
        Ceremony::enter(place, board, operator, at, entropy, Clock::Machine)
    })?;
    let report = attend(ceremony, &meeting, &mut voice)?;
    show(&report, &mut voice)
}

pub(super) fn step<T: Terminal>(
    args: &StepArgs,
    around: &mut Surroundings<'_, T>,
) -> CommandResult {
    // The files first: a mistyped name is told before the passphrase is asked for.
    let Some((board, refused)) = read_boards(&args.files)? else {
        return Err(CeremonyError::Usage("name a ceremony file".to_owned()));
    };
    let operator = args.operator.operator(around)?;
    for error in refused {
        around
            .terminal
            .warn(&format!("a message is not taken: {}", told(&error)));
    }
    let directory = CeremonyDir::new(around.dir);
    let lock = directory.lock()?;
    by_files(&args.operator, (directory, lock), board, operator, around)
}

/// Goes as far as the files at hand allow. Time stands still meanwhile: one run is one moment, and
/// what it decides does not change under its hands.
fn by_files<T: Terminal>(
    args: &OperatorArgs,
    place: (CeremonyDir, Lock),
    board: Board,
    operator: Operator,
    around: &mut Surroundings<'_, T>,
) -> CommandResult {
    let entropy = Seed::derive(context::SESSION, around.entropy, 0);
    let clock = Clock::Fixed(around.now);
    let mut voice = voice(around, args.yes);
    // The first time alone: `step` is run once for each file that comes.
    if !place.0.is_begun() {
        greet(&board, &operator, &mut voice)?;
    }
    let mut contact = Contact::new(args.listen, None);
    let ceremony = entropy.expose(|entropy| {
        let at = |board: &Board, own: &PublicKey| contact.choose(board, own);
        Ceremony::enter(place, board, operator, at, entropy, clock)
    })?;
    for error in ceremony.refused() {
        voice.warn(&format!("a message is not taken: {}", told(error)));
    }
    match advance(ceremony, &identity_again(&args.identity), &mut voice)? {
        Some(report) => show(&report, &mut voice),
        None => Ok(()),
    }
}

/// What the ceremony is about, before anything is asked or said in it.
fn greet(board: &Board, operator: &Operator, voice: &mut Voice<'_>) -> CommandResult {
    let event = InvitationEvent::new("invitation", board, &operator.identity.public_key());
    voice.say(&event, || event.to_string())
}

fn show(report: &Report, voice: &mut Voice<'_>) -> CommandResult {
    voice.say(report, || format!("\n{report}"))
}

pub(super) fn resume<T: Terminal>(
    args: &ResumeArgs,
    around: &mut Surroundings<'_, T>,
) -> CommandResult {
    let directory = CeremonyDir::new(around.dir);
    let path = around.dir.to_owned();
    if !directory.is_begun() {
        // The directory is made before the meeting is called, which may take as long as it likes.
        return Err(if directory.path().exists() {
            CeremonyError::NothingSent { path }
        } else {
            CeremonyError::NoCeremony { path }
        });
    }
    let operator = args.operator.operator(around)?;
    let lock = directory.lock()?;
    let Some(board) = directory.load_board()? else {
        return Err(CeremonyError::NoCeremony { path });
    };
    // A ceremony that began at a meeting can be finished by files, if the meeting cannot be reached
    // any more; the other way round there is nowhere to meet.
    let by_network_too = board.invitation().body.meeting.is_some();
    if by_network_too && !args.files {
        by_network(&args.operator, (directory, lock), board, operator, around)
    } else {
        by_files(&args.operator, (directory, lock), board, operator, around)
    }
}

pub(super) fn verify<T: Terminal>(
    args: &VerifyArgs,
    around: &mut Surroundings<'_, T>,
) -> CommandResult {
    let verified = verification::verify(&args.transcript, args.committee.as_deref())?;
    voice(around, false).say(&verified, || verified.to_string())
}

pub(super) fn recover<T: Terminal>(
    args: &RecoverArgs,
    around: &mut Surroundings<'_, T>,
) -> CommandResult {
    // Before the passphrase is asked: it is said at once, and a key file is never overwritten.
    if args.out.exists() {
        let source = io::Error::from(io::ErrorKind::AlreadyExists);
        return Err(CeremonyError::io(&args.out, source));
    }
    let (identity, passphrase) = load_identity(&args.identity, around)?;
    let session = SessionKey::load(&args.session, &passphrase)?;
    let (transcript, committee) = (&args.transcript, args.committee.as_deref());
    let key = recovery::recover_key(transcript, &args.session, &session, &identity, committee)?;
    let recovered = recovery::save(&key, &args.out, &passphrase, args.work.work_factor)?;
    voice(around, false).say(&recovered, || {
        let (member, key, file) = (
            &recovered.member,
            recovered.key,
            recovered.key_file.display(),
        );
        format!("recovered    {member} of key {key}\nwrote        {file}  (secret)")
    })
}
