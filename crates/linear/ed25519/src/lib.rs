//! A stand-in for `ed25519-dalek` in simulations: the same names, a hash for a signature, and a
//! public key from which anybody can tell the secret one.
//!
//! Nobody in a simulation does, so that signatures are what they should be: one message and key
//! have one, another has another, and what was not signed does not verify. Each costs a
//! hash in the place of tens of microseconds.

/// What the secret key and the public one differ by.
const MASK: u8 = 0x5a;

/// A signature does not verify, or bytes are no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignatureError;

impl core::fmt::Display for SignatureError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("signature error")
    }
}

impl core::error::Error for SignatureError {}

/// Signs.
pub trait Signer<S> {
    /// Signs `message`.
    fn sign(&self, message: &[u8]) -> S;
}

/// What verifies.
pub trait Verifier<S> {
    /// Verifies.
    ///
    /// # Errors
    /// [`SignatureError`].
    fn verify(&self, message: &[u8], signature: &S) -> Result<(), SignatureError>;
}

/// A secret key.
#[derive(Clone)]
pub struct SigningKey([u8; 32]);

/// A public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifyingKey([u8; 32]);

/// A signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature([u8; 64]);

impl SigningKey {
    /// Any bytes are a key.
    #[must_use]
    pub const fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(*bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn to_bytes(&self) -> [u8; 32] {
        self.0
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Its public key.
    #[must_use]
    pub fn verifying_key(&self) -> VerifyingKey {
        VerifyingKey(self.0.map(|byte| byte ^ MASK))
    }
}

impl core::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("SigningKey(redacted)")
    }
}

impl Signer<Signature> for SigningKey {
    fn sign(&self, message: &[u8]) -> Signature {
        let mut bytes = [0; 64];
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(message).finalize_xof().fill(&mut bytes);
        Signature(bytes)
    }
}

impl VerifyingKey {
    /// Any bytes are a key.
    ///
    /// # Errors
    /// Never; the type is that of the real one.
    pub const fn from_bytes(bytes: &[u8; 32]) -> Result<Self, SignatureError> {
        Ok(Self(*bytes))
    }

    /// The bytes.
    #[must_use]
    pub const fn to_bytes(&self) -> [u8; 32] {
        self.0
    }

    /// No key is of small order.
    #[must_use]
    pub const fn is_weak(&self) -> bool {
        false
    }

    /// Verifies.
    ///
    /// # Errors
    /// If the key's holder has not signed it.
    pub fn verify_strict(
        &self,
        message: &[u8],
        signature: &Signature,
    ) -> Result<(), SignatureError> {
        let secret = SigningKey(self.0.map(|byte| byte ^ MASK));
        let expected: Signature = secret.sign(message);
        (expected == *signature).then_some(()).ok_or(SignatureError)
    }
}

impl Signature {
    /// Any bytes may be one.
    #[must_use]
    pub const fn from_bytes(bytes: &[u8; 64]) -> Self {
        Self(*bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn to_bytes(&self) -> [u8; 64] {
        self.0
    }
}

impl Verifier<Signature> for VerifyingKey {
    fn verify(&self, message: &[u8], signature: &Signature) -> Result<(), SignatureError> {
        self.verify_strict(message, signature)
    }
}
