//! The checksum that stands before every stored value.

/// The BLAKE3 derive-key context: this purpose and no other.
const CONTEXT: &str = "sealbid/1 2026-11 stored value";

/// How many bytes of BLAKE3 stand before a value. Against damage, not against an adversary: who can
/// write the file can write its checksums.
const CHECKSUM_BYTES: usize = 16;

fn checksum(table: &str, key: &[u8], value: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
    for part in [table.as_bytes(), key] {
        // usize is at most 64 bits wide.
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    hasher.update(value);
    let mut checksum = [0; CHECKSUM_BYTES];
    hasher.finalize_xof().fill(&mut checksum);
    checksum
}

/// What is stored for `value` under `key` of `table`.
pub(crate) fn framed(table: &str, key: &[u8], value: &[u8]) -> Vec<u8> {
    [&checksum(table, key, value), value].concat()
}

/// The value in `stored`, unless it is not what was stored there.
pub(crate) fn unframed<'a>(table: &str, key: &[u8], stored: &'a [u8]) -> Option<&'a [u8]> {
    let (found, value) = stored.split_first_chunk::<CHECKSUM_BYTES>()?;
    (*found == checksum(table, key, value)).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_changed_byte_is_found(
            key: Vec<u8>,
            value: Vec<u8>,
            at: prop::sample::Index,
            flip in 1u8..,
        ) {
            let mut stored = framed("votes", &key, &value);
            prop_assert_eq!(unframed("votes", &key, &stored), Some(value.as_slice()));
            let at = at.index(stored.len());
            stored[at] ^= flip;
            prop_assert_eq!(unframed("votes", &key, &stored), None);
        }
    }

    #[test]
    fn a_value_belongs_to_its_table_and_key() {
        let stored = framed("votes", b"ab", b"c");
        assert_eq!(unframed("votes", b"ab", &stored), Some(b"c".as_slice()));
        assert_eq!(unframed("closes", b"ab", &stored), None);
        assert_eq!(unframed("votes", b"a", &stored), None);
        assert_eq!(unframed("votes", b"abc", &stored), None);
        for length in 0..stored.len() {
            assert_eq!(unframed("votes", b"ab", &stored[..length]), None);
        }
    }
}
