//! Envelopes: what a trader or a solver submits. Everything outside the sealed bodies is public.

use ed25519_dalek::SigningKey;
use serde::{Deserialize, Serialize};

use crate::bytes::{Blob, FixedBytes};
use crate::codec::{digest, encode};
use crate::id::{AuctionId, EnvelopeId, KeyId, Round, TermsPartDigest, context};
use crate::keys::{KeyError, PublicKey, Signature};
use crate::metadata::Metadata;
use crate::time::Timestamp;

/// The protocol version that labels carry.
pub const PROTOCOL: u16 = 1;

/// The most rounds an envelope may wait for: `last - first`.
pub const MOST_ROUNDS: u64 = 64;

/// What an envelope holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A trader's intent: sealed terms and a sealed authorisation.
    Intent,
    /// A solver's quote.
    Quote,
}

/// One sealed part of an envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// An intent's terms: opened once the round is closed.
    Terms,
    /// An intent's chain signature: opened only if the intent is filled.
    Authorisation,
    /// A quote: opened once the round is closed.
    Quote,
}

/// What every part's label says of the envelope it stands in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The protocol version, [`PROTOCOL`].
    pub protocol: u16,
    /// What the envelope holds.
    pub kind: Kind,
    /// The auction it is for.
    pub auction: AuctionId,
    /// The committee key it is sealed to.
    pub key: KeyId,
    /// The first round that may list it.
    pub first: Round,
    /// The last round that may list it.
    pub last: Round,
    /// A round whose closing time is later than this does not list it.
    pub expires: Timestamp,
    /// What solvers may see.
    pub metadata: Metadata,
    /// Whose quota it counts against; signs the envelope.
    pub submitter: PublicKey,
}

/// The label of a part: all that is public, bound into its proof, its key and its cipher.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Label {
    header: Header,
    part: Part,
    /// For an authorisation, the sealed terms it belongs to.
    terms: Option<TermsPartDigest>,
}
crate::schema!(Label, "sealbid.label", 1, 4096);

impl Header {
    /// Whether a round that closes at `closed_at` may list the envelope.
    #[must_use]
    pub fn is_alive(&self, round: Round, closed_at: Timestamp) -> bool {
        (self.first..=self.last).contains(&round) && self.expires >= closed_at
    }

    /// The canonical label of `part`. `terms` is the digest of the sealed terms when the part is
    /// an authorisation, and nothing otherwise.
    #[must_use]
    pub fn label(&self, part: Part, terms: Option<TermsPartDigest>) -> Vec<u8> {
        encode(&Label {
            header: self.clone(),
            part,
            terms,
        })
    }
}

/// A plaintext sealed by TDH2 to the committee key (docs/protocol.md 3.1). Points are uncompressed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedPart {
    /// `u = g^r`, in G1.
    pub u: FixedBytes<96>,
    /// `ū = ḡ^r`, in G1.
    pub u_bar: FixedBytes<96>,
    /// `a = g^k`, the proof's first commitment.
    pub a: FixedBytes<96>,
    /// `ā = ḡ^k`, the proof's second commitment.
    pub a_bar: FixedBytes<96>,
    /// The commitment to the content key.
    pub commitment: FixedBytes<32>,
    /// `y = k + e r`, a canonical scalar, big endian.
    pub response: FixedBytes<32>,
    /// The ciphertext: a padding class of plaintext and the tag.
    pub body: Blob,
}
crate::schema!(SealedPart, "sealbid.sealed-part", 1, 8192);

impl SealedPart {
    /// The digest by which an authorisation's label names this part.
    #[must_use]
    pub fn terms_digest(&self) -> TermsPartDigest {
        digest(context::TERMS_PART, self).into()
    }
}

/// The sealed parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(
    clippy::large_enum_variant,
    reason = "nearly all envelopes are intents"
)]
pub enum Sealed {
    /// An intent's.
    Intent {
        /// The terms.
        terms: SealedPart,
        /// The authorisation.
        authorisation: SealedPart,
    },
    /// A quote's.
    Quote(SealedPart),
}

impl Sealed {
    /// The parts, in the order they are opened.
    pub fn parts(&self) -> impl Iterator<Item = (Part, &SealedPart)> {
        let (first, second) = match self {
            Self::Intent {
                terms,
                authorisation,
            } => (
                (Part::Terms, terms),
                Some((Part::Authorisation, authorisation)),
            ),
            Self::Quote(quote) => ((Part::Quote, quote), None),
        };
        core::iter::once(first).chain(second)
    }
}

