//! Submitting an envelope to whichever member takes it, and what came of those that did not.

use std::collections::BTreeSet;

use sealbid_net::door::DoorError;
use sealbid_types::bytes::Blob;
use sealbid_types::codec::encode;
use sealbid_types::door::{Refusal, RefusalCode, Request, Response};
use sealbid_types::envelope::Envelope;
use sealbid_types::id::{MemberIndex, Round};
use sealbid_types::report::Receipt;

use crate::client::Client;
use crate::error::{ClientError, Fault};
use crate::outcome::Outcome;
use crate::receipt::check_receipt;

/// An envelope that a quorum has promised to report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The verified receipt.
    pub receipt: Receipt,
    /// The round that lists the envelope at the latest, if it closes in time.
    pub round: Round,
    /// The member that collected the receipt.
    pub member: MemberIndex,
}

impl Client {
    /// Submits an envelope, and verifies the receipt. A member that fails, refuses or lies is
    /// followed by the next; submitting the same envelope to several does no harm.
    ///
    /// # Errors
    /// [`ClientError`]: what came of the members that were asked.
    pub async fn submit(&self, envelope: &Envelope) -> Result<Accepted, ClientError> {
        let judge = |member, response| match response {
            Response::Receipt(receipt) => {
                let round = check_receipt(self.committee(), envelope, &receipt)?;
                Ok(Accepted {
                    receipt,
                    round,
                    member,
                })
            }
            _ => Err(Fault::NoAnswer),
        };
        self.first_good(&Request::Submit(Blob::from(encode(envelope))), None, judge)
            .await
    }
}

/// What came of sending an envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    /// A quorum promises to report it.
    Accepted(Accepted),
    /// It was sent before, and this has become of it: filled, say, or listed.
    Before(Outcome),
}

impl Client {
    /// Sends an envelope, however often it was sent before: what a round lists already is no
    /// refusal, but told with what became of it.
    ///
    /// # Errors
    /// [`ClientError::Refused`] with `round-closed` or `expired` means that a quorum knows of no
    /// round that lists it, so that the order may be sealed again; other refusals, that it is not
    /// taken as it is. Of [`ClientError::Unreachable`], [`ClientError::NoQuorum`] and
    /// [`ClientError::TimedOut`] nobody can tell whether a member holds it: send this very envelope
    /// again, and no other.
    pub async fn send(&self, envelope: &Envelope) -> Result<Sent, ClientError> {
        let refused = match self.submit(envelope).await {
            Ok(accepted) => return Ok(Sent::Accepted(accepted)),
            Err(ClientError::Refused { member, refusal }) if is_late(refusal.code) => {
                ClientError::Refused { member, refusal }
            }
            Err(error) => return Err(error),
        };
        match self.outcome(envelope.id()).await? {
            // Nobody has it, or it has run out: then it was not listed, and never will be.
            Outcome::Unknown | Outcome::Expired => Err(refused),
            outcome => Ok(Sent::Before(outcome)),
        }
    }
}

/// Whether a member refuses an envelope for the time at which it comes. What came before may have
/// been listed.
const fn is_late(code: RefusalCode) -> bool {
    matches!(
        code,
        RefusalCode::AlreadyListed | RefusalCode::RoundClosed | RefusalCode::Expired
    )
}

/// Why one member gave no answer that can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unanswered {
    Door(DoorError),
    Refused(Refusal),
    Fault(Fault),
}

/// What came of the members asked so far.
#[derive(Debug, Default)]
pub(crate) struct Failures(Vec<(MemberIndex, Unanswered)>);

impl Failures {
    pub(crate) fn one(member: MemberIndex, why: Unanswered) -> Self {
        Self(vec![(member, why)])
    }

    pub(crate) fn add(&mut self, member: MemberIndex, why: Unanswered) {
        self.0.push((member, why));
    }

