//! Signed messages: each names its author, whose identity key verifies it.

use ed25519_dalek::SigningKey;
use sealbid_types::codec::{Schema, digest};
use sealbid_types::keys::{KeyError, PublicKey, Signature};
use serde::{Deserialize, Serialize};

/// What can be signed in a ceremony. The digest covers schema, version and bytes, under a context
/// that serves nothing else.
pub trait Signable {
    /// The 32 bytes that are signed.
    fn signing_digest(&self) -> [u8; 32];
}

/// A value and its author's signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed<T> {
    /// The author's identity key.
    pub author: PublicKey,
    /// What it says.
    pub body: T,
    /// Its signature.
    pub signature: Signature,
}

impl<T: Signable> Signed<T> {
    /// Signs `body`.
    #[must_use]
    pub fn new(body: T, identity: &SigningKey) -> Self {
        Self {
            author: PublicKey::of(identity),
            signature: Signature::sign(identity, &body.signing_digest()),
            body,
        }
    }

    /// Verifies the author's signature.
    ///
    /// # Errors
    /// [`KeyError::Weak`] or [`KeyError::Signature`].
    pub fn verify(&self) -> Result<(), KeyError> {
        self.author
            .verify(&self.body.signing_digest(), &self.signature)
    }
}

/// Implements [`Signable`] by a context and the canonical encoding.
macro_rules! signable {
    ($type:ty, $context:expr) => {
        impl $crate::signed::Signable for $type {
            fn signing_digest(&self) -> [u8; 32] {
                $crate::signed::digest_of($context, self)
            }
        }
    };
}
pub(crate) use signable;

pub(crate) fn digest_of<T: Schema>(context: &'static str, value: &T) -> [u8; 32] {
    digest(context, value)
}
