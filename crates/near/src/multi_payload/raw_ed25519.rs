//! `raw_ed25519`: texts whose bytes are signed as they are, as Solana wallets sign messages.

use serde::Deserialize;

use super::{
    Ed25519Key, Ed25519Signature, IntentsPayload, PublicKey, Standard, Unreadable, sha256,
};

/// A text with its signature.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Signed {
    /// The text.
    pub payload: String,
    /// The wallet's key.
    pub public_key: Ed25519Key,
    /// Over the text's bytes (RFC 8032), and not over the hash.
    pub signature: Ed25519Signature,
}

impl Standard for Signed {
    fn name(&self) -> &'static str {
        "raw_ed25519"
    }

    fn hash(&self) -> [u8; 32] {
        sha256(&[self.payload.as_bytes()])
    }

    fn signer(&self) -> Option<PublicKey> {
        self.public_key
            .has_signed(self.payload.as_bytes(), &self.signature)
            .then_some(PublicKey::Ed25519(self.public_key))
    }

    fn payload(&self) -> Result<IntentsPayload, Unreadable> {
        IntentsPayload::parse(&self.payload)
    }
}
