//! One participant at work: what [`Participant::next`] asks for is done, one step at a time, with
//! everything on disk before anybody hears of it. Networks and files drive it alike.

use core::time::Duration;
use std::sync::Arc;

use sealbid_dkg::{
    Board, CeremonyOutcome, Culprit, Doubt, Fault, FaultReason, Message, Participant, PostError,
    Session, Step, Void, Waiting,
};
use sealbid_types::committee::{Committee, Member, Provenance};
use sealbid_types::id::{CeremonyId, SessionId};
use sealbid_types::keys::PublicKey;
use sealbid_types::time::Timestamp;
use serde::Serialize;

use crate::ceremony::directory::{CeremonyDir, Lock};
use crate::ceremony::error::{CeremonyError, Doubts, Verdict};
use crate::ceremony::noticeboard::{Clock, SharedBoard};
use crate::ceremony::outcome::{self, Report};
use crate::ceremony::people::{Seat, missing, name_of, seats, table};
use crate::ceremony::session_key::SessionKey;
use crate::ceremony::voice::Voice;
use crate::dealer::MemberContact;
use crate::encryption::WorkFactor;
use crate::identity::Identity;
use crate::passphrase::Passphrase;
use crate::trust::Survival;
use crate::words::{Words, words_of_digest};
use sealbid_client::CommitteeFile;

/// Who takes part, and with what.
pub(crate) struct Operator {
    pub(crate) identity: Identity,
    pub(crate) passphrase: Passphrase,
    /// How slow each guess at the passphrase is, in all files that are written.
    pub(crate) work: WorkFactor,
}

/// One participant's ceremony, held by this process alone.
pub(crate) struct Ceremony {
    directory: CeremonyDir,
    /// Shared with the meeting, whose threads read it and add to it while this one asks the person.
    board: Arc<SharedBoard>,
    operator: Operator,
    role: Role,
    was_finished: bool,
    /// Why messages that were brought were not taken.
    refused: Vec<PostError>,
    _lock: Lock,
}

enum Role {
    /// On the way.
    Participant(Box<Participant>),
    /// All is written: there is only the board to hand on.
    Finished(Box<Report>),
}

/// Where a participant stands after a step.
pub(crate) enum Advance {
    /// It has said something that others are to hear.
    Posted,
    /// It can do nothing but wait.
    Waiting(Waiting),
    /// All files are written.
    Done(Box<Report>),
    /// The session is void.
    Void(CeremonyError),
    /// It has confirmed, and somebody has cheated: whether the key counts it cannot know. Should no
    /// news come, this is the error.
    InDoubt(CeremonyError),
}

/// The roster, to be looked at.
#[derive(Serialize)]
struct RosterEvent<'a> {
    event: &'static str,
    name: &'a str,
    session: Option<SessionId>,
    session_words: Option<Words>,
    members: &'a [Seat],
    survival: Survival,
}

impl Ceremony {
    /// Begins, or goes on with, the ceremony of `board` in `directory`, of which `lock` is held.
    /// `contact` says where the member will be found, and `entropy` is 32 bytes that nobody else
    /// ever has, should this be the beginning.
    ///
    /// # Errors
    /// [`CeremonyError`]; nothing has been said then that was not said before.
    pub(crate) fn enter(
        (directory, lock): (CeremonyDir, Lock),
        board: Board,
        operator: Operator,
        contact: impl FnOnce(&Board, &PublicKey) -> Result<MemberContact, CeremonyError>,
        entropy: &[u8; 32],
        clock: Clock,
    ) -> Result<Self, CeremonyError> {
        let (board, refused) = with_known(&directory, board)?;
        let role = match finished(&directory, &board, &operator)? {
            Some(report) => Role::Finished(Box::new(report)),
            None => {
                check_time(&directory, &board, clock)?;
                let member = member_of(&board, &operator.identity, contact)?;
                // First, since to encrypt the session's key takes a while: who is killed meanwhile
                // has a ceremony to resume.
                directory.save_board(&board)?;
                let key = session_key(&directory, board.ceremony(), &operator, entropy)?;
                // What was accepted by voice stays accepted, and no other: asked again after a
                // crash, an operator would say yes without calling anybody.
                let accepted = directory.load_accepted()?;
                let identity = operator.identity.signing_key();
                let participant = Participant::new(identity, member, key.secret(), accepted);
                Role::Participant(Box::new(participant))
            }
        };
        Ok(Self {
            board: Arc::new(SharedBoard::new(board, directory.clone(), clock)?),
            directory,
            operator,
            was_finished: matches!(role, Role::Finished(_)),
            role,
            refused,
            _lock: lock,
        })
    }

