//! Signed payloads as the Verifier takes them (its `MultiPayload`): one of the ways in which wallets
//! sign, told by `standard`.
//!
//! | `standard` | who signs so | hash | signature |
//! | --- | --- | --- | --- |
//! | [`nep413`] | NEAR wallets | SHA-256 of the framed message | ed25519 over the hash |
//! | [`erc191`] | Ethereum wallets | Keccak-256 of the framed text | secp256k1, the key is recovered |
//! | [`tip191`] | Tron wallets | Keccak-256 of the framed text | secp256k1, the key is recovered |
//! | [`raw_ed25519`] | Solana wallets | SHA-256 of the text | ed25519 over the text |
//! | [`sep53`] | Stellar wallets | SHA-256 of the framed text | ed25519 over the hash |
//! | [`webauthn`] | passkeys | SHA-256 of the text | ed25519 or p256 over an assertion of the hash |
//! | [`ton_connect`] | TON wallets | SHA-256 of the framed text | ed25519 over the hash |
//!
//! The base58 of the hash is the intent hash, by which everybody asks for a payload. Whether the
//! chain would execute one is the question of [`crate::verifier`].

pub mod erc191;
mod keys;
pub mod nep413;
mod payload;
pub mod raw_ed25519;
pub mod sep53;
pub mod tip191;
pub mod ton_connect;
pub mod webauthn;

use core::fmt;

use serde::Deserialize;
use sha2::{Digest, Sha256};
use tiny_keccak::{Hasher, Keccak};

use crate::json::printable;

pub use keys::{
    Ed25519Key, Ed25519Signature, KeyTextError, P256Key, P256Signature, PublicKey,
    RecoverableSignature, Secp256k1Key, Signature,
};
pub use payload::{IntentsPayload, Unreadable};

/// A signed payload, of which nothing has been checked but its form.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "standard", rename_all = "snake_case")]
pub enum MultiPayload {
    /// Signed by a NEAR wallet.
    Nep413(nep413::Signed),
    /// Signed by an Ethereum wallet.
    Erc191(erc191::Signed),
    /// Signed by a Tron wallet.
    Tip191(tip191::Signed),
    /// The text's bytes signed as they are.
    RawEd25519(raw_ed25519::Signed),
    /// Signed by a passkey.
    #[serde(rename = "webauthn")]
    WebAuthn(webauthn::Signed),
    /// Signed by a TON wallet.
    TonConnect(ton_connect::Signed),
    /// Signed by a Stellar wallet.
    Sep53(sep53::Signed),
}

/// Why a text is not a signed payload: what is wrong with it where, for whoever wrote it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a signed payload: {0}")]
pub struct NotSigned(String);

/// The hash of a signed payload, in base58.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IntentHash(pub [u8; 32]);

impl fmt::Display for IntentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&bs58::encode(self.0).into_string())
    }
}

/// What each standard has.
trait Standard {
    /// Its name.
    fn name(&self) -> &'static str;

    /// The hash that identifies the payload, whatever the signature is over.
    fn hash(&self) -> [u8; 32];

    /// The key that has signed, if one has.
    fn signer(&self) -> Option<PublicKey>;

    /// What has been signed.
    fn payload(&self) -> Result<IntentsPayload, Unreadable>;
}

impl MultiPayload {
    /// Reads a signed payload. Fields that are not known are passed over, one that is known must not
    /// stand twice.
    ///
    /// # Errors
    /// [`NotSigned`].
    pub fn parse(json: &str) -> Result<Self, NotSigned> {
        serde_json::from_str(json).map_err(|error| NotSigned(printable(&error.to_string())))
    }

    const fn standard(&self) -> &dyn Standard {
        match self {
            Self::Nep413(signed) => signed,
            Self::Erc191(signed) => signed,
            Self::Tip191(signed) => signed,
            Self::RawEd25519(signed) => signed,
            Self::WebAuthn(signed) => signed,
            Self::TonConnect(signed) => signed,
            Self::Sep53(signed) => signed,
        }
    }

    /// The standard, as the tag names it.
    #[must_use]
    pub fn standard_name(&self) -> &'static str {
        self.standard().name()
    }

    /// The hash by which the chain knows the payload.
    #[must_use]
    pub fn intent_hash(&self) -> IntentHash {
        IntentHash(self.standard().hash())
    }

    /// The key whose signature it has: the one beside it or, for `erc191` and `tip191`, the one that is
    /// recovered. None if the signature is no key's, or that of a weak key. A recovered key says
    /// nothing until it is held against the account: a changed payload has another one.
    #[must_use]
    pub fn signer(&self) -> Option<PublicKey> {
        self.standard().signer()
    }

    /// What has been signed, whether the signature is right or not.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn payload(&self) -> Result<IntentsPayload, Unreadable> {
        self.standard().payload()
    }
}

fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

fn keccak256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Keccak::v256();
    for part in parts {
        hasher.update(part);
    }
    let mut hash = [0; 32];
    hasher.finalize(&mut hash);
    hash
}

#[cfg(test)]
mod tests;
