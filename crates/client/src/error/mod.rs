//! Why something that a client set out to do was not done.

use sealbid_crypto::SealError;
use sealbid_net::door::DoorError;
use sealbid_types::allocation::{ScheduleFault, VoidReason};
use sealbid_types::door::{Refusal, RefusalCode};
use sealbid_types::id::MemberIndex;
use sealbid_types::text::AccountId;

/// What kind of failure it is: what a program decides by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ErrorClass {
    /// A member looked at the request and refuses it.
    Refused,
    /// No member is reachable, or fewer than a quorum are alive.
    NoQuorum,
    /// It took too long.
    Timeout,
    /// What was asked for does not exist, or not yet.
    NotFound,
    /// The only answers were ones that do not verify.
    Dishonest,
    /// What was to be sealed would be void, or does not fit.
    Input,
    /// This machine: no socket, no randomness.
    Local,
}

/// Why a client's call failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// A member refuses, and no other would do it.
    #[error("{member} refuses it: {refusal}")]
    Refused {
        /// The member.
        member: MemberIndex,
        /// Why.
        refusal: Refusal,
    },
    /// Nobody answers at any front door.
    #[error("{}: {}", nobody(*.members), reason(.last))]
    Unreachable {
        /// How many were tried.
        members: usize,
        /// What came of the last one.
        #[source]
        last: DoorError,
    },
    /// Too few members are alive to acknowledge anything.
    #[error("{alive} of {members} members are alive, and {quorum} are needed")]
    NoQuorum {
        /// How many are.
        alive: usize,
        /// n.
        members: usize,
        /// q.
        quorum: usize,
    },
    /// It did not happen in time.
    #[error("no answer in time: {0}")]
    TimedOut(&'static str),
    /// A member's answer does not verify, and no other member gave one that does.
    #[error("{member} gave an answer that does not verify: {fault}")]
    Dishonest {
        /// The member.
        member: MemberIndex,
        /// What is wrong with the answer.
        #[source]
        fault: Fault,
    },
    /// The terms would be void once opened.
    #[error("this intent would be void: {0}")]
    Void(VoidReason),
    /// The quote would be void once opened.
    #[error("this quote would be void: {0}")]
    Quote(ScheduleFault),
    /// The deadline leaves no round time to close.
    #[error("the deadline passes before a round can close")]
    Deadline,
    /// More rounds than an envelope may wait for, or none.
    #[error("valid for {0} rounds: 1 to {most} are possible", most = sealbid_types::envelope::MOST_ROUNDS)]
    Rounds(u64),
    /// Nobody can quote by this account, so nobody could fill the order.
    #[error("{0} is no solver: one that quotes has 64 hex digits, its public key, as its account")]
    NoSolver(AccountId),
    /// The intent is another account's.
    #[error("the intent is signed for another account than the one that seals it")]
    OtherAccount,
    /// The plaintext does not fit an envelope.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// This machine has no randomness to give.
    #[error("no randomness: {0}")]
    Entropy(#[from] getrandom::Error),
    /// This machine has no socket to give.
    #[error(transparent)]
    Local(DoorError),
}

/// That none of so many can be reached. One alone is named by the sentence around it.
fn nobody(members: usize) -> String {
    match members {
        1 => "it cannot be reached".to_owned(),
        n => format!("none of the {n} members can be reached"),
    }
}

/// What a door's error says, without the member: the sentence around it names the member already.
fn reason(error: &DoorError) -> String {
    match error {
        DoorError::Unreachable { reason, .. } | DoorError::Disconnected { reason, .. } => {
            reason.to_string()
        }
        DoorError::Refused { refusal, .. } => refusal.to_string(),
        DoorError::TimedOut { .. } => "no answer in time".to_owned(),
        DoorError::UnknownMember { .. } => "the committee file gives no door".to_owned(),
        other => other.to_string(),
    }
}

/// What is wrong with a member's answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// It is no answer to what was asked, or no answer at all.
    #[error("not an answer to what was asked")]
    NoAnswer,
    /// It gave a receipt that does not verify.
    #[error("receipt: {0}")]
    Receipt(#[from] crate::receipt::ReceiptError),
    /// It gave a record that does not verify.
    #[error("record: {0}")]
    Record(#[from] crate::round::RecordError),
    /// It gave a certified record, and left out or changed what it opens.
    #[error("openings: {0}")]
    Openings(#[from] crate::prices::OpeningsError),
    /// It says that something became of an envelope; the round's record says otherwise.
    #[error("it claims an outcome that the round's record does not show")]
    Outcome,
}

impl ClientError {
    /// What kind of failure it is.
    #[must_use]
    pub const fn class(&self) -> ErrorClass {
        match self {
            Self::Refused { refusal, .. } => match refusal.code {
                RefusalCode::NoQuorum | RefusalCode::NotReady => ErrorClass::NoQuorum,
                RefusalCode::NoSuchRound => ErrorClass::NotFound,
                _ => ErrorClass::Refused,
            },
            Self::Unreachable { .. } | Self::NoQuorum { .. } => ErrorClass::NoQuorum,
            Self::TimedOut(_) => ErrorClass::Timeout,
            Self::Dishonest { .. } => ErrorClass::Dishonest,
            Self::Void(_)
            | Self::Quote(_)
            | Self::Deadline
            | Self::Rounds(_)
            | Self::NoSolver(_)
            | Self::OtherAccount
            | Self::Seal(_) => ErrorClass::Input,
            Self::Entropy(_) | Self::Local(_) => ErrorClass::Local,
        }
    }

    /// Whether the round is settled, and no member that answers keeps its record any more.
    #[must_use]
    pub const fn is_record_gone(&self) -> bool {
        matches!(self, Self::Refused { refusal, .. } if matches!(refusal.code, RefusalCode::RecordGone))
    }

    /// Whether the same call may succeed if it is made again, a moment later. It does no harm: an
    /// envelope that is sent twice counts once. What is sealed anew is another envelope, and may
    /// trade a second time.
    ///
    /// False says that the same call would fail again: the request is wrong, its time has passed,
    /// or nobody answers rightly.
    ///
    /// # Examples
    /// ```no_run
    /// use core::time::Duration;
    /// use sealbid_client::types::Envelope;
    /// use sealbid_client::{Accepted, Client, ClientError};
    ///
    /// async fn send(client: &Client, envelope: &Envelope) -> Result<Accepted, ClientError> {
    ///     loop {
    ///         match client.submit(envelope).await {
    ///             Err(error) if error.is_retryable() => {
    ///                 tokio::time::sleep(Duration::from_secs(1)).await;
    ///             }
    ///             done => return done,
    ///         }
    ///     }
    /// }
    /// ```
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::Refused { refusal, .. } => passes(refusal.code),
            Self::Unreachable { .. } | Self::NoQuorum { .. } | Self::TimedOut(_) => true,
            // Every member that could answer has; another answer takes another house.
            Self::Dishonest { .. } => false,
            Self::Void(_)
            | Self::Quote(_)
            | Self::Deadline
            | Self::Rounds(_)
            | Self::NoSolver(_)
            | Self::OtherAccount
            | Self::Seal(_) => false,
            // This machine has to be seen to first.
            Self::Entropy(_) | Self::Local(_) => false,
        }
    }
}

/// Whether the reason of a refusal passes by itself, while the request stays what it is.
const fn passes(code: RefusalCode) -> bool {
    match code {
        RefusalCode::NotReady
        | RefusalCode::NoQuorum
        | RefusalCode::TooManyRequests
        | RefusalCode::ShuttingDown
        | RefusalCode::StoreUnreadable
        | RefusalCode::RoundFull
        | RefusalCode::RoundTooFar
        | RefusalCode::NoSuchRound
        | RefusalCode::Quota => true,
        RefusalCode::Oversize
        | RefusalCode::UnknownVersion
        | RefusalCode::Malformed
        | RefusalCode::NotCanonical
        | RefusalCode::Protocol
        | RefusalCode::WrongAuction
        | RefusalCode::UnknownKey
        | RefusalCode::Rounds
        | RefusalCode::RoundClosed
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
        // What became of it is known, and its status says what.
        | RefusalCode::AlreadyListed
        | RefusalCode::RecordGone => false,
    }
}

#[cfg(test)]
mod tests;