    pub(crate) const fn board(&self) -> &Arc<SharedBoard> {
        &self.board
    }

    pub(crate) const fn directory(&self) -> &CeremonyDir {
        &self.directory
    }

    pub(crate) const fn identity(&self) -> &Identity {
        &self.operator.identity
    }

    /// Why messages that were brought at the beginning were not taken.
    pub(crate) fn refused(&self) -> &[PostError] {
        &self.refused
    }

    /// Whether all was written before this process began.
    pub(crate) const fn was_finished(&self) -> bool {
        self.was_finished
    }

    /// Whether this participant called the ceremony.
    pub(crate) fn is_inviter(&self) -> bool {
        let inviter = self.board.with(|board| board.invitation().author);
        inviter == self.operator.identity.public_key()
    }

    /// Does the next step.
    ///
    /// # Errors
    /// [`CeremonyError`]: the same step is next when this is tried again.
    pub(crate) fn step(&mut self, voice: &mut Voice<'_>) -> Result<Advance, CeremonyError> {
        let participant = match &mut self.role {
            Role::Finished(report) => return Ok(Advance::Done(report.clone())),
            Role::Participant(participant) => participant,
        };
        let now = self.board.now();
        // One clock and one board for the whole step: what is shown is what is decided about.
        let board = self.board.with(Board::clone);
        match participant.next(&board, now) {
            Step::Post(message) => self.post(*message, voice),
            Step::CallRoster => {
                let members = board.enrolments().iter().map(|seat| &seat.body.member);
                show_roster(
                    voice,
                    &board,
                    members.collect(),
                    None,
                    participant.identity(),
                )?;
                voice.consent(CALL)?;
                // All seats were taken when this was asked, and none is given twice: those who
                // looked have seen everybody who is called.
                let roster = participant.call_roster(&self.board.with(Board::clone), now);
                let standing = self.post(roster, voice)?;
                self.accept_own_roster(voice)?;
                Ok(standing)
            }
            Step::Accept(session) => {
                let (members, id) = (session.roster().collect(), Some(session.id()));
                show_roster(voice, &board, members, id, participant.identity())?;
                warn_of_start(&session, now, voice);
                voice.consent(ACCEPT)?;
                self.accept(&session)?;
                self.step(voice)
            }
            Step::Wait(waiting) => Ok(Advance::Waiting(waiting)),
            Step::Done(outcome) => self.conclude(&outcome).map(Advance::Done),
            Step::Void(void) => Ok(Advance::Void(verdict(&self.directory, &board, &void))),
            Step::InDoubt(doubt) => {
                let doubts = doubts(&self.directory, &board, &doubt);
                Ok(Advance::InDoubt(CeremonyError::InDoubt(doubts)))
            }
        }
    }

    fn post(&mut self, message: Message, voice: &mut Voice<'_>) -> Result<Advance, CeremonyError> {
        // On disk when this returns, and only then said and sent: what others hold of this
        // participant it holds too, whenever it was killed.
        let kind = message.kind();
        self.board.take(message)?;
        let object = serde_json::json!({ "event": "posted", "kind": kind });
        voice.say(&object, || format!("signed and kept: your {kind}"))?;
        Ok(Advance::Posted)
    }

    /// Who has looked at the enrolments and called the roster has accepted it.
    fn accept_own_roster(&mut self, voice: &mut Voice<'_>) -> Result<(), CeremonyError> {
        let session = self.board.with(|board| match board.session() {
            Some(Ok(session)) => Some(session.clone()),
            _ => None,
        });
        let Some(session) = session else {
            return Ok(());
        };
        let words = words_of_digest(session.id().as_bytes());
        let id = session.id();
        let object =
            serde_json::json!({ "event": "called", "session": id, "session_words": words });
        voice.say(&object, || {
            format!("\nsession words, the same for all of you:\n\n  {words}\n")
        })?;
        self.accept(&session)
    }

    /// Writes down that the operator has compared this session, before the participant acts on it.
    fn accept(&mut self, session: &Session) -> Result<(), CeremonyError> {
        self.directory.save_accepted(session.id())?;
        if let Role::Participant(participant) = &mut self.role {
            participant.accept(session.id());
        }
        Ok(())
    }

