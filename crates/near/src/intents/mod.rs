//! Intents as the Verifier reads them, of every kind that it executes: tagged by `intent`.
//!
//! They are read with its tolerance. Fields that are not known are passed over, one that is known
//! must not stand twice, a token that stands twice in a map counts as it stands last, and amounts
//! are texts as Rust reads an `i128` or `u128` (`+10`, `007`). Amounts are in a token's smallest
//! unit, those of NEAR in yoctoNEAR.
//!
//! Those that the Verifier logs are written as it does.

mod check;
mod token_id;
mod units;
mod withdraw;

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, de};

use sealbid_types::text::AccountId;

use crate::multi_payload::PublicKey;

pub(crate) use check::check_form;
pub use check::{IntentFault, check};
pub use token_id::{NotATokenId, TokenId};
pub use units::{Change, Gas, Units};
pub use withdraw::{FtWithdraw, MtWithdraw, NativeWithdraw, NftWithdraw};

/// One intent.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "intent", rename_all = "snake_case")]
pub enum Intent {
    /// Lets another key sign for the account.
    AddPublicKey(SignerKey),
    /// Lets a key sign no longer.
    RemovePublicKey(SignerKey),
    /// Gives tokens to another account of the Verifier.
    Transfer(Transfer),
    /// Withdraws of a fungible token.
    FtWithdraw(FtWithdraw),
    /// Withdraws a non-fungible token.
    NftWithdraw(NftWithdraw),
    /// Withdraws of a multi-token contract.
    MtWithdraw(MtWithdraw),
    /// Withdraws NEAR.
    NativeWithdraw(NativeWithdraw),
    /// Pays an account's storage at a token's contract (NEP-145).
    StorageDeposit(StorageDeposit),
    /// Offers to change balances.
    TokenDiff(TokenDiff),
    /// Lets the account act by calls of its own, without signatures, or no longer.
    SetAuthByPredecessorId(SetAuthByPredecessorId),
    /// Calls a contract in the account's name.
    AuthCall(AuthCall),
}

impl Intent {
    /// The kind, as the tag names it.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::AddPublicKey(_) => "add_public_key",
            Self::RemovePublicKey(_) => "remove_public_key",
            Self::Transfer(_) => "transfer",
            Self::FtWithdraw(_) => "ft_withdraw",
            Self::NftWithdraw(_) => "nft_withdraw",
            Self::MtWithdraw(_) => "mt_withdraw",
            Self::NativeWithdraw(_) => "native_withdraw",
            Self::StorageDeposit(_) => "storage_deposit",
            Self::TokenDiff(_) => "token_diff",
            Self::SetAuthByPredecessorId(_) => "set_auth_by_predecessor_id",
            Self::AuthCall(_) => "auth_call",
        }
    }
}

/// A key of the signer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignerKey {
    /// The key.
    pub public_key: PublicKey,
}

/// What balances are to change by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenDiff {
    /// By how much: negative is paid.
    pub diff: BTreeMap<TokenId, Change>,
    /// A note, without effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memo: Option<String>,
    /// Who brought the signer here, without effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub referral: Option<AccountId>,
}

/// Tokens for another account.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Transfer {
    /// Who gets them.
    pub receiver_id: AccountId,
    /// How much of which.
    pub tokens: BTreeMap<TokenId, Units>,
    /// A note, without effect.
    #[serde(default)]
    pub memo: Option<String>,
    /// The call that tells the receiver, if there is to be one. One that cannot be read is none:
    /// the tokens go over without it.
    #[serde(flatten, default)]
    pub notification: Option<Notification>,
}

/// The call `mt_on_transfer` of a transfer's receiver, which may send tokens back.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Notification {
    /// What the receiver is told.
    pub msg: String,
    /// The least gas for it.
    #[serde(default)]
    pub min_gas: Option<Gas>,
}

/// Storage for an account, paid in wrapped NEAR.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StorageDeposit {
    /// The token's contract.
    pub contract_id: AccountId,
    /// Whose storage.
    #[serde(alias = "account_id")]
    pub deposit_for_account_id: AccountId,
    /// How much NEAR.
    pub amount: Units,
}

/// Whether the account's own calls are taken for its will.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetAuthByPredecessorId {
    /// Whether they are.
    pub enabled: bool,
}

/// A call `on_auth` in the signer's name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct AuthCall {
    /// The contract that is called.
    pub contract_id: AccountId,
    /// What it is told.
    pub msg: String,
    /// NEAR that goes with it, of the signer's wrapped NEAR.
    #[serde(default)]
    pub attached_deposit: Units,
    /// The least gas for it.
    #[serde(default)]
    pub min_gas: Option<Gas>,
    /// Nothing: the state with which a contract would be set up first (NEP-616) is not read here, and
    /// a call that has one is refused.
    #[serde(default, deserialize_with = "none")]
    pub state_init: (),
}

fn none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<(), D::Error> {
    match Option::<de::IgnoredAny>::deserialize(deserializer)? {
        None => Ok(()),
        Some(_) => Err(de::Error::custom("state_init is not read here")),
    }
}

#[cfg(test)]
mod tests;