    /// The refusal after which asking on is pointless: more members give it, for a lasting reason,
    /// than `liars` can be. Fewer may be lying, and the next member takes the envelope.
    pub(crate) fn agreed(&self, liars: usize) -> Option<ClientError> {
        let (member, refusal) = self.refusals().last()?;
        let same = self.refusals().filter(|(_, it)| it.code == refusal.code);
        // Two in any case: one alone may have a full house of its own.
        let is_agreed = is_lasting(refusal.code) && same.count() > liars.max(1);
        is_agreed.then(|| ClientError::Refused {
            member,
            refusal: refusal.clone(),
        })
    }

    fn refusals(&self) -> impl Iterator<Item = (MemberIndex, &Refusal)> {
        self.0.iter().filter_map(|(member, why)| match why {
            Unanswered::Refused(refusal) => Some((*member, refusal)),
            _ => None,
        })
    }
}

/// Whether another member would refuse for this reason too, unless the first one lies.
const fn is_lasting(code: RefusalCode) -> bool {
    match code {
        RefusalCode::NotReady
        | RefusalCode::NoQuorum
        | RefusalCode::TooManyRequests
        | RefusalCode::ShuttingDown
        | RefusalCode::StoreUnreadable
        | RefusalCode::RoundFull
        | RefusalCode::RoundTooFar
        | RefusalCode::NoSuchRound
        | RefusalCode::RecordGone => false,
        RefusalCode::Oversize
        | RefusalCode::UnknownVersion
        | RefusalCode::Malformed
        | RefusalCode::NotCanonical
        | RefusalCode::Protocol
        | RefusalCode::WrongAuction
        | RefusalCode::UnknownKey
        | RefusalCode::Rounds
        | RefusalCode::RoundClosed
        | RefusalCode::AlreadyListed
        | RefusalCode::Expired
        | RefusalCode::Signature
        | RefusalCode::Kind
        | RefusalCode::BodySize
        | RefusalCode::PointNotOnCurve
        | RefusalCode::PointIdentity
        | RefusalCode::PointNotInSubgroup
        | RefusalCode::ScalarNotCanonical
        | RefusalCode::Proof
        | RefusalCode::SharedU
        | RefusalCode::Quota => true,
    }
}

/// How much a failure says. That an envelope comes too late has its outcome asked for, so that no lie
/// about it counts. For any other lasting reason it is refused once members agree; one alone says
/// less than a member that did not answer, since that one may hold the envelope.
const fn weight(why: &Unanswered) -> u8 {
    match why {
        Unanswered::Refused(refusal) if is_late(refusal.code) => 5,
        // More than that there is no such round: a member that is behind says that.
        Unanswered::Refused(refusal) if matches!(refusal.code, RefusalCode::RecordGone) => 5,
        Unanswered::Refused(refusal) if !is_lasting(refusal.code) => 4,
        Unanswered::Fault(_) => 3,
        Unanswered::Door(DoorError::TimedOut { .. } | DoorError::Disconnected { .. }) => 2,
        Unanswered::Refused(_) => 1,
        Unanswered::Door(_) => 0,
    }
}

impl From<Failures> for ClientError {
    fn from(failures: Failures) -> Self {
        // A member may have failed twice: before, and when it was asked again.
        let members: BTreeSet<_> = failures.0.iter().map(|(member, _)| *member).collect();
        let members = members.len();
        match failures.0.into_iter().max_by_key(|(_, why)| weight(why)) {
            Some((member, Unanswered::Refused(refusal))) => Self::Refused { member, refusal },
            Some((member, Unanswered::Fault(fault))) => Self::Dishonest { member, fault },
            Some((_, Unanswered::Door(DoorError::TimedOut { .. }))) => {
                Self::TimedOut("the members that are reachable do not answer")
            }
            Some((_, Unanswered::Door(last))) => Self::Unreachable { members, last },
            None => Self::TimedOut("no member was asked"),
        }
    }
}

#[cfg(test)]
mod tests;