    fn conclude(&mut self, outcome: &CeremonyOutcome) -> Result<Box<Report>, CeremonyError> {
        let Operator {
            identity,
            passphrase,
            work,
        } = &self.operator;
        let report = outcome::write(&self.directory, identity, outcome, passphrase, *work)?;
        self.role = Role::Finished(Box::new(report.clone()));
        Ok(Box::new(report))
    }
}

/// Asked of the inviter, before it calls the roster.
const CALL: &str = "Has each of them read its fingerprint to you, and do they run the members of \
    this committee?";

/// Asked of everybody else.
const ACCEPT: &str = "Do all of you read the same session words, and has each read its \
    fingerprint?";

/// Says if the house would begin at a time that, by this machine's clock, is still to come.
fn warn_of_start(session: &Session, now: Timestamp, voice: &mut Voice<'_>) {
    let start = session.started();
    if start <= now.plus(SKEW) {
        return;
    }
    let ahead = humantime::format_duration(Duration::from_secs(start.since(now).as_secs()));
    voice.warn(&format!(
        "the inviter's clock is {ahead} ahead of this machine's, or this one is behind: the house \
         would take its first orders in {ahead}, at {start}. Say no, and set the wrong one right"
    ));
}

/// The table that people compare by voice; with the session words once there is a session.
fn show_roster(
    voice: &mut Voice<'_>,
    board: &Board,
    members: Vec<&Member>,
    session: Option<SessionId>,
    you: PublicKey,
) -> Result<(), CeremonyError> {
    let invitation = board.invitation();
    let (n, q) = (invitation.body.members, invitation.body.quorum);
    let members = seats(members, Some(you), invitation.author);
    let session_words = session.map(|session| words_of_digest(session.as_bytes()));
    let event = RosterEvent {
        event: "roster",
        name: &invitation.body.name,
        session,
        session_words,
        members: &members,
        survival: Survival::of(n, q)?,
    };
    voice.say(&event, || {
        let words = session_words
            .map(|words| format!("\nsession words, the same for all of you:\n\n  {words}\n"))
            .unwrap_or_default();
        let (table, survival) = (table(&members), event.survival);
        format!(
            "\nWho is there, and the fingerprint that each must read to you:\n\n{table}\n\n\
                 {survival}\n{words}"
        )
    })
}

/// The board with what the directory knows already, and why it does not take some messages.
fn with_known(
    directory: &CeremonyDir,
    board: Board,
) -> Result<(Board, Vec<PostError>), CeremonyError> {
    let Some(mut known) = directory.load_board()? else {
        return Ok((board, Vec::new()));
    };
    // One ceremony a directory: its secret is derived for one, and two would overwrite each other.
    if known.ceremony() != board.ceremony() {
        return Err(CeremonyError::Taken {
            path: directory.house().root().to_owned(),
            found: known.ceremony(),
        });
    }
    let (_, refused) = known.merge(&board);
    Ok((known, refused))
}

/// The report of a ceremony that is over, if its files are all there.
fn finished(
    directory: &CeremonyDir,
    board: &Board,
    operator: &Operator,
) -> Result<Option<Report>, CeremonyError> {
    let house = directory.house();
    if !house.committee().exists() {
        return Ok(None);
    }
    let (committee, _keys) = CommitteeFile::load(&house.committee())?.into_parts();
    let session = board.session().and_then(|session| session.as_ref().ok());
    let index = session
        .filter(|session| is_of(&committee, session.id()))
        .and_then(|session| session.index_of(&operator.identity.public_key()));
    let Some(index) = index else {
        let path = house.root().to_owned();
        return Err(CeremonyError::HoldsHouse { path });
    };
    outcome::finish(directory)?;
    Report::new(directory, &committee, index).map(Some)
}

fn is_of(committee: &Committee, session: SessionId) -> bool {
    match &committee.provenance {
        Provenance::Ceremony(certificate) => certificate.session == session,
        Provenance::DevelopmentDealer => false,
    }
}

/// How far clocks may be apart. By as much the house's first slot may begin late.
const SKEW: Duration = Duration::from_secs(60);

