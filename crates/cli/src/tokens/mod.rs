//! The tokens that people name, and their decimals: `tokens.toml`, which may be edited.

pub(crate) mod decimal;

use std::collections::BTreeMap;
use std::path::Path;

use sealbid_keygen::HouseDir;
use sealbid_market::MOST_UNITS;
use sealbid_types::amount::Amount;
use sealbid_types::text::AssetId;
use serde::Deserialize;

use self::decimal::Decimal;
use crate::exit::Failure;

/// The file that a new house gets, and what holds where there is none.
pub(crate) const DEFAULT: &str = include_str!("tokens.toml");

/// The most decimals of a token: an amount has 39 digits at most.
const MOST_DECIMALS: u8 = 36;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TokensFile {
    #[serde(rename = "token")]
    tokens: Vec<TokenFile>,
}

/// A token as it is written. Decimals have no default: they decide what an amount is worth.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenFile {
    name: String,
    #[serde(default)]
    aliases: Vec<String>,
    asset: AssetId,
    decimals: u8,
}

/// A token that people name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    /// Its name, the first if it has several.
    pub(crate) name: String,
    /// Its asset.
    pub(crate) asset: AssetId,
    /// How many decimals a whole unit has.
    pub(crate) decimals: u8,
}

/// The tokens of a house.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tokens {
    by_name: BTreeMap<String, Token>,
    by_asset: BTreeMap<AssetId, Token>,
}

impl Tokens {
    /// Reads the house's file; a house without one has the usual tokens.
    ///
    /// # Errors
    /// Usage, if the file is wrong; storage, if it cannot be read.
    pub(crate) fn load(house: &HouseDir) -> Result<Self, Failure> {
        let path = house.tokens();
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => DEFAULT.to_owned(),
            Err(error) => return Err(Failure::storage(format!("{}: {error}", path.display()))),
        };
        Self::parse(&text).map_err(|what| wrong_file(&path, &what))
    }

    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let file: TokensFile = toml::from_str(text).map_err(|error| error.to_string())?;
        let mut tokens = Self::default();
        for token in file.tokens {
            tokens.add(token)?;
        }
        Ok(tokens)
    }

    /// One asset a name, and one entry an asset: no amount is ever read by another token's
    /// decimals.
    fn add(&mut self, file: TokenFile) -> Result<(), String> {
        let TokenFile {
            name,
            aliases,
            asset,
            decimals,
        } = file;
        if decimals > MOST_DECIMALS {
            return Err(format!(
                "{name:?} has {decimals} decimals: {MOST_DECIMALS} are possible"
            ));
        }
        let token = Token {
            name: name.clone(),
            asset: asset.clone(),
            decimals,
        };
        for name in core::iter::once(name).chain(aliases) {
            // Without spaces, since they are arguments; printable, since they are shown.
            if name.is_empty() || !name.bytes().all(|b| b.is_ascii_graphic()) {
                return Err(format!(
                    "{name:?} is no name: printable ASCII without spaces is"
                ));
            }
            if self.by_name.insert(name.clone(), token.clone()).is_some() {
                return Err(format!("{name:?} is the name of two tokens"));
            }
        }
        if self.by_asset.insert(asset, token).is_some() {
            return Err("two tokens are the same asset".to_owned());
        }
        Ok(())
    }

    /// The token by one of its names, or by its asset id.
    ///
    /// # Errors
    /// Usage, with the names that there are.
    pub(crate) fn named(&self, name: &str) -> Result<&Token, Failure> {
        // An asset id is a name as well, if the file has it: decimals are needed in any case.
        let by_asset = || self.by_asset.get(&name.parse().ok()?);
        self.by_name.get(name).or_else(by_asset).ok_or_else(|| {
            let known: Vec<&str> = self.by_asset.values().map(|t| t.name.as_str()).collect();
            Failure::usage(format!("no token is named {name:?} in tokens.toml")).advise(format!(
                "known are {}; add yours to tokens.toml, or give an asset id and base units \
                 with --raw",
                known.join(", ")
            ))
        })
    }

    /// The asset of a name, or of an asset id that need not be known.
    ///
    /// # Errors
    /// Usage.
    pub(crate) fn asset(&self, name: &str) -> Result<AssetId, Failure> {
        match name.parse() {
            Ok(asset) => Ok(asset),
            Err(_) => self.named(name).map(|token| token.asset.clone()),
        }
    }

    /// The name of an asset; its id if it has none.
    pub(crate) fn name_of(&self, asset: &AssetId) -> String {
        let known = self.by_asset.get(asset);
        known.map_or_else(|| asset.to_string(), |token| token.name.clone())
    }

    /// As [`Self::show`], cut to six digits after the point and its zeros, for tables.
    pub(crate) fn brief(&self, amount: Amount, asset: &AssetId) -> String {
        let shown = self.show(amount, asset);
        let Some((number, name)) = shown.split_once(' ') else {
            return shown;
        };
        format!("{} {name}", cut(number))
    }

    /// An amount in whole units with the token's name, or in base units if it has none.
    pub(crate) fn show(&self, amount: Amount, asset: &AssetId) -> String {
        match self.by_asset.get(asset) {
            Some(token) => {
                format!(
                    "{} {}",
                    Decimal::of_units(amount, token.decimals),
                    token.name
                )
            }
            None => format!("{amount} base units of {asset}"),
        }
    }
}

