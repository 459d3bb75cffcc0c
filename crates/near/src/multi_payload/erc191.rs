//! `erc191`: texts that Ethereum wallets sign (EIP-191, version `0x45`): `personal_sign`.

use serde::Deserialize;

use super::{IntentsPayload, PublicKey, RecoverableSignature, Standard, Unreadable, keccak256};

/// What the text is framed with, before its length in bytes as a decimal number.
const PREFIX: &[u8] = b"\x19Ethereum Signed Message:\n";

/// A text with its signature. The key is not beside it: it is recovered.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Signed {
    /// The text.
    pub payload: String,
    /// Over the hash.
    pub signature: RecoverableSignature,
}

impl Standard for Signed {
    fn name(&self) -> &'static str {
        "erc191"
    }

    fn hash(&self) -> [u8; 32] {
        let length = self.payload.len().to_string();
        keccak256(&[PREFIX, length.as_bytes(), self.payload.as_bytes()])
    }

    fn signer(&self) -> Option<PublicKey> {
        self.signature
            .recover(&self.hash())
            .map(PublicKey::Secp256k1)
    }

    fn payload(&self) -> Result<IntentsPayload, Unreadable> {
        IntentsPayload::parse(&self.payload)
    }
}
