//! What a ceremony's files are.

use core::fmt;

use sealbid_dkg::{Board, BoardError, Transcript};
use sealbid_types::codec::{DecodeError, Schema};
use sealbid_types::id::{CeremonyId, MemberIndex, SessionId};
use sealbid_types::keys::PublicKey;
use sealbid_types::time::Timestamp;
use serde::Serialize;

use crate::ceremony::people::{Seat, seats, table};
use crate::ceremony::session_key::SessionKey;
use crate::ceremony::verify::{Verified, verified};
use crate::identity::Identity;
use crate::trust::{BadQuorum, Survival};
use crate::words::{Words, words_of_digest, words_of_key};

/// A participant's identity file in short, opened.
#[derive(Debug, Clone, Serialize)]
pub struct IdentitySummary {
    /// The public half.
    pub identity: PublicKey,
    /// Its words.
    pub fingerprint: Words,
}

/// A session key's file in short, opened.
#[derive(Debug, Clone, Serialize)]
pub struct SessionKeySummary {
    /// The ceremony that it is for.
    pub ceremony: CeremonyId,
}

/// A ceremony file in short: all messages that somebody had.
#[derive(Debug, Clone, Serialize)]
pub struct CeremonySummary {
    /// The auction's name.
    pub name: String,
    /// The ceremony's id.
    pub ceremony: CeremonyId,
    /// Who called it.
    pub inviter: PublicKey,
    /// The inviter's words.
    pub inviter_fingerprint: Words,
    /// Until when everybody must be there.
    pub deadline: Timestamp,
    /// Whether it is by files alone.
    pub by_files: bool,
    /// Who has enrolled.
    enrolled: Vec<Seat>,
    /// The session, once the roster is called.
    pub session: Option<SessionId>,
    /// Its words.
    pub session_words: Option<Words>,
    /// How many have committed to their dealings.
    pub commitments: usize,
    /// How many have dealt.
    pub dealings: usize,
    /// How many have confirmed.
    pub confirmations: usize,
    /// How many complaints there are: with one, whoever has not confirmed never will.
    pub complaints: usize,
    /// What the committee is to survive.
    pub survival: Survival,
}

/// What bytes are, if they are a public file of a ceremony.
pub(super) enum Public {
    Ceremony(CeremonySummary),
    Transcript(Verified),
}

/// What is wrong with a public file of a ceremony.
pub(super) enum PublicError {
    /// Nothing of the kind.
    Unknown,
    /// One, and damaged.
    Damaged(String),
    /// One that calls for what no committee can be.
    Quorum(BadQuorum),
}

pub(super) fn identity(identity: &Identity) -> IdentitySummary {
    IdentitySummary {
        identity: identity.public_key(),
        fingerprint: identity.words(),
    }
}

pub(super) const fn session_key(key: &SessionKey) -> SessionKeySummary {
    SessionKeySummary {
        ceremony: key.ceremony(),
    }
}

/// Told by how it begins, and checked as a whole: what is said of a file is believed.
pub(super) fn public(bytes: &[u8]) -> Result<Public, PublicError> {
    if bytes.starts_with(&Transcript::SCHEMA.prefix()) {
        let damaged = |reason: String| PublicError::Damaged(reason);
        let transcript =
            Transcript::from_bytes(bytes).map_err(|error| damaged(error.to_string()))?;
        let verified = transcript
            .verify()
            .and_then(|committee| verified(&transcript, &committee))
            .map_err(|error| damaged(error.to_string()))?;
        return Ok(Public::Transcript(verified));
    }
    match Board::from_bytes(bytes) {
        Ok(board) => ceremony(&board)
            .map(Public::Ceremony)
            .map_err(PublicError::Quorum),
        // Of another schema, or longer than any ceremony: it may be something else.
        Err(BoardError::Decode(DecodeError::Schema { .. } | DecodeError::Oversize { .. })) => {
            Err(PublicError::Unknown)
        }
        Err(error) => Err(PublicError::Damaged(error.to_string())),
    }
}

fn ceremony(board: &Board) -> Result<CeremonySummary, BadQuorum> {
    let invitation = board.invitation();
    let body = &invitation.body;
    let session = board.session().and_then(|session| session.as_ref().ok());
    let session = session.map(|session| session.id());
    let members = board.enrolments().iter().map(|seat| &seat.body.member);
    let count = |has: &dyn Fn(MemberIndex) -> bool| {
        MemberIndex::all(body.members)
            .filter(|index| has(*index))
            .count()
    };
    Ok(CeremonySummary {
        name: body.name.clone(),
        ceremony: board.ceremony(),
        inviter: invitation.author,
        inviter_fingerprint: words_of_key(&invitation.author),
        deadline: body.deadline,
        by_files: body.meeting.is_none(),
        enrolled: seats(members, None, invitation.author),
        session,
        session_words: session.map(|session| words_of_digest(session.as_bytes())),
        commitments: count(&|index| !board.commitments(index).is_empty()),
        dealings: count(&|index| !board.dealings(index).is_empty()),
        confirmations: count(&|index| !board.confirmations(index).is_empty()),
        complaints: board.complaints().count(),
        survival: Survival::of(body.members, body.quorum)?,
    })
}

impl fmt::Display for IdentitySummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "a participant's identity")?;
        writeln!(f, "identity    {}", self.identity)?;
        write!(f, "fingerprint {}", self.fingerprint)
    }
}

impl fmt::Display for SessionKeySummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "a session key: with identity and transcript it gives back a key file"
        )?;
        write!(f, "ceremony    {}", self.ceremony)
    }
}

impl fmt::Display for CeremonySummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let way = if self.by_files {
            "by files"
        } else {
            "by network"
        };
        writeln!(f, "a ceremony file, all signatures in order")?;
        writeln!(f, "auction     {}, {way}", self.name)?;
        writeln!(f, "ceremony    {}", self.ceremony)?;
        writeln!(f, "inviter     {}", self.inviter_fingerprint)?;
        writeln!(f, "until       {}", self.deadline)?;
        if let (Some(session), Some(words)) = (self.session, self.session_words) {
            writeln!(f, "session     {session}\n            {words}")?;
        }
        let members = self.survival.members;
        let (committed, dealt) = (self.commitments, self.dealings);
        let (enrolled, confirmed) = (self.enrolled.len(), self.confirmations);
        writeln!(
            f,
            "messages    {enrolled} of {members} enrolled, {committed} committed, {dealt} dealt, \
             {confirmed} confirmed"
        )?;
        if self.complaints > 0 {
            writeln!(
                f,
                "            {} COMPLAINTS: void for whoever has not confirmed",
                self.complaints
            )?;
        }
        if !self.enrolled.is_empty() {
            writeln!(f, "\n{}\n", table(&self.enrolled))?;
        }
        self.survival.fmt(f)
    }
}
