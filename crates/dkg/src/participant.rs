//! A participant: what it does next, given its secrets and the board.
//!
//! All that it says is derived from its secrets and from messages on the board, so that one that
//! was killed says the same again. The order of its steps is ChillDKG's: enrol, deal, check and
//! confirm; and the key counts once all have confirmed.

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
use crate::complaint::{complain, judge};
use crate::dealing::deal;
use crate::fault::{Fault, FaultReason, Void};
use crate::message::{Enrolment, Message, Roster};
use crate::receive::{Checked, Dealt, NoShare, Received};
use crate::secret::{SecretBytes, SessionSecret};
use crate::session::Session;
use crate::signed::Signed;
use crate::transcript::Transcript;

/// How far a ceremony has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Seats are free.
    Enrolling,
    /// All seats are taken; the inviter has not called the roster.
    Roster,
    /// Dealings are missing.
    Dealing,
    /// Confirmations are missing.
    Confirming,
}

/// What a participant waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// At which stage.
    pub stage: Stage,
    /// Whose message is missing, once there is a roster.
    pub missing: Vec<MemberIndex>,
    /// How many seats are free, before.
    pub free_seats: u8,
    /// The deadline has passed.
    pub overdue: bool,
}

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
    Done(Box<Outcome>),
    /// Nothing of this session may be used.
    Void(Void),
}

/// What a ceremony leaves a participant with.
#[derive(Debug)]
pub struct Outcome {
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
    accepted: Option<SessionId>,
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
            Some(seat) if seat.body != own => {
                Step::Void(Fault::of_nobody(FaultReason::EnrolledElsewhere).into())
            }
            None if free_seats == 0 => Step::Void(Fault::of_nobody(FaultReason::NotSeated).into()),
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
        if let Some(void) = evidence(board, session) {
            return Step::Void(void);
        }
        if self.accepted != Some(session.id()) {
            return Step::Accept(Box::new(session.clone()));
        }
        let wait = |stage, has: &dyn Fn(MemberIndex) -> bool| {
            Step::Wait(Waiting {
                stage,
                missing: MemberIndex::all(session.members())
                    .filter(|member| !has(*member))
                    .collect(),
                free_seats: 0,
                overdue,
            })
        };
        let has_dealt = |member| !board.dealings(member).is_empty();
        if !has_dealt(index) {
            return self.deal(session, index);
        }
        match dealt {
            None => wait(Stage::Dealing, &has_dealt),
            Some(Err(void)) => Step::Void(void),
            Some(Ok(dealt)) => match self.check(board, &dealt, index) {
                Some(step) => step,
                None => wait(Stage::Confirming, &|member| {
                    !board.confirmations(member).is_empty()
                }),
            },
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

    fn deal(&self, session: &Session, index: MemberIndex) -> Step {
        match deal(session, index, &self.secret, &self.identity) {
            Some(dealing) => Step::Post(Box::new(Message::Dealing(dealing))),
            None => Step::Void(Fault::of_nobody(FaultReason::Degenerate).into()),
        }
    }

    /// Its own part of the dealings: what it has found already, if these are they.
    fn receive(&mut self, dealt: &Dealt<'_>, index: MemberIndex) -> Result<Received, NoShare> {
        match self.received.take() {
            Some((transcript, received)) if transcript == dealt.transcript() => Ok(received),
            _ => dealt.receive(index, &self.secret),
        }
    }

    /// Checks its own part of the dealings, and confirms or complains; none if it has.
    fn check(&mut self, board: &Board, dealt: &Dealt<'_>, index: MemberIndex) -> Option<Step> {
        match self.receive(dealt, index) {
            Err(no_share) => return Some(self.complain(dealt, index, no_share)),
            Ok(received) => self.received = Some((dealt.transcript(), received)),
        }
        if board.confirmations(index).is_empty() {
            let confirmation = Signed::new(dealt.confirmation()?, &self.identity);
            return Some(Step::Post(Box::new(Message::Confirmation(confirmation))));
        }
        dissent(board, dealt).map(Step::Void)
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

/// All members' signatures over what the dealings make.
fn certificate(board: &Board, dealt: &Dealt<'_>) -> Option<CeremonyCertificate> {
    let expected = dealt.confirmation()?;
    let signatures = MemberIndex::all(dealt.session.members())
        .map(|member| {
            let mut confirmations = board.confirmations(member).iter();
            let same = confirmations.find(|confirmation| confirmation.body == expected)?;
            Some(same.signature)
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
        Some((transcript, committee)) => Step::Done(Box::new(Outcome {
            committee,
            transcript,
            index,
            share: received.share,
            group: received.group,
        })),
        None => Step::Void(Fault::of_nobody(FaultReason::Degenerate).into()),
    }
}

/// What two messages of one author, or a complaint, show.
fn evidence(board: &Board, session: &Session) -> Option<Void> {
    let mut faults = Vec::new();
    if board.rosters().len() > 1 {
        faults.push(Fault::of_inviter(FaultReason::TwoRosters));
    }
    for member in MemberIndex::all(session.members()) {
        if board.dealings(member).len() > 1 {
            faults.push(Fault::of(member, FaultReason::TwoDealings));
        }
        if board.confirmations(member).len() > 1 {
            faults.push(Fault::of(member, FaultReason::TwoConfirmations));
        }
    }
    let judged = board
        .complaints()
        .map(|complaint| judge(session, &complaint.body));
    faults.extend(judged);
    (!faults.is_empty()).then_some(Void { faults })
}

/// Those who have confirmed something else than the dealings here make.
fn dissent(board: &Board, dealt: &Dealt<'_>) -> Option<Void> {
    let expected = dealt.confirmation()?;
    let faults: Vec<Fault> = MemberIndex::all(dealt.session.members())
        .filter_map(|member| {
            let confirmed = &board.confirmations(member).first()?.body;
            if *confirmed == expected {
                None
            } else if confirmed.transcript == expected.transcript {
                Some(Fault::of(member, FaultReason::FalseConfirmation))
            } else {
                Some(Fault::of_nobody(FaultReason::Disagreement(member)))
            }
        })
        .collect();
    (!faults.is_empty()).then_some(Void { faults })
}

#[cfg(test)]
mod tests;
