//! Round records: all that is public about a round, enough to check it again from nothing but the
//! committee file.

use serde::{Deserialize, Serialize};

use crate::allocation::Allocation;
use crate::bytes::FixedBytes;
use crate::close::{CertificateBytes, Close};
use crate::envelope::{Envelope, Part};
use crate::id::{EnvelopeId, Round};
use crate::keys::Signed;
use crate::report::Report;
use crate::settlement::SignedSettlement;
use crate::terms::Nonce;
use crate::text::AccountId;

/// An opened part: `z = u^s`, which anyone checks by one pairing and decrypts with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// The envelope.
    pub envelope: EnvelopeId,
    /// Which of its parts.
    pub part: Part,
    /// `z`, in G1, uncompressed.
    pub z: FixedBytes<96>,
}

/// A nonce of this round that an earlier round settled.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct UsedNonce {
    /// The account.
    pub account: AccountId,
    /// The nonce.
    pub nonce: Nonce,
    /// The round that settled it.
    pub round: Round,
}

/// A `u` of this round that stands in an envelope of an earlier round.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct UsedU {
    /// The point.
    pub u: FixedBytes<96>,
    /// The earlier envelope.
    pub envelope: EnvelopeId,
    /// The round that listed it.
    pub round: Round,
}

/// What earlier rounds have to do with this one: the round alone cannot show it, the chain can
/// (`audit --all`).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Ancestry {
    /// Reported envelopes that an ancestor lists already, sorted.
    pub listed: Vec<EnvelopeId>,
    /// Nonces of this round that were used before, sorted.
    pub nonces: Vec<UsedNonce>,
    /// Points of this round that were used before, sorted.
    pub points: Vec<UsedU>,
}

/// Everything public about a settled round.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoundRecord {
    /// The close.
    pub close: Close,
    /// Its certificate.
    pub certificate: CertificateBytes,
    /// The reports it names, by id.
    pub reports: Vec<Signed<Report>>,
    /// Every envelope that one of the reports names, by id: listed ones, and those the chain ruled
    /// out (so that it can be seen why). Ones that [`Ancestry::listed`] names are left out.
    pub envelopes: Vec<Envelope>,
    /// What earlier rounds have to do with this one.
    pub ancestry: Ancestry,
    /// The committee's `order` signature, in G2, compressed.
    pub order: FixedBytes<96>,
    /// The openings: terms and quotes of all listed entries, authorisations of fills; sorted by
    /// envelope, then part.
    pub openings: Vec<Opening>,
    /// How the round cleared.
    pub allocation: Allocation,
    /// The certificate of the allocation.
    pub allocation_certificate: CertificateBytes,
    /// How it settled, signed.
    pub settlement: SignedSettlement,
}
crate::schema!(RoundRecord, "sealbid.round-record", 3, 1 << 26);