/// What a submitter signs: everything in an envelope but the signature.
#[derive(Serialize, Deserialize)]
pub(crate) struct Content {
    header: Header,
    sealed: Sealed,
}
crate::schema!(Content, "sealbid.envelope-content", 1, 24_576);

fn content_digest(header: &Header, sealed: &Sealed) -> [u8; 32] {
    let content = Content {
        header: header.clone(),
        sealed: sealed.clone(),
    };
    digest(context::ENVELOPE_SIGNATURE, &content)
}

/// What is submitted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// The public part.
    pub header: Header,
    /// The sealed parts.
    pub sealed: Sealed,
    /// The submitter's signature over header and parts.
    pub signature: Signature,
}
crate::schema!(Envelope, "sealbid.envelope", 2, 24_576);

/// Why an envelope's public part is refused, whatever is sealed in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// Another protocol version.
    #[error("protocol version {0} is not known here")]
    Protocol(u16),
    /// The parts are not those of the kind.
    #[error("the sealed parts are not those of the envelope's kind")]
    Kind,
    /// The rounds are in the wrong order, too many, or more than one for a quote.
    #[error(
        "rounds {first} to {last}: expected first <= last, at most {MOST_ROUNDS} later, one for a quote"
    )]
    Rounds {
        /// The first.
        first: Round,
        /// The last.
        last: Round,
    },
    /// The submitter's signature does not verify.
    #[error("submitter: {0}")]
    Signature(KeyError),
}

impl Envelope {
    /// Signs the content as its submitter, `header.submitter` being the key of `secret`.
    #[must_use]
    pub fn sign(header: Header, sealed: Sealed, secret: &SigningKey) -> Self {
        let signature = Signature::sign(secret, &content_digest(&header, &sealed));
        Self {
            header,
            sealed,
            signature,
        }
    }

    /// What the submitter signs: a digest of everything but the signature.
    #[must_use]
    pub fn content_digest(&self) -> [u8; 32] {
        content_digest(&self.header, &self.sealed)
    }

    /// The envelope's id: a digest of all of it, the signature included.
    ///
    /// An id that left the signature out would stand for two things: what was submitted, and every
    /// copy that somebody spoiled by changing a bit of the signature. A member that meets the copy
    /// first would refuse the id, and with it every report that lists what was submitted.
    #[must_use]
    pub fn id(&self) -> EnvelopeId {
        digest(context::ENVELOPE, self).into()
    }

    /// The label that `part` was sealed under.
    #[must_use]
    pub fn label(&self, part: Part) -> Vec<u8> {
        let terms = match (&self.sealed, part) {
            (Sealed::Intent { terms, .. }, Part::Authorisation) => Some(terms.terms_digest()),
            _ => None,
        };
        self.header.label(part, terms)
    }

    /// Checks all that needs neither the committee nor a clock: version, kind, rounds, signature.
    ///
    /// # Errors
    /// [`HeaderError`].
    pub fn check_header(&self) -> Result<(), HeaderError> {
        self.check_fields()?;
        self.check_signature()
    }

    /// [`Self::check_header`] but for the signature: without arithmetic.
    ///
    /// # Errors
    /// [`HeaderError`].
    pub fn check_fields(&self) -> Result<(), HeaderError> {
        let Header {
            protocol,
            kind,
            first,
            last,
            ..
        } = &self.header;
        if *protocol != PROTOCOL {
            return Err(HeaderError::Protocol(*protocol));
        }
        let width = last.0.checked_sub(first.0);
        let most = match (kind, &self.sealed) {
            (Kind::Intent, Sealed::Intent { .. }) => MOST_ROUNDS,
            (Kind::Quote, Sealed::Quote(_)) => 0,
            _ => return Err(HeaderError::Kind),
        };
        if first.0 == 0 || width.is_none_or(|width| width > most) {
            return Err(HeaderError::Rounds {
                first: *first,
                last: *last,
            });
        }
        Ok(())
    }

    /// The submitter's signature over [`Self::content_digest`].
    ///
    /// # Errors
    /// [`HeaderError::Signature`].
    pub fn check_signature(&self) -> Result<(), HeaderError> {
        let submitter = &self.header.submitter;
        submitter
            .verify(&self.content_digest(), &self.signature)
            .map_err(HeaderError::Signature)
    }
}

#[cfg(test)]
mod tests;
