//! The same keys for `threshold_crypto`, whose key set's type and encodings these are.

use sealbid_types::bytes::FixedBytes;

/// The public keys of a committee, as `threshold_crypto` has them.
pub type KeySet = threshold_crypto::PublicKeySet;

/// Reads a commitment: the coefficients' compressed points. `threshold_crypto` reads a count and
/// points, which is postcard's form of a list of tuples. None where it does not take one of them.
#[must_use]
pub fn read_key_set(commitment: &[FixedBytes<48>]) -> Option<KeySet> {
    let bytes = postcard::to_stdvec(commitment).ok()?;
    postcard::from_bytes(&bytes).ok()
}
