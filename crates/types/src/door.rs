//! What is said at the front door: requests of anyone, and a member's replies.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::allocation::{FillKind, UnfilledReason, VoidReason};
use crate::codec::{PREFIX_BYTES, Schema};
use crate::envelope::Header;
use crate::id::{AuctionId, EnvelopeId, MemberIndex, Round, Slot};
use crate::keys::Signed;
use crate::record::RoundRecord;
use crate::report::Receipt;
use crate::time::Timestamp;

/// The most rounds of one [`Request::Rounds`].
pub const MOST_SUMMARIES: u16 = 256;

/// The most bytes of a program's version in a [`Head`].
pub const MOST_VERSION_BYTES: usize = 64;

/// Reads a version that is no longer than one is.
fn version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.len() > MOST_VERSION_BYTES {
        return Err(D::Error::invalid_length(text.len(), &"a version"));
    }
    Ok(text)
}

/// A request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// Admit this envelope: the bytes are its canonical encoding. Answered by a receipt or a
    /// refusal.
    Submit(crate::bytes::Blob),
    /// What became of an envelope.
    Status(EnvelopeId),
    /// Where the member stands.
    Head,
    /// A settled round's record.
    Round(Round),
    /// Summaries of settled rounds, from this one on.
    Rounds {
        /// The first.
        from: Round,
        /// How many at most; [`MOST_SUMMARIES`] at most.
        count: u16,
    },
    /// Events from now on: one reply each, until the client goes.
    Watch,
    /// The evidence against members that this one has kept.
    Evidence,
}
crate::schema!(Request, "sealbid.door-request", 1, 32_768);

/// A reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Response {
    /// The envelope is acknowledged by a quorum.
    Receipt(Receipt),
    /// The request is refused.
    Refused(Refusal),
    /// An envelope's status.
    Status(EnvelopeStatus),
    /// Where the member stands.
    Head(Head),
    /// A round's record.
    Record(Box<RoundRecord>),
    /// Summaries of settled rounds.
    Rounds(Vec<RoundSummary>),
    /// An event.
    Event(Event),
    /// Evidence against members: the canonical encoding of each.
    Evidence(Vec<crate::bytes::Blob>),
}
crate::schema!(Response, "sealbid.door-response", 4, 1 << 26);

/// The encoded record in an encoded [`Response::Record`], by itself and unread: whoever checks its
/// certificate first need not decode 64 MiB of a liar's for that. None for another answer.
#[must_use]
pub fn record_bytes(answer: &[u8]) -> Option<Vec<u8>> {
    let (prefix, body) = answer.split_at_checked(PREFIX_BYTES)?;
    if prefix != Response::SCHEMA.prefix() {
        return None;
    }
    // The variant's number, as postcard writes it, stands before its content.
    let (variant, record) = postcard::take_from_bytes::<u32>(body).ok()?;
    (variant == RECORD_VARIANT).then(|| [&RoundRecord::SCHEMA.prefix(), record].concat())
}

/// The place of [`Response::Record`] among the variants.
const RECORD_VARIANT: u32 = 4;

/// Why a request is refused: one code a reason, stable, and words for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message} ({code})")]
pub struct Refusal {
    /// The reason.
    pub code: RefusalCode,
    /// What is wrong, and what to do.
    pub message: String,
}

macro_rules! refusal_codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// The reasons for a refusal.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum RefusalCode {
            $($(#[$doc])* #[serde(rename = $text)] $name,)*
        }

        impl RefusalCode {
            /// All of them, in their order.
            pub const ALL: &[Self] = &[$(Self::$name,)*];
        }

        impl core::fmt::Display for RefusalCode {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(match self { $(Self::$name => $text,)* })
            }
        }
    };
}

