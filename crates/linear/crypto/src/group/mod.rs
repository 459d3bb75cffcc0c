//! The stand-in: elements that say their logarithms. Names, encodings' lengths and errors are those
//! of the product's module of this name.

mod field;
mod g1;
mod g2;
mod hash;
mod pairing;
mod reference;
mod scalar;
mod sums;

pub use g1::{CurvePoint, G1Point, G1Sum, SecretPoint};
pub use g2::{G2Point, G2Sum};
pub use hash::{hash_to_g1, hash_to_g2};
pub use pairing::{PairingProduct, multiples_of_generators_agree};
pub use reference::{KeySet, read_key_set};
pub use scalar::{Scalar, ScalarError, SecretScalar};
pub use sums::{
    IntegerCombination, LinearCombination, Signs, in_subgroup_all, linear_combination_g2,
    short_combination_g2,
};

/// Why bytes are not the point they should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum PointError {
    /// Not canonical.
    #[error("not a canonical encoding of a point")]
    Encoding,
    /// Never: every logarithm is a point's.
    #[error("not on the curve")]
    OffCurve,
    /// It has torsion.
    #[error("not in the prime-order subgroup")]
    OffSubgroup,
    /// The identity.
    #[error("the identity")]
    Identity,
}

/// Lets points with torsion pass for points of the subgroup, on this thread.
/// It is a sabotage: something has to notice.
pub fn forget_subgroups(forget: bool) {
    g1::FORGETS_SUBGROUPS.with(|forgets| forgets.set(forget));
}

/// Lets every proof of a sealed part pass, under whatever label it was made, on this thread.
/// It is a sabotage: something has to notice.
pub fn forget_proofs(forget: bool) {
    g1::FORGETS_PROOFS.with(|forgets| forgets.set(forget));
}
