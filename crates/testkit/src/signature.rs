//! Ed25519 signatures that only the holder of a key can make, and no honest one does.

use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::Scalar;
use ed25519_dalek::SigningKey;
use sha2::{Digest, Sha512};

/// A signature of `message` that verifies and is not the one of RFC 8032 (section 5.1.6): its nonce
/// is a draw of `draw` instead of a hash of the message.
/// By it tests make what only a submitter can: a second envelope of one content (protocol.md 3.1).
#[must_use]
pub fn another(secret: &SigningKey, message: &[u8], draw: u64) -> [u8; 64] {
    // One more than the draw: of a nonce of zero the commitment is the neutral element, which
    // strict verification refuses.
    let nonce = Scalar::from(draw) + Scalar::ONE;
    let commitment = EdwardsPoint::mul_base(&nonce).compress();
    let hash = Sha512::new()
        .chain_update(commitment.as_bytes())
        .chain_update(secret.verifying_key().as_bytes())
        .chain_update(message)
        .finalize();
    let challenge = Scalar::from_bytes_mod_order_wide(&hash.into());
    let response = nonce + challenge * secret.to_scalar();
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(commitment.as_bytes());
    signature[32..].copy_from_slice(response.as_bytes());
    signature
}
