//! Hashing to the groups.

use blst::{
    blst_bendian_from_fp, blst_fp, blst_hash_to_g1, blst_p1, blst_p1_affine, blst_p1_to_affine,
    blst_p2, blst_p2_affine, blst_p2_from_affine, blst_p2_mult, blst_p2_uncompress,
};
use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit, StreamCipher};
use tiny_keccak::{Hasher, Sha3};

use super::{BLST_ERROR, CurvePoint, G1Point, G2Point, G2Sum, flag};

/// The suite `BLS12381G1_XMD:SHA-256_SSWU_RO_` of RFC 9380, section 8.8.1.
///
/// The cofactor is cleared, and a message that hashes to the identity nobody can find.
#[must_use]
pub fn hash_to_g1(message: &[u8], domain: &str) -> G1Point {
    let mut point = blst_p1::default();
    let mut affine = blst_p1_affine::default();
    // SAFETY: lengths are those of the slices; there is no augmentation.
    unsafe {
        blst_hash_to_g1(
            &mut point,
            message.as_ptr(),
            message.len(),
            domain.as_ptr(),
            domain.len(),
            core::ptr::null(),
            0,
        );
        blst_p1_to_affine(&mut affine, &point);
    }
    G1Point(CurvePoint(affine))
}

/// `threshold_crypto::hash_g2`, bit for bit: x coordinates drawn from ChaCha20 under the SHA3-256
/// of the message until one is on the curve, then a multiplication by the cofactor.
///
/// Takes as long as the draws take: for public messages.
#[must_use]
pub fn hash_to_g2(message: &[u8]) -> G2Point {
    let mut seed = [0; 32];
    let mut sha3 = Sha3::v256();
    sha3.update(message);
    sha3.finalize(&mut seed);
    let mut stream = Stream(ChaCha20::new(&seed.into(), &[0; 12].into()));
    loop {
        if let Some(point) = draw(&mut stream) {
            return point;
        }
    }
}

/// One turn of the loop in pairing 0.16's `CurveProjective::random`.
fn draw(stream: &mut Stream) -> Option<G2Point> {
    let c0 = stream.next_field_element();
    let c1 = stream.next_field_element();
    let larger = stream.next_u32() & 1 == 1;
    scale_by_cofactor(&point_from_x(&c0, &c1, larger)?).to_point()
}

/// The point with x = c0 + c1 u and the larger or the smaller y, by way of its compressed encoding.
fn point_from_x(c0: &blst_fp, c1: &blst_fp, larger: bool) -> Option<blst_p2_affine> {
    let mut x = [[0; 48]; 2];
    let [high, low] = &mut x;
    // SAFETY: 48 bytes are written to each half.
    unsafe {
        blst_bendian_from_fp(high.as_mut_ptr(), c1);
        blst_bendian_from_fp(low.as_mut_ptr(), c0);
    }
    let [first, ..] = high;
    *first |= flag::COMPRESSED | if larger { flag::LARGER } else { 0 };
    let mut point = blst_p2_affine::default();
    // SAFETY: `x` holds the 96 bytes that a compressed encoding has.
    let code = unsafe { blst_p2_uncompress(&mut point, x.as_ptr().cast()) };
    (code == BLST_ERROR::BLST_SUCCESS).then_some(point)
}

/// Multiplies by the twist's exact cofactor. (`blst` clears it by a multiple of that, which would
/// lead to another point.)
fn scale_by_cofactor(point: &blst_p2_affine) -> G2Sum {
    const BITS: usize = 507;
    // (z⁸ - 4z⁷ + 5z⁶ - 4z⁴ + 6z³ - 4z² - 4z + 13) / 9, least significant limb first.
    const COFACTOR: [u64; 8] = [
        0xcf1c_38e3_1c72_38e5,
        0x1616_ec6e_786f_0c70,
        0x2153_7e29_3a66_91ae,
        0xa628_f1cb_4d9e_82ef,
        0xa68a_205b_2e5a_7ddf,
        0xcd91_de45_4708_5aba,
        0x091d_5079_2876_a202,
        0x05d5_43a9_5414_e7f1,
    ];
    let bytes = COFACTOR.map(u64::to_le_bytes);
    let mut product = blst_p2::default();
    // SAFETY: 507 bits are read from 64 bytes. A scalar this wide takes `blst`'s plain windowed
    // path, which any point of the twist may enter; a point drawn at random is not one of the
    // small order on which its additions are incomplete.
    unsafe {
        blst_p2_from_affine(&mut product, point);
        blst_p2_mult(&mut product, &product, bytes.as_ptr().cast(), BITS);
    }
    G2Sum(product)
}

/// The words of `rand_chacha::ChaChaRng`: the keystream, little endian.
struct Stream(ChaCha20);

impl Stream {
    fn next_bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.apply_keystream(&mut bytes);
        bytes
    }

    fn next_u32(&mut self) -> u32 {
        u32::from_le_bytes(self.next_bytes())
    }

    /// `Fq::random`: 381 bits until they are below p, taken as they stand for the Montgomery form.
    fn next_field_element(&mut self) -> blst_fp {
        loop {
            let mut limbs = [(); 6].map(|()| u64::from_le_bytes(self.next_bytes()));
            let [.., top] = &mut limbs;
            *top &= u64::MAX >> 3;
            if limbs.iter().rev().lt(MODULUS.iter().rev()) {
                return blst_fp { l: limbs };
            }
        }
    }
}

/// The field's modulus p, least significant limb first.
const MODULUS: [u64; 6] = [
    0xb9fe_ffff_ffff_aaab,
    0x1eab_fffe_b153_ffff,
    0x6730_d2a0_f6b0_f624,
    0x6477_4b84_f385_12bf,
    0x4b1b_a7b6_434b_acd7,
    0x1a01_11ea_397f_e69a,
];
