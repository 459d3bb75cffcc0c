//! Points and their sums: a logarithm and torsion of order 33.

use core::cell::Cell;
use core::fmt;

use zeroize::Zeroize;

use super::field::{P, add, multiply, negate};
use super::{PointError, SecretScalar};

/// The order of the torsion: 3 · 11, as small as the curve has it.
pub(super) const TORSION: u64 = 33;

std::thread_local! {
    pub(super) static FORGETS_SUBGROUPS: Cell<bool> = const { Cell::new(false) };
    pub(super) static FORGETS_PROOFS: Cell<bool> = const { Cell::new(false) };
}

const COMPRESSED: u8 = 0b1000_0000;

/// A point that is not the identity. It may lie outside G1.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CurvePoint {
    pub(super) log: u64,
    pub(super) torsion: u64,
}

fn write<const N: usize>(log: u64, torsion: u64) -> [u8; N] {
    let mut bytes = [0; N];
    let numbers = [torsion.to_be_bytes(), log.to_be_bytes()].concat();
    for (to, from) in bytes.iter_mut().rev().zip(numbers.iter().rev()) {
        *to = *from;
    }
    bytes
}

fn read(bytes: &[u8]) -> Result<CurvePoint, PointError> {
    let (rest, numbers) = bytes.split_last_chunk::<16>().ok_or(PointError::Encoding)?;
    let both = u128::from_be_bytes(*numbers);
    let torsion = u64::try_from(both >> 64).map_err(|_| PointError::Encoding)?;
    let log = u64::try_from(both & u128::from(u64::MAX)).map_err(|_| PointError::Encoding)?;
    if rest.iter().any(|byte| *byte != 0) || log >= P || torsion >= TORSION {
        return Err(PointError::Encoding);
    }
    if (log, torsion) == (0, 0) {
        return Err(PointError::Identity);
    }
    Ok(CurvePoint { log, torsion })
}

impl CurvePoint {
    /// Reads 96 bytes.
    ///
    /// # Errors
    /// [`PointError`].
    pub fn decode(bytes: &[u8; 96]) -> Result<Self, PointError> {
        read(bytes)
    }

    /// Writes 96 bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; 96] {
        write(self.log, self.torsion)
    }

    /// The point as a member of G1, if it is one.
    #[must_use]
    pub fn in_subgroup(self) -> Option<G1Point> {
        let forgets = FORGETS_SUBGROUPS.with(Cell::get);
        (self.torsion == 0 || forgets).then_some(G1Point(self))
    }

    /// The point with the other sign.
    #[must_use]
    pub fn negate(self) -> Self {
        Self {
            log: negate(self.log),
            torsion: (TORSION - self.torsion) % TORSION,
        }
    }

    /// A point of order 11.
    #[must_use]
    pub const fn of_order_eleven() -> Self {
        Self { log: 0, torsion: 3 }
    }
}

impl fmt::Debug for CurvePoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}+{}", self.log, self.torsion)
    }
}

/// A point of G1 that is not the identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct G1Point(pub(super) CurvePoint);

impl G1Point {
    /// The generator: its logarithm is one.
    #[must_use]
    pub const fn generator() -> Self {
        Self(CurvePoint { log: 1, torsion: 0 })
    }

    /// Reads 96 bytes.
    ///
    /// # Errors
    /// [`PointError`].
    pub fn decode(bytes: &[u8; 96]) -> Result<Self, PointError> {
        let point = CurvePoint::decode(bytes)?;
        point.in_subgroup().ok_or(PointError::OffSubgroup)
    }

    /// Reads 48 bytes.
    ///
    /// # Errors
    /// [`PointError`].
    pub fn decompress(bytes: &[u8; 48]) -> Result<Self, PointError> {
        let mut bytes = *bytes;
        let [first, ..] = &mut bytes;
        if *first != COMPRESSED {
            return Err(PointError::Encoding);
        }
        *first = 0;
        read(&bytes)?.in_subgroup().ok_or(PointError::OffSubgroup)
    }

    /// Writes 48 bytes.
    #[must_use]
    pub fn compress(&self) -> [u8; 48] {
        let mut bytes: [u8; 48] = write(self.0.log, self.0.torsion);
        let [first, ..] = &mut bytes;
        *first = COMPRESSED;
        bytes
    }