/// Nobody begins after the deadline, or before the invitation was signed.
fn check_time(directory: &CeremonyDir, board: &Board, clock: Clock) -> Result<(), CeremonyError> {
    let (invitation, now) = (&board.invitation().body, clock.now());
    // Who has begun may go on after it: what it confirmed may count for the others already, and
    // then it needs its share.
    if directory.is_begun() {
        return Ok(());
    }
    let (created, deadline) = (invitation.created, invitation.deadline);
    // Slots count from the time at which the inviter, by its clock, calls the roster: a house of one
    // that is hours ahead would take no order for hours.
    if created > now.plus(SKEW) {
        return Err(CeremonyError::NotYet { created, now });
    }
    if now > deadline {
        return Err(CeremonyError::Expired { deadline, now });
    }
    Ok(())
}

/// The session's secret: on disk before anything that depends on it is said.
///
/// One that is there already is used again, whatever entropy is given: all that this participant
/// has said rests on it, and a second one would contradict the first.
fn session_key(
    directory: &CeremonyDir,
    ceremony: CeremonyId,
    operator: &Operator,
    entropy: &[u8; 32],
) -> Result<SessionKey, CeremonyError> {
    let path = directory.session_key();
    if path.exists() {
        let key = SessionKey::load(&path, &operator.passphrase)?;
        let found = key.ceremony();
        if found == ceremony {
            return Ok(key);
        }
        // Nothing is said with a session's key before the board of its ceremony is here.
        return Err(CeremonyError::OtherCeremony {
            path,
            found,
            expected: ceremony,
        });
    }
    let key = SessionKey::from_entropy(ceremony, entropy);
    key.save(&path, &operator.passphrase, operator.work)?;
    Ok(key)
}

/// What the participant says of itself: what it has said before, if it has.
///
/// Addresses too: chosen anew after a crash, they would make a second enrolment of one identity.
fn member_of(
    board: &Board,
    identity: &Identity,
    contact: impl FnOnce(&Board, &PublicKey) -> Result<MemberContact, CeremonyError>,
) -> Result<Member, CeremonyError> {
    let own = identity.public_key();
    let session = board.session().and_then(|session| session.as_ref().ok());
    let enrolled = board.enrolments().iter().map(|seat| &seat.body.member);
    let seated = session.into_iter().flat_map(|session| session.roster());
    if let Some(member) = enrolled.chain(seated).find(|member| member.identity == own) {
        return Ok(member.clone());
    }
    let MemberContact {
        house_addresses,
        relay,
        door_addresses,
    } = contact(board, &own)?;
    let ceremony = board.ceremony();
    Ok(Member {
        identity: own,
        house: identity.house_seed(ceremony.as_bytes()).public_key(),
        house_addresses,
        relay,
        door: identity.door_seed(ceremony.as_bytes()).public_key(),
        door_addresses,
    })
}

fn verdict(directory: &CeremonyDir, board: &Board, void: &Void) -> CeremonyError {
    // Two voids are no cheat's doing, and have words of their own that say what to do now.
    let of_nobody = |reason: &FaultReason| {
        let culprit = Culprit::Nobody;
        void.faults
            .iter()
            .any(|fault| fault.culprit == culprit && fault.reason == *reason)
    };
    if of_nobody(&FaultReason::NotSeated) {
        return CeremonyError::NotSeated;
    }
    if of_nobody(&FaultReason::EnrolledElsewhere) {
        return CeremonyError::EnrolledElsewhere;
    }
    CeremonyError::Void(Verdict {
        faults: lines(board, &void.faults),
        evidence: directory.board(),
    })
}

/// What an operator in doubt needs to know: why, whose signature is missing, and which files to
/// keep, since the key may count for the others.
fn doubts(directory: &CeremonyDir, board: &Board, doubt: &Doubt) -> Doubts {
    Doubts {
        faults: lines(board, &doubt.faults),
        missing: missing(board, &doubt.waiting).of,
        house: directory.house().root().to_owned(),
        session: directory.session_key(),
    }
}

fn lines(board: &Board, faults: &[Fault]) -> Vec<String> {
    let line = |fault: &Fault| match fault.culprit {
        Culprit::Member(index) => format!("{} {}", name_of(board, index), fault.reason),
        Culprit::Inviter => format!("the inviter {}", fault.reason),
        Culprit::Nobody => format!("{} (no message shows who is to blame)", fault.reason),
    };
    faults.iter().map(line).collect()
}
