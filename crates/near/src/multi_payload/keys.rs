//! Keys and signatures: `curve:base58`, and of the very length.
//!
//! The curve's name may be in capital letters. Where a field is of one curve, it may be left out;
//! where it is of any, a text without it is of ed25519.

use core::fmt;
use core::str::FromStr;

use ed25519_dalek::{Verifier as _, VerifyingKey};
use k256::ecdsa::RecoveryId;
use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use sealbid_types::text::{AccountId, TextError};

use super::keccak256;

/// Why a text is not a key or a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyTextError {
    /// Another curve than the field's, or none that there is.
    #[error("wrong curve")]
    Curve,
    /// Not base58.
    #[error("not base58")]
    Base58,
    /// Not as many bytes as there must be.
    #[error("wrong length")]
    Length,
}

/// The `N` bytes of a text after its curve.
fn bytes<const N: usize>(base58: &str) -> Result<[u8; N], KeyTextError> {
    let mut bytes = [0; N];
    match bs58::decode(base58).onto(&mut bytes) {
        Ok(length) if length == N => Ok(bytes),
        Ok(_) | Err(bs58::decode::Error::BufferTooSmall) => Err(KeyTextError::Length),
        Err(_) => Err(KeyTextError::Base58),
    }
}

macro_rules! of_one_curve {
    ($(#[$doc:meta] $name:ident: $curve:literal, $bytes:literal;)*) => {$(
        #[$doc]
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $bytes]);

        impl $name {
            const CURVE: &'static str = $curve;
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}:{}", Self::CURVE, bs58::encode(self.0).into_string())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = KeyTextError;

            fn from_str(text: &str) -> Result<Self, KeyTextError> {
                let (curve, base58) = text.split_once(':').unwrap_or((Self::CURVE, text));
                if !curve.eq_ignore_ascii_case(Self::CURVE) {
                    return Err(KeyTextError::Curve);
                }
                bytes(base58).map(Self)
            }
        }

        read_from_text!($name);
    )*};
}

macro_rules! read_from_text {
    ($name:ident) => {
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?
                    .parse()
                    .map_err(de::Error::custom)
            }
        }
    };
}

of_one_curve! {
    /// A public key of ed25519 (RFC 8032, section 5.1.5), or 32 bytes that are none.
    Ed25519Key: "ed25519", 32;
    /// A signature of ed25519 (RFC 8032, section 5.1.6).
    Ed25519Signature: "ed25519", 64;
    /// A public key of secp256k1: both coordinates, big-endian.
    Secp256k1Key: "secp256k1", 64;
    /// A signature of secp256k1 from which its key is recovered: `r`, `s` and `v`, which is 0 or 1.
    RecoverableSignature: "secp256k1", 65;
    /// A public key of P-256: both coordinates, big-endian.
    P256Key: "p256", 64;
    /// A signature of P-256: `r` and `s`.
    P256Signature: "p256", 64;
}

macro_rules! of_any_curve {
    ($(#[$doc:meta] $name:ident { $ed25519:ident, $secp256k1:ident, $p256:ident })*) => {$(
        #[$doc]
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            /// Of ed25519.
            Ed25519($ed25519),
            /// Of secp256k1.
            Secp256k1($secp256k1),
            /// Of P-256.
            P256($p256),
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    Self::Ed25519(bytes) => fmt::Display::fmt(bytes, f),
                    Self::Secp256k1(bytes) => fmt::Display::fmt(bytes, f),
                    Self::P256(bytes) => fmt::Display::fmt(bytes, f),
                }
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = KeyTextError;

            fn from_str(text: &str) -> Result<Self, KeyTextError> {
                let curve = text.split_once(':').map(|(curve, _)| curve.to_ascii_lowercase());
                match curve.as_deref() {
                    None | Some("ed25519") => text.parse().map(Self::Ed25519),
                    Some("secp256k1") => text.parse().map(Self::Secp256k1),
                    Some("p256") => text.parse().map(Self::P256),
                    Some(_) => Err(KeyTextError::Curve),
                }
            }
        }

        read_from_text!($name);
    )*};
}

