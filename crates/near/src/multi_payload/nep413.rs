//! `nep413`: messages of NEAR wallets (NEP-413).

use serde::Deserialize;

use sealbid_types::terms::Nonce;

use super::{
    Ed25519Key, Ed25519Signature, IntentsPayload, PublicKey, Standard, Unreadable, sha256,
};
use crate::base64::read_nonce;

/// What a message is framed with, so that it is no transaction: 2³¹ + 413 (NEP-461).
const TAG: u32 = (1 << 31) + 413;

/// A message with its signature.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Signed {
    /// What the wallet was given.
    pub payload: Message,
    /// The wallet's key.
    pub public_key: Ed25519Key,
    /// Over the hash.
    pub signature: Ed25519Signature,
}

/// What a wallet is given to sign.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// JSON: signer, deadline and intents.
    pub message: String,
    /// The nonce of the intents.
    #[serde(deserialize_with = "read_nonce")]
    pub nonce: Nonce,
    /// The Verifier contract.
    pub recipient: String,
    /// Where a wallet in a browser goes back to.
    #[serde(default)]
    pub callback_url: Option<String>,
}

impl Standard for Signed {
    fn name(&self) -> &'static str {
        "nep413"
    }

    /// SHA-256 of the tag and the message in Borsh: lengths are `u32`, little-endian, and one byte
    /// tells whether there is a callback.
    fn hash(&self) -> [u8; 32] {
        let Message {
            message,
            nonce,
            recipient,
            callback_url,
        } = &self.payload;
        let callback = callback_url.as_deref();
        sha256(&[
            &TAG.to_le_bytes(),
            &length(message),
            message.as_bytes(),
            nonce.as_bytes(),
            &length(recipient),
            recipient.as_bytes(),
            &[u8::from(callback.is_some())],
            callback
                .map(length)
                .as_ref()
                .map_or(&[], <[u8; 4]>::as_slice),
            callback.unwrap_or_default().as_bytes(),
        ])
    }

    fn signer(&self) -> Option<PublicKey> {
        self.public_key
            .has_signed(&self.hash(), &self.signature)
            .then_some(PublicKey::Ed25519(self.public_key))
    }

    fn payload(&self) -> Result<IntentsPayload, Unreadable> {
        let Message {
            message,
            nonce,
            recipient,
            ..
        } = &self.payload;
        IntentsPayload::parse_message(message, recipient, *nonce)
    }
}

/// A text of 4 GiB has no length in Borsh, and nobody's signature.
fn length(text: &str) -> [u8; 4] {
    u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes()
}
