//! `sep53`: texts that Stellar wallets sign (SEP-53).

use serde::Deserialize;

use super::{
    Ed25519Key, Ed25519Signature, IntentsPayload, PublicKey, Standard, Unreadable, sha256,
};

/// What the text is framed with.
const PREFIX: &[u8] = b"Stellar Signed Message:\n";

/// A text with its signature.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Signed {
    /// The text.
    pub payload: String,
    /// The wallet's key.
    pub public_key: Ed25519Key,
    /// Over the hash.
    pub signature: Ed25519Signature,
}

impl Standard for Signed {
    fn name(&self) -> &'static str {
        "sep53"
    }

    fn hash(&self) -> [u8; 32] {
        sha256(&[PREFIX, self.payload.as_bytes()])
    }

    fn signer(&self) -> Option<PublicKey> {
        self.public_key
            .has_signed(&self.hash(), &self.signature)
            .then_some(PublicKey::Ed25519(self.public_key))
    }

    fn payload(&self) -> Result<IntentsPayload, Unreadable> {
        IntentsPayload::parse(&self.payload)
    }
}
