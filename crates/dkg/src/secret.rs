//! What a participant keeps to itself: one secret a session, from which all others come.

use core::fmt;

use sealbid_crypto::group::{G1Point, SecretScalar};
use sealbid_types::id::{CeremonyId, SessionId};
use zeroize::{Zeroize, Zeroizing};

use crate::context;
use crate::polynomial::Polynomial;

/// 32 secret bytes, wiped when dropped. On the heap, so that moving them leaves no copy behind.
pub struct SecretBytes(Box<Zeroizing<[u8; 32]>>);

impl SecretBytes {
    pub(crate) fn zero() -> Self {
        Self(Box::new(Zeroizing::new([0; 32])))
    }

    /// A copy of `bytes`, which the caller wipes.
    #[must_use]
    pub fn copied_from(bytes: &[u8; 32]) -> Self {
        let mut secret = Self::zero();
        secret.0.copy_from_slice(bytes);
        secret
    }

    /// Lets `read` see the bytes.
    pub fn expose<R>(&self, read: impl FnOnce(&[u8; 32]) -> R) -> R {
        read(&self.0)
    }

    pub(crate) fn bytes_mut(&mut self) -> &mut [u8; 32] {
        &mut self.0
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretBytes(redacted)")
    }
}

/// What a participant draws for one session and keeps until its share is refreshed: whoever has it
/// and the public transcript has the share.
///
/// Everything a session needs is derived from it, and what goes into a dealing from the session id
/// too. So a participant that starts again says what it said before, and two sessions have nothing
/// in common (ChillDKG, `SeedPedPop`: all randomness from one seed and the session's parameters).
#[derive(Debug)]
pub struct SessionSecret(SecretBytes);

impl SessionSecret {
    /// Takes 32 uniform bytes that nobody else ever has.
    #[must_use]
    pub fn from_entropy(entropy: &[u8; 32]) -> Self {
        Self(SecretBytes::copied_from(entropy))
    }

    /// Lets `read` see the secret, to be stored encrypted.
    pub fn expose<R>(&self, read: impl FnOnce(&[u8; 32]) -> R) -> R {
        self.0.expose(read)
    }

    /// e, to which shares are encrypted in this ceremony.
    pub(crate) fn encryption_secret(&self, ceremony: CeremonyId) -> SecretScalar {
        self.scalar(context::ENCRYPTION_KEY, ceremony.as_bytes(), 0)
    }

    /// `E = g^e`.
    #[must_use]
    pub fn encryption_key(&self, ceremony: CeremonyId) -> G1Point {
        G1Point::generator().times_secret(&self.encryption_secret(ceremony))
    }

    /// f of this session.
    pub(crate) fn polynomial(&self, session: SessionId, coefficients: u8) -> Polynomial {
        let entropy = self.derive(context::POLYNOMIAL, session.as_bytes(), 0);
        entropy.expose(|entropy| Polynomial::derive(context::COEFFICIENTS, entropy, coefficients))
    }

    /// r of this session's dealing.
    pub(crate) fn ephemeral(&self, session: SessionId) -> SecretScalar {
        self.scalar(context::EPHEMERAL_KEY, session.as_bytes(), 0)
    }

    /// What it adds to the secret that the members share to form their group.
    pub(crate) fn contribution(&self, session: SessionId) -> SecretBytes {
        self.derive(context::CONTRIBUTION, session.as_bytes(), 0)
    }

    /// k of the proof of a_0. All that the challenge covers follows from this secret and the
    /// session, so one nonce never answers two challenges, also after a restart.
    pub(crate) fn possession_nonce(&self, session: SessionId) -> SecretScalar {
        self.scalar(context::POSSESSION_NONCE, session.as_bytes(), 0)
    }

    /// k of the proof of r. One for both proofs would tie a_0 and r to each other.
    pub(crate) fn ephemeral_nonce(&self, session: SessionId) -> SecretScalar {
        self.scalar(context::EPHEMERAL_NONCE, session.as_bytes(), 0)
    }

    /// The nonce for a complaint about the dealing with this digest.
    pub(crate) fn equality_nonce(&self, dealing: &[u8; 32]) -> SecretScalar {
        self.scalar(context::EQUALITY_NONCE, dealing, 0)
    }

    /// 32 bytes for the purpose of `context`, about a ceremony, a session or a dealing.
    fn derive(&self, context: &'static str, about: &[u8; 32], attempt: u8) -> SecretBytes {
        let mut derived = SecretBytes::zero();
        self.fill(context, about, attempt, derived.bytes_mut());
        derived
    }

    /// A scalar that is not zero; tries again with the next attempt in the one case in 2^255.
    fn scalar(&self, context: &'static str, about: &[u8; 32], attempt: u8) -> SecretScalar {
        let mut wide = Zeroizing::new([0; 64]);
        self.fill(context, about, attempt, &mut *wide);
        match SecretScalar::from_uniform_bytes(&wide) {
            Some(scalar) => scalar,
            None => self.scalar(context, about, attempt.wrapping_add(1)),
        }
    }

    /// `attempt` is hashed too, or a scalar that came to zero would come to zero again.
    fn fill(&self, context: &'static str, about: &[u8; 32], attempt: u8, into: &mut [u8]) {
        let mut hasher = blake3::Hasher::new_derive_key(context);
        self.expose(|secret| {
            hasher.update(secret).update(about).update(&[attempt]);
        });
        let mut output = hasher.finalize_xof();
        output.fill(into);
        output.zeroize();
        hasher.zeroize();
    }
}
