//! What the Verifier asks of intents whatever balances there are.

use std::collections::BTreeMap;

use sealbid_types::text::AccountId;

use super::{Intent, MtWithdraw, TokenDiff, Transfer, Units};
use crate::multi_payload::PublicKey;

/// Why an intent is invalid, whatever anybody has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IntentFault {
    /// It moves no token.
    #[error("it moves no token")]
    NoTokens,
    /// It moves nothing of a token, or asks for storage of nothing.
    #[error("an amount is zero")]
    Zero,
    /// A transfer to the signer.
    #[error("a transfer to oneself")]
    ToOneself,
    /// A withdrawal with more ids than amounts, or fewer.
    #[error("token_ids and amounts are not of one length")]
    Lengths,
    /// A key is added that the account has.
    #[error("the account has the key {0} already")]
    KeyExists(PublicKey),
    /// A key is removed that the account does not have, or not any more.
    #[error("the account does not have the key {0}")]
    KeyMissing(PublicKey),
}

/// Checks what `signer`, who signed with `key`, wants carried out in this order.
///
/// What other keys the account has, the chain alone knows: of keys, only what the payload itself
/// contradicts is a fault.
///
/// # Errors
/// The first intent that is at fault, from 0, and its [`IntentFault`].
pub fn check(
    signer: &AccountId,
    key: PublicKey,
    intents: &[Intent],
) -> Result<(), (usize, IntentFault)> {
    let mut keys = BTreeMap::from([(key, true)]);
    for (index, intent) in intents.iter().enumerate() {
        check_form(signer, intent)
            .and_then(|()| check_keys(&mut keys, intent))
            .map_err(|fault| (index, fault))?;
    }
    Ok(())
}

fn check_keys(keys: &mut BTreeMap<PublicKey, bool>, intent: &Intent) -> Result<(), IntentFault> {
    match intent {
        Intent::AddPublicKey(add) => match keys.insert(add.public_key, true) {
            Some(true) => Err(IntentFault::KeyExists(add.public_key)),
            _ => Ok(()),
        },
        Intent::RemovePublicKey(remove) => match keys.insert(remove.public_key, false) {
            Some(false) => Err(IntentFault::KeyMissing(remove.public_key)),
            _ => Ok(()),
        },
        _ => Ok(()),
    }
}

/// Checks what `intent` of `signer` says, whatever keys and balances there are.
pub(crate) fn check_form(signer: &AccountId, intent: &Intent) -> Result<(), IntentFault> {
    match intent {
        Intent::TokenDiff(diff) => check_diff(diff),
        Intent::Transfer(transfer) => check_transfer(signer, transfer),
        Intent::FtWithdraw(withdrawal) => amounts(
            [&withdrawal.amount]
                .into_iter()
                .chain(&withdrawal.storage_deposit),
        ),
        Intent::NftWithdraw(withdrawal) => amounts(&withdrawal.storage_deposit),
        Intent::MtWithdraw(withdrawal) => check_multi(withdrawal),
        Intent::NativeWithdraw(withdrawal) => amounts([&withdrawal.amount]),
        Intent::StorageDeposit(deposit) => amounts([&deposit.amount]),
        // A deposit of nothing is none.
        Intent::SetAuthByPredecessorId(_)
        | Intent::AuthCall(_)
        | Intent::AddPublicKey(_)
        | Intent::RemovePublicKey(_) => Ok(()),
    }
}

fn check_diff(TokenDiff { diff, .. }: &TokenDiff) -> Result<(), IntentFault> {
    if diff.is_empty() {
        return Err(IntentFault::NoTokens);
    }
    if diff.values().any(|change| change.0 == 0) {
        return Err(IntentFault::Zero);
    }
    Ok(())
}

fn check_transfer(signer: &AccountId, transfer: &Transfer) -> Result<(), IntentFault> {
    if transfer.receiver_id == *signer {
        return Err(IntentFault::ToOneself);
    }
    if transfer.tokens.is_empty() {
        return Err(IntentFault::NoTokens);
    }
    amounts(transfer.tokens.values())
}

fn check_multi(withdrawal: &MtWithdraw) -> Result<(), IntentFault> {
    if withdrawal.token_ids.len() != withdrawal.amounts.len() {
        return Err(IntentFault::Lengths);
    }
    if withdrawal.token_ids.is_empty() {
        return Err(IntentFault::NoTokens);
    }
    amounts(withdrawal.amounts.iter().chain(&withdrawal.storage_deposit))
}

fn amounts<'a>(amounts: impl IntoIterator<Item = &'a Units>) -> Result<(), IntentFault> {
    if amounts.into_iter().any(|units| units.0 == 0) {
        return Err(IntentFault::Zero);
    }
    Ok(())
}
