//! What a key ceremony leaves in the committee file: all members' signatures over its result.

use ed25519_dalek::SigningKey;
use serde::{Deserialize, Serialize};

use crate::codec::digest;
use crate::id::{CommitteeDigest, SessionId, TranscriptDigest, context};
use crate::keys::{KeyError, PublicKey, Signature};

/// What every participant signs at the end of a ceremony, once it has checked all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Confirmation {
    /// The session: the invitation and the roster.
    pub session: SessionId,
    /// All dealings, as this participant has them.
    pub transcript: TranscriptDigest,
    /// The committee that they make.
    pub committee: CommitteeDigest,
}
crate::schema!(Confirmation, "sealbid.ceremony.confirmation", 1, 128);

/// The signatures without which nobody uses the key: one of each member, in the roster's order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CeremonyCertificate {
    /// The session.
    pub session: SessionId,
    /// The transcript that shows how the key was made.
    pub transcript: TranscriptDigest,
    /// Each member's signature over the [`Confirmation`].
    pub signatures: Vec<Signature>,
}

impl Confirmation {
    /// The 32 bytes that are signed.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        digest(context::CEREMONY_CONFIRMATION, self)
    }

    /// Signs this with an identity key.
    #[must_use]
    pub fn sign(&self, identity: &SigningKey) -> Signature {
        Signature::sign(identity, &self.digest())
    }

    /// Verifies a participant's signature.
    ///
    /// # Errors
    /// [`KeyError::Weak`] or [`KeyError::Signature`].
    pub fn verify(&self, identity: &PublicKey, signature: &Signature) -> Result<(), KeyError> {
        identity.verify(&self.digest(), signature)
    }
}
