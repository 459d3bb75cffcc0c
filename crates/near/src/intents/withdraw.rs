//! Withdrawals from the Verifier to an account of the chain. They are written as the Verifier logs them.

use serde::{Deserialize, Serialize};

use sealbid_types::text::AccountId;

use super::{Gas, Units};

/// Of a fungible token (NEP-141).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FtWithdraw {
    /// The token's contract, without a prefix.
    pub token: AccountId,
    /// Who gets it.
    pub receiver_id: AccountId,
    /// How much.
    pub amount: Units,
    /// A note to the contract.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memo: Option<String>,
    /// What the receiver is told. An empty one makes a call too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub msg: Option<String>,
    /// NEAR for the receiver's storage, of the signer's wrapped NEAR.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_deposit: Option<Units>,
    /// The least gas for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_gas: Option<Gas>,
}

/// A non-fungible token (NEP-171).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NftWithdraw {
    /// The token's contract, without a prefix.
    pub token: AccountId,
    /// Who gets it.
    pub receiver_id: AccountId,
    /// Which one.
    pub token_id: String,
    /// A note to the contract.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memo: Option<String>,
    /// What the receiver is told. An empty one makes a call too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub msg: Option<String>,
    /// NEAR for the receiver's storage, of the signer's wrapped NEAR.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_deposit: Option<Units>,
    /// The least gas for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_gas: Option<Gas>,
}

/// Of a multi-token contract (NEP-245).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MtWithdraw {
    /// The contract, without a prefix.
    pub token: AccountId,
    /// Who gets them.
    pub receiver_id: AccountId,
    /// Which ones.
    pub token_ids: Vec<String>,
    /// How much of each, in their order.
    pub amounts: Vec<Units>,
    /// A note to the contract.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memo: Option<String>,
    /// What the receiver is told. An empty one makes a call too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub msg: Option<String>,
    /// NEAR for the receiver's storage, of the signer's wrapped NEAR.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_deposit: Option<Units>,
    /// The least gas for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_gas: Option<Gas>,
}

/// NEAR, of the signer's wrapped NEAR.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NativeWithdraw {
    /// Who gets it.
    pub receiver_id: AccountId,
    /// How much.
    pub amount: Units,
}
