//! Points of the subgroup G2 of prime order, on the twist over F_p².

use core::fmt;

use blst::{
    blst_p2, blst_p2_add_or_double, blst_p2_affine, blst_p2_affine_compress, blst_p2_affine_in_g2,
    blst_p2_affine_serialize, blst_p2_deserialize, blst_p2_from_affine, blst_p2_is_inf,
    blst_p2_mult, blst_p2_to_affine, blst_p2_uncompress,
};

use super::scalar::SCALAR_BITS;
use super::{PointError, SecretScalar, check_compressed, check_uncompressed};

/// A point of G2 that is not the identity.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub struct G2Point(pub(super) blst_p2_affine);

impl G2Point {
    /// The generator g2.
    #[must_use]
    pub fn generator() -> Self {
        // SAFETY: `blst` returns a pointer to a constant.
        Self(unsafe { *blst::blst_p2_affine_generator() })
    }

    /// Reads the compressed ZCash encoding and checks the subgroup exactly.
    ///
    /// # Errors
    /// [`PointError`].
    pub fn decompress(bytes: &[u8; 96]) -> Result<Self, PointError> {
        let [first, ..] = bytes;
        check_compressed(*first)?;
        let mut point = blst_p2_affine::default();
        // SAFETY: `bytes` holds the 96 bytes that a compressed encoding has.
        PointError::check(unsafe { blst_p2_uncompress(&mut point, bytes.as_ptr()) })?;
        // SAFETY: see the module's header.
        let inside = unsafe { blst_p2_affine_in_g2(&point) };
        inside.then_some(Self(point)).ok_or(PointError::OffSubgroup)
    }

    /// Reads the uncompressed ZCash encoding (x, then y, 96 bytes each, big endian) and checks the
    /// subgroup exactly.
    ///
    /// # Errors
    /// [`PointError`].
    pub fn decode(bytes: &[u8; 192]) -> Result<Self, PointError> {
        let [first, ..] = bytes;
        check_uncompressed(*first)?;
        let mut point = blst_p2_affine::default();
        // SAFETY: `bytes` holds the 192 bytes that an uncompressed encoding has; flags are checked.
        PointError::check(unsafe { blst_p2_deserialize(&mut point, bytes.as_ptr()) })?;
        // SAFETY: see the module's header.
        let inside = unsafe { blst_p2_affine_in_g2(&point) };
        inside.then_some(Self(point)).ok_or(PointError::OffSubgroup)
    }

    /// Writes the uncompressed ZCash encoding.
    #[must_use]
    pub fn encode(&self) -> [u8; 192] {
        let mut bytes = [0; 192];
        // SAFETY: 192 bytes are written.
        unsafe { blst_p2_affine_serialize(bytes.as_mut_ptr(), &self.0) };
        bytes
    }

    /// Writes the compressed ZCash encoding.
    #[must_use]
    pub fn compress(&self) -> [u8; 96] {
        let mut bytes = [0; 96];
        // SAFETY: 96 bytes are written.
        unsafe { blst_p2_affine_compress(bytes.as_mut_ptr(), &self.0) };
        bytes
    }

    /// `scalar · self`, in constant time.
    #[must_use]
    pub fn times_secret(&self, scalar: &SecretScalar) -> Self {
        let mut point = blst_p2::default();
        let mut product = blst_p2_affine::default();
        scalar.expose(|bytes| {
            // SAFETY: 255 bits are read from 32 bytes; the types hold what the endomorphism needs:
            // a point of G2 and a scalar below r.
            unsafe {
                blst_p2_from_affine(&mut point, &self.0);
                blst_p2_mult(&mut point, &point, bytes.as_ptr(), SCALAR_BITS);
                blst_p2_to_affine(&mut product, &point);
            }
        });
        // Neither factor is zero and the order is prime, so the product is not the identity.
        Self(product)
    }
}

impl G2Point {
    /// The sum of points of G2, which is in G2 too; none if it is the identity.
    #[must_use]
    pub fn sum_of<'a>(points: impl Iterator<Item = &'a Self>) -> Option<Self> {
        let mut sum = G2Sum::identity();
        for point in points {
            sum.add(&G2Sum::from(point));
        }
        sum.to_point()
    }

    /// `Σ_k x^k · coefficient_k`, as in G1.
    #[must_use]
    pub fn polynomial_at(coefficients: &[Self], x: u8) -> Option<Self> {
        let highest_first = coefficients.iter().rev();
        let sum = highest_first.fold(G2Sum::identity(), |sum, next| {
            let mut sum = sum.times_small(x);
            sum.add(&G2Sum::from(next));
            sum
        });
        sum.to_point()
    }
}

impl fmt::Debug for G2Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.compress()
            .iter()
            .try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A sum of points of G2, the identity included.
#[derive(Clone, Copy)]
pub struct G2Sum(pub(super) blst_p2);

impl From<&G2Point> for G2Sum {
    fn from(point: &G2Point) -> Self {
        let mut sum = blst_p2::default();
        // SAFETY: see the module's header.
        unsafe { blst_p2_from_affine(&mut sum, &point.0) };
        Self(sum)
    }
}

impl G2Sum {
    /// The empty sum.
    #[must_use]
    pub fn identity() -> Self {
        Self(blst_p2::default())
    }

    /// `[factor] self`, for the public and small.
    #[must_use]
    pub fn times_small(&self, factor: u8) -> Self {
        let mut product = Self::identity();
        for bit in (0..u8::BITS - factor.leading_zeros()).rev() {
            let once = product;
            product.add(&once);
            if (factor >> bit) & 1 == 1 {
                product.add(self);
            }
        }
        product
    }

    /// Adds `other`: the complete formula, right for any two points.
    pub fn add(&mut self, other: &Self) {
        // SAFETY: see the module's header; input and output may be the same.
        unsafe { blst_p2_add_or_double(&mut self.0, &self.0, &other.0) };
    }

    /// The sum as a point, unless it is the identity.
    #[must_use]
    pub fn to_point(&self) -> Option<G2Point> {
        // SAFETY: see the module's header.
        if unsafe { blst_p2_is_inf(&self.0) } {
            return None;
        }
        let mut affine = blst_p2_affine::default();
        // SAFETY: see the module's header.
        unsafe { blst_p2_to_affine(&mut affine, &self.0) };
        Some(G2Point(affine))
    }
}
