//! What goes into a member's engine and what comes out of it.

use sealbid_types::codec::Schema;
use sealbid_types::door::{Event, PublicIntent, Response};
use sealbid_types::id::{EnvelopeId, MemberIndex, Round};
use sealbid_types::keys::Signed;
use sealbid_types::settlement::SignedSettlement;
use sealbid_types::time::Timestamp;

use super::Stage;
use crate::admission::gate::{Admissible, Refused};
use crate::admission::{Origin, Readable};
use crate::chain::{CheckedRecord, RecordError};
use crate::disk::Write;
use crate::opening::Purpose;
use crate::pool::ClearedRound;

/// Names a client's request while the engine works on it. The shell chooses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RequestId(pub u64);

/// What the shell tells the engine.
#[derive(Debug)]
pub enum Input {
    /// A client submitted an envelope.
    Submit {
        /// Answered by one [`Output::Reply`], by the submit timeout at the latest.
        request: RequestId,
        /// The envelope, as it was read.
        envelope: Box<Readable>,
    },
    /// Envelopes that the pool brought.
    Found {
        /// The envelopes, as they were read.
        envelopes: Vec<Readable>,
    },
    /// What the gate says of envelopes of [`Output::Check`] or of [`super::Member::stored_envelopes`].
    Checked {
        /// Those that passed.
        admitted: Vec<Admissible>,
        /// Those that failed: a close that lists one is invalid.
        refused: Vec<Refused>,
        /// Those that the gate could say nothing of.
        unchecked: Vec<EnvelopeId>,
    },
    /// A message of a peer; `from` is what the channel says, never the payload.
    Received {
        /// The sender.
        from: MemberIndex,
        /// The encoded [`super::message::PeerMessage`].
        bytes: Vec<u8>,
    },
    /// A settled round's record, fetched because of [`Output::FetchRecord`] and checked by the
    /// shell: to check a large one takes seconds, which the engine's thread has not.
    Record {
        /// Who served it.
        from: MemberIndex,
        /// The record, checked by [`crate::chain::check_record`], or what is wrong with it.
        checked: Result<Box<CheckedRecord>, RecordError>,
    },
    /// A record of [`Output::FetchRecord`] did not come.
    NoRecord {
        /// Who was asked.
        from: MemberIndex,
    },
    /// What became of an envelope that is not in the store's outcomes: answered at once.
    AskStatus {
        /// The request.
        request: RequestId,
        /// The envelope.
        envelope: EnvelopeId,
    },
    /// Where the member stands: answered at once.
    AskHead {
        /// The request.
        request: RequestId,
    },
    /// The client of this request has gone.
    Gone {
        /// The request.
        request: RequestId,
    },
    /// Time has passed: at the latest when [`super::Member::wake_at`] says so.
    Tick,
}

impl Input {
    /// Whether what it makes possible can wait for the inputs that have come with it: clients and
    /// envelopes move no round on.
    #[must_use]
    pub const fn can_wait(&self) -> bool {
        matches!(
            self,
            Self::Submit { .. }
                | Self::Found { .. }
                | Self::Checked { .. }
                | Self::AskStatus { .. }
                | Self::AskHead { .. }
                | Self::Gone { .. }
        )
    }
}

/// What the engine tells the shell, to be carried out in this order. Every [`Output::Write`] of
/// one step is durable before anything else of that step is carried out.
#[derive(Debug)]
pub enum Output {
    /// Change the store.
    Write(Write),
    /// Send to one member.
    Send {
        /// The receiver.
        to: MemberIndex,
        /// The encoded message, less than 1 MB.
        bytes: Vec<u8>,
    },
    /// Send to all other members.
    Broadcast {
        /// The encoded message, less than 1 MB.
        bytes: Vec<u8>,
    },
    /// Propose these envelopes to the pool: they are new here.
    Offer(Vec<Offered>),
    /// Propose those of these envelopes to the pool that it does not hold.
    OfferAgain(Vec<Offered>),
    /// Tell the pool that a round is settled: what cannot be listed any more may go. That waits for
    /// the settlement, since nothing waits for it.
    ClearRound(Box<ClearedRound>),
    /// Run these envelopes through the gate and bring back what it says as [`Input::Checked`]. The
    /// engine has counted them: no more of one origin are out than it has room for.
    Check {
        /// For whom.
        origin: Origin,
        /// The envelopes.
        envelopes: Vec<Readable>,
    },
    /// Answer a client.
    Reply {
        /// The request.
        request: RequestId,
        /// The answer.
        response: Box<Response>,
    },
    /// Publish the public part of an intent to solvers.
    Publish(Box<Signed<PublicIntent>>),
    /// A round is settled and its record written: stream the settlement, tell watchers.
    Settled(Box<SignedSettlement>),
    /// Tell watchers.
    Event(Box<Event>),
    /// Fetch the record of this round from a member's front door, check it, and bring it back as
    /// [`Input::Record`], or else [`Input::NoRecord`]. Another member is asked if it takes long.
    FetchRecord {
        /// The round.
        round: Round,
        /// The member to ask: it says that it has it.
        from: MemberIndex,
    },
    /// A stage of a round is reached: for timings.
    Reached {
        /// The round.
        round: Round,
        /// The stage.
        stage: Stage,
    },
    /// Something that an operator should know.
    Notice(Notice),
    /// Stop: the engine will do nothing more.
    Halt {
        /// Why, for the operator.
        reason: String,
    },
}

