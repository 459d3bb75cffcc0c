//! Points of the second group: logarithms without torsion.

use core::fmt;

use super::field::{P, add, multiply};
use super::{PointError, SecretScalar};

const COMPRESSED: u8 = 0b1000_0000;
/// Tells these encodings from those of the first group.
const SECOND: u8 = 2;

/// A point that is not the identity.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct G2Point(pub(super) u64);

fn write<const N: usize>(first: u8, log: u64) -> [u8; N] {
    let mut bytes = [0; N];
    for (to, from) in bytes.iter_mut().rev().zip(log.to_le_bytes()) {
        *to = from;
    }
    if let Some(byte) = bytes.first_mut() {
        *byte = first;
    }
    bytes
}

fn read(first: u8, bytes: &[u8]) -> Result<G2Point, PointError> {
    let (rest, log) = bytes.split_last_chunk::<8>().ok_or(PointError::Encoding)?;
    let (lead, zeros) = rest.split_first().ok_or(PointError::Encoding)?;
    let log = u64::from_be_bytes(*log);
    if *lead != first || zeros.iter().any(|byte| *byte != 0) || log >= P {
        return Err(PointError::Encoding);
    }
    (log != 0)
        .then_some(G2Point(log))
        .ok_or(PointError::Identity)
}

impl G2Point {
    /// The generator: its logarithm is one.
    #[must_use]
    pub const fn generator() -> Self {
        Self(1)
    }

    /// Reads 96 bytes.
    ///
    /// # Errors
    /// [`PointError`].
    pub fn decompress(bytes: &[u8; 96]) -> Result<Self, PointError> {
        read(COMPRESSED | SECOND, bytes)
    }

    /// Reads 192 bytes.
    ///
    /// # Errors
    /// [`PointError`].
    pub fn decode(bytes: &[u8; 192]) -> Result<Self, PointError> {
        read(SECOND, bytes)
    }

    /// Writes 192 bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; 192] {
        write(SECOND, self.0)
    }

    /// Writes 96 bytes.
    #[must_use]
    pub fn compress(&self) -> [u8; 96] {
        write(COMPRESSED | SECOND, self.0)
    }

    /// `scalar · self`.
    #[must_use]
    pub fn times_secret(&self, scalar: &SecretScalar) -> Self {
        Self(multiply(self.0, scalar.value()))
    }

    /// The sum; none if it is the identity.
    #[must_use]
    pub fn sum_of<'a>(points: impl Iterator<Item = &'a Self>) -> Option<Self> {
        let sum = points.fold(0, |sum, point| add(sum, point.0));
        G2Sum(sum).to_point()
    }

    /// `Σ_k x^k · coefficient_k`.
    #[must_use]
    pub fn polynomial_at(coefficients: &[Self], x: u8) -> Option<Self> {
        let highest_first = coefficients.iter().rev();
        let sum = highest_first.fold(0, |sum, next| add(multiply(sum, u64::from(x)), next.0));
        G2Sum(sum).to_point()
    }
}

impl fmt::Debug for G2Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", self.0)
    }
}

/// A sum of points, the identity included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct G2Sum(pub(super) u64);

impl From<&G2Point> for G2Sum {
    fn from(point: &G2Point) -> Self {
        Self(point.0)
    }
}

impl G2Sum {
    /// The empty sum.
    #[must_use]
    pub const fn identity() -> Self {
        Self(0)
    }

    /// `[factor] self`.
    #[must_use]
    pub fn times_small(&self, factor: u8) -> Self {
        Self(multiply(self.0, u64::from(factor)))
    }

    /// Adds `other`.
    pub const fn add(&mut self, other: &Self) {
        self.0 = add(self.0, other.0);
    }

    /// The sum as a point, unless it is the identity.
    #[must_use]
    pub fn to_point(&self) -> Option<G2Point> {
        (self.0 != 0).then_some(G2Point(self.0))
    }
}
