//! Hashing to the groups.

use super::field::from_uniform;
use super::{CurvePoint, G1Point, G2Point};

fn log(domain: &[u8], message: &[u8]) -> u64 {
    let length = (domain.len() as u64).to_le_bytes();
    // A message that hashes to zero nobody can find.
    from_uniform(&[&length, domain, message].concat()).max(1)
}

/// A point whose logarithm is a hash.
#[must_use]
pub fn hash_to_g1(message: &[u8], domain: &str) -> G1Point {
    G1Point(CurvePoint {
        log: log(domain.as_bytes(), message),
        torsion: 0,
    })
}

/// The same in the second group.
#[must_use]
pub fn hash_to_g2(message: &[u8]) -> G2Point {
    G2Point(log(b"second group", message))
}
