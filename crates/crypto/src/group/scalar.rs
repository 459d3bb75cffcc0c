//! Integers modulo r, the order of the groups: public ones and secret ones.

use core::fmt;
use core::ops::{Add, Mul, Neg, Sub};

use blst::{
    blst_fr, blst_fr_add, blst_fr_cneg, blst_fr_from_scalar, blst_fr_from_uint64, blst_fr_inverse,
    blst_fr_mul, blst_fr_sub, blst_scalar, blst_scalar_fr_check, blst_scalar_from_bendian,
    blst_scalar_from_fr, blst_scalar_from_le_bytes, blst_scalar_from_lendian, blst_sk_add_n_check,
    blst_sk_check, blst_sk_mul_n_check,
};

/// |z|, z the curve's parameter.
const PARAMETER: u64 = 0xd201_0000_0001_0000;

/// The width of r in bits, at which every full scalar is passed.
pub(super) const SCALAR_BITS: usize = 255;

/// Why bytes are not the scalar they should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum ScalarError {
    /// Not below r.
    #[error("a scalar that is not reduced")]
    NotReduced,
    /// Zero, where a secret is expected.
    #[error("a zero scalar")]
    Zero,
}

/// A public integer modulo r. Its arithmetic may take any time.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Scalar(blst_fr);

impl Scalar {
    /// Zero.
    pub const ZERO: Self = Self(blst_fr { l: [0; 4] });

    /// Reads 32 bytes, big endian.
    ///
    /// # Errors
    /// `NotReduced`, if they are not below r.
    pub fn decode(bytes: &[u8; 32]) -> Result<Self, ScalarError> {
        let mut scalar = blst_scalar::default();
        let mut value = blst_fr::default();
        // SAFETY: 32 bytes are read.
        unsafe {
            blst_scalar_from_bendian(&mut scalar, bytes.as_ptr());
            if !blst_scalar_fr_check(&scalar) {
                return Err(ScalarError::NotReduced);
            }
            blst_fr_from_scalar(&mut value, &scalar);
        }
        Ok(Self(value))
    }

    /// Writes 32 bytes, big endian.
    #[must_use]
    pub fn encode(&self) -> [u8; 32] {
        let mut bytes = self.to_le_bytes();
        bytes.reverse();
        bytes
    }

    /// Writes 32 bytes, little endian.
    #[must_use]
    pub(super) fn to_le_bytes(self) -> [u8; 32] {
        let mut scalar = blst_scalar::default();
        // SAFETY: see the module's header.
        unsafe { blst_scalar_from_fr(&mut scalar, &self.0) };
        scalar.b
    }

    /// The two halves of `low + high z²`, both below 2^128: r is less than z⁴.
    pub(super) fn split(self) -> (u128, u128) {
        let bytes = self.to_le_bytes();
        let (limbs, _) = bytes.as_chunks::<8>();
        let mut quotient: [u64; 4] =
            core::array::from_fn(|at| limbs.get(at).map_or(0, |limb| u64::from_le_bytes(*limb)));
        let first = divide(&mut quotient, PARAMETER);
        let second = divide(&mut quotient, PARAMETER);
        let low = u128::from(second) * u128::from(PARAMETER) + u128::from(first);
        let [lower, upper, ..] = quotient;
        (low, u128::from(upper) << 64 | u128::from(lower))
    }

    fn from_limbs(limbs: [u64; 4]) -> Self {
        let mut value = blst_fr::default();
        // SAFETY: four limbs are read; all callers pass values below r.
        unsafe { blst_fr_from_uint64(&mut value, limbs.as_ptr()) };
        Self(value)
    }

    /// The multiplicative inverse; none of zero.
    #[must_use]
    pub fn inverse(self) -> Option<Self> {
        let mut value = blst_fr::default();
        // SAFETY: see the module's header.
        unsafe { blst_fr_inverse(&mut value, &self.0) };
        (self != Self::ZERO).then_some(Self(value))
    }
}

/// Divides `limbs`, the least significant first, and gives back the remainder.
fn divide(limbs: &mut [u64; 4], divisor: u64) -> u64 {
    let divisor = u128::from(divisor);
    let remainder = limbs.iter_mut().rev().fold(0, |remainder: u128, limb| {
        let dividend = remainder << 64 | u128::from(*limb);
        // The remainder is below the divisor, and so the quotient below 2^64.
        *limb = u64::try_from(dividend / divisor).unwrap_or(u64::MAX);
        dividend % divisor
    });
    u64::try_from(remainder).unwrap_or(u64::MAX)
}

impl From<u64> for Scalar {
    fn from(value: u64) -> Self {
        Self::from_limbs([value, 0, 0, 0])
    }
}

impl From<u128> for Scalar {
    fn from(value: u128) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the lower and the upper half"
        )]
        Self::from_limbs([value as u64, (value >> 64) as u64, 0, 0])
    }
}

impl From<i64> for Scalar {
    fn from(value: i64) -> Self {
        let magnitude = Self::from(value.unsigned_abs());
        if value < 0 { -magnitude } else { magnitude }
    }
}

impl Add for Scalar {
    type Output = Self;

    fn add(mut self, other: Self) -> Self {
        // SAFETY: see the module's header; input and output may be the same.
        unsafe { blst_fr_add(&mut self.0, &self.0, &other.0) };
        self
    }
}

