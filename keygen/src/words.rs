//! Keys and sessions as words that people read to each other: what two people have read out and
//! found the same is the same.

use core::fmt;

use sealbid_types::keys::PublicKey;
use serde::{Serialize, Serializer};

/// How many words: 88 bits. An identity key lives for years, and its words are a plain hash: whoever
/// wants to pass for one of N people makes 2^88 / N keys until the words of one are theirs. Six words,
/// of 66 bits, come into the reach of those with much hardware. A slow hash of six would add some
/// seventeen bits for a second and hundreds of megabytes at every fingerprint of every table, and a
/// person with another program could not work it out; two words more cost two seconds of reading.
///
/// That two keys or sessions of one maker's own choice have the same words takes 2^44 only, and gains
/// nothing: signatures are over the whole ids, so that two sessions with the same words never share
/// a confirmation.
const WORDS: usize = 8;

/// How many bits of a digest one word of the list of 2048 stands for.
const WORD_BITS: usize = 11;

/// The BLAKE3 derive-key contexts.
mod context {
    pub(super) const KEY: &str = "sealbid/1 2026-11 words of a public key";
    pub(super) const DIGEST: &str = "sealbid/1 2026-11 words of a digest";
}

/// Eight words of BIP-39's English list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Words([&'static str; WORDS]);

/// The words of a participant's public key: its fingerprint.
#[must_use]
pub fn words_of_key(key: &PublicKey) -> Words {
    Words::of(context::KEY, key.as_bytes())
}

/// The words of a session, a committee key, or anything else with a digest of its own.
#[must_use]
pub fn words_of_digest(digest: &[u8; 32]) -> Words {
    Words::of(context::DIGEST, digest)
}

impl Words {
    fn of(context: &str, bytes: &[u8; 32]) -> Self {
        let digest = blake3::Hasher::new_derive_key(context)
            .update(bytes)
            .finalize();
        let list = bip39::Language::English.word_list();
        let word = |at: usize| {
            let bits = at * WORD_BITS..(at + 1) * WORD_BITS;
            let number = bits.fold(0, |number, bit| {
                let byte = digest.as_bytes().get(bit / 8).copied().unwrap_or(0);
                number << 1 | usize::from(byte >> (7 - bit % 8) & 1)
            });
            list.get(number).copied().unwrap_or_default()
        };
        Self(core::array::from_fn(word))
    }
}

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0.join(" "))
    }
}

impl Serialize for Words {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_words_stay_what_they_are() {
        // Two people with two versions of this read the same words, or think that they are attacked.
        let words = words_of_digest(&[7; 32]).to_string();
        assert_eq!(words.split(' ').count(), WORDS);
        assert_eq!(words, "law tonight renew display smooth scrap title common");
    }

    proptest! {
        #[test]
        fn another_key_has_other_words(bytes: [u8; 32], at in 0..32usize, flip in 1u8..) {
            let mut other = bytes;
            other[at] ^= flip;
            prop_assert_ne!(words_of_digest(&bytes), words_of_digest(&other));
            let key = PublicKey(bytes.into());
            prop_assert_ne!(words_of_key(&key), words_of_digest(&bytes));
        }
    }
}
