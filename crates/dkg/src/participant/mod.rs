//! A participant: what it does next, given its secrets and the board.
//!
//! All that it says is derived from its secrets and from messages on the board, so that one that
//! was killed says the same again. The order of its steps is ChillDKG's (enrol, deal, check and
//! confirm), with a commitment to each dealing before any is shown; and the key counts once all have
//! confirmed.
//!
//! Until it has confirmed, a participant that sees a cheat knows that no key will ever count, since
//! its own signature is missing. Once it has confirmed it knows no such thing: others may hold all n
//! signatures that it was never shown. So it says *void* before, and *in doubt* after.

use std::sync::Arc;

use ed25519_dalek::SigningKey;
use sealbid_crypto::group::SecretScalar;
use sealbid_types::bytes::FixedBytes;
use sealbid_types::ceremony::CeremonyCertificate;
use sealbid_types::committee::{Committee, Member, Provenance};
use sealbid_types::id::{MemberIndex, SessionId, TranscriptDigest};
use sealbid_types::keys::PublicKey;
use sealbid_types::time::Timestamp;

use crate::board::Board;
use crate::complaint::complain;
use crate::dealing::deal;
use crate::evidence::{dissent, evidence};
use crate::fault::{Fault, FaultReason, Void};
use crate::message::{Commitment, Confirmed, Dealing, Enrolment, Message, Roster};
use crate::receive::{Checked, Dealt, NoShare, Received};
use crate::secret::{SecretBytes, SessionSecret};
use crate::session::Session;
use crate::signed::Signed;
use crate::transcript::Transcript;
use crate::waiting::{Doubt, Stage, Waiting, missing, waiting};

/// What a participant does next.
#[derive(Debug)]
pub enum Step {
    /// Put this on the board, keep the board, and only then send it.
    Post(Box<Message>),
    /// All seats are taken. The inviter looks at who takes them, and calls the roster.
    CallRoster,
    /// The participant looks at who takes part, and accepts the session.
    Accept(Box<Session>),
    /// Nothing but wait.
    Wait(Waiting),
    /// All have confirmed.
    Done(Box<CeremonyOutcome>),
    /// Nothing of this session may be used: this participant has not confirmed, and never will.
    Void(Void),
    /// It has confirmed, and others may have a key that counts: it keeps its secret and its board,
    /// and waits.
    InDoubt(Doubt),
}

/// What a ceremony leaves a participant with.
#[derive(Debug)]
pub struct CeremonyOutcome {
    /// What everybody may know: the committee, its certificate in it.
    pub committee: Committee,
    /// How it came about, for everybody to check.
    pub transcript: Transcript,
    /// Its own place in the roster.
    pub index: MemberIndex,
    /// Its own share `s_i`.
    pub share: SecretScalar,
    /// What all members share to form their group.
    pub group: SecretBytes,
}

/// One who takes part, or wants to.
#[derive(Debug)]
pub struct Participant {
    identity: SigningKey,
    member: Member,
    secret: SessionSecret,
    /// The session whose words its operator has compared, and said yes to.
    accepted: Option<SessionId>,
    /// Its own dealing, once it has been made up: committed to in one step and shown in another.
    dealing: Option<Signed<Dealing>>,
    /// What came of the dealings that were checked last: checking is most of the work.
    checked: Option<Arc<Checked>>,
    /// Its own part of them, once it has confirmed.
    received: Option<(TranscriptDigest, Received)>,
}

impl Participant {
    /// A participant with this identity, whose public half `member` names. `accepted` is the
    /// session that it has accepted before, if it starts again.
    #[must_use]
    pub const fn new(
        identity: SigningKey,
        member: Member,
        secret: SessionSecret,
        accepted: Option<SessionId>,
    ) -> Self {
        Self {
            identity,
            member,
            secret,
            accepted,
            dealing: None,
            checked: None,
            received: None,
        }
    }

    /// Accepts a session: keep this before anything else is done.
    pub const fn accept(&mut self, session: SessionId) {
        self.accepted = Some(session);
    }

    /// Its identity.
    #[must_use]
    pub const fn identity(&self) -> PublicKey {
        self.member.identity
    }

    /// Its session secret, to be kept.
    #[must_use]
    pub const fn secret(&self) -> &SessionSecret {
        &self.secret
    }

    /// The roster of those on the board, in the order of their arrival, for the inviter to post.
    #[must_use]
    pub fn call_roster(&self, board: &Board, now: Timestamp) -> Message {
        let roster = Roster {
            ceremony: board.ceremony(),
            enrolments: board.enrolments().to_vec(),
            started: now,
        };
        Message::Roster(Signed::new(roster, &self.identity))
    }

    /// What to do next. It depends on nothing but the arguments and what [`Self::new`] and
    /// [`Self::accept`] were given.
    pub fn next(&mut self, board: &Board, now: Timestamp) -> Step {
        let overdue = now > board.invitation().body.deadline;
        let Some(session) = board.session() else {
            return self.enrol(board, overdue);
        };
        let session = match session {
            Ok(session) => session,
            Err(error) => {
                let reason = FaultReason::Roster(error.clone());
                return Step::Void(Fault::of_inviter(reason).into());
            }
        };
        match self.own_seat(session) {
            Ok(index) => self.take_part(board, session, index, overdue),
            Err(reason) => Step::Void(Fault::of_nobody(reason).into()),
        }
    }