refusal_codes! {
    /// The bytes are longer than any request may be.
    Oversize = "oversize",
    /// The bytes are of another type, or of an unknown version.
    UnknownVersion = "unknown-version",
    /// The bytes end early or hold no value of their type.
    Malformed = "malformed",
    /// The bytes have a tail or an overlong number.
    NotCanonical = "not-canonical",
    /// The envelope is of a protocol version that is not known here.
    Protocol = "protocol",
    /// The envelope is for another auction.
    WrongAuction = "wrong-auction",
    /// The committee file does not list the key that the envelope is sealed to.
    UnknownKey = "unknown-key",
    /// The envelope's rounds are in the wrong order or too many.
    Rounds = "rounds",
    /// All rounds of the envelope are closed.
    RoundClosed = "round-closed",
    /// The envelope's first round is too far ahead.
    RoundTooFar = "round-too-far",
    /// The envelope has expired, or will before the next round can close.
    Expired = "expired",
    /// The submitter's signature does not verify.
    Signature = "signature",
    /// The parts are not those of the envelope's kind.
    Kind = "kind",
    /// A body is not as long as a padding class and its tag.
    BodySize = "body-size",
    /// A point is not on the curve, or not canonically encoded.
    PointNotOnCurve = "point-not-on-curve",
    /// A point is the identity.
    PointIdentity = "point-identity",
    /// `u` is not in the prime-order subgroup.
    PointNotInSubgroup = "point-not-in-subgroup",
    /// A scalar is not below the group order.
    ScalarNotCanonical = "scalar-not-canonical",
    /// The proof does not hold for this label: changed, or carried here from elsewhere.
    Proof = "proof",
    /// A part has the same `u` as one of another envelope, or as its twin.
    SharedU = "shared-u",
    /// The submitter has as many envelopes waiting as it may.
    Quota = "quota",
    /// The round has as many envelopes as this member may acknowledge.
    RoundFull = "round-full",
    /// This member is catching up, or too few others are reachable.
    NotReady = "not-ready",
    /// No quorum acknowledged in time. The envelope is stored and may still be listed.
    NoQuorum = "no-quorum",
    /// There is no such round, or it is not settled yet.
    NoSuchRound = "no-such-round",
    /// Too many requests.
    TooManyRequests = "too-many-requests",
    /// The member is shutting down.
    ShuttingDown = "shutting-down",
    /// The member cannot read its store: it knows neither that what is asked for is there nor that
    /// it is not.
    StoreUnreadable = "store-unreadable",
    /// A certified round lists the envelope: its status says what became of it.
    AlreadyListed = "already-listed",
    /// The round is settled, and this member keeps its record no more: another one may.
    RecordGone = "record-gone",
}

/// What became of an envelope, as one member knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EnvelopeStatus {
    /// Not known here.
    Unknown,
    /// Waiting for a round to list it.
    Pending {
        /// The next round that may.
        round: Round,
    },
    /// Listed by a certified round that is not settled yet.
    Listed {
        /// The round.
        round: Round,
    },
    /// An intent that was filled.
    Filled {
        /// The round.
        round: Round,
        /// How.
        fill: FillKind,
    },
    /// An intent that was opened and not filled: its terms are public now.
    Unfilled {
        /// The round.
        round: Round,
        /// Why.
        reason: UnfilledReason,
    },
    /// An entry that counts for nothing.
    Void {
        /// The round.
        round: Round,
        /// Why.
        reason: VoidReason,
    },
    /// A quote that a round opened.
    Quoted {
        /// The round.
        round: Round,
        /// The intents it fills.
        fills: Vec<EnvelopeId>,
    },
    /// It expired before a round listed it. It was never opened.
    Expired,
}

/// The phase of a member's current round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Not in the vote yet: fetching what it missed.
    CatchingUp,
    /// Intents are taken for this round.
    Intents,
    /// Intents are frozen, quotes are taken.
    Quotes,
    /// Reports and votes.
    Closing,
    /// Terms and quotes are being opened.
    Opening,
    /// The allocation is being signed.
    Clearing,
    /// Authorisations are being opened.
    Authorising,
    /// The settlement is being signed.
    Settling,
}

