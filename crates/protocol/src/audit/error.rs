//! What an audit finds: one variant, and one line, for each thing that can be wrong.

use core::fmt;

use sealbid_crypto::admit;
use sealbid_crypto::signature::SignatureError;
use sealbid_types::committee::CommitteeError;
use sealbid_types::envelope::{HeaderError, Part};
use sealbid_types::id::{AuctionId, EnvelopeId, KeyId, MemberIndex, ReportId, Round};
use sealbid_types::text::AssetId;

/// A document that the committee signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Document {
    /// How the round cleared.
    Allocation,
    /// How it settled.
    Settlement,
}

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Allocation => "allocation",
            Self::Settlement => "settlement",
        })
    }
}

/// Why an envelope should not have been admitted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeFault {
    /// It is for another auction.
    #[error("it is for auction {0}")]
    Auction(AuctionId),
    /// It is sealed to another key.
    #[error("it is sealed to key {0}")]
    Key(KeyId),
    /// Its public part is wrong.
    #[error(transparent)]
    Header(HeaderError),
    /// A sealed part is wrong.
    #[error(transparent)]
    Part(admit::NotAdmitted),
    /// Both its parts have one `u`.
    #[error("both sealed parts have the same u")]
    Twins,
}

/// What is wrong with a record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuditError {
    /// The committee file.
    #[error("committee file: {0}")]
    Committee(CommitteeError),

    /// The close names another auction, key, epoch or rules than the committee file, or another
    /// closing time than its slot's end, or a parent that does not fit its round.
    #[error("the close has a wrong {0}")]
    Close(&'static str),
    /// The certificate is not the committee's.
    #[error("certificate forged: {0}")]
    Certificate(SignatureError),

    /// The close names more or fewer reports than q.
    #[error("the close names {found} reports, {expected} are needed")]
    ReportCount {
        /// How many it names.
        found: usize,
        /// q.
        expected: usize,
    },
    /// A report that the close names is not in the record.
    #[error("report {0} missing")]
    ReportMissing(ReportId),
    /// A report of the record that the close does not name.
    #[error("report {0} is not one that the close names")]
    ReportAdded(ReportId),
    /// A report's signature is not its member's.
    #[error("report of {0} forged")]
    ReportForged(MemberIndex),
    /// A report of nobody on the roster.
    #[error("report of {0}, who is not on the roster")]
    ReportMember(MemberIndex),
    /// Two reports of one member.
    #[error("two reports of {0}")]
    ReportTwice(MemberIndex),
    /// A report of another auction, epoch or round, unsorted, or above the limits.
    #[error("report of {member}: {what}")]
    Report {
        /// The member.
        member: MemberIndex,
        /// What is wrong.
        what: &'static str,
    },

    /// A report lists an envelope that cannot stand where it does: no close may name that report.
    #[error("report of {member} lists envelope {envelope}, which could not stand in it")]
    ReportUnfit {
        /// The member.
        member: MemberIndex,
        /// The envelope.
        envelope: EnvelopeId,
    },

    /// An envelope that a report names is not in the record.
    #[error("envelope {0} missing")]
    EnvelopeMissing(EnvelopeId),
    /// An envelope that no report names, or that an earlier round listed, is in the record.
    #[error("envelope {0} does not belong in this record")]
    EnvelopeAdded(EnvelopeId),
    /// An envelope that should not have been admitted.
    #[error("envelope {envelope} should not have been admitted: {fault}")]
    Envelope {
        /// The envelope.
        envelope: EnvelopeId,
        /// Why.
        fault: EnvelopeFault,
    },
    /// One of the record's lists is not sorted, or names something twice.
    #[error("the list of {0} is not sorted")]
    Unsorted(&'static str),

    /// An intent that the reports name, and that the chain does not rule out, is not listed.
    #[error("intent {0} dropped")]
    IntentDropped(EnvelopeId),
    /// An intent is listed that should not be.
    #[error("intent {0} slipped in")]
    IntentAdded(EnvelopeId),
    /// A quote that the reports name, and that the chain does not rule out, is not listed.
    #[error("quote {0} dropped")]
    QuoteDropped(EnvelopeId),
    /// A quote is listed that should not be.
    #[error("quote {0} slipped in")]
    QuoteAdded(EnvelopeId),

    /// An opening that does not open what it stands for.
    #[error("changed opening of envelope {envelope} ({part:?})")]
    OpeningChanged {
        /// The envelope.
        envelope: EnvelopeId,
        /// The part.
        part: Part,
    },
    /// A part that had to be opened was not.
    #[error("opening of envelope {envelope} ({part:?}) missing")]
    OpeningMissing {
        /// The envelope.
        envelope: EnvelopeId,
        /// The part.
        part: Part,
    },
    /// A part was opened that had to stay sealed.
    #[error("envelope {envelope} ({part:?}) opened without right")]
    OpeningAdded {
        /// The envelope.
        envelope: EnvelopeId,
        /// The part.
        part: Part,
    },

    /// The `order` signature is not the committee's.
    #[error("order signature forged: {0}")]
    Order(SignatureError),
    /// A document's signature is not the committee's.
    #[error("signature of the {document} forged: {error}")]
    Signature {
        /// The document.
        document: Document,
        /// What is wrong with it.
        error: SignatureError,
    },
    /// A field of a document is not what the round makes it.
    #[error("the {document} has a wrong {field}")]
    Field {
        /// The document.
        document: Document,
        /// The field.
        field: &'static str,
    },
    /// A fill is missing.
    #[error("fill of {intent} dropped from the {document}")]
    FillDropped {
        /// The document.
        document: Document,
        /// The intent.
        intent: EnvelopeId,
    },
    /// There is a fill that should not be.
    #[error("fill of {intent} slipped into the {document}")]
    FillAdded {
        /// The document.
        document: Document,
        /// The intent.
        intent: EnvelopeId,
    },
    /// A fill has other amounts.
    #[error("price changed in fill of {intent} in the {document}")]
    PriceChanged {
        /// The document.
        document: Document,
        /// The intent.
        intent: EnvelopeId,
    },
    /// A fill differs otherwise.
    #[error("fill of {intent} changed in the {document}")]
    FillChanged {
        /// The document.
        document: Document,
        /// The intent.
        intent: EnvelopeId,
    },
    /// A fill's movements do not sum to zero.
    #[error("fill of {intent} in the {document} does not sum to zero in {asset}")]
    Sum {
        /// The document.
        document: Document,
        /// The intent.
        intent: EnvelopeId,
        /// The asset.
        asset: AssetId,
    },
    /// An unfilled intent is missing, added, or has another reason.
    #[error("unfilled intent {intent} changed in the {document}")]
    UnfilledChanged {
        /// The document.
        document: Document,
        /// The intent.
        intent: EnvelopeId,
    },
    /// A void entry is missing, added, or has another reason.
    #[error("void entry {entry} changed in the {document}")]
    VoidChanged {
        /// The document.
        document: Document,
        /// The entry.
        entry: EnvelopeId,
    },
    /// A settled fill carries another authorisation than was sealed.
    #[error("authorisation of {0} changed")]
    AuthorisationChanged(EnvelopeId),

    /// What the record says of earlier rounds has nothing to do with this one.
    #[error("the record's ancestry has unrelated {0}")]
    Ancestry(&'static str),
    /// A round of the chain is missing.
    #[error("round {expected} missing before round {found}")]
    RoundMissing {
        /// The round that should come.
        expected: Round,
        /// The one that does.
        found: Round,
    },
    /// The close has another parent than the round before.
    #[error("the close does not follow round {0}")]
    Parent(Round),
    /// The slot is not later than the parent's.
    #[error("the slot is not later than that of round {0}")]
    Slot(Round),
    /// The record says wrongly that an earlier round listed an envelope, or hides that one did.
    #[error("wrong about whether an earlier round listed envelope {0}")]
    Listed(EnvelopeId),
    /// The record says wrongly that an earlier round used a point of an envelope, or hides it.
    #[error("wrong about whether an earlier round used a point of envelope {0}")]
    Point(EnvelopeId),
    /// The record says wrongly that an earlier round used an intent's nonce, or hides it.
    #[error("wrong about whether an earlier round used the nonce of intent {0}")]
    Nonce(EnvelopeId),
}
