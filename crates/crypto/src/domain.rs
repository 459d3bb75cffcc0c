//! Every string that separates one use of a hash from another. None is used twice, none is ever
//! changed: a change is another protocol version.
//!
//! Hashes are BLAKE3 in derive-key mode under these contexts. Inputs are of fixed length or carry
//! their length in front (eight bytes, little endian), so that no two differ and hash alike.

/// Message and domain of the second generator ḡ, by RFC 9380's
/// `BLS12381G1_XMD:SHA-256_SSWU_RO_`. Nobody knows its logarithm to the base g.
pub const SECOND_GENERATOR: &str = "sealbid/1 2026-11 second generator";
/// See [`SECOND_GENERATOR`]; the suite's name ends it, as section 3.1 of the RFC asks.
pub const SECOND_GENERATOR_DST: &str =
    "sealbid/1 2026-11 TDH2 with BLS12381G1_XMD:SHA-256_SSWU_RO_";

/// The sealer's r and k: over entropy, committee key, account secret, label and plaintext.
pub const SEALING_SCALARS: &str = "sealbid/1 2026-11 sealing scalars";
/// Content key and commitment: over z, u and label.
pub const CONTENT_KEY: &str = "sealbid/1 2026-11 content key and commitment";
/// The digest of a sealed body, which stands for it in the challenge.
pub const BODY: &str = "sealbid/1 2026-11 sealed body";
/// The proof's challenge: over label, commitment, body digest, u, ū, a and ā.
pub const CHALLENGE: &str = "sealbid/1 2026-11 sealing challenge";

/// Batch coefficients of admission proofs.
pub const BATCH_ADMISSION: &str = "sealbid/1 2026-11 batch coefficients of admission";
/// Batch coefficients of a member's decryption shares.
pub const BATCH_SHARES: &str = "sealbid/1 2026-11 batch coefficients of shares";
/// Batch coefficients of openings.
pub const BATCH_OPENINGS: &str = "sealbid/1 2026-11 batch coefficients of openings";
/// Batch coefficients of openings that were drawn before the openings were made.
pub const BATCH_PREPARED: &str = "sealbid/1 2026-11 batch coefficients of prepared openings";
/// Signs of the batched subgroup test of sealed parts.
pub const BATCH_SUBGROUP: &str = "sealbid/1 2026-11 masks of the subgroup test";
/// Signs of the batched subgroup test of shares and openings.
pub const BATCH_SUBGROUP_OF_POINTS: &str = "sealbid/1 2026-11 signs of the subgroup test of points";
/// Batch coefficients of public keys in both groups.
pub const BATCH_KEYS: &str = "sealbid/1 2026-11 batch coefficients of share keys";

/// A hasher for `context`.
pub(crate) fn hasher(context: &'static str) -> blake3::Hasher {
    blake3::Hasher::new_derive_key(context)
}

/// Adds bytes of any length, their length in front.
pub(crate) fn update_bounded(hasher: &mut blake3::Hasher, bytes: &[u8]) {
    hasher.update(&(bytes.len() as u64).to_le_bytes());
    hasher.update(bytes);
}
