//! BLS12-381: the one module that calls `blst`, and so the one that holds `unsafe` code.
//!
//! The types say what was checked. A [`CurvePoint`] is on the curve and is not the identity; a
//! [`G1Point`] or [`G2Point`] is in the prime-order subgroup too; a [`G1Sum`] is whatever a sum
//! came to, the identity included. A [`SecretScalar`] multiplies subgroup points only, in constant time;
//! a [`Scalar`] is public, and what works on it takes the time it takes.
//!
//! Why each `unsafe` call is sound: `blst`'s functions read and write exactly the structs they are
//! given, all of them plain arrays without invariants of validity, and keep no pointer. What
//! remains is stated at the calls that take lengths or arrays.

#![allow(unsafe_code)]

mod chords;
mod g1;
mod g2;
mod hash;
mod integer;
mod msm;
mod pairing;
mod reference;
mod scalar;
mod subgroup;

pub use g1::{CurvePoint, G1Point, G1Sum, SecretPoint};
pub use g2::{G2Point, G2Sum};
pub use hash::{hash_to_g1, hash_to_g2};
pub use integer::IntegerCombination;
pub use msm::{LinearCombination, linear_combination_g2, short_combination_g2};
pub use pairing::{PairingProduct, multiples_of_generators_agree};
pub use reference::{KeySet, read_key_set};
pub use scalar::{Scalar, ScalarError, SecretScalar};
pub use subgroup::{Signs, in_subgroup_all};

use blst::BLST_ERROR;

/// Why bytes are not the point they should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum PointError {
    /// Wrong flag bits, or a coordinate that is not reduced.
    #[error("not a canonical encoding of a point")]
    Encoding,
    /// The coordinates do not satisfy the curve's equation.
    #[error("not on the curve")]
    OffCurve,
    /// On the curve, outside the subgroup of prime order.
    #[error("not in the prime-order subgroup")]
    OffSubgroup,
    /// The identity.
    #[error("the identity")]
    Identity,
}

impl PointError {
    fn check(code: BLST_ERROR) -> Result<(), Self> {
        match code {
            BLST_ERROR::BLST_SUCCESS => Ok(()),
            BLST_ERROR::BLST_POINT_NOT_ON_CURVE => Err(Self::OffCurve),
            BLST_ERROR::BLST_POINT_NOT_IN_GROUP => Err(Self::OffSubgroup),
            _ => Err(Self::Encoding),
        }
    }
}

/// The three flag bits that lead a ZCash encoding (most significant first).
mod flag {
    /// The encoding is the compressed one.
    pub(super) const COMPRESSED: u8 = 0b1000_0000;
    /// The point is the identity.
    pub(super) const IDENTITY: u8 = 0b0100_0000;
    /// Compressed only: y is the larger of the two roots.
    pub(super) const LARGER: u8 = 0b0010_0000;
    /// The flags of a compressed identity.
    pub(super) const COMPRESSED_IDENTITY: u8 = COMPRESSED | IDENTITY;
    /// All of them.
    pub(super) const ALL: u8 = COMPRESSED | IDENTITY | LARGER;
}

/// Refuses flags that an uncompressed encoding cannot have, before `blst` sees the bytes: it would
/// take a compressed point in the first half and ignore the rest.
fn check_uncompressed(first: u8) -> Result<(), PointError> {
    match first & flag::ALL {
        0 => Ok(()),
        flag::IDENTITY => Err(PointError::Identity),
        _ => Err(PointError::Encoding),
    }
}

/// Refuses the uncompressed encoding and the identity.
fn check_compressed(first: u8) -> Result<(), PointError> {
    match first & (flag::COMPRESSED | flag::IDENTITY) {
        flag::COMPRESSED => Ok(()),
        flag::COMPRESSED_IDENTITY => Err(PointError::Identity),
        _ => Err(PointError::Encoding),
    }
}

#[cfg(test)]
mod tests;