of_any_curve! {
    /// A public key.
    PublicKey { Ed25519Key, Secp256k1Key, P256Key }
    /// A signature.
    Signature { Ed25519Signature, RecoverableSignature, P256Signature }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Ed25519Key {
    /// Whether `signature` is this key's over `message`. Keys of small order, whose signatures are of
    /// any message, have none.
    ///
    /// An `R` of small order is taken, as on the chain: nobody but the key's holder can make one.
    #[must_use]
    pub fn has_signed(&self, message: &[u8], signature: &Ed25519Signature) -> bool {
        let signature = ed25519_dalek::Signature::from_bytes(&signature.0);
        VerifyingKey::from_bytes(&self.0)
            .is_ok_and(|key| !key.is_weak() && key.verify(message, &signature).is_ok())
    }
}

impl RecoverableSignature {
    /// The key whose signature over `hash` this is (SEC 1, section 4.1.6). None for one with a high
    /// `s` (EIP-2) or a `v` but 0 and 1: wallets write 27 and 28, and whoever hands their signatures on
    /// takes 27 off.
    #[must_use]
    pub fn recover(&self, hash: &[u8; 32]) -> Option<Secp256k1Key> {
        let [rs @ .., v] = &self.0;
        let id = RecoveryId::from_byte(*v).filter(|id| !id.is_x_reduced())?;
        let signature = k256::ecdsa::Signature::from_slice(rs).ok()?;
        // The crate's recovery refuses it too, today: what the chain refuses is not left to that.
        if signature.normalize_s().is_some() {
            return None;
        }
        let key = k256::ecdsa::VerifyingKey::recover_from_prehash(hash, &signature, id).ok()?;
        let point = key.to_encoded_point(false);
        let coordinates = point.as_bytes().split_first()?.1;
        coordinates.try_into().map(Secp256k1Key).ok()
    }
}

impl P256Key {
    /// Whether `signature` is this key's over what has the hash `hash`. One with a high `s` is nobody's:
    /// it would be a second one of the same message, that anybody can make.
    #[must_use]
    pub fn has_signed_hash(&self, hash: &[u8; 32], signature: &P256Signature) -> bool {
        let point = p256::EncodedPoint::from_untagged_bytes(&self.0.into());
        let Ok(key) = p256::ecdsa::VerifyingKey::from_encoded_point(&point) else {
            return false;
        };
        p256::ecdsa::Signature::from_slice(&signature.0).is_ok_and(|signature| {
            signature.normalize_s().is_none() && key.verify_prehash(hash, &signature).is_ok()
        })
    }
}

impl PublicKey {
    /// Whether `account` is the implicit one of this key.
    #[must_use]
    pub fn is_implicitly_of(&self, account: &AccountId) -> bool {
        self.implicit_account().as_ref() == Ok(account)
    }

    /// The account that is this key's without anybody's doing: the 64 hex digits of an ed25519 key;
    /// `0x` and the last 20 bytes of the Keccak-256 of a secp256k1 key; the same for a P-256 key,
    /// after the four bytes `p256`.
    ///
    /// # Errors
    /// Never: the type is that of the account's parser.
    pub fn implicit_account(&self) -> Result<AccountId, TextError> {
        let hex = |bytes: &[u8]| data_encoding::HEXLOWER.encode(bytes);
        let of_hash = |hash: [u8; 32]| {
            let [_, _, _, _, _, _, _, _, _, _, _, _, address @ ..] = &hash;
            format!("0x{}", hex(address))
        };
        match self {
            Self::Ed25519(key) => hex(&key.0),
            Self::Secp256k1(key) => of_hash(keccak256(&[&key.0])),
            Self::P256(key) => of_hash(keccak256(&[b"p256", &key.0])),
        }
        .parse()
    }
}
