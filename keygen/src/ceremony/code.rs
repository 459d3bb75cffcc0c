//! The short code of a networked ceremony: where it meets, and which one it is.
//!
//! `sealbid1` and the base58 of a [`Code`]'s postcard encoding with four bytes of checksum. What it
//! names is fetched from the meeting and held against it; the code itself proves nothing, and whom
//! one has met is told by fingerprints alone.

use core::fmt;
use core::str::FromStr;
use std::net::SocketAddr;

use sealbid_types::time::Timestamp;
use serde::{Deserialize, Serialize};

/// What every code begins with, whatever its version.
pub(crate) const NAME: &str = "sealbid";
/// What a code of this version begins with.
const PREFIX: &str = "sealbid1";
/// The bytes of the checksum.
const CHECKSUM_BYTES: usize = 4;
/// The most characters of a code; one with many addresses and a relay has some 400.
const MOST_CHARACTERS: usize = 2048;
/// The BLAKE3 derive-key context of the checksum.
const CHECKSUM: &str = "sealbid/1 2026-11 ceremony code checksum";

/// What a code says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Code {
    /// The inviter's endpoint at the meeting.
    pub endpoint: [u8; 32],
    /// The first half of the ceremony's id.
    pub ceremony: [u8; 16],
    /// When the ceremony must be over, in seconds since the Unix epoch.
    pub deadline_s: u64,
    /// Where the endpoint listens.
    pub addresses: Vec<SocketAddr>,
    /// A relay that leads to it.
    pub relay: Option<String>,
}

/// Why a text is no code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// Nothing of the kind.
    #[error("a code begins with {PREFIX}")]
    Unknown,
    /// A later version's.
    #[error(
        "the code is of another version of sealbid: all members of a ceremony need the same one"
    )]
    Version,
    /// A character is wrong, or some are missing.
    #[error("the code is not whole: copy all of it again, from {PREFIX} on")]
    Checksum,
}

impl Code {
    /// When the ceremony must be over.
    #[must_use]
    pub fn deadline(&self) -> Timestamp {
        Timestamp(self.deadline_s.saturating_mul(1000)).min(sealbid_types::time::LAST)
    }
}

fn checksum(payload: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let mut sum = [0; CHECKSUM_BYTES];
    blake3::Hasher::new_derive_key(CHECKSUM)
        .update(payload)
        .finalize_xof()
        .fill(&mut sum);
    sum
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = postcard::to_stdvec(self).map_err(|_| fmt::Error)?;
        bytes.extend(checksum(&bytes));
        write!(f, "{PREFIX}{}", bs58::encode(bytes).into_string())
    }
}

impl FromStr for Code {
    type Err = CodeError;

    fn from_str(text: &str) -> Result<Self, CodeError> {
        // Mail programs break long lines.
        let text: String = text.split_whitespace().collect();
        let Some(encoded) = text.strip_prefix(PREFIX) else {
            return Err(match text.strip_prefix(NAME) {
                Some(rest) if rest.starts_with(|c: char| c.is_ascii_digit()) => CodeError::Version,
                _ => CodeError::Unknown,
            });
        };
        if text.len() > MOST_CHARACTERS {
            return Err(CodeError::Checksum);
        }
        let bytes = bs58::decode(encoded)
            .into_vec()
            .map_err(|_| CodeError::Checksum)?;
        let (payload, sum) = bytes
            .len()
            .checked_sub(CHECKSUM_BYTES)
            .and_then(|length| bytes.split_at_checked(length))
            .ok_or(CodeError::Checksum)?;
        if sum != checksum(payload) {
            return Err(CodeError::Checksum);
        }
        match postcard::take_from_bytes(payload) {
            Ok((code, [])) => Ok(code),
            // Whole, and yet not understood.
            _ => Err(CodeError::Version),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::expect_used
    )]

    use super::*;
    use proptest::prelude::*;

    fn code() -> Code {
        Code {
            endpoint: [7; 32],
            ceremony: [9; 16],
            deadline_s: 1_800_003_600,
            addresses: vec![
                "127.0.0.1:7399".parse().unwrap(),
                "[::1]:7399".parse().unwrap(),
            ],
            relay: Some("http://127.0.0.1:7398".to_owned()),
        }
    }

    #[test]
    fn text_and_back() {
        let text = code().to_string();
        assert_eq!(text.parse(), Ok(code()));
        let broken = format!(" {}\n  {} ", &text[..40], &text[40..]);
        assert_eq!(broken.parse(), Ok(code()), "line breaks do no harm");
        let plain = Code {
            addresses: vec!["192.168.1.20:7399".parse().unwrap()],
            relay: None,
            ..code()
        };
        assert!(plain.to_string().len() < 110, "short enough: {plain}");
        assert_eq!(code().deadline(), Timestamp(1_800_003_600_000));
    }

    #[test]
    fn other_versions_and_other_texts_are_told_apart() {
        for (text, error) in [
            ("", CodeError::Unknown),
            ("sealbid", CodeError::Unknown),
            ("sealbid.ceremony", CodeError::Unknown),
            ("sealbid2abc", CodeError::Version),
            ("sealbid1", CodeError::Checksum),
            ("sealbid10OIl", CodeError::Checksum),
        ] {
            assert_eq!(text.parse::<Code>(), Err(error), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_changed_character_is_noticed(at: prop::sample::Index, other in "[1-9A-HJ-NP-Za-km-z]") {
            let text = code().to_string();
            let at = PREFIX.len() + at.index(text.len() - PREFIX.len());
            let changed = format!("{}{other}{}", &text[..at], &text[at + 1..]);
            let expected = if changed == text { Ok(code()) } else { Err(CodeError::Checksum) };
            prop_assert_eq!(changed.parse::<Code>(), expected);
            prop_assert_eq!(text[..at].parse::<Code>(), Err(CodeError::Checksum));
        }
    }
}
