//! What an intent's sealed parts hold: terms, opened at the close, and the authorisation, opened
//! only for a fill.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::amount::{Amount, Delta};
use crate::bytes::FixedBytes;
use crate::keys::{PublicKey, Signature};
use crate::text::{AccountId, AssetId};
use crate::time::Timestamp;

/// The Verifier's nonce: 32 bytes, used once an account.
pub type Nonce = FixedBytes<32>;

/// The most actions of one intent.
pub const MOST_ACTIONS: usize = 16;

/// The most bytes of a memo.
pub const MEMO_BYTES: usize = 256;

/// The most bytes of a withdrawal's message.
pub const MESSAGE_BYTES: usize = 1024;

/// A signed change of balances. A swap has one negative and one positive delta.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenDiff {
    /// The change of each asset; none is zero.
    pub diff: BTreeMap<AssetId, Delta>,
    /// Free text.
    pub memo: Option<String>,
    /// Who sent the trader here.
    pub referral: Option<AccountId>,
}

/// Tokens moved within the Verifier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// Who receives.
    pub receiver: AccountId,
    /// How much of what.
    pub tokens: BTreeMap<AssetId, Amount>,
    /// Free text.
    pub memo: Option<String>,
}

/// A fungible token moved out of the Verifier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FtWithdraw {
    /// The token's contract, without a prefix.
    pub token: AccountId,
    /// Who receives.
    pub receiver: AccountId,
    /// How much.
    pub amount: Amount,
    /// Free text.
    pub memo: Option<String>,
    /// The message of the call variant; an empty one still selects it.
    pub msg: Option<String>,
}

/// NEAR moved out of the Verifier; debits the wrapped token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NativeWithdraw {
    /// Who receives.
    pub receiver: AccountId,
    /// How much, in yoctoNEAR.
    pub amount: Amount,
}

/// One action of an intent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// A swap, which needs a solver.
    TokenDiff(TokenDiff),
    /// A transfer, which passes through.
    Transfer(Transfer),
    /// A withdrawal, which passes through.
    FtWithdraw(FtWithdraw),
    /// A withdrawal of NEAR, which passes through.
    NativeWithdraw(NativeWithdraw),
}

/// The sealed terms of an intent.
///
/// The authorisation must sign exactly these account, nonce, deadline and actions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Whose intent it is.
    pub account: AccountId,
    /// The nonce of the signed payload.
    pub nonce: Nonce,
    /// The payload's deadline: valid while it has not passed.
    pub deadline: Timestamp,
    /// What is to be done, in this order.
    pub actions: Vec<Action>,
    /// The solvers that may fill it; any, if none are named.
    pub solvers: Option<Vec<AccountId>>,
}
crate::schema!(Terms, "sealbid.terms", 1, 4096);

/// The chain signature of a filled intent, as the Verifier takes it: the payload's exact bytes
/// and the signature over them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Authorisation {
    /// The `raw_ed25519` standard.
    RawEd25519 {
        /// The signed JSON, to the byte.
        payload: String,
        /// The signing key.
        public_key: PublicKey,
        /// The signature over the payload's bytes.
        signature: Signature,
    },
}
crate::schema!(Authorisation, "sealbid.authorisation", 1, 4096);
