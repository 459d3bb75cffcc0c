//! A client that seals with a scalar of its own choice, so that parts of two envelopes have the
//! same `u`: who opens one of them could open the other.

use sealbid_crypto::group::{G1Point, Scalar, SecretScalar};
use sealbid_types::bytes::FixedBytes;
use sealbid_types::envelope::{Envelope, Part, Sealed, SealedPart};

use crate::house::people::Person;
use crate::house::proof::{challenge, second_generator};

fn secret(seed: u64, which: &str) -> SecretScalar {
    let mut wide = [0; 64];
    let mut hasher = blake3::Hasher::new();
    hasher.update(&seed.to_le_bytes()).update(which.as_bytes());
    hasher.finalize_xof().fill(&mut wide);
    SecretScalar::from_uniform_bytes(&wide).unwrap()
}

/// Proves the part anew, for the scalar of `seed` (docs/protocol.md 3.1). What is sealed in it is
/// lost: its key was of the old `u`.
fn reseal(part: &SealedPart, label: &[u8], seed: u64) -> SealedPart {
    let nonce = u64::from_le_bytes(blake3::hash(label).as_bytes()[..8].try_into().unwrap());
    // The same r, and a k for each label: two proofs with one k would give r away.
    let (r, k) = (secret(seed, "r"), secret(seed ^ nonce, "k"));
    let (g, g_bar) = (G1Point::generator(), second_generator());
    let times = |point: &G1Point, scalar| FixedBytes(point.times_secret(scalar).encode());
    let mut sealed = SealedPart {
        u: times(&g, &r),
        u_bar: times(&g_bar, &r),
        a: times(&g, &k),
        a_bar: times(&g_bar, &k),
        ..part.clone()
    };
    let challenge = challenge(&sealed, label);
    sealed.response = FixedBytes(r.respond(k, &Scalar::from(challenge)).encode());
    sealed
}

/// The same envelope, its terms sealed with the scalar of `seed`. The gate lets it through.
///
/// # Panics
/// If it is a quote.
#[must_use]
pub fn share_u(person: &Person, envelope: &Envelope, seed: u64) -> Envelope {
    let Sealed::Intent {
        terms,
        authorisation,
    } = &envelope.sealed
    else {
        panic!("a quote");
    };
    let header = &envelope.header;
    let terms = reseal(terms, &header.label(Part::Terms, None), seed);
    // The authorisation's label names the terms.
    let label = header.label(Part::Authorisation, Some(terms.terms_digest()));
    let nonce = u64::from_le_bytes(blake3::hash(&label).as_bytes()[..8].try_into().unwrap());
    let authorisation = reseal(authorisation, &label, nonce);
    let sealed = Sealed::Intent {
        terms,
        authorisation,
    };
    Envelope::sign(header.clone(), sealed, person.secret())
}
