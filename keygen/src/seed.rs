//! 32 secret bytes.
//!
//! On the heap, since a move copies what is on the stack and wipes nothing. Encoded and decoded by
//! hand, byte by byte, for the same reason: what serde does for arrays goes through a copy.

use core::fmt;

use ed25519_dalek::SigningKey;
use sealbid_types::keys::PublicKey;
use serde::de::{self, SeqAccess, Visitor};
use serde::ser::SerializeTuple;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

/// 32 secret bytes on the heap, wiped when they are dropped: moving them leaves no copy behind.
pub(crate) struct Seed(Box<Zeroizing<[u8; 32]>>);

impl Seed {
    /// BLAKE3 in derive-key mode over `entropy` and an index, under a context of its own.
    pub(crate) fn derive(context: &str, entropy: &[u8; 32], index: u8) -> Self {
        Self::derive_for(context, entropy, &[index])
    }

    /// The same for a subject whose length the context fixes.
    pub(crate) fn derive_for(context: &str, entropy: &[u8; 32], subject: &[u8]) -> Self {
        let mut seed = Self::zero();
        let mut hasher = Zeroizing::new(blake3::Hasher::new_derive_key(context));
        hasher.update(entropy).update(subject);
        // The reader holds what the seed is made of, as the hasher does.
        let mut output = Zeroizing::new(hasher.finalize_xof());
        output.fill(seed.0.as_mut_slice());
        seed
    }

    /// What is copied is the caller's to wipe.
    pub(crate) fn copied_from(bytes: &[u8; 32]) -> Self {
        let mut seed = Self::zero();
        seed.0.copy_from_slice(bytes);
        seed
    }

    fn zero() -> Self {
        Self(Box::new(Zeroizing::new([0; 32])))
    }

    /// Lends the bytes, so that whoever reads them has no copy to forget unless it makes one.
    pub(crate) fn expose<R>(&self, read: impl FnOnce(&[u8; 32]) -> R) -> R {
        read(&self.0)
    }

    /// A copy that is wiped as this is.
    pub(crate) fn to_zeroizing(&self) -> Zeroizing<[u8; 32]> {
        (*self.0).clone()
    }

    /// The ed25519 key of this seed, which wipes itself too.
    pub(crate) fn signing_key(&self) -> SigningKey {
        SigningKey::from_bytes(&self.0)
    }

    pub(crate) fn public_key(&self) -> PublicKey {
        PublicKey::of(&self.signing_key())
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(..)")
    }
}

impl Serialize for Seed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut tuple = serializer.serialize_tuple(32)?;
        for byte in self.0.iter() {
            tuple.serialize_element(byte)?;
        }
        tuple.end()
    }
}

impl<'de> Deserialize<'de> for Seed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_tuple(32, SeedVisitor)
    }
}

struct SeedVisitor;

impl<'de> Visitor<'de> for SeedVisitor {
    type Value = Seed;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("32 bytes")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Seed, A::Error> {
        // Decoded where it stays.
        let mut seed = Seed::zero();
        for (at, byte) in seed.0.iter_mut().enumerate() {
            *byte = seq
                .next_element()?
                .ok_or_else(|| de::Error::invalid_length(at, &self))?;
        }
        Ok(seed)
    }
}