impl Sub for Scalar {
    type Output = Self;

    fn sub(mut self, other: Self) -> Self {
        // SAFETY: see the module's header; input and output may be the same.
        unsafe { blst_fr_sub(&mut self.0, &self.0, &other.0) };
        self
    }
}

impl Mul for Scalar {
    type Output = Self;

    fn mul(mut self, other: Self) -> Self {
        // SAFETY: see the module's header; input and output may be the same.
        unsafe { blst_fr_mul(&mut self.0, &self.0, &other.0) };
        self
    }
}

impl Neg for Scalar {
    type Output = Self;

    fn neg(mut self) -> Self {
        // SAFETY: see the module's header; input and output may be the same.
        unsafe { blst_fr_cneg(&mut self.0, &self.0, true) };
        self
    }
}

impl fmt::Debug for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.encode()
            .iter()
            .try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A secret integer from 1 to r - 1.
///
/// It lives on the heap, so that moving it leaves no copy behind, and is wiped when dropped. It can
/// be neither cloned nor compared, and its arithmetic takes the same time for every value.
pub struct SecretScalar(Box<blst_scalar>);

impl SecretScalar {
    /// Reads a canonical scalar, 32 bytes, little endian: `threshold_crypto`'s `SerdeSecret`.
    ///
    /// # Errors
    /// [`ScalarError`], if it is zero or not below r.
    pub fn from_le_bytes(bytes: &[u8; 32]) -> Result<Self, ScalarError> {
        let mut scalar = Box::<blst_scalar>::default();
        // SAFETY: 32 bytes are read.
        let canonical = unsafe {
            blst_scalar_from_lendian(&mut *scalar, bytes.as_ptr());
            blst_sk_check(&*scalar)
        };
        let zero = || scalar.b.iter().fold(0, |or, byte| or | byte) == 0;
        if canonical {
            Ok(Self(scalar))
        } else if zero() {
            Err(ScalarError::Zero)
        } else {
            Err(ScalarError::NotReduced)
        }
    }

    /// Reduces 64 uniform bytes, little endian: uniform to within 2^-257. None if they come to
    /// zero, which no one will see.
    #[must_use]
    pub fn from_uniform_bytes(bytes: &[u8; 64]) -> Option<Self> {
        let mut scalar = Box::<blst_scalar>::default();
        // SAFETY: 64 bytes are read.
        let nonzero =
            unsafe { blst_scalar_from_le_bytes(&mut *scalar, bytes.as_ptr(), bytes.len()) };
        nonzero.then_some(Self(scalar))
    }

    /// Lets `read` see the scalar, 32 bytes, little endian.
    pub fn expose<R>(&self, read: impl FnOnce(&[u8; 32]) -> R) -> R {
        read(&self.0.b)
    }

    /// `self · factor`; none if it comes to zero, as it does only when the factor is.
    #[must_use]
    pub fn times(&self, factor: &Scalar) -> Option<Self> {
        let factor = blst_scalar {
            b: factor.to_le_bytes(),
        };
        self.times_raw(&factor)
    }

    /// The sum of all; none if that is zero, or if there are none. It may pass through zero on its
    /// way: who chooses two of the terms can have them cancel each other.
    #[must_use]
    pub fn sum_of(scalars: &[Self]) -> Option<Self> {
        let mut sum = Box::<blst_scalar>::default();
        let mut nonzero = false;
        for scalar in scalars {
            // SAFETY: see the module's header; input and output may be the same, and zero is as good
            // an input as any below r.
            nonzero = unsafe { blst_sk_add_n_check(&mut *sum, &*sum, &*scalar.0) };
        }
        nonzero.then_some(Self(sum))
    }

    /// `self + other`; none if it comes to zero.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Option<Self> {
        let mut sum = Box::<blst_scalar>::default();
        // SAFETY: see the module's header.
        let nonzero = unsafe { blst_sk_add_n_check(&mut *sum, &*self.0, &*other.0) };
        nonzero.then_some(Self(sum))
    }

    /// `nonce + challenge · self`, the response of a proof of knowledge of `self`: public, as long
    /// as the nonce answers one challenge only, which is why it is taken by value.
    #[must_use]
    pub fn respond(&self, nonce: Self, challenge: &Scalar) -> Scalar {
        let mut response = blst_scalar::default();
        let mut value = blst_fr::default();
        let challenge = blst_scalar {
            b: challenge.to_le_bytes(),
        };
        // SAFETY: see the module's header; input and output may be the same. Both results may be
        // zero, which is as good a response as any.
        unsafe {
            blst_sk_mul_n_check(&mut response, &challenge, &*self.0);
            blst_sk_add_n_check(&mut response, &response, &*nonce.0);
            blst_fr_from_scalar(&mut value, &response);
        }
        drop(nonce);
        Scalar(value)
    }

    fn times_raw(&self, factor: &blst_scalar) -> Option<Self> {
        let mut product = Box::<blst_scalar>::default();
        // SAFETY: see the module's header.
        let nonzero = unsafe { blst_sk_mul_n_check(&mut *product, &*self.0, factor) };
        nonzero.then_some(Self(product))
    }
}

impl fmt::Debug for SecretScalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretScalar(redacted)")
    }
}
