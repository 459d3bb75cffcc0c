//! The proof of a sealed part, by the document (docs/protocol.md 3.1) and the group alone: what makes
//! and checks it in the product is not called.

use sealbid_crypto::domain;
use sealbid_crypto::group::{CurvePoint, G1Point, LinearCombination, Scalar, hash_to_g1};
use sealbid_types::envelope::SealedPart;

/// ḡ.
pub(super) fn second_generator() -> G1Point {
    hash_to_g1(
        domain::SECOND_GENERATOR.as_bytes(),
        domain::SECOND_GENERATOR_DST,
    )
}

/// e, of all that a part has but its response, under a label.
pub(super) fn challenge(part: &SealedPart, label: &[u8]) -> u128 {
    let body = blake3::derive_key(domain::BODY, &part.body.0);
    let mut hasher = blake3::Hasher::new_derive_key(domain::CHALLENGE);
    hasher
        .update(&(label.len() as u64).to_le_bytes())
        .update(label);
    hasher.update(part.commitment.as_bytes()).update(&body);
    for point in [&part.u, &part.u_bar, &part.a, &part.a_bar] {
        hasher.update(point.as_bytes());
    }
    let digest = hasher.finalize();
    u128::from_le_bytes(digest.as_bytes()[..16].try_into().unwrap())
}

/// Whether y g = a + e u and y ḡ = ā + e ū. Stricter than the product, which lets torsion be in all
/// points but u: nobody in a simulation puts any there.
pub(super) fn holds(part: &SealedPart, label: &[u8]) -> bool {
    let e = challenge(part, label);
    let decode = |bytes| CurvePoint::decode(bytes).ok();
    let equation = |generator: &G1Point, a, u| -> Option<bool> {
        let mut sum = LinearCombination::with_capacity(3);
        let response = Scalar::decode(part.response.as_bytes()).ok()?;
        sum.add(response, generator.as_curve_point());
        sum.add_short(1, &decode(a)?.negate());
        sum.add_short(e, &decode(u)?.negate());
        Some(sum.sum().is_identity())
    };
    let (g, g_bar) = (G1Point::generator(), second_generator());
    let on_g = equation(&g, part.a.as_bytes(), part.u.as_bytes());
    let on_g_bar = equation(&g_bar, part.a_bar.as_bytes(), part.u_bar.as_bytes());
    (on_g, on_g_bar) == (Some(true), Some(true))
}