    fn enrol(&self, board: &Board, overdue: bool) -> Step {
        let identity = self.identity();
        let enrolments = board.enrolments();
        let members = board.invitation().body.members;
        let taken = u8::try_from(enrolments.len()).unwrap_or(u8::MAX);
        let free_seats = members.saturating_sub(taken);
        let own = self.enrolment(board);
        match enrolments.iter().find(|seat| seat.author == identity) {
            // A seat with another secret than this one's: what is dealt to it could never be opened
            // here.
            Some(seat) if seat.body != own => {
                Step::Void(Fault::of_nobody(FaultReason::EnrolledElsewhere).into())
            }
            None if free_seats == 0 => Step::Void(Fault::of_nobody(FaultReason::NotSeated).into()),
            // Not after the deadline: no roster is called any more.
            None if !overdue => {
                let enrolment = Signed::new(own, &self.identity);
                Step::Post(Box::new(Message::Enrolment(enrolment)))
            }
            Some(_) if free_seats == 0 && !overdue && board.invitation().author == identity => {
                Step::CallRoster
            }
            _ => Step::Wait(Waiting {
                stage: if free_seats > 0 {
                    Stage::Enrolling
                } else {
                    Stage::Roster
                },
                missing: Vec::new(),
                free_seats,
                overdue,
            }),
        }
    }

    fn enrolment(&self, board: &Board) -> Enrolment {
        let key = self.secret.encryption_key(board.ceremony());
        Enrolment {
            ceremony: board.ceremony(),
            member: self.member.clone(),
            encryption_key: FixedBytes(key.compress()),
        }
    }

    fn own_seat(&self, session: &Session) -> Result<MemberIndex, FaultReason> {
        let index = session.index_of(&self.identity());
        let index = index.ok_or(FaultReason::NotSeated)?;
        let key = self.secret.encryption_key(session.ceremony());
        if session.encryption_key(index) == Some(&key) {
            Ok(index)
        } else {
            Err(FaultReason::EnrolledElsewhere)
        }
    }

    fn take_part(
        &mut self,
        board: &Board,
        session: &Session,
        index: MemberIndex,
        overdue: bool,
    ) -> Step {
        let dealt = self.all_dealt(board, session);
        // Once all have confirmed, the key counts, whatever else turns up.
        if let Some(Ok(dealt)) = &dealt
            && let Some(certificate) = certificate(board, dealt)
            && let Ok(received) = self.receive(dealt, index)
        {
            return outcome(board, dealt, certificate, index, received);
        }
        // Before the operator is asked: nobody need compare the words of a session that is void.
        let faults = evidence(board, session);
        if !faults.is_empty() {
            return condemn(board, session, index, faults, overdue);
        }
        if self.accepted != Some(session.id()) {
            return Step::Accept(Box::new(session.clone()));
        }
        if board.commitments(index).is_empty() {
            return self.commit(session, index);
        }
        // Nobody deals before all have committed: a dealing that is seen could be answered.
        if let Some(waiting) = missing(board, session, Stage::Committing, overdue) {
            return Step::Wait(waiting);
        }
        if board.dealings(index).is_empty() {
            return self.deal(session, index);
        }
        match dealt {
            None => wait(board, session, Stage::Dealing, overdue),
            Some(Err(void)) => condemn(board, session, index, void.faults, overdue),
            Some(Ok(dealt)) => {
                let step = self.check(board, &dealt, index, overdue);
                step.unwrap_or_else(|| wait(board, session, Stage::Confirming, overdue))
            }
        }
    }

