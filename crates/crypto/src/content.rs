//! The content of a sealed part: its key, the commitment to the key, and the cipher.

use core::fmt;

use chacha20poly1305::aead::AeadInOut;
use chacha20poly1305::{ChaCha20Poly1305, KeyInit};
use sealbid_types::allocation::VoidReason;
use zeroize::{Zeroize, Zeroizing};

use crate::domain;

use crate::padding::{pad, unpad};
use crate::proof::TAG_BYTES;

/// Zero, always: a content key seals one body.
const NONCE: [u8; 12] = [0; 12];

/// An opened plaintext. Wiped when dropped, and never shown by Debug.
#[derive(PartialEq, Eq)]
pub struct Plaintext(Zeroizing<Vec<u8>>);

impl Plaintext {
    /// The bytes, without padding.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Plaintext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Plaintext({} bytes)", self.0.len())
    }
}

/// Why a part does not open although its z is right: the fault is the submitter's, and whoever has
/// z can see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum Fault {
    /// The content key is not the one committed to.
    #[error("the content key is not the one committed to")]
    Commitment,
    /// The body does not decrypt.
    #[error("the body does not decrypt")]
    Cipher,
    /// The plaintext is not padded as it must be.
    #[error("the plaintext has wrong padding")]
    Padding,
}

impl From<Fault> for VoidReason {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Commitment => Self::Commitment,
            Fault::Cipher => Self::Cipher,
            Fault::Padding => Self::Padding,
        }
    }
}

/// The key of one body.
pub(crate) struct ContentKey {
    key: Zeroizing<[u8; 32]>,
    commitment: [u8; 32],
}

impl ContentKey {
    /// `(key, commit) = BLAKE3-derive(z, u, label)`. Both come from one hash of z, so a body opens
    /// under one key only.
    pub(crate) fn derive(z: &[u8; 96], u: &[u8; 96], label: &[u8]) -> Self {
        let mut hasher = domain::hasher(domain::CONTENT_KEY);
        hasher.update(z);
        hasher.update(u);
        domain::update_bounded(&mut hasher, label);
        let mut output = hasher.finalize_xof();
        let (mut key, mut commitment) = (Zeroizing::new([0; 32]), [0; 32]);
        output.fill(&mut *key);
        output.fill(&mut commitment);
        output.zeroize();
        hasher.zeroize();
        Self { key, commitment }
    }

    pub(crate) const fn commitment(&self) -> [u8; 32] {
        self.commitment
    }

    fn cipher(&self) -> ChaCha20Poly1305 {
        ChaCha20Poly1305::new((&*self.key).into())
    }

    /// Pads and encrypts; none if `plaintext` is too long. Takes the key, which seals once.
    pub(crate) fn encrypt(self, label: &[u8], plaintext: &[u8]) -> Option<Vec<u8>> {
        let mut buffer = pad(plaintext, TAG_BYTES)?;
        self.cipher()
            .encrypt_in_place(&NONCE.into(), label, &mut *buffer)
            .ok()?;
        Some(core::mem::take(&mut *buffer))
    }

    /// Encrypts what a cheat passes for a padded plaintext.
    #[cfg(test)]
    #[allow(clippy::unwrap_used)]
    pub(crate) fn encrypt_padded(&self, label: &[u8], padded: &[u8]) -> Vec<u8> {
        let mut buffer = padded.to_vec();
        self.cipher()
            .encrypt_in_place(&NONCE.into(), label, &mut buffer)
            .unwrap();
        buffer
    }

    /// Decrypts and takes the padding off, if the key is the one that `commitment` names.
    pub(crate) fn decrypt(
        &self,
        label: &[u8],
        commitment: &[u8; 32],
        body: &[u8],
    ) -> Result<Plaintext, Fault> {
        if self.commitment != *commitment {
            return Err(Fault::Commitment);
        }
        let mut buffer = Zeroizing::new(body.to_vec());
        self.cipher()
            .decrypt_in_place(&NONCE.into(), label, &mut *buffer)
            .map_err(|_| Fault::Cipher)?;
        let length = unpad(&buffer).ok_or(Fault::Padding)?.len();
        buffer.truncate(length);
        Ok(Plaintext(buffer))
    }
}
