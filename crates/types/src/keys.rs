//! Ed25519 public keys and signatures: text forms, and the one way they are verified.

use core::fmt;
use core::str::FromStr;

use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::bytes::FixedBytes;
use crate::codec::{Schema, digest};
use crate::id::{MemberIndex, context};
use crate::text::AccountId;

/// Why a key or a signature is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not `ed25519:` and the base58 of the right number of bytes.
    #[error("not an ed25519 key or signature (ed25519:BASE58)")]
    Text,
    /// Not a point of the curve, or one of small order.
    #[error("not a usable ed25519 public key")]
    Weak,
    /// The signature does not verify.
    #[error("the signature does not verify")]
    Signature,
}

/// An ed25519 public key: 32 bytes, `ed25519:<base58>` in text.
///
/// Any 32 bytes may stand here; what is no key fails when a signature is verified.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey(pub FixedBytes<32>);

/// An ed25519 signature (RFC 8032, section 5.1.6): 64 bytes, `ed25519:<base58>` in text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signature(pub FixedBytes<64>);

impl PublicKey {
    /// The key of a signing key.
    #[must_use]
    pub fn of(secret: &SigningKey) -> Self {
        Self(FixedBytes(secret.verifying_key().to_bytes()))
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// Verifies strictly (`verify_strict` of `ed25519-dalek`): keys and `R` of small order, and an
    /// `S` that is not below the group order, are refused (RFC 8032, section 5.1.7).
    ///
    /// So nobody but the key's holder can make a second signature of one message: `S` has one form,
    /// and the bytes of `R` and of the key are hashed. The holder can, by another nonce. Ids cover
    /// the signature, so that is another envelope or report: it counts against the same quota, and
    /// two envelopes of one content share a `u`, which voids both.
    ///
    /// # Errors
    /// [`KeyError::Weak`] or [`KeyError::Signature`].
    pub fn verify(&self, message: &[u8], signature: &Signature) -> Result<(), KeyError> {
        let key = VerifyingKey::from_bytes(self.as_bytes()).map_err(|_| KeyError::Weak)?;
        if key.is_weak() {
            return Err(KeyError::Weak);
        }
        let signature = ed25519_dalek::Signature::from_bytes(signature.0.as_bytes());
        key.verify_strict(message, &signature)
            .map_err(|_| KeyError::Signature)
    }

    /// The implicit NEAR account of this key: its 64 hex digits.
    ///
    /// # Errors
    /// Never for a key; the type is that of the account's parser.
    pub fn implicit_account(&self) -> Result<AccountId, crate::text::TextError> {
        self.0.to_string().parse()
    }
}

impl Signature {
    /// Signs `message` with `secret`.
    #[must_use]
    pub fn sign(secret: &SigningKey, message: &[u8]) -> Self {
        Self(FixedBytes(secret.sign(message).to_bytes()))
    }
}

macro_rules! key_text {
    ($name:ident, $bytes:literal) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "ed25519:{}", bs58::encode(&self.0.0).into_string())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = KeyError;

            fn from_str(text: &str) -> Result<Self, KeyError> {
                let text = text.strip_prefix("ed25519:").unwrap_or(text);
                let mut bytes = [0; $bytes];
                match bs58::decode(text).onto(&mut bytes) {
                    Ok($bytes) => Ok(Self(FixedBytes(bytes))),
                    _ => Err(KeyError::Text),
                }
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.collect_str(self)
                } else {
                    self.0.serialize(serializer)
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    String::deserialize(deserializer)?
                        .parse()
                        .map_err(de::Error::custom)
                } else {
                    FixedBytes::deserialize(deserializer).map(Self)
                }
            }
        }
    };
}

key_text!(PublicKey, 32);
key_text!(Signature, 64);

/// A value signed by a member's identity key.
///
/// The signature covers the value's schema, version and bytes; every such value names its auction.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Signed<T> {
    /// What is signed.
    pub body: T,
    /// Who signed: the roster's key at this index verifies it.
    #[serde(rename = "index")]
    pub member: MemberIndex,
    /// The signature.
    pub signature: Signature,
}

impl<T: Schema> Signed<T> {
    /// Signs `body` as `member`.
    #[must_use]
    pub fn new(body: T, member: MemberIndex, secret: &SigningKey) -> Self {
        let signature = Signature::sign(secret, &digest(context::MEMBER_SIGNATURE, &body));
        Self {
            body,
            member,
            signature,
        }
    }

    /// Verifies the signature by `key`, the identity of [`Self::member`] in the roster.
    ///
    /// # Errors
    /// As [`PublicKey::verify`].
    pub fn verify(&self, key: &PublicKey) -> Result<(), KeyError> {
        key.verify(
            &digest(context::MEMBER_SIGNATURE, &self.body),
            &self.signature,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_back() {
        let secret = SigningKey::from_bytes(&[7; 32]);
        let key = PublicKey::of(&secret);
        assert_eq!(key.to_string().parse::<PublicKey>().unwrap(), key);
        let signature = Signature::sign(&secret, b"message");
        assert_eq!(
            signature.to_string().parse::<Signature>().unwrap(),
            signature
        );
        assert_eq!(key.verify(b"message", &signature), Ok(()));
        assert_eq!(key.verify(b"massage", &signature), Err(KeyError::Signature));
    }

    #[test]
    fn keys_of_small_order_are_refused() {
        let mut identity = [0; 32];
        identity[0] = 1;
        let key = PublicKey(FixedBytes(identity));
        let mut signature = [0; 64];
        signature[0] = 1;
        assert_eq!(
            key.verify(b"any", &Signature(FixedBytes(signature))),
            Err(KeyError::Weak)
        );
    }

    #[test]
    fn implicit_account_of_the_public_vectors() {
        let key: PublicKey = "ed25519:5TagutioHgKLh7KZ1VEFBYfgRkPtqnKm9LoMnJMJugxm"
            .parse()
            .unwrap();
        assert_eq!(
            key.implicit_account().unwrap().as_str(),
            "423df0a6640e9467769c55a573f15b9ee999dc8970048959c72890abf5cc3a8e"
        );
    }
}
