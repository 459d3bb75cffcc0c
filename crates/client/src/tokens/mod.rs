//! The tokens that people name, and their decimals: `tokens.toml`, which may be edited.
//!
//! ```
//! use sealbid_client::tokens::{DEFAULT, Tokens};
//!
//! let tokens = Tokens::parse(DEFAULT)?;
//! let usdc = tokens.named("usdc")?;
//! let amount = usdc.amount("1000.5")?;
//! assert_eq!(amount.units(), 1_000_500_000);
//! assert_eq!(tokens.show(amount, &usdc.asset), "1000.5 usdc.near");
//! # Ok::<(), sealbid_client::tokens::TokenError>(())
//! ```

mod decimal;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sealbid_market::MOST_UNITS;
use sealbid_types::amount::{Amount, AmountError};
use sealbid_types::text::AssetId;
use serde::{Deserialize, Serialize};

pub use self::decimal::{Decimal, NotADecimal};

/// The file that a new house gets, and what holds where there is none.
pub const DEFAULT: &str = include_str!("tokens.toml");

/// The most decimals of a token: an amount has 39 digits at most.
const MOST_DECIMALS: u8 = 36;

/// What is wrong with a token, an amount or the file of tokens.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// No token has this name.
    #[error("no token is named {name:?} in tokens.toml")]
    Unknown {
        /// The name.
        name: String,
        /// The one that was meant, if one is much like it.
        meant: Option<String>,
        /// The names that there are: of each token the first, with the others in brackets.
        known: Vec<String>,
    },
    /// No amount that can be traded.
    #[error("amount {text:?}: {reason}")]
    Amount {
        /// As it was written.
        text: String,
        /// What is wrong with it.
        reason: AmountFault,
    },
    /// The text of a file of tokens.
    #[error("{0}")]
    File(String),
    /// A file of tokens, by its path.
    #[error("{}: {reason}", path.display())]
    At {
        /// The file.
        path: PathBuf,
        /// What is wrong in it.
        reason: String,
    },
    /// The file cannot be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Arc<std::io::Error>,
    },
}

