//! Base64 (RFC 4648) as the Verifier reads it: padding may be left out, the bits that no byte takes
//! are zeros.

use data_encoding::Encoding;
use serde::{Deserialize, Deserializer, de};

use sealbid_types::bytes::FixedBytes;
use sealbid_types::terms::Nonce;

/// The bytes that `text` says in `alphabet`, which is one without padding.
pub(crate) fn decode(alphabet: &Encoding, text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=');
    let most = match digits.len() % 4 {
        2 => 2,
        3 => 1,
        _ => 0,
    };
    if text.len() - digits.len() > most {
        return None;
    }
    alphabet.decode(digits.as_bytes()).ok()
}

/// A nonce in base64.
pub(crate) fn nonce(text: &str) -> Option<Nonce> {
    let bytes = decode(&data_encoding::BASE64_NOPAD, text)?;
    bytes.try_into().map(FixedBytes).ok()
}

/// A nonce of JSON.
pub(crate) fn read_nonce<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Nonce, D::Error> {
    nonce(&String::deserialize(deserializer)?)
        .ok_or_else(|| de::Error::custom("not the base64 of 32 bytes"))
}

/// Bytes of JSON, in the alphabet for addresses of the web.
pub(crate) fn read_url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(deserializer)?;
    decode(&data_encoding::BASE64URL_NOPAD, &text).ok_or_else(|| de::Error::custom("not base64url"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::{BASE64, BASE64_NOPAD};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn padding_may_be_left_out_and_none_be_added(bytes: Vec<u8>) {
            let padded = BASE64.encode(&bytes);
            let bare = padded.trim_end_matches('=');
            for text in [&padded, bare] {
                prop_assert_eq!(decode(&BASE64_NOPAD, text), Some(bytes.clone()));
            }
            prop_assert_eq!(decode(&BASE64_NOPAD, &format!("{padded}=")), None);
        }
    }

    #[test]
    fn stray_bits_spaces_and_other_alphabets_are_refused() {
        assert_eq!(decode(&BASE64_NOPAD, "AQ=="), Some(vec![1]));
        for bad in ["AR==", "AQ==\n", " AQ", "_w==", "A", "A===", "="] {
            assert_eq!(decode(&BASE64_NOPAD, bad), None, "{bad:?}");
        }
    }
}
