//! Points of E(F_p): y² = x³ + 4, and of its subgroup G1 of prime order.

use core::fmt;

use blst::{
    blst_fp, blst_fp_mul, blst_p1, blst_p1_add_or_double, blst_p1_add_or_double_affine,
    blst_p1_affine, blst_p1_affine_compress, blst_p1_affine_in_g1, blst_p1_affine_serialize,
    blst_p1_deserialize, blst_p1_double, blst_p1_from_affine, blst_p1_is_inf, blst_p1_mult,
    blst_p1_to_affine, blst_p1_uncompress,
};

use zeroize::Zeroize;

use super::scalar::SCALAR_BITS;
use super::{PointError, SecretScalar, check_compressed, check_uncompressed};

/// 1 - z, for the curve's parameter z = -0xd201000000010000.
const ONE_MINUS_Z: u64 = 0xd201_0000_0001_0001;

/// A cube root of one in F_p, 0x5f19672fdf76ce51ba69c6076a0f77eaddb3a93be6f89688de17d813620a00022e01fffffffefffe,
/// as `blst` keeps it: in Montgomery's form, the least significant limb first.
const CUBE_ROOT: blst_fp = blst_fp {
    l: [
        0x30f1_361b_798a_64e8,
        0xf3b8_ddab_7ece_5a2a,
        0x16a8_ca3a_c615_77f7,
        0xc26a_2ff8_74fd_029b,
        0x3636_b766_6070_1c6e,
        0x051b_a4ab_241b_6160,
    ],
};

/// A point of order 11, as `blst` keeps it.
const OF_ORDER_ELEVEN: blst_p1_affine = blst_p1_affine {
    x: blst_fp {
        l: [
            0xf096_ffc6_9d0d_13ae,
            0x9b11_001f_21a6_dda4,
            0x6132_d903_8e56_43a0,
            0x2246_0c55_a88c_25a6,
            0x3d26_49e2_a0f9_e8f2,
            0x16aa_aff2_ab1f_1c42,
        ],
    },
    y: blst_fp {
        l: [
            0x9e78_53d7_ea1f_0a58,
            0x6183_762f_1faf_191c,
            0x9874_3a0f_fc2b_a352,
            0x3128_9d9e_1b75_2fd9,
            0xd88d_b553_d8df_e243,
            0x17ec_1c6c_819b_0ac1,
        ],
    },
};

/// A point of the curve that is not the identity. It may lie outside G1.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub struct CurvePoint(pub(super) blst_p1_affine);

impl CurvePoint {
    /// Reads the uncompressed ZCash encoding: x, then y, 48 bytes each, big endian.
    ///
    /// # Errors
    /// [`PointError`], `OffSubgroup` for the two points with x = 0 only.
    pub fn decode(bytes: &[u8; 96]) -> Result<Self, PointError> {
        let [first, ..] = bytes;
        check_uncompressed(*first)?;
        let mut point = blst_p1_affine::default();
        // SAFETY: `bytes` holds the 96 bytes that an uncompressed encoding has; flags are checked.
        PointError::check(unsafe { blst_p1_deserialize(&mut point, bytes.as_ptr()) })?;
        Ok(Self(point))
    }

    /// Writes the uncompressed ZCash encoding.
    #[must_use]
    pub fn encode(&self) -> [u8; 96] {
        let mut bytes = [0; 96];
        // SAFETY: 96 bytes are written.
        unsafe { blst_p1_affine_serialize(bytes.as_mut_ptr(), &self.0) };
        bytes
    }

    /// A point of order 11, the smallest prime but 3 that divides the cofactor: what a check of the
    /// subgroup has to find. For tests of who makes that check.
    #[must_use]
    pub const fn of_order_eleven() -> Self {
        Self(OF_ORDER_ELEVEN)
    }

    /// The point as a member of G1, if it is one: exact, at half the price of a
    /// multiplication.
    #[must_use]
    pub fn in_subgroup(self) -> Option<G1Point> {
        // SAFETY: see the module's header.
        unsafe { blst_p1_affine_in_g1(&self.0) }.then_some(G1Point(self))
    }

    /// The point with the other sign.
    #[must_use]
    pub fn negate(mut self) -> Self {
        // SAFETY: see the module's header; input and output may be the same.
        unsafe { blst::blst_fp_cneg(&mut self.0.y, &self.0.y, true) };
        self
    }

    /// `(β x, -y)`: for a point of G1, its product with the square of the curve's parameter z; for
    /// any point, one of the curve. (The endomorphism `(β x, y)` is a cube root of one on G1, as -z²
    /// is modulo r = z⁴ - z² + 1.)
    pub(super) fn times_z_squared(&self) -> Self {
        let mut product = self.negate();
        // SAFETY: see the module's header; input and output may be the same.
        unsafe { blst_fp_mul(&mut product.0.x, &product.0.x, &CUBE_ROOT) };
        product
    }
}

