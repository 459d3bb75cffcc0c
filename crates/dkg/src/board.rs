//! The board: all messages of one ceremony that a participant, or whoever carries them, has.
//!
//! It only grows. What is posted is checked for its signature and for belonging here, not for being
//! right: a wrong dealing stays, as evidence. Of each author it keeps two different messages a kind
//! at most, which is as much evidence as is needed, and none that is longer than its schema allows.
//! So all of them together have room in a file, whoever lies: what is written can be read again.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use sealbid_types::codec::{DecodeError, Schema, SchemaName, decode, encode};
use sealbid_types::committee::MEMBERS;
use sealbid_types::id::{CeremonyId, MemberIndex, SessionId};
use sealbid_types::keys::PublicKey;
use serde::{Deserialize, Serialize};

use crate::invitation::InvitationError;
use crate::message::{
    Commitment, Complaint, Confirmed, Dealing, Enrolment, Invitation, Message, MessageId, Roster,
};
use crate::session::{EnrolmentError, RosterError, Session, addresses, check_enrolment};
use crate::signed::{Signable, Signed};

/// How many different messages of one author and kind are kept.
const MOST_EACH: usize = 2;

/// The most bytes of a board in a file.
pub const MOST_BOARD_BYTES: usize = 2 << 20;

/// What stands around a body: its author, the author's signature, and the number of its kind.
const MOST_AROUND: usize = 128;

/// The most bytes of `count` messages of a kind.
const fn most_of(schema: SchemaName, count: usize) -> usize {
    (schema.max_bytes + MOST_AROUND) * count
}