    /// Writes 96 bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; 96] {
        self.0.encode()
    }

    /// The point as one of the curve.
    #[must_use]
    pub const fn as_curve_point(&self) -> &CurvePoint {
        &self.0
    }

    /// The point with the other sign.
    #[must_use]
    pub fn negate(self) -> Self {
        Self(self.0.negate())
    }

    /// `scalar · self`.
    #[must_use]
    pub fn times_secret(&self, scalar: &SecretScalar) -> Self {
        // Torsion that nobody has looked for is multiplied too.
        Self(CurvePoint {
            log: multiply(self.0.log, scalar.value()),
            torsion: multiply(self.0.torsion, scalar.value()) % TORSION,
        })
    }

    /// The same, kept.
    #[must_use]
    pub fn times_secret_kept(&self, scalar: &SecretScalar) -> SecretPoint {
        SecretPoint(Box::new(self.times_secret(scalar).encode()))
    }

    /// The sum; none if it is the identity.
    #[must_use]
    pub fn sum_of<'a>(points: impl Iterator<Item = &'a Self>) -> Option<Self> {
        let mut sum = G1Sum::identity();
        points.for_each(|point| sum.add_point(&point.0));
        sum.to_point().map(Self)
    }

    /// `Σ_k x^k · coefficient_k`.
    #[must_use]
    pub fn polynomial_at(coefficients: &[Self], x: u8) -> Option<Self> {
        let highest_first = coefficients.iter().rev();
        let sum = highest_first.fold(G1Sum::identity(), |sum, next| {
            let mut sum = sum.times_small(x);
            sum.add_point(&next.0);
            sum
        });
        sum.to_point().map(Self)
    }
}

/// A point that is kept.
pub struct SecretPoint(Box<[u8; 96]>);

impl SecretPoint {
    /// Lets `read` see the encoding.
    pub fn expose<R>(&self, read: impl FnOnce(&[u8; 96]) -> R) -> R {
        read(&self.0)
    }
}

impl Drop for SecretPoint {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for SecretPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretPoint(redacted)")
    }
}

/// A sum of points, the identity included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct G1Sum {
    pub(super) log: u64,
    pub(super) torsion: u64,
}

impl G1Sum {
    /// The empty sum.
    #[must_use]
    pub const fn identity() -> Self {
        Self { log: 0, torsion: 0 }
    }

    /// Whether the sum is the identity.
    #[must_use]
    pub const fn is_identity(&self) -> bool {
        self.log == 0 && self.torsion == 0
    }

    /// Adds `other`.
    pub const fn add(&mut self, other: &Self) {
        self.log = add(self.log, other.log);
        self.torsion = (self.torsion + other.torsion) % TORSION;
    }

    /// Adds `point`.
    pub fn add_point(&mut self, point: &CurvePoint) {
        self.add(&Self::from(point));
    }

    /// The sum with the other sign.
    #[must_use]
    pub const fn negate(self) -> Self {
        Self {
            log: negate(self.log),
            torsion: (TORSION - self.torsion) % TORSION,
        }
    }

    /// Doubles the sum.
    pub const fn double(&mut self) {
        let once = *self;
        self.add(&once);
    }

    /// `[factor] self`.
    #[must_use]
    pub fn times_small(&self, factor: u8) -> Self {
        self.times(u128::from(factor))
    }

    pub(super) fn times(&self, factor: u128) -> Self {
        let torsion = u64::try_from(factor % u128::from(TORSION)).unwrap_or(0);
        Self {
            log: multiply(self.log, super::field::reduce(factor)),
            torsion: self.torsion * torsion % TORSION,
        }
    }

    /// `[1 - z] self`, which has no torsion left.
    #[must_use]
    pub fn clear_cofactor(&self) -> Self {
        // The equations of the proofs of sealed parts end with it, and nothing else does.
        if FORGETS_PROOFS.with(Cell::get) {
            return Self::identity();
        }
        Self {
            torsion: 0,
            ..self.times(0xd201_0000_0001_0001)
        }
    }

    /// The sum as a point, unless it is the identity.
    #[must_use]
    pub fn to_point(&self) -> Option<CurvePoint> {
        let Self { log, torsion } = *self;
        (!self.is_identity()).then_some(CurvePoint { log, torsion })
    }
}

impl From<&CurvePoint> for G1Sum {
    fn from(point: &CurvePoint) -> Self {
        let CurvePoint { log, torsion } = *point;
        Self { log, torsion }
    }
}