impl fmt::Debug for CurvePoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = [0; 48];
        // SAFETY: 48 bytes are written.
        unsafe { blst_p1_affine_compress(bytes.as_mut_ptr(), &self.0) };
        bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Points for tests that no one else would make.
#[cfg(test)]
impl CurvePoint {
    /// The point with this x and the smaller y, wherever it lies.
    pub(crate) fn with_x(x: u64) -> Option<Self> {
        let mut bytes = [0; 48];
        bytes[40..].copy_from_slice(&x.to_be_bytes());
        bytes[0] |= super::flag::COMPRESSED;
        let mut point = blst_p1_affine::default();
        // SAFETY: `bytes` holds the 48 bytes that a compressed encoding has.
        let code = unsafe { blst_p1_uncompress(&mut point, bytes.as_ptr()) };
        PointError::check(code).is_ok().then_some(Self(point))
    }

    /// A point whose order is `order`, a prime that divides 1 - z.
    pub(crate) fn of_order(order: u64) -> Self {
        const ORDER_R: [u64; 4] = [
            0xffff_ffff_0000_0001,
            0x53bd_a402_fffe_5bfe,
            0x3339_d808_09a1_d805,
            0x73ed_a753_299d_7d48,
        ];
        assert_eq!(ONE_MINUS_Z % order, 0);
        let torsion = |point: &Self| {
            let in_torsion = G1Sum::from(point).times_any(&ORDER_R);
            in_torsion.times_any(&[ONE_MINUS_Z / order]).to_point()
        };
        (1..)
            .filter_map(Self::with_x)
            .find_map(|point| torsion(&point))
            .unwrap()
    }

    /// The sum of two points that are not each other's negatives.
    pub(crate) fn plus(&self, other: &Self) -> Self {
        let mut sum = G1Sum::from(self);
        sum.add(&G1Sum::from(other));
        sum.to_point().unwrap()
    }
}

#[cfg(test)]
impl G1Sum {
    /// `scalar · self` for any integer (limbs, the least significant first) and any point.
    pub(crate) fn times_any(&self, scalar: &[u64]) -> Self {
        let mut product = Self::identity();
        for limb in scalar.iter().rev() {
            for bit in (0..u64::BITS).rev() {
                product.double();
                if (limb >> bit) & 1 == 1 {
                    product.add(self);
                }
            }
        }
        product
    }
}

/// A point of G1 that is not the identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub struct G1Point(pub(super) CurvePoint);

impl G1Point {
    /// The generator g.
    #[must_use]
    pub fn generator() -> Self {
        // SAFETY: `blst` returns a pointer to a constant.
        Self(CurvePoint(unsafe { *blst::blst_p1_affine_generator() }))
    }

    /// Reads the uncompressed ZCash encoding and checks the subgroup exactly.
    ///
    /// # Errors
    /// [`PointError`].
    pub fn decode(bytes: &[u8; 96]) -> Result<Self, PointError> {
        CurvePoint::decode(bytes)?
            .in_subgroup()
            .ok_or(PointError::OffSubgroup)
    }

    /// Reads the compressed ZCash encoding and checks the subgroup exactly.
    ///
    /// # Errors
    /// [`PointError`].
    pub fn decompress(bytes: &[u8; 48]) -> Result<Self, PointError> {
        let [first, ..] = bytes;
        check_compressed(*first)?;
        let mut point = blst_p1_affine::default();
        // SAFETY: `bytes` holds the 48 bytes that a compressed encoding has.
        PointError::check(unsafe { blst_p1_uncompress(&mut point, bytes.as_ptr()) })?;
        CurvePoint(point)
            .in_subgroup()
            .ok_or(PointError::OffSubgroup)
    }

    /// Writes the compressed ZCash encoding.
    #[must_use]
    pub fn compress(&self) -> [u8; 48] {
        let mut bytes = [0; 48];
        // SAFETY: 48 bytes are written.
        unsafe { blst_p1_affine_compress(bytes.as_mut_ptr(), &self.0.0) };
        bytes
    }

    /// Writes the uncompressed ZCash encoding.
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

    /// `scalar · self`, in constant time.
    #[must_use]
    pub fn times_secret(&self, scalar: &SecretScalar) -> Self {
        let mut product = blst_p1_affine::default();
        self.multiply_into(scalar, &mut product);
        Self(CurvePoint(product))
    }

    /// Leaves no product behind but `into`; what `blst` has on the stack on its way is `blst`'s.
    fn multiply_into(&self, scalar: &SecretScalar, into: &mut blst_p1_affine) {
        let mut point = blst_p1::default();
        scalar.expose(|bytes| {
            // SAFETY: 255 bits are read from 32 bytes. The endomorphism that `blst_p1_mult` uses
            // needs a point of G1 and a scalar below r, which the types hold. The scalar is passed
            // at its full width whatever its value, so the number of steps is fixed.
            unsafe {
                blst_p1_from_affine(&mut point, &self.0.0);
                blst_p1_mult(&mut point, &point, bytes.as_ptr(), SCALAR_BITS);
                blst_p1_to_affine(into, &point);
            }
        });
        // Neither factor is zero and the order is prime, so the product is not the identity.
        for coordinate in [&mut point.x, &mut point.y, &mut point.z] {
            coordinate.l.zeroize();
        }
    }
}

