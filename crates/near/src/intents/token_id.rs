//! Token ids of the Verifier.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use sealbid_types::text::AccountId;

use crate::json::printable;

/// A token of the Verifier, of any standard it keeps: fungible (`nep141:CONTRACT`), non-fungible
/// (`nep171:CONTRACT:ID`), multi-token (`nep245:CONTRACT:ID`), or minted by intents
/// (`imt:MINTER:ID`).
///
/// An id is anything, none and the longest text too. An [`AssetId`](sealbid_types::text::AssetId) is
/// what rounds take of these.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TokenId(String);

/// A text that is not a token id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a token: \"{0}\"")]
pub struct NotATokenId(String);

impl TokenId {
    /// The fungible token of `contract`.
    #[must_use]
    pub fn fungible(contract: &AccountId) -> Self {
        Self(format!("nep141:{contract}"))
    }

    /// A non-fungible token of `contract`.
    #[must_use]
    pub fn non_fungible(contract: &AccountId, id: &str) -> Self {
        Self(format!("nep171:{contract}:{id}"))
    }

    /// A token of the multi-token contract `contract`.
    #[must_use]
    pub fn multi(contract: &AccountId, id: &str) -> Self {
        Self(format!("nep245:{contract}:{id}"))
    }

    /// The standard: `nep141`, `nep171`, `nep245` or `imt`.
    #[must_use]
    pub fn standard(&self) -> &str {
        self.parts().0
    }

    /// The id within the contract, if the standard has ids.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.parts().1.split_once(':').map(|(_, id)| id)
    }

    fn parts(&self) -> (&str, &str) {
        self.0.split_once(':').unwrap_or((&self.0, ""))
    }

    /// The token's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for TokenId {
    type Err = NotATokenId;

    fn from_str(text: &str) -> Result<Self, NotATokenId> {
        let (standard, rest) = text.split_once(':').unwrap_or((text, ""));
        let account = match standard {
            "nep141" => Some(rest),
            "nep171" | "nep245" | "imt" => rest.split_once(':').map(|(account, _)| account),
            _ => None,
        };
        match account.map(AccountId::from_str) {
            Some(Ok(_)) => Ok(Self(text.to_owned())),
            _ => Err(NotATokenId(printable(text))),
        }
    }
}

impl<'de> Deserialize<'de> for TokenId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

impl Serialize for TokenId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_standard_has_its_form() {
        let long = format!("nep171:art.near:{}", "é".repeat(500));
        for good in [
            "nep141:usdc.near",
            "nep171:art.near:7:1",
            "nep245:m.near:",
            "imt:a.near:x",
            &long,
        ] {
            assert_eq!(good.parse::<TokenId>().unwrap().as_str(), good);
        }
        for bad in [
            "usdc.near",
            "NEP141:usdc.near",
            "nep141:",
            "nep141:usdc.near:1",
            "nep171:art.near",
            "nep245:M:1",
            "nep999:a.near",
            "",
        ] {
            assert!(bad.parse::<TokenId>().is_err(), "{bad}");
        }
    }
}