/// Where a member stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The auction.
    pub auction: AuctionId,
    /// The member.
    #[serde(rename = "index")]
    pub member: MemberIndex,
    /// The version of its program: [`MOST_VERSION_BYTES`] at most, since clients keep heads.
    #[serde(deserialize_with = "version")]
    pub version: String,
    /// The round in progress.
    pub round: Round,
    /// Its phase.
    pub phase: Phase,
    /// The current slot, by the member's clock.
    pub slot: Slot,
    /// The member's clock.
    pub now: Timestamp,
    /// Intents acknowledged for the round in progress; once it is certified, those it lists.
    pub intents: u32,
    /// Quotes, likewise.
    pub quotes: u32,
    /// The newest settled round.
    pub settled: Round,
    /// Members heard from lately, this one included.
    pub alive: Vec<MemberIndex>,
    /// How far the others' clocks are from this member's, by what they said last.
    pub clocks: Vec<ClockOffset>,
    /// The earliest time at which a round can close, if the last one closed in a slot that is still
    /// to come: the members' clocks were ahead then.
    pub waits_until: Option<Timestamp>,
}

/// How far a member's wall clock is from the answering member's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockOffset {
    /// The member.
    pub index: MemberIndex,
    /// By how much its clock is ahead, in milliseconds; negative if it is behind.
    pub ahead_ms: i64,
}

/// A settled round in brief.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoundSummary {
    /// The round.
    pub round: Round,
    /// When it closed.
    pub closed_at: Timestamp,
    /// How many intents it lists.
    pub intents: u32,
    /// How many quotes it lists.
    pub quotes: u32,
    /// How many intents it filled.
    pub filled: u32,
    /// How many it did not fill.
    pub unfilled: u32,
    /// How many entries are void.
    pub void: u32,
}

/// The public part of a sealed intent, as solvers see it: the submitter is left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicIntent {
    /// The auction.
    pub auction: AuctionId,
    /// The intent.
    pub intent: EnvelopeId,
    /// The round it is acknowledged for.
    pub round: Round,
    /// The last round that may list it.
    pub last: Round,
    /// When it expires.
    pub expires: Timestamp,
    /// What its trader shows.
    pub metadata: crate::metadata::Metadata,
}
crate::schema!(PublicIntent, "sealbid.public-intent", 1, 1024);
crate::schema!(
    Signed<PublicIntent>,
    "sealbid.signed-public-intent",
    1,
    1152
);

impl PublicIntent {
    /// The public part of an intent with this header, acknowledged for `round`.
    #[must_use]
    pub fn new(intent: EnvelopeId, header: &Header, round: Round) -> Self {
        Self {
            auction: header.auction,
            intent,
            round,
            last: header.last,
            expires: header.expires,
            metadata: header.metadata.clone(),
        }
    }
}

/// What happens at a member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The member's round or phase changed.
    Phase(Head),
    /// An intent was acknowledged here.
    Intent(PublicIntent),
    /// A round settled.
    Settled(RoundSummary),
}

impl From<&crate::codec::DecodeError> for RefusalCode {
    fn from(error: &crate::codec::DecodeError) -> Self {
        use crate::codec::DecodeError;
        match error {
            DecodeError::Oversize { .. } => Self::Oversize,
            DecodeError::Schema { .. } | DecodeError::Version { .. } => Self::UnknownVersion,
            DecodeError::Malformed { .. } => Self::Malformed,
            DecodeError::NotCanonical { .. } => Self::NotCanonical,
        }
    }
}

impl From<&crate::envelope::HeaderError> for RefusalCode {
    fn from(error: &crate::envelope::HeaderError) -> Self {
        use crate::envelope::HeaderError;
        match error {
            HeaderError::Protocol(_) => Self::Protocol,
            HeaderError::Kind => Self::Kind,
            HeaderError::Rounds { .. } => Self::Rounds,
            HeaderError::Signature(_) => Self::Signature,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{decode, encode};

    /// Clients keep what members say of themselves, and show it.
    #[test]
    fn a_head_has_no_more_of_a_version_than_one_has() {
        let with = |bytes: usize| {
            let head = Head {
                auction: [1; 32].into(),
                member: MemberIndex(0),
                version: "v".repeat(bytes),
                round: Round(1),
                phase: Phase::Intents,
                slot: Slot(1),
                now: Timestamp(1),
                intents: 0,
                quotes: 0,
                settled: Round(0),
                alive: Vec::new(),
                clocks: Vec::new(),
                waits_until: None,
            };
            decode::<Response>(&encode(&Response::Head(head)))
        };
        assert!(with(MOST_VERSION_BYTES).is_ok());
        assert!(with(MOST_VERSION_BYTES + 1).is_err());
    }
}