impl Token {
    /// Reads an amount in whole units, exactly.
    ///
    /// # Errors
    /// Usage, saying what is wrong with it.
    pub(crate) fn amount(&self, text: &str) -> Result<Amount, Failure> {
        let Self { name, decimals, .. } = self;
        let number: Decimal = text
            .parse()
            .map_err(|error| Failure::usage(format!("amount {text:?}: {error}")))?;
        // Not rounded: more digits than the token has are a slip, and nobody knows which.
        if number.places() > u32::from(*decimals) {
            return Err(Failure::usage(format!(
                "amount {text}: {name} has {decimals} decimals, this has {}",
                number.places()
            )));
        }
        let amount = number.in_units(*decimals).ok_or_else(|| too_large(text))?;
        in_range(amount, text)
    }
}

/// `983.717782…` of a longer number.
fn cut(number: &str) -> String {
    let zeros = |part: &str| {
        part.len()
            .saturating_sub(part.trim_start_matches('0').len())
    };
    match number.split_once('.') {
        Some((whole, part)) => {
            // In a number below one the zeros after the point do not count: what is small shows its
            // digits.
            let kept = if whole == "0" {
                zeros(part).saturating_add(6)
            } else {
                6
            };
            match part.get(..kept).filter(|cut| cut.len() < part.len()) {
                Some(cut) => format!("{whole}.{cut}…"),
                None => number.to_owned(),
            }
        }
        None => number.to_owned(),
    }
}

/// Reads an amount in base units.
///
/// # Errors
/// Usage.
pub(crate) fn base_units(text: &str) -> Result<Amount, Failure> {
    let amount = text.parse().map_err(|error| {
        Failure::usage(format!("amount {text:?}: {error}"))
            .advise("with --raw, amounts are whole numbers of base units")
    })?;
    in_range(amount, text)
}

/// Refused before it is signed: nothing at all, or what the market would call void.
fn in_range(amount: Amount, text: &str) -> Result<Amount, Failure> {
    if amount.is_zero() {
        return Err(Failure::usage(format!(
            "amount {text}: it must be more than nothing"
        )));
    }
    if amount.units() > MOST_UNITS {
        return Err(too_large(text));
    }
    Ok(amount)
}

fn too_large(text: &str) -> Failure {
    Failure::usage(format!("amount {text}: more than an auction deals in"))
}

fn wrong_file(path: &Path, what: &str) -> Failure {
    Failure::usage(format!("{}: {what}", path.display()))
        .advise("mend the file, or remove it: then the usual tokens hold")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn usual() -> Tokens {
        Tokens::parse(DEFAULT).unwrap()
    }

    #[test]
    fn the_usual_tokens_are_known_by_all_their_names() {
        let tokens = usual();
        for name in [
            "usdc.near",
            "usdt.tether-token.near",
            "wrap.near",
            "weth",
            "stnear",
        ] {
            let token = tokens.named(name).unwrap();
            assert_eq!(tokens.named(token.asset.as_str()).unwrap(), token);
            assert_eq!(tokens.name_of(&token.asset), token.name);
        }
        assert_eq!(tokens.named("usdc.near").unwrap().decimals, 6);
        assert_eq!(tokens.named("wrap.near").unwrap().decimals, 24);
        assert_eq!(tokens.named("dogecoin").unwrap_err().code(), 2);
    }

    #[test]
    fn amounts_say_what_is_wrong_with_them() {
        let tokens = usual();
        let usdc = tokens.named("usdc.near").unwrap();
        assert_eq!(usdc.amount("1000").unwrap().units(), 1_000_000_000);
        assert_eq!(usdc.amount("0.000001").unwrap().units(), 1);
        let wrong = [
            ("0.0000001", "usdc.near has 6 decimals, this has 7"),
            ("0", "more than nothing"),
            ("-1", "not a number"),
            ("1e3", "not a number"),
            (
                "999999999999999999999999999999",
                "more than an auction deals in",
            ),
        ];
        for (text, what) in wrong {
            let failure = usdc.amount(text).unwrap_err();
            assert_eq!(failure.code(), 2, "{text}");
            assert!(failure.to_string().contains(what), "{text}: {failure}");
        }
    }

    #[test]
    fn long_numbers_are_cut_for_tables() {
        assert_eq!(cut("983.717782979333299049999049"), "983.717782…");
        assert_eq!(cut("0.000000000123456789"), "0.000000000123456…");
        assert_eq!(cut("0.5"), "0.5");
        assert_eq!(cut("12.123456"), "12.123456");
        assert_eq!(cut("1000"), "1000");
    }

    #[test]
    fn wrong_files_say_what_is_wrong() {
        let token = |name: &str, decimals: u8| {
            format!(
                "[[token]]\nname = {name:?}\nasset = \"nep141:a.near\"\ndecimals = {decimals}\n"
            )
        };
        let wrong = [
            (token("a b", 1), "is no name"),
            (token("a", 37), "36 are possible"),
            (token("a", 1) + &token("a", 1), "two tokens"),
            (token("a", 1) + &token("b", 1), "same asset"),
            ("token = 1".to_owned(), "expected"),
        ];
        for (text, what) in wrong {
            let error = Tokens::parse(&text).unwrap_err();
            assert!(error.contains(what), "{error}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_back(units in 1_i128..1_000_000_000_000_000_000_000_000_000) {
            let tokens = usual();
            for name in ["usdc.near", "wrap.near", "btc.omft.near"] {
                let token = tokens.named(name).unwrap();
                let amount = Amount::new(units).unwrap();
                let shown = tokens.show(amount, &token.asset);
                let (number, shown_name) = shown.split_once(' ').unwrap();
                prop_assert_eq!(shown_name, name);
                prop_assert_eq!(token.amount(number).unwrap(), amount);
            }
        }
    }
}
