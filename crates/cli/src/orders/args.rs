//! The arguments that make an order, sign it, seal it and wait for it: the same in every command.

use core::time::Duration;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use sealbid_client::{Order, Reveal};
use sealbid_keygen::command::values::{between, duration};
use sealbid_types::amount::Amount;
use sealbid_types::envelope::MOST_ROUNDS;
use sealbid_types::text::{AccountId, AssetId, AssetStandard};
use serde::Deserialize;

use crate::exit::Failure;
use crate::tokens::{Decimal, NotADecimal, Tokens, base_units};

/// A swap.
#[derive(Debug, Args)]
pub(crate) struct SwapTerms {
    /// How much to give, in whole units
    #[arg(value_parser = leading_amount)]
    amount: String,
    /// What to give: a name of tokens.toml
    #[arg(value_name = "GIVE")]
    give: String,
    /// What to get for it: a name of tokens.toml
    #[arg(value_name = "WANT")]
    want: String,
    /// The least to get for all of it, in whole units
    #[arg(long, value_name = "AMOUNT", value_parser = amount)]
    min: String,
    #[command(flatten)]
    units: Units,
}

/// An amount as it is typed, before it is known of which token. Slips are told at once, whatever else
/// is missing.
fn amount(text: &str) -> Result<String, String> {
    if let Err(fault @ NotADecimal::Separators) = text.parse::<Decimal>() {
        return Err(fault.to_string());
    }
    if text.starts_with(char::is_alphabetic) {
        return Err("an amount is a number, such as 1000.5".to_owned());
    }
    Ok(text.to_owned())
}

/// The same, where a token follows: people write them the other way round.
fn leading_amount(text: &str) -> Result<String, String> {
    if text.starts_with(char::is_alphabetic) {
        return Err("the amount comes first, and then the token: 1000 usdc.near".to_owned());
    }
    amount(text)
}

/// How amounts are written.
#[derive(Debug, Args)]
pub(crate) struct Units {
    /// Amounts are base units; tokens may be asset ids that tokens.toml does not know
    #[arg(long)]
    raw: bool,
}

/// An order of any kind.
#[derive(Debug, Subcommand)]
pub(crate) enum OrderArgs {
    /// Give one token for at least so much of another
    #[command(after_help = "\
Example:
  sealbid intent swap 1000 usdc.near wrap.near --min 950 > swap.json")]
    Swap(SwapTerms),
    /// Move a token to another account, inside NEAR Intents
    #[command(after_help = "\
Example:
  sealbid intent transfer 10 usdc.near bob.near --memo rent > transfer.json")]
    Transfer {
        /// How much, in whole units
        #[arg(value_parser = leading_amount)]
        amount: String,
        /// The token: a name of tokens.toml
        token: String,
        /// The account that receives
        receiver: AccountId,
        /// Free text
        #[arg(long)]
        memo: Option<String>,
        #[command(flatten)]
        units: Units,
    },
    /// Move a fungible token out of NEAR Intents, to an account on NEAR
    #[command(after_help = "\
Example:
  sealbid intent ft-withdraw 10 usdc.near bob.near > withdrawal.json")]
    FtWithdraw {
        /// How much, in whole units
        #[arg(value_parser = leading_amount)]
        amount: String,
        /// The token: a name of tokens.toml
        token: String,
        /// The account that receives
        receiver: AccountId,
        /// Free text
        #[arg(long)]
        memo: Option<String>,
        /// The message for the receiving contract; even an empty one calls it
        #[arg(long)]
        msg: Option<String>,
        #[command(flatten)]
        units: Units,
    },
    /// Move NEAR out of NEAR Intents, to an account on NEAR
    #[command(after_help = "\
Example:
  sealbid intent native-withdraw 2.5 bob.near > withdrawal.json")]
    NativeWithdraw {
        /// How much, in NEAR
        #[arg(value_parser = amount)]
        amount: String,
        /// The account that receives
        receiver: AccountId,
        #[command(flatten)]
        units: Units,
    },
}

impl Units {
    /// A token, and an amount of it by its decimals. With --raw the token need not be known here:
    /// the amount is what the chain counts in.
    fn read(&self, tokens: &Tokens, name: &str, text: &str) -> Result<(AssetId, Amount), Failure> {
        if self.raw {
            return Ok((tokens.asset(name)?, base_units(text)?));
        }
        let token = tokens.named(name)?;
        Ok((token.asset.clone(), token.amount(text)?))
    }
}