impl G1Point {
    /// `scalar · self`, in constant time, where the product is as secret as the scalar.
    #[must_use]
    pub fn times_secret_kept(&self, scalar: &SecretScalar) -> SecretPoint {
        let mut product = blst_p1_affine::default();
        self.multiply_into(scalar, &mut product);
        let mut kept = SecretPoint(Box::new([0; 96]));
        // SAFETY: 96 bytes are written.
        unsafe { blst_p1_affine_serialize(kept.0.as_mut_ptr(), &product) };
        product.x.l.zeroize();
        product.y.l.zeroize();
        kept
    }
}

impl G1Point {
    /// The sum of points of G1, which is in G1 too; none if it is the identity.
    #[must_use]
    pub fn sum_of<'a>(points: impl Iterator<Item = &'a Self>) -> Option<Self> {
        let mut sum = G1Sum::identity();
        for point in points {
            sum.add_point(&point.0);
        }
        sum.to_point().map(Self)
    }

    /// `Σ_k x^k · coefficient_k`, by Horner's rule: x is public and small. In G1, since all
    /// coefficients are; none if it is the identity.
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

/// A point of G1 that must not be seen: its uncompressed encoding, on the heap, wiped when dropped.
pub struct SecretPoint(Box<[u8; 96]>);

impl SecretPoint {
    /// Lets `read` see the uncompressed encoding.
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

/// A sum of curve points: any point of the curve, the identity included.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct G1Sum(pub(super) blst_p1);

impl G1Sum {
    /// The empty sum.
    #[must_use]
    pub fn identity() -> Self {
        Self(blst_p1::default())
    }

    /// Whether the sum is the identity.
    #[must_use]
    pub fn is_identity(&self) -> bool {
        // SAFETY: see the module's header.
        unsafe { blst_p1_is_inf(&self.0) }
    }

    /// Adds `other`: the complete formula, right for any two points.
    pub fn add(&mut self, other: &Self) {
        // SAFETY: see the module's header; input and output may be the same.
        unsafe { blst_p1_add_or_double(&mut self.0, &self.0, &other.0) };
    }

    /// Adds `point`: the complete formula, right for any two points.
    pub fn add_point(&mut self, point: &CurvePoint) {
        // SAFETY: see the module's header; input and output may be the same.
        unsafe { blst_p1_add_or_double_affine(&mut self.0, &self.0, &point.0) };
    }

    /// The sum with the other sign.
    #[must_use]
    pub fn negate(mut self) -> Self {
        // SAFETY: see the module's header.
        unsafe { blst::blst_p1_cneg(&mut self.0, true) };
        self
    }

    /// Doubles the sum: right for any point, since no point of the curve has order two.
    pub fn double(&mut self) {
        // SAFETY: see the module's header; input and output may be the same.
        unsafe { blst_p1_double(&mut self.0, &self.0) };
    }

    /// `[factor] self`, for the public and small.
    #[must_use]
    pub fn times_small(&self, factor: u8) -> Self {
        let mut product = Self::identity();
        for bit in (0..u8::BITS - factor.leading_zeros()).rev() {
            product.double();
            if (factor >> bit) & 1 == 1 {
                product.add(self);
            }
        }
        product
    }

    /// `[1 - z] self`, z the curve's parameter: in G1 always (this is `h_eff` of RFC 9380, section
    /// 8.8.1), and the identity exactly when the component of `self` in G1 is: 1 - z is the exponent
    /// of the curve's torsion, whose order (1 - z)²/3 would be twice as long a factor, and is prime
    /// to the order of G1 (El Housni, Guillevic and Piellard, Co-Factor Clearing and Subgroup
    /// Membership Testing on Pairing-Friendly Curves, AFRICACRYPT 2022, for curves of this family).
    ///
    /// `blst_p1_mult` would use incomplete additions, which go wrong on points of small order.
    #[must_use]
    pub fn clear_cofactor(&self) -> Self {
        let mut product = Self::identity();
        for bit in (0..u64::BITS).rev() {
            product.double();
            if (ONE_MINUS_Z >> bit) & 1 == 1 {
                product.add(self);
            }
        }
        product
    }

    /// The sum as a point, unless it is the identity.
    #[must_use]
    pub fn to_point(&self) -> Option<CurvePoint> {
        let mut affine = blst_p1_affine::default();
        // SAFETY: see the module's header.
        unsafe { blst_p1_to_affine(&mut affine, &self.0) };
        (!self.is_identity()).then_some(CurvePoint(affine))
    }
}

impl From<&CurvePoint> for G1Sum {
    fn from(point: &CurvePoint) -> Self {
        let mut sum = blst_p1::default();
        // SAFETY: see the module's header.
        unsafe { blst_p1_from_affine(&mut sum, &point.0) };
        Self(sum)
    }
}