/// An envelope for the pool.
#[derive(Debug, Clone)]
pub struct Offered {
    /// Its id.
    pub id: EnvelopeId,
    /// Whether it is an intent, or else a quote.
    pub is_intent: bool,
    /// The first round that may list it.
    pub first: Round,
    /// The last round that may list it.
    pub last: Round,
    /// Its canonical encoding.
    pub bytes: Vec<u8>,
}

/// Something that an operator should know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Notice {
    /// A member did what it must not; the evidence is in the store.
    #[error("{member} {what}")]
    Fault {
        /// The member.
        member: MemberIndex,
        /// What it did.
        what: String,
    },
    /// Peers hold later votes of this member than its disk: an old copy was restored.
    #[error("peers hold later votes of this member than its disk: it abstains from round {0}")]
    Abstains(Round),
    /// The member's wall clock is off the median of the quorum's by more than a slot.
    #[error(
        "the clock of this host is about {} s {} the committee's: set it right",
        ahead_ms.unsigned_abs() / 1_000,
        if *ahead_ms > 0 { "ahead of" } else { "behind" }
    )]
    Clock {
        /// By how much it is ahead, in milliseconds; negative if it is behind.
        ahead_ms: i64,
    },
    /// What the member computes of a round is not what it gave a share of before.
    #[error(
        "round {round}: its {purpose:?} is not the one of before the restart: the share is withheld"
    )]
    Withheld {
        /// The round.
        round: Round,
        /// Of which statement.
        purpose: Purpose,
    },
    /// The committee has certified another allocation than this member has computed.
    #[error(
        "round {0} cleared otherwise than here: this member runs another version than most, and waits for a record that it can check"
    )]
    Differs(Round),
    /// The last round closed in a slot that is still to come, since clocks were ahead then.
    #[error(
        "the last round closed in a slot that is still to come: the next one closes at {until} at the earliest"
    )]
    WaitsForSlot {
        /// The earliest closing time of the next round.
        until: Timestamp,
    },
    /// The clearing broke a rule of its own.
    #[error("round {round} settles empty: {alarm}")]
    Alarm {
        /// The round.
        round: Round,
        /// What went wrong.
        alarm: sealbid_types::allocation::Breach,
    },
    /// A record that was fetched does not check out.
    #[error("a fetched record of round {round} does not check out: {what}")]
    UnusableRecord {
        /// The round.
        round: Round,
        /// What is wrong.
        what: String,
    },
    /// A peer's message is not usable.
    #[error("{from} sent something unusable: {what}")]
    Unusable {
        /// The sender.
        from: MemberIndex,
        /// What is wrong.
        what: String,
    },
}

/// The output that writes a row.
pub(crate) fn put<T: Schema>(table: crate::disk::Table, key: Vec<u8>, value: &T) -> Output {
    Output::Write(Write::Put {
        table,
        key,
        value: sealbid_types::codec::encode(value),
    })
}

/// The output that deletes a row.
pub(crate) const fn delete(table: crate::disk::Table, key: Vec<u8>) -> Output {
    Output::Write(Write::Delete { table, key })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vote::{Refused, WrongBallot};

    /// Two members in one sentence, which once counted one from 1 and the other from 0.
    #[test]
    fn a_notice_about_two_members_numbers_both_alike() {
        let refused = Refused {
            member: MemberIndex(1),
            reason: WrongBallot::NotProposer,
        };
        let notice = Notice::Unusable {
            from: MemberIndex(2),
            what: refused.to_string(),
        };
        let text = notice.to_string();
        assert!(
            text.starts_with("member-3 sent something unusable: "),
            "{text}"
        );
        assert!(text.contains("of member-2: "), "{text}");
    }
}