impl SwapTerms {
    /// The order.
    ///
    /// # Errors
    /// Usage.
    pub(crate) fn order(&self, tokens: &Tokens) -> Result<Order, Failure> {
        let (give, amount) = self.units.read(tokens, &self.give, &self.amount)?;
        let (want, minimum) = self.units.read(tokens, &self.want, &self.min)?;
        if give == want {
            return Err(Failure::usage("a swap is between two different tokens"));
        }
        Ok(Order::Swap {
            give,
            amount,
            want,
            minimum,
        })
    }
}

impl OrderArgs {
    /// The order.
    ///
    /// # Errors
    /// Usage.
    pub(crate) fn order(self, tokens: &Tokens) -> Result<Order, Failure> {
        match self {
            Self::Swap(swap) => swap.order(tokens),
            Self::Transfer {
                amount,
                token,
                receiver,
                memo,
                units,
            } => {
                let (asset, amount) = units.read(tokens, &token, &amount)?;
                Ok(Order::Transfer {
                    receiver,
                    asset,
                    amount,
                    memo,
                })
            }
            Self::FtWithdraw {
                amount,
                token,
                receiver,
                memo,
                msg,
                units,
            } => {
                let (asset, amount) = units.read(tokens, &token, &amount)?;
                let token = contract(&asset)?;
                Ok(Order::FtWithdraw {
                    token,
                    receiver,
                    amount,
                    memo,
                    msg,
                })
            }
            Self::NativeWithdraw {
                amount,
                receiver,
                units,
            } => {
                // NEAR has the decimals of its wrapped token.
                let (_, amount) = units.read(tokens, "wrap.near", &amount)?;
                Ok(Order::NativeWithdraw { receiver, amount })
            }
        }
    }
}

/// The contract of a fungible token.
fn contract(asset: &AssetId) -> Result<AccountId, Failure> {
    let name = asset.as_str().strip_prefix("nep141:");
    let contract = name.filter(|_| asset.standard() == AssetStandard::Nep141);
    contract
        .and_then(|name| name.parse().ok())
        .ok_or_else(|| Failure::usage(format!("{asset} is no fungible token (nep141)")))
}

/// What signing takes. The arguments may follow a subcommand.
#[derive(Debug, Args)]
pub(crate) struct SigningArgs {
    /// The account's key file, instead of the house's own accounts/default.json
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) account: Option<PathBuf>,
    /// How long the signature is good for, such as 90s, 10m or 2h
    #[arg(long, value_name = "DURATION", global = true)]
    #[arg(default_value = "10m", value_parser = duration)]
    pub(crate) deadline: Duration,
    /// Only this solver may fill it; may be given several times
    #[arg(long = "solver", value_name = "ACCOUNT", global = true)]
    solvers: Vec<AccountId>,
}

impl SigningArgs {
    /// The allow-list, if any solver is named.
    pub(crate) fn allow_list(&self) -> Option<Vec<AccountId>> {
        // None and not an empty list: that one would let nobody fill it.
        (!self.solvers.is_empty()).then(|| self.solvers.clone())
    }
}

/// What an envelope shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RevealArg {
    /// The two tokens of a swap, so that solvers know to quote it
    Pair,
    /// Nothing at all
    Nothing,
}

/// What sealing takes.
#[derive(Debug, Args)]
pub(crate) struct SealingArgs {
    /// How many rounds it may wait for; then it is gone, unopened
    #[arg(long, value_name = "ROUNDS", default_value_t = 3)]
    #[arg(value_parser = between(1, MOST_ROUNDS))]
    pub(crate) valid_for: u64,
    /// What everybody may see of it
    #[arg(long, value_enum, default_value = "pair")]
    pub(crate) reveal: RevealArg,
}

impl From<RevealArg> for Reveal {
    fn from(reveal: RevealArg) -> Self {
        match reveal {
            RevealArg::Pair => Self::Pair,
            RevealArg::Nothing => Self::Nothing,
        }
    }
}

/// Whether to wait, and for how long.
#[derive(Debug, Args)]
pub(crate) struct WaitArgs {
    /// Wait for the outcome, for so long at most (such as --wait=90s); exit 9 if it is not filled
    #[arg(long, value_name = "DURATION", num_args = 0..=1, require_equals = true)]
    #[arg(value_parser = duration)]
    wait: Option<Option<Duration>>,
}

impl WaitArgs {
    /// Not to wait.
    pub(crate) const NO: Self = Self { wait: None };

    /// Whether to wait.
    pub(crate) const fn waits(&self) -> bool {
        self.wait.is_some()
    }

    /// For how long at most, if that was said.
    pub(crate) fn limit(&self) -> Option<Duration> {
        self.wait.flatten()
    }
}
