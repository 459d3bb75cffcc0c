//! `ton_connect`: texts that TON wallets sign (TON Connect, "Sign data"). Of its three kinds of
//! payload, the Verifier takes texts.

use core::fmt;

use serde::{Deserialize, Deserializer, de};

use super::{
    Ed25519Key, Ed25519Signature, IntentsPayload, PublicKey, Standard, Unreadable, sha256,
};
use crate::deadline::Deadline;

mod address;

pub use address::{Address, NotAnAddress};

/// What the text is framed with.
const PREFIX: &[u8] = b"\xff\xffton-connect/sign-data/";

/// A text with its signature, and what the wallet framed it with.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Signed {
    /// The wallet's contract.
    pub address: Address,
    /// Where the text comes from.
    pub domain: String,
    /// When the wallet signed.
    pub timestamp: SignedAt,
    /// What it signed.
    pub payload: Content,
    /// The wallet's key.
    pub public_key: Ed25519Key,
    /// Over the hash.
    pub signature: Ed25519Signature,
}

/// What a wallet signs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Content {
    /// A text.
    Text {
        /// The text.
        text: String,
    },
}

/// When a wallet signed, to the second as far as it is signed: seconds since the Unix epoch, or RFC
/// 3339. Not before 1970, nor after the year 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SignedAt {
    seconds: u64,
    nanos: i128,
}

impl Standard for Signed {
    fn name(&self) -> &'static str {
        "ton_connect"
    }

    fn hash(&self) -> [u8; 32] {
        let Content::Text { text } = &self.payload;
        sha256(&[
            PREFIX,
            &self.address.workchain.to_be_bytes(),
            &self.address.account,
            &length(&self.domain),
            self.domain.as_bytes(),
            &self.timestamp.seconds.to_be_bytes(),
            b"txt",
            &length(text),
            text.as_bytes(),
        ])
    }

    fn signer(&self) -> Option<PublicKey> {
        self.public_key
            .has_signed(&self.hash(), &self.signature)
            .then_some(PublicKey::Ed25519(self.public_key))
    }

    /// The standard asks for a recent signature; the Verifier asks that the deadline is not before it.
    fn payload(&self) -> Result<IntentsPayload, Unreadable> {
        let Content::Text { text } = &self.payload;
        let payload = IntentsPayload::parse(text)?;
        if payload.deadline.nanos() < self.timestamp.nanos {
            return Err(Unreadable::SignedLater);
        }
        Ok(payload)
    }
}

/// A text of 4 GiB has no length in the frame, and nobody's signature.
fn length(text: &str) -> [u8; 4] {
    u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes()
}

impl SignedAt {
    /// The last second of the year 9999.
    const LAST: u64 = sealbid_types::time::LAST.0 / 1_000;

    fn of_seconds(seconds: u64) -> Option<Self> {
        (seconds <= Self::LAST).then_some(Self {
            seconds,
            nanos: i128::from(seconds) * 1_000_000_000,
        })
    }

    fn of_text(text: &str) -> Option<Self> {
        let time: Deadline = text.parse().ok()?;
        Some(Self {
            seconds: u64::try_from(time.seconds()).ok()?,
            nanos: time.nanos(),
        })
    }
}

impl<'de> Deserialize<'de> for SignedAt {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SignedAtVisitor)
    }
}

struct SignedAtVisitor;

impl de::Visitor<'_> for SignedAtVisitor {
    type Value = SignedAt;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("seconds since 1970, or an RFC 3339 time")
    }

    fn visit_u64<E: de::Error>(self, seconds: u64) -> Result<SignedAt, E> {
        let unexpected = de::Unexpected::Unsigned(seconds);
        SignedAt::of_seconds(seconds).ok_or_else(|| E::invalid_value(unexpected, &self))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<SignedAt, E> {
        SignedAt::of_text(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
    }
}
