//! What members say to each other. The sender is what the channel says; what has to convince a
//! third party is signed besides.

use sealbid_types::bytes::Blob;
use sealbid_types::close::{CertificateBytes, Close};
use sealbid_types::id::{AllocationDigest, AuctionId, EnvelopeId, ReportId, Round};
use sealbid_types::keys::Signed;
use sealbid_types::report::{Acknowledgement, Report};
use sealbid_types::time::Timestamp;
use serde::{Deserialize, Serialize};

pub use crate::opening::{Opening, Parts, Purpose, Shares, SignatureShareMessage};
use crate::vote::Message as VoteMessage;

/// The most bytes of a message: what the house network carries in one piece.
pub const MOST_MESSAGE_BYTES: usize = 1_000_000;

/// The most bytes of envelopes in one message, with room for what stands around them.
pub(crate) const MOST_ENVELOPE_BYTES: usize = 800_000;

/// A message between members.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum PeerMessage {
    /// Acknowledgements, for whichever member has a client waiting.
    Acknowledgements(Vec<Signed<Acknowledgement>>),
    /// A report.
    Report(Box<Signed<Report>>),
    /// A step of the close vote.
    Vote(Box<VoteMessage>),
    /// A certified close, for a member that may not know it.
    Certified(Box<CertifiedClose>),
    /// Decryption shares.
    Shares(Box<Signed<Shares>>),
    /// A signature share.
    SignatureShare(Box<Signed<SignatureShareMessage>>),
    /// A question for what the sender lacks.
    Want(Want),
    /// Encoded envelopes.
    Envelopes(Vec<Blob>),
    /// Where the sender stands.
    Heartbeat(Heartbeat),
    /// What the sender holds that the receiver signed.
    Memory(Box<Memory>),
    /// A certified allocation, for a member that may not know it.
    Allocated(Allocated),
}
sealbid_types::schema!(PeerMessage, "sealbid.peer-message", 3, MOST_MESSAGE_BYTES);

/// A close and its certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertifiedClose {
    /// The close.
    pub close: Close,
    /// The certificate.
    pub certificate: CertificateBytes,
}
sealbid_types::schema!(
    CertifiedClose,
    "sealbid.certified-close",
    1,
    MOST_MESSAGE_BYTES
);

/// Which allocation of a round is certified. The receiver has it, or computes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allocated {
    /// The round.
    pub round: Round,
    /// The allocation.
    pub allocation: AllocationDigest,
    /// Its certificate.
    pub certificate: CertificateBytes,
}

/// What a member lacks.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Want {
    /// Reports of the open round.
    pub reports: Vec<ReportId>,
    /// Envelopes.
    pub envelopes: Vec<EnvelopeId>,
}

impl Want {
    /// Whether nothing is lacking.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.reports.is_empty() && self.envelopes.is_empty()
    }
}

/// Where a member stands: said every second, and never proof of anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// The auction.
    pub auction: AuctionId,
    /// Its wall clock.
    pub clock: Timestamp,
    /// The newest round it has settled.
    pub settled: Round,
    /// The newest round it knows to be certified.
    pub certified: Round,
    /// Asks for the receiver's [`Memory`]: the sender has just started.
    pub question: Option<u64>,
}

/// What a member holds that the asker signed: a part of its answer to a question (4.4). All of it
/// carries the asker's own signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// The question.
    pub question: u64,
    /// Which part this is, from 0.
    pub part: u16,
    /// How many parts there are.
    pub parts: u16,
    /// The newest round that is certified here: of that and earlier ones nothing is remembered.
    pub certified: Round,
    /// The asker's newest ballots: on the close of the round that is open here, and on the
    /// allocation of the one that is being settled.
    pub ballots: Vec<VoteMessage>,
    /// Its report for that round.
    pub report: Option<Signed<Report>>,
    /// Its acknowledgements of envelopes that are held here.
    pub acknowledgements: Vec<Signed<Acknowledgement>>,
}
