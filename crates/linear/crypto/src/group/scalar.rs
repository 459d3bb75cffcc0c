//! Scalars: integers modulo the order.

use core::fmt;
use core::ops::{Add, Mul, Neg, Sub};

use super::field::{P, add, from_uniform, inverse, multiply, negate, reduce, signed};

/// Why bytes are not the scalar they should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum ScalarError {
    /// Not below the order.
    #[error("a scalar that is not reduced")]
    NotReduced,
    /// Zero, where a secret is expected.
    #[error("a zero scalar")]
    Zero,
}

/// A public scalar.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Scalar(pub(super) u64);

impl Scalar {
    /// Zero.
    pub const ZERO: Self = Self(0);

    /// Reads 32 bytes, big endian.
    ///
    /// # Errors
    /// `NotReduced`.
    pub fn decode(bytes: &[u8; 32]) -> Result<Self, ScalarError> {
        let mut bytes = *bytes;
        bytes.reverse();
        read(&bytes).map(Self)
    }

    /// Writes 32 bytes, big endian.
    #[must_use]
    pub fn encode(&self) -> [u8; 32] {
        let mut bytes = write(self.0);
        bytes.reverse();
        bytes
    }

    /// The inverse; none of zero.
    #[must_use]
    pub fn inverse(self) -> Option<Self> {
        (self.0 != 0).then(|| Self(inverse(self.0)))
    }
}

/// Little endian.
fn read(bytes: &[u8; 32]) -> Result<u64, ScalarError> {
    let (low, rest) = bytes
        .split_first_chunk::<8>()
        .ok_or(ScalarError::NotReduced)?;
    let value = u64::from_le_bytes(*low);
    let is_reduced = value < P && rest.iter().all(|byte| *byte == 0);
    is_reduced.then_some(value).ok_or(ScalarError::NotReduced)
}

fn write(value: u64) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (to, from) in bytes.iter_mut().zip(value.to_le_bytes()) {
        *to = from;
    }
    bytes
}

impl From<u64> for Scalar {
    fn from(value: u64) -> Self {
        Self(value % P)
    }
}

impl From<u128> for Scalar {
    fn from(value: u128) -> Self {
        Self(reduce(value))
    }
}

impl From<i64> for Scalar {
    fn from(value: i64) -> Self {
        Self(signed(value))
    }
}

impl Add for Scalar {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(add(self.0, other.0))
    }
}

impl Sub for Scalar {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(add(self.0, negate(other.0)))
    }
}

impl Mul for Scalar {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        Self(multiply(self.0, other.0))
    }
}

impl Neg for Scalar {
    type Output = Self;

    fn neg(self) -> Self {
        Self(negate(self.0))
    }
}

impl fmt::Debug for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", self.0)
    }
}

/// A scalar that nobody should see, from 1 on.
pub struct SecretScalar([u8; 32]);

impl SecretScalar {
    fn new(value: u64) -> Option<Self> {
        (value != 0).then(|| Self(write(value)))
    }

    pub(super) fn value(&self) -> u64 {
        read(&self.0).unwrap_or(0)
    }

    /// Reads 32 bytes, little endian.
    ///
    /// # Errors
    /// [`ScalarError`].
    pub fn from_le_bytes(bytes: &[u8; 32]) -> Result<Self, ScalarError> {
        Self::new(read(bytes)?).ok_or(ScalarError::Zero)
    }

    /// Reduces 64 uniform bytes; none if they come to zero.
    #[must_use]
    pub fn from_uniform_bytes(bytes: &[u8; 64]) -> Option<Self> {
        Self::new(from_uniform(bytes))
    }

    /// Lets `read` see the scalar, little endian.
    pub fn expose<R>(&self, read: impl FnOnce(&[u8; 32]) -> R) -> R {
        read(&self.0)
    }

    /// `self · factor`; none if it comes to zero.
    #[must_use]
    pub fn times(&self, factor: &Scalar) -> Option<Self> {
        Self::new(multiply(self.value(), factor.0))
    }

    /// The sum of all; none if it comes to zero.
    #[must_use]
    pub fn sum_of(scalars: &[Self]) -> Option<Self> {
        Self::new(scalars.iter().fold(0, |sum, next| add(sum, next.value())))
    }

    /// `self + other`; none if it comes to zero.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Option<Self> {
        Self::new(add(self.value(), other.value()))
    }

    /// `nonce + challenge · self`.
    #[must_use]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a nonce answers one challenge only"
    )]
    pub fn respond(&self, nonce: Self, challenge: &Scalar) -> Scalar {
        Scalar(add(nonce.value(), multiply(challenge.0, self.value())))
    }
}

impl fmt::Debug for SecretScalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretScalar(redacted)")
    }
}
