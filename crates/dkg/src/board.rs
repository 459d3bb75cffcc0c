//! The board: all messages of one ceremony that a participant, or whoever carries them, has.
//!
//! It only grows. What is posted is checked for its signature and for belonging here, not for being
//! right: a wrong dealing stays, as evidence. Of each author it keeps two different messages a kind
//! at most, which is as much evidence as is needed and bounds its size.

use std::collections::BTreeMap;

use sealbid_types::ceremony::Confirmation;
use sealbid_types::codec::{DecodeError, decode, encode};
use sealbid_types::id::{CeremonyId, MemberIndex, SessionId};
use sealbid_types::keys::PublicKey;
use serde::{Deserialize, Serialize};

use crate::invitation::InvitationError;
use crate::message::{Complaint, Dealing, Enrolment, Invitation, Message, MessageId, Roster};
use crate::session::{EnrolmentError, RosterError, Session, check_enrolment};
use crate::signed::{Signable, Signed};

/// How many different messages of one author and kind are kept.
const MOST_EACH: usize = 2;

/// The most bytes of a board in a file.
pub const MOST_BOARD_BYTES: usize = 2 << 20;

/// Whether a message was there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Posted {
    /// It was not.
    New,
    /// It was.
    Known,
}

/// Why a message is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PostError {
    /// The invitation makes no sense.
    #[error("the invitation: {0}")]
    Invitation(#[from] InvitationError),
    /// It belongs to another ceremony, or another session of this one.
    #[error("this {0} is of another ceremony or session")]
    Foreign(&'static str),
    /// Its signature does not verify.
    #[error("the signature of this {0} does not verify")]
    Signature(&'static str),
    /// The enrolment is not one.
    #[error("the enrolment: {0}")]
    Enrolment(#[from] EnrolmentError),
    /// All seats are taken.
    #[error("all {0} seats are taken")]
    Full(u8),
    /// The same identity has enrolled with other keys.
    #[error("{0} has enrolled already, with other keys")]
    Enrolled(PublicKey),
    /// The author does not hold the seat that the message speaks for.
    #[error("the author of this {0} does not hold that seat")]
    Stranger(&'static str),
    /// There is no roster yet.
    #[error("this {0} comes before the roster")]
    TooEarly(&'static str),
    /// There are two of that kind by this author already.
    #[error("two different messages of this kind and author are known already")]
    TooMany,
}

/// Why bytes are not a board.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BoardError {
    /// Not the encoding of a board.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The first message is not an invitation.
    #[error("it does not begin with an invitation")]
    NoInvitation,
    /// A message does not belong.
    #[error("message {at}: {error}")]
    Post {
        /// Its place, from 0.
        at: usize,
        /// Why.
        error: PostError,
    },
}

/// The messages of one ceremony.
#[derive(Debug, Clone)]
pub struct Board {
    ceremony: CeremonyId,
    invitation: Signed<Invitation>,
    enrolments: Vec<Signed<Enrolment>>,
    rosters: Vec<Signed<Roster>>,
    /// That of the first roster.
    session: Option<Result<Session, RosterError>>,
    dealings: Posts<Dealing>,
    confirmations: Posts<Confirmation>,
    complaints: Posts<Complaint>,
}

/// Each member's messages of one kind, in the order of their arrival.
type Posts<T> = BTreeMap<MemberIndex, Vec<Signed<T>>>;

/// A board in a file: its messages, in the order of [`Board::messages`].
#[derive(Serialize, Deserialize)]
struct Messages(Vec<Message>);
sealbid_types::schema!(Messages, "sealbid.ceremony.board", 1, MOST_BOARD_BYTES);

impl Board {
    /// The board of the ceremony that `invitation` calls.
    ///
    /// # Errors
    /// `Signature` or `Invitation`.
    pub fn new(invitation: Signed<Invitation>) -> Result<Self, PostError> {
        invitation.body.check()?;
        check_signature(&invitation, "invitation")?;
        Ok(Self {
            ceremony: invitation.body.id(),
            invitation,
            enrolments: Vec::new(),
            rosters: Vec::new(),
            session: None,
            dealings: Posts::new(),
            confirmations: Posts::new(),
            complaints: Posts::new(),
        })
    }

    /// Takes a message.
    ///
    /// # Errors
    /// [`PostError`]; the board is as before.
    pub fn post(&mut self, message: Message) -> Result<Posted, PostError> {
        match message {
            Message::Invitation(invitation) if invitation.body == self.invitation.body => {
                Ok(Posted::Known)
            }
            Message::Invitation(_) => Err(PostError::Foreign("invitation")),
            Message::Enrolment(enrolment) => self.post_enrolment(enrolment),
            Message::Roster(roster) => self.post_roster(roster),
            Message::Dealing(dealing) => {
                let (session, seat) = (dealing.body.session, dealing.body.dealer);
                check_seat(self.current("dealing")?, &dealing, session, seat, "dealing")?;
                insert(self.dealings.entry(seat).or_default(), dealing)
            }
            Message::Confirmation(confirmation) => {
                let current = self.current("confirmation")?;
                let stranger = PostError::Stranger("confirmation");
                let seat = current.index_of(&confirmation.author).ok_or(stranger)?;
                let session = confirmation.body.session;
                check_seat(current, &confirmation, session, seat, "confirmation")?;
                insert(self.confirmations.entry(seat).or_default(), confirmation)
            }
            Message::Complaint(complaint) => {
                let (session, seat) = (complaint.body.session, complaint.body.accuser);
                let current = self.current("complaint")?;
                check_seat(current, &complaint, session, seat, "complaint")?;
                let dealing = &complaint.body.dealing;
                let (session, dealer) = (dealing.body.session, dealing.body.dealer);
                check_seat(current, dealing, session, dealer, "complaint")?;
                insert(self.complaints.entry(seat).or_default(), complaint)
            }
        }
    }

    /// Takes all messages of another board of this ceremony, as far as they belong here. Returns
    /// how many are new, and why others were not taken.
    pub fn merge(&mut self, other: &Self) -> (usize, Vec<PostError>) {
        let (mut new, mut refused) = (0, Vec::new());
        for message in other.messages() {
            match self.post(message) {
                Ok(Posted::New) => new += 1,
                Ok(Posted::Known) => {}
                Err(error) => refused.push(error),
            }
        }
        (new, refused)
    }

    /// All messages, those first that others build on.
    pub fn messages(&self) -> impl Iterator<Item = Message> {
        let invitation = core::iter::once(Message::Invitation(self.invitation.clone()));
        let dealings = self.dealings.values().flatten().cloned();
        let confirmations = self.confirmations.values().flatten().cloned();
        let complaints = self.complaints.values().flatten().cloned();
        invitation
            .chain(self.enrolments.iter().cloned().map(Message::Enrolment))
            .chain(self.rosters.iter().cloned().map(Message::Roster))
            .chain(dealings.map(Message::Dealing))
            .chain(complaints.map(Message::Complaint))
            .chain(confirmations.map(Message::Confirmation))
    }

    /// The ids of all messages, in that order.
    pub fn ids(&self) -> impl Iterator<Item = MessageId> {
        self.messages().map(|message| message.id())
    }

    /// The message with this id.
    #[must_use]
    pub fn get(&self, id: &MessageId) -> Option<Message> {
        self.messages().find(|message| message.id() == *id)
    }

    /// The board as bytes: a file to carry, or to keep.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        encode(&Messages(self.messages().collect()))
    }

    /// Reads a board, every signature included.
    ///
    /// # Errors
    /// [`BoardError`], the first that is found.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BoardError> {
        let Messages(messages) = decode(bytes)?;
        let mut messages = messages.into_iter();
        let Some(Message::Invitation(invitation)) = messages.next() else {
            return Err(BoardError::NoInvitation);
        };
        let mut board = Self::new(invitation).map_err(|error| BoardError::Post { at: 0, error })?;
        for (at, message) in (1..).zip(messages) {
            let posted = board.post(message);
            posted.map_err(|error| BoardError::Post { at, error })?;
        }
        Ok(board)
    }

    /// The ceremony's id.
    #[must_use]
    pub const fn ceremony(&self) -> CeremonyId {
        self.ceremony
    }

    /// The invitation; its author is the inviter.
    #[must_use]
    pub const fn invitation(&self) -> &Signed<Invitation> {
        &self.invitation
    }

    /// Who wants a seat, in the order of their arrival.
    #[must_use]
    pub fn enrolments(&self) -> &[Signed<Enrolment>] {
        &self.enrolments
    }

    /// The rosters: one, unless the inviter lies.
    #[must_use]
    pub fn rosters(&self) -> &[Signed<Roster>] {
        &self.rosters
    }

    /// The session of the first roster.
    #[must_use]
    pub const fn session(&self) -> Option<&Result<Session, RosterError>> {
        self.session.as_ref()
    }

    /// The dealings of a member: one, unless it lies.
    #[must_use]
    pub fn dealings(&self, member: MemberIndex) -> &[Signed<Dealing>] {
        self.dealings.get(&member).map_or(&[], Vec::as_slice)
    }

    /// The confirmations of a member: one, unless it lies.
    #[must_use]
    pub fn confirmations(&self, member: MemberIndex) -> &[Signed<Confirmation>] {
        self.confirmations.get(&member).map_or(&[], Vec::as_slice)
    }

    /// All complaints.
    pub fn complaints(&self) -> impl Iterator<Item = &Signed<Complaint>> {
        self.complaints.values().flatten()
    }

    fn post_enrolment(&mut self, enrolment: Signed<Enrolment>) -> Result<Posted, PostError> {
        if self
            .enrolments
            .iter()
            .any(|known| known.body == enrolment.body)
        {
            return Ok(Posted::Known);
        }
        check_enrolment(self.ceremony, &enrolment)?;
        let author = enrolment.author;
        if self.enrolments.iter().any(|known| known.author == author) {
            return Err(PostError::Enrolled(author));
        }
        let members = self.invitation.body.members;
        if self.session.is_some() || self.enrolments.len() >= usize::from(members) {
            return Err(PostError::Full(members));
        }
        self.enrolments.push(enrolment);
        Ok(Posted::New)
    }

    fn post_roster(&mut self, roster: Signed<Roster>) -> Result<Posted, PostError> {
        if roster.body.ceremony != self.ceremony {
            return Err(PostError::Foreign("roster"));
        }
        if roster.author != self.invitation.author {
            return Err(PostError::Stranger("roster"));
        }
        check_signature(&roster, "roster")?;
        if self.session.is_none() {
            self.session = Some(Session::new(&self.invitation, &roster));
        }
        insert(&mut self.rosters, roster)
    }

    /// The session that messages must belong to.
    fn current(&self, kind: &'static str) -> Result<&Session, PostError> {
        match &self.session {
            Some(Ok(session)) => Ok(session),
            _ => Err(PostError::TooEarly(kind)),
        }
    }
}

fn check_seat<T: Signable>(
    current: &Session,
    message: &Signed<T>,
    session: SessionId,
    seat: MemberIndex,
    kind: &'static str,
) -> Result<(), PostError> {
    if session != current.id() {
        return Err(PostError::Foreign(kind));
    }
    if current.identity(seat) != Some(message.author) {
        return Err(PostError::Stranger(kind));
    }
    check_signature(message, kind)
}

fn check_signature<T: Signable>(message: &Signed<T>, kind: &'static str) -> Result<(), PostError> {
    message.verify().map_err(|_| PostError::Signature(kind))
}

fn insert<T: PartialEq>(
    posts: &mut Vec<Signed<T>>,
    message: Signed<T>,
) -> Result<Posted, PostError> {
    if posts.iter().any(|known| known.body == message.body) {
        return Ok(Posted::Known);
    }
    if posts.len() >= MOST_EACH {
        return Err(PostError::TooMany);
    }
    posts.push(message);
    Ok(Posted::New)
}
