//! Text ids with a grammar: accounts and assets, parsed as the NEAR Intents Verifier does.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The most bytes of a token id within a multi-token or NFT contract.
const TOKEN_ID_BYTES: usize = 127;

/// What some editors put at the beginning of a text file. It says nothing in UTF-8, and is no part of
/// the text.
pub const BYTE_ORDER_MARK: char = '\u{feff}';

/// The bytes of a text file without its byte-order mark, if it has one. All readers of files that
/// people may have edited go through this: `toml` takes the mark by itself, `serde_json` does not.
#[must_use]
pub fn without_byte_order_mark(bytes: &[u8]) -> &[u8] {
    let mut mark = [0; BYTE_ORDER_MARK.len_utf8()];
    let mark = BYTE_ORDER_MARK.encode_utf8(&mut mark).as_bytes();
    bytes.strip_prefix(mark).unwrap_or(bytes)
}

/// A text that does not follow the grammar of its field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Not an account by NEAR's rule.
    #[error(
        "not an account: {0:?} (2 to 64 of a-z, 0-9, with single '.', '-' or '_' between them)"
    )]
    Account(String),
    /// Not an asset id.
    #[error("not an asset: {0:?} (nep141:ACCOUNT, nep171:ACCOUNT:ID or nep245:ACCOUNT:ID)")]
    Asset(String),
}

/// Quotes at most 80 printable characters of what was given, so that an error cannot carry
/// control sequences to a terminal.
fn excerpt(text: &str) -> String {
    text.chars()
        .take(80)
        .flat_map(char::escape_default)
        .collect()
}

fn is_account(text: &str) -> bool {
    let is_name = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    (2..=64).contains(&text.len()) && text.split(['.', '-', '_']).all(is_name)
}

/// Printable ASCII without the space: no look-alikes, no control characters, no direction marks.
fn is_token_id(text: &str) -> bool {
    (1..=TOKEN_ID_BYTES).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}

/// An account of the NEAR Verifier: named (`alice.near`), or implicit (64 hex digits or `0x…`).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(String);

impl AccountId {
    /// The implicit account of an ed25519 public key: its 64 hex digits.
    #[must_use]
    pub fn implicit(public_key: &crate::keys::PublicKey) -> Self {
        Self(public_key.0.to_string())
    }

    /// The Verifier contract of NEAR Intents, `intents.near`.
    #[must_use]
    pub fn intents_near() -> Self {
        Self("intents.near".to_owned())
    }

    /// The account's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AccountId {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        if is_account(text) {
            Ok(Self(text.to_owned()))
        } else {
            Err(TextError::Account(excerpt(text)))
        }
    }
}

/// What kind of token an asset is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AssetStandard {
    /// Fungible: `nep141:<contract>`.
    Nep141,
    /// Non-fungible: `nep171:<contract>:<token>`.
    Nep171,
    /// Multi-token: `nep245:<contract>:<token>`.
    Nep245,
}

/// An asset id of the Verifier.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AssetId(String);

impl AssetId {
    /// The asset's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The asset's token standard.
    #[must_use]
    pub fn standard(&self) -> AssetStandard {
        match self.0.split_once(':') {
            Some(("nep171", _)) => AssetStandard::Nep171,
            Some(("nep245", _)) => AssetStandard::Nep245,
            _ => AssetStandard::Nep141,
        }
    }

    /// The fungible token of `contract`.
    #[must_use]
    pub fn fungible(contract: &AccountId) -> Self {
        Self(format!("nep141:{contract}"))
    }
}

impl FromStr for AssetId {
    type Err = TextError;

    /// Splits at the first `:` after the contract, so a token id may hold more of them.
    fn from_str(text: &str) -> Result<Self, TextError> {
        let (standard, rest) = text.split_once(':').unwrap_or((text, ""));
        let fits = match standard {
            "nep141" => is_account(rest),
            "nep171" | "nep245" => rest
                .split_once(':')
                .is_some_and(|(contract, token)| is_account(contract) && is_token_id(token)),
            _ => false,
        };
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(TextError::Asset(excerpt(text)))
        }
    }
}

macro_rules! text_serde {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?
                    .parse()
                    .map_err(de::Error::custom)
            }
        }
    };
}

text_serde!(AccountId);
text_serde!(AssetId);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn accounts_by_nears_rule() {
        for good in [
            "ab",
            "alice.near",
            "a-b_c.d0",
            "0x5a95b4a393f0a8def7ac46907e1fb0782cd3538a",
        ] {
            assert!(good.parse::<AccountId>().is_ok(), "{good}");
        }
        let long = "a".repeat(65);
        for bad in [
            "",
            "a",
            "Alice.near",
            "a..b",
            ".a",
            "a.",
            "a-_b",
            "a b",
            "аlice.near",
            "a\u{202e}b",
            "a\0b",
            &long,
        ] {
            assert!(bad.parse::<AccountId>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn assets_split_after_the_contract() {
        let asset: AssetId = "nep245:v2_1.omni.hot.tg:43114_11111:x".parse().unwrap();
        assert_eq!(asset.standard(), AssetStandard::Nep245);
        for bad in [
            "nep141:",
            "nep141:usdc.near:1",
            "nep171:nft.near",
            "nep245:a.near:",
            "usdc.near",
            "nep141:USDC",
        ] {
            assert!(bad.parse::<AssetId>().is_err(), "{bad:?}");
        }
        let long = format!("nep245:a.near:{}", "x".repeat(128));
        assert!(long.parse::<AssetId>().is_err());
    }

    #[test]
    fn accounts_that_are_not_parsed_could_be() {
        let key = crate::keys::PublicKey([0xab; 32].into());
        for account in [AccountId::intents_near(), AccountId::implicit(&key)] {
            assert_eq!(account.as_str().parse(), Ok(account.clone()));
        }
        assert_eq!(key.implicit_account(), Ok(AccountId::implicit(&key)));
    }

    proptest! {
        #[test]
        fn errors_are_printable(text: String) {
            if let Err(error) = text.parse::<AccountId>() {
                prop_assert!(error.to_string().chars().all(|c| !c.is_control()));
            }
        }
    }
}
