//! What allows a share to leave its member: q signatures of the fixed roster.

use std::collections::BTreeSet;

use sealbid_types::allocation::Allocation;
use sealbid_types::close::{CertificateBytes, Close};
use sealbid_types::envelope::Part;
use sealbid_types::id::{AllocationDigest, AuctionId, CloseDigest, EnvelopeId, Epoch, Round, View};
use sealbid_types::statement::Statement;

use crate::group::G1Point;
use crate::keys::CommitteeKeys;
use crate::signature::{Signature, SignatureError};

/// Why a certificate was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the certificate of round {round}: {error}")]
pub struct CertificateError {
    /// The round that it claims to decide.
    pub round: Round,
    /// What is wrong with its signature.
    pub error: SignatureError,
}

/// A close that q members precommitted to in one view: it is the round's, for good.
#[derive(Debug, Clone)]
pub struct CloseCertificate {
    close: Close,
    digest: CloseDigest,
    view: View,
    signature: Signature,
    public_key: G1Point,
}

impl CloseCertificate {
    /// Verifies the committee's signature over `close` in the certificate's view.
    ///
    /// # Errors
    /// [`CertificateError`].
    pub fn verify(
        keys: &CommitteeKeys,
        close: Close,
        certificate: &CertificateBytes,
    ) -> Result<Self, CertificateError> {
        let digest = close.digest();
        let view = certificate.view;
        let statement = close.statement_of(digest, view);
        let signature =
            Signature::verify(keys, &statement, &certificate.signature).map_err(|error| {
                CertificateError {
                    round: close.round,
                    error,
                }
            })?;
        Ok(Self {
            close,
            digest,
            view,
            signature,
            public_key: *keys.public_key(),
        })
    }

    /// The certified value.
    #[must_use]
    pub const fn close(&self) -> &Close {
        &self.close
    }

    /// Its digest.
    #[must_use]
    pub const fn digest(&self) -> CloseDigest {
        self.digest
    }

    /// The certificate as it travels.
    #[must_use]
    pub fn to_bytes(&self) -> CertificateBytes {
        CertificateBytes {
            view: self.view,
            signature: self.signature.to_bytes(),
        }
    }

    /// The statement that the round's `order` signature makes.
    #[must_use]
    pub const fn order_statement(&self) -> Statement {
        self.close.order_statement_of(self.digest)
    }
}

/// An allocation that the committee signed: the authorisations of its fills may be opened.
#[derive(Debug, Clone)]
pub struct AllocationCertificate {
    auction: AuctionId,
    epoch: Epoch,
    digest: AllocationDigest,
    round: Round,
    view: View,
    filled: BTreeSet<EnvelopeId>,
    signature: Signature,
    public_key: G1Point,
}

impl AllocationCertificate {
    /// Verifies the committee's signature over `allocation`.
    ///
    /// # Errors
    /// [`CertificateError`].
    pub fn verify(
        keys: &CommitteeKeys,
        allocation: &Allocation,
        certificate: &CertificateBytes,
    ) -> Result<Self, CertificateError> {
        let digest = allocation.digest();
        let round = allocation.round;
        let CertificateBytes { view, signature } = certificate;
        let statement = allocation.statement_of(digest, *view);
        let signature = Signature::verify(keys, &statement, signature)
            .map_err(|error| CertificateError { round, error })?;
        let filled = allocation.fills.iter().map(|fill| fill.intent).collect();
        Ok(Self {
            auction: allocation.auction,
            epoch: allocation.epoch,
            digest,
            round,
            view: *view,
            filled,
            signature,
            public_key: *keys.public_key(),
        })
    }

    /// The digest of the allocation.
    #[must_use]
    pub const fn digest(&self) -> AllocationDigest {
        self.digest
    }

    /// The round.
    #[must_use]
    pub const fn round(&self) -> Round {
        self.round
    }

    /// The certificate as it travels.
    #[must_use]
    pub fn to_bytes(&self) -> CertificateBytes {
        CertificateBytes {
            view: self.view,
            signature: self.signature.to_bytes(),
        }
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::CloseCertificate {}
    impl Sealed for super::AllocationCertificate {}
}

/// A certificate that lets shares out. There are two kinds and no more.
pub trait Authority: sealed::Sealed {
    /// Whether this part of this envelope may be opened.
    fn opens(&self, envelope: EnvelopeId, part: Part) -> bool;

    /// The auction that its signed statement names.
    fn auction(&self) -> AuctionId;

    /// The epoch that its signed statement names: only shares of this epoch leave for it.
    fn epoch(&self) -> Epoch;

    /// The committee key that it was verified under.
    fn public_key(&self) -> &G1Point;
}

impl Authority for CloseCertificate {
    /// The terms and quotes that the close lists. Its lists are sorted, or q members lied.
    fn opens(&self, envelope: EnvelopeId, part: Part) -> bool {
        let lists = |ids: &[EnvelopeId]| ids.binary_search(&envelope).is_ok();
        match part {
            Part::Terms => lists(&self.close.intents),
            Part::Quote => lists(&self.close.quotes),
            Part::Authorisation => false,
        }
    }

    fn auction(&self) -> AuctionId {
        self.close.auction
    }

    fn epoch(&self) -> Epoch {
        self.close.epoch
    }

    fn public_key(&self) -> &G1Point {
        &self.public_key
    }
}

impl Authority for AllocationCertificate {
    /// The authorisations of the fills.
    fn opens(&self, envelope: EnvelopeId, part: Part) -> bool {
        part == Part::Authorisation && self.filled.contains(&envelope)
    }

    fn auction(&self) -> AuctionId {
        self.auction
    }

    fn epoch(&self) -> Epoch {
        self.epoch
    }

    fn public_key(&self) -> &G1Point {
        &self.public_key
    }
}
