//! The key set of the reference implementation, of which there is none here.

use sealbid_types::bytes::FixedBytes;

/// Holds nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySet;

/// Takes any commitment.
#[must_use]
pub const fn read_key_set(_commitment: &[FixedBytes<48>]) -> Option<KeySet> {
    Some(KeySet)
}