    /// The first dealing of each member, checked; none while one is missing.
    fn all_dealt<'a>(
        &mut self,
        board: &'a Board,
        session: &'a Session,
    ) -> Option<Result<Dealt<'a>, Void>> {
        let dealings = MemberIndex::all(session.members())
            .map(|member| board.dealings(member).first())
            .collect::<Option<Vec<_>>>()?;
        let dealt = Dealt::check_unless(self.checked.as_ref(), session, dealings);
        if let Ok(dealt) = &dealt {
            self.checked = Some(Arc::clone(&dealt.checked));
        }
        Some(dealt)
    }

    fn commit(&mut self, session: &Session, index: MemberIndex) -> Step {
        let Some(dealing) = self.own_dealing(session, index) else {
            return Step::Void(Fault::of_nobody(FaultReason::Degenerate).into());
        };
        let commitment = Commitment {
            session: session.id(),
            dealer: index,
            dealing: dealing.body.digest(),
        };
        let commitment = Signed::new(commitment, &self.identity);
        Step::Post(Box::new(Message::Commitment(commitment)))
    }

    fn deal(&mut self, session: &Session, index: MemberIndex) -> Step {
        match self.own_dealing(session, index) {
            Some(dealing) => Step::Post(Box::new(Message::Dealing(dealing))),
            None => Step::Void(Fault::of_nobody(FaultReason::Degenerate).into()),
        }
    }

    /// The same each time, also after a restart: what is dealt is what was committed to.
    fn own_dealing(&mut self, session: &Session, index: MemberIndex) -> Option<Signed<Dealing>> {
        let known = self.dealing.take();
        let of_this = known.filter(|dealing| dealing.body.session == session.id());
        self.dealing = of_this.or_else(|| deal(session, index, &self.secret, &self.identity));
        self.dealing.clone()
    }

    /// Its own part of the dealings: what it has found already, if these are they.
    fn receive(&mut self, dealt: &Dealt<'_>, index: MemberIndex) -> Result<Received, NoShare> {
        match self.received.take() {
            Some((transcript, received)) if transcript == dealt.transcript() => Ok(received),
            _ => dealt.receive(index, &self.secret),
        }
    }

    /// Checks its own part of the dealings, and confirms or complains; none if it has.
    fn check(
        &mut self,
        board: &Board,
        dealt: &Dealt<'_>,
        index: MemberIndex,
        overdue: bool,
    ) -> Option<Step> {
        match self.receive(dealt, index) {
            Err(no_share) => return Some(self.complain(dealt, index, no_share)),
            Ok(received) => self.received = Some((dealt.transcript(), received)),
        }
        let faults = dissent(board, dealt);
        if !faults.is_empty() {
            return Some(condemn(board, dealt.session, index, faults, overdue));
        }
        if board.confirmations(index).is_empty() {
            return self.confirm(board, dealt);
        }
        None
    }

    fn confirm(&self, board: &Board, dealt: &Dealt<'_>) -> Option<Step> {
        let confirmation = dealt.confirmation()?;
        let members = MemberIndex::all(dealt.session.members());
        // One each, and that of the dealing that was checked, or there would have been evidence.
        let commitments = members.map(|member| board.commitments(member).first().cloned());
        let confirmed = Confirmed {
            confirmation,
            signature: confirmation.sign(&self.identity),
            commitments: commitments.collect::<Option<_>>()?,
        };
        let confirmed = Signed::new(confirmed, &self.identity);
        Some(Step::Post(Box::new(Message::Confirmation(confirmed))))
    }

    fn complain(&self, dealt: &Dealt<'_>, index: MemberIndex, no_share: NoShare) -> Step {
        let (secret, identity) = (&self.secret, &self.identity);
        let complaint = match no_share {
            NoShare::BadPayload(dealer) => dealt.dealing(dealer).and_then(|(dealing, read)| {
                complain(dealt.session, index, dealing, read, secret, identity)
            }),
            NoShare::Degenerate => None,
        };
        match complaint {
            Some(complaint) => Step::Post(Box::new(Message::Complaint(complaint))),
            None => Step::Void(Fault::of_nobody(FaultReason::Degenerate).into()),
        }
    }
}

/// What faults mean to the member with this index: it is the one who has confirmed, or not, that
/// makes the difference. What it has signed may complete a certificate that it was never shown; to
/// call that session void would have it throw away a share of a key that counts.
fn condemn(
    board: &Board,
    session: &Session,
    index: MemberIndex,
    faults: Vec<Fault>,
    overdue: bool,
) -> Step {
    if board.confirmations(index).is_empty() {
        return Step::Void(Void { faults });
    }
    let waiting = waiting(board, session, Stage::Confirming, overdue);
    Step::InDoubt(Doubt { faults, waiting })
}

fn wait(board: &Board, session: &Session, stage: Stage, overdue: bool) -> Step {
    Step::Wait(waiting(board, session, stage, overdue))
}

/// All members' signatures over what the dealings make.
fn certificate(board: &Board, dealt: &Dealt<'_>) -> Option<CeremonyCertificate> {
    let expected = dealt.confirmation()?;
    let signatures = MemberIndex::all(dealt.session.members())
        .map(|member| {
            // Of two confirmations either serves: a liar's second one takes back no signature.
            let mut confirmations = board.confirmations(member).iter();
            let same = confirmations.find(|said| said.body.confirmation == expected)?;
            Some(same.body.signature)
        })
        .collect::<Option<Vec<_>>>()?;
    Some(CeremonyCertificate {
        session: expected.session,
        transcript: expected.transcript,
        signatures,
    })
}

fn outcome(
    board: &Board,
    dealt: &Dealt<'_>,
    certificate: CeremonyCertificate,
    index: MemberIndex,
    received: Received,
) -> Step {
    let transcript = Transcript::of(board, &certificate);
    let committee = dealt.committee(Provenance::Ceremony(certificate));
    match transcript.zip(committee) {
        Some((transcript, committee)) => Step::Done(Box::new(CeremonyOutcome {
            committee,
            transcript,
            index,
            share: received.share,
            group: received.group,
        })),
        None => Step::Void(Fault::of_nobody(FaultReason::Degenerate).into()),
    }
}

#[cfg(test)]
mod tests;