/// A board that could grow over its bound could not be read again by whoever has written it: one
/// liar would end the ceremony for everybody, and nobody could `resume`.
const _: () = {
    let seats = *MEMBERS.end() as usize;
    let posts = MOST_EACH * seats;
    let most = most_of(Invitation::SCHEMA, 1)
        + most_of(Enrolment::SCHEMA, seats)
        + most_of(Roster::SCHEMA, MOST_EACH)
        + most_of(Commitment::SCHEMA, posts)
        + most_of(Dealing::SCHEMA, posts)
        + most_of(Confirmed::SCHEMA, posts)
        + most_of(Complaint::SCHEMA, posts);
    assert!(most <= MOST_BOARD_BYTES);
};

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
    /// Another participant has enrolled with one of its addresses.
    #[error("{one} and {other} would both be found at {address}")]
    SharedAddress {
        /// Who has enrolled.
        one: PublicKey,
        /// Who wants to.
        other: PublicKey,
        /// The address.
        address: SocketAddr,
    },
    /// The author does not hold the seat that the message speaks for.
    #[error("the author of this {0} does not hold that seat")]
    Stranger(&'static str),
    /// There is no roster yet.
    #[error("this {0} comes before the roster")]
    TooEarly(&'static str),
    /// Its author has signed more than any honest one has to say.
    #[error("this {kind} of {author} has {found} bytes, and no honest one more than {most}")]
    Oversize {
        /// What it is.
        kind: &'static str,
        /// Who has signed it.
        author: PublicKey,
        /// The most bytes of such a message.
        most: usize,
        /// How many there are.
        found: usize,
    },
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
    commitments: Posts<Commitment>,
    dealings: Posts<Dealing>,
    confirmations: Posts<Confirmed>,
    complaints: Posts<Complaint>,
}

/// Each member's messages of one kind, in the order of their arrival.
type Posts<T> = BTreeMap<MemberIndex, Vec<Signed<T>>>;

/// A board in a file: its messages, in the order of [`Board::messages`].
#[derive(Serialize, Deserialize)]
struct Messages(Vec<Message>);
sealbid_types::schema!(Messages, "sealbid.ceremony.board", 2, MOST_BOARD_BYTES);

impl Board {
    /// The board of the ceremony that `invitation` calls.
    ///
    /// # Errors
    /// `Signature` or `Invitation`.
    pub fn new(invitation: Signed<Invitation>) -> Result<Self, PostError> {
        invitation.body.check()?;
        check_signature(&invitation, "invitation")?;
        Ok(Self {
            ceremony: invitation.ceremony(),
            invitation,
            enrolments: Vec::new(),
            rosters: Vec::new(),
            session: None,
            commitments: Posts::new(),
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
            // Its author is in the ceremony's id: the same words by another are another ceremony.
            Message::Invitation(invitation) if invitation.ceremony() == self.ceremony => {
                Ok(Posted::Known)
            }
            Message::Invitation(_) => Err(PostError::Foreign("invitation")),
            Message::Enrolment(enrolment) => self.post_enrolment(enrolment),
            Message::Roster(roster) => self.post_roster(roster),
            Message::Commitment(commitment) => self.post_commitment(commitment),
            Message::Dealing(dealing) => {
                let (session, seat) = (dealing.body.session, dealing.body.dealer);
                check_seat(self.current("dealing")?, &dealing, session, seat, "dealing")?;
                insert(self.dealings.entry(seat).or_default(), dealing)
            }
            Message::Confirmation(confirmed) => self.post_confirmation(confirmed),
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
        let commitments = self.commitments.values().flatten().cloned();
        let dealings = self.dealings.values().flatten().cloned();
        let confirmations = self.confirmations.values().flatten().cloned();
        let complaints = self.complaints.values().flatten().cloned();
        invitation
            .chain(self.enrolments.iter().cloned().map(Message::Enrolment))
            .chain(self.rosters.iter().cloned().map(Message::Roster))
            .chain(commitments.map(Message::Commitment))
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

    /// The board as bytes: a file to carry, or to keep. At most [`MOST_BOARD_BYTES`].
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

    /// What a member has committed to: one dealing, unless it lies.
    #[must_use]
    pub fn commitments(&self, member: MemberIndex) -> &[Signed<Commitment>] {
        self.commitments.get(&member).map_or(&[], Vec::as_slice)
    }

    /// The dealings of a member: one, unless it lies.
    #[must_use]
    pub fn dealings(&self, member: MemberIndex) -> &[Signed<Dealing>] {
        self.dealings.get(&member).map_or(&[], Vec::as_slice)
    }

    /// The confirmations of a member: one, unless it lies.
    #[must_use]
    pub fn confirmations(&self, member: MemberIndex) -> &[Signed<Confirmed>] {
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
        check_size(&enrolment, "enrolment")?;
        let author = enrolment.author;
        if self.enrolments.iter().any(|known| known.author == author) {
            return Err(PostError::Enrolled(author));
        }
        self.check_addresses(&enrolment)?;
        let members = self.invitation.body.members;
        if self.session.is_some() || self.enrolments.len() >= usize::from(members) {
            return Err(PostError::Full(members));
        }
        self.enrolments.push(enrolment);
        Ok(Posted::New)
    }

    /// Refused here, so that no honest inviter calls a roster in which two seats share an address.
    fn check_addresses(&self, enrolment: &Signed<Enrolment>) -> Result<(), PostError> {
        for known in &self.enrolments {
            let taken = |address: &SocketAddr| addresses(&known.body.member).any(|a| a == *address);
            if let Some(address) = addresses(&enrolment.body.member).find(taken) {
                return Err(PostError::SharedAddress {
                    one: known.author,
                    other: enrolment.author,
                    address,
                });
            }
        }
        Ok(())
    }

    fn post_commitment(&mut self, commitment: Signed<Commitment>) -> Result<Posted, PostError> {
        let (session, seat) = (commitment.body.session, commitment.body.dealer);
        let current = self.current("commitment")?;
        check_seat(current, &commitment, session, seat, "commitment")?;
        insert(self.commitments.entry(seat).or_default(), commitment)
    }

    fn post_confirmation(&mut self, confirmed: Signed<Confirmed>) -> Result<Posted, PostError> {
        let kind = "confirmation";
        let current = self.current(kind)?;
        let Confirmed {
            confirmation,
            signature,
            commitments,
        } = &confirmed.body;
        let seat = current.index_of(&confirmed.author);
        let seat = seat.ok_or(PostError::Stranger(kind))?;
        check_seat(current, &confirmed, confirmation.session, seat, kind)?;
        // Both signatures are the author's: with one of them wrong it has said nothing.
        let signed = confirmation.verify(&confirmed.author, signature);
        signed.map_err(|_| PostError::Signature(kind))?;
        let shown = commitments.clone();
        let posted = insert(self.confirmations.entry(seat).or_default(), confirmed)?;
        for commitment in shown {
            // What the author was shown is shown here too: of one that committed to two dealings
            // both are known then. Those that nobody signed are not taken, which tells on the author
            // (`false_confirmation`).
            let _ = self.post_commitment(commitment);
        }
        Ok(posted)
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

fn check_seat<T: Signable + Schema>(
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

fn check_signature<T: Signable + Schema>(
    message: &Signed<T>,
    kind: &'static str,
) -> Result<(), PostError> {
    message.verify().map_err(|_| PostError::Signature(kind))?;
    // Only now: the signature shows whose fault it is.
    check_size(message, kind)
}

/// Bounded each by itself, so that no message leaves another one without room: with a bound of all
/// together, a liar that comes first would keep the honest out.
fn check_size<T: Schema>(message: &Signed<T>, kind: &'static str) -> Result<(), PostError> {
    let (most, found) = (T::SCHEMA.max_bytes, encode(&message.body).len());
    if found > most {
        return Err(PostError::Oversize {
            kind,
            author: message.author,
            most,
            found,
        });
    }
    Ok(())
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