/// Why a text is no amount that can be traded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AmountFault {
    /// It is no number in whole units.
    #[error(transparent)]
    Decimal(#[from] NotADecimal),
    /// It is no number of base units.
    #[error(transparent)]
    BaseUnits(#[from] AmountError),
    /// Finer than the token's base unit.
    #[error("{token} has {decimals} decimals, this has {places}")]
    Places {
        /// The token's name.
        token: String,
        /// How many decimals it has.
        decimals: u8,
        /// How many digits after the point were given.
        places: u32,
    },
    /// Nothing at all.
    #[error("it must be more than nothing")]
    Zero,
    /// More than [`MOST_UNITS`].
    #[error("more than an auction deals in")]
    TooLarge,
}

impl AmountFault {
    fn of(self, text: &str) -> TokenError {
        TokenError::Amount {
            text: text.to_owned(),
            reason: self,
        }
    }
}

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
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Token {
    /// Its name, the first if it has several.
    pub name: String,
    /// Its other names.
    pub aliases: Vec<String>,
    /// Its asset.
    pub asset: AssetId,
    /// How many decimals a whole unit has.
    pub decimals: u8,
}

/// The tokens of a house.
#[derive(Debug, Clone, Default)]
pub struct Tokens {
    /// In small letters.
    by_name: BTreeMap<String, Token>,
    by_asset: BTreeMap<AssetId, Token>,
}

impl Tokens {
    /// Reads a house's file, its `tokens.toml`; a house without one has the usual tokens
    /// ([`DEFAULT`]).
    ///
    /// # Errors
    /// [`TokenError::Read`], [`TokenError::At`].
    pub fn load(path: &Path) -> Result<Self, TokenError> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => DEFAULT.to_owned(),
            Err(error) => {
                return Err(TokenError::Read {
                    path: path.to_owned(),
                    source: Arc::new(error),
                });
            }
        };
        Self::read(&text).map_err(|reason| TokenError::At {
            path: path.to_owned(),
            reason,
        })
    }

    /// Reads the text of such a file.
    ///
    /// # Errors
    /// [`TokenError::File`].
    pub fn parse(text: &str) -> Result<Self, TokenError> {
        Self::read(text).map_err(TokenError::File)
    }

    fn read(text: &str) -> Result<Self, String> {
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
            aliases: aliases.clone(),
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
            // In whatever case: two names that differ in nothing else would be taken for one another.
            let small = name.to_ascii_lowercase();
            if self.by_name.insert(small, token.clone()).is_some() {
                return Err(format!("{name:?} is the name of two tokens"));
            }
        }
        if self.by_asset.insert(asset, token).is_some() {
            return Err("two tokens are the same asset".to_owned());
        }
        Ok(())
    }

    /// All tokens, by their names.
    pub fn all(&self) -> impl Iterator<Item = &Token> {
        let names = self.by_name.iter();
        // Each once, where its first name stands.
        names.filter_map(|(name, token)| token.name.eq_ignore_ascii_case(name).then_some(token))
    }

    /// The token by one of its names, in small or capital letters, or by its asset id.
    ///
    /// # Errors
    /// [`TokenError::Unknown`], with the names that there are.
    pub fn named(&self, name: &str) -> Result<&Token, TokenError> {
        // An asset id is a name as well, if the file has it: decimals are needed in any case.
        let by_asset = || self.by_asset.get(&name.parse().ok()?);
        let small = name.to_ascii_lowercase();
        let token = self.by_name.get(&small).or_else(by_asset);
        token.ok_or_else(|| TokenError::Unknown {
            name: name.to_owned(),
            meant: self.meant(&small),
            known: self.all().map(Token::names).collect(),
        })
    }

    /// The name that is nearest to one that there is not, if it is near.
    fn meant(&self, small: &str) -> Option<String> {
        // A third of the letters may be wrong: of three, one.
        let most = small.len().div_ceil(3);
        let distances = self
            .by_name
            .keys()
            .map(|name| (strsim::damerau_levenshtein(name, small), name));
        let (_, name) = distances.filter(|(distance, _)| *distance <= most).min()?;
        Some(name.clone())
    }

    /// The token that an asset is, if it is known.
    #[must_use]
    pub fn of_asset(&self, asset: &AssetId) -> Option<&Token> {
        self.by_asset.get(asset)
    }

    /// The asset of a name, or of an asset id that need not be known.
    ///
    /// # Errors
    /// [`TokenError::Unknown`].
    pub fn asset(&self, name: &str) -> Result<AssetId, TokenError> {
        match name.parse() {
            Ok(asset) => Ok(asset),
            Err(_) => self.named(name).map(|token| token.asset.clone()),
        }
    }

    /// The name of an asset; its id if it has none.
    #[must_use]
    pub fn name_of(&self, asset: &AssetId) -> String {
        let known = self.by_asset.get(asset);
        known.map_or_else(|| asset.to_string(), |token| token.name.clone())
    }

    /// As [`Self::show`], cut to six digits after the point and its zeros, for tables.
    #[must_use]
    pub fn brief(&self, amount: Amount, asset: &AssetId) -> String {
        let shown = self.show(amount, asset);
        let Some((number, name)) = shown.split_once(' ') else {
            return shown;
        };
        format!("{} {name}", cut(number))
    }

    /// An amount in whole units with the token's name, or in base units if it has none.
    #[must_use]
    pub fn show(&self, amount: Amount, asset: &AssetId) -> String {
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
    /// Its name, with the others in brackets: `usdc.near (usdc)`.
    #[must_use]
    pub fn names(&self) -> String {
        if self.aliases.is_empty() {
            return self.name.clone();
        }
        format!("{} ({})", self.name, self.aliases.join(", "))
    }

    /// Reads an amount in whole units, exactly.
    ///
    /// # Errors
    /// [`TokenError::Amount`], saying what is wrong with it.
    pub fn amount(&self, text: &str) -> Result<Amount, TokenError> {
        self.read(text).map_err(|fault| fault.of(text))
    }

    fn read(&self, text: &str) -> Result<Amount, AmountFault> {
        let Self { name, decimals, .. } = self;
        let number: Decimal = text.parse()?;
        // Not rounded: more digits than the token has are a slip, and nobody knows which.
        if number.places() > u32::from(*decimals) {
            return Err(AmountFault::Places {
                token: name.clone(),
                decimals: *decimals,
                places: number.places(),
            });
        }
        in_range(number.in_units(*decimals).ok_or(AmountFault::TooLarge)?)
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
/// [`TokenError::Amount`].
pub fn base_units(text: &str) -> Result<Amount, TokenError> {
    let amount = text.parse().map_err(AmountFault::BaseUnits);
    amount.and_then(in_range).map_err(|fault| fault.of(text))
}

/// Refused before it is signed: nothing at all, or what the market would call void.
fn in_range(amount: Amount) -> Result<Amount, AmountFault> {
    if amount.is_zero() {
        return Err(AmountFault::Zero);
    }
    if amount.units() > MOST_UNITS {
        return Err(AmountFault::TooLarge);
    }
    Ok(amount)
}

#[cfg(test)]
mod tests;
