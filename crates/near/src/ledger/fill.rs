//! Whether a fill's bundle does what the fill says, judged by its effect.

use std::collections::BTreeSet;

use sealbid_types::text::AccountId;

use super::{Executed, Ledger};
use crate::intents::TokenId;

/// What a bundle has to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fill {
    /// Who is paid.
    pub trader: AccountId,
    /// Who pays.
    pub solver: AccountId,
    /// Who else may get something: the receivers that the trader has named.
    pub receivers: BTreeSet<AccountId>,
    /// What the trader is paid in.
    pub token: TokenId,
    /// The least that it is paid.
    pub least: u128,
}

/// What a bundle does that the fill does not say.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FillFault {
    /// It touches another account.
    #[error("it changes what {0} has, who is no side of it")]
    Account(AccountId),
    /// It pays less, or by a transfer that may come back.
    #[error("it pays {paid} for good, and {least} is the least")]
    Paid {
        /// What it pays.
        paid: u128,
        /// The least.
        least: u128,
    },
}

/// Checks what a bundle has done, which [`Ledger::simulate`] tells: what closes under the fee is what is
/// executed at all.
///
/// A payment counts for all of it, whatever the trader's own payload sends on. What came by a transfer that
/// calls its receiver does not count: an account without a contract sends it back.
///
/// # Errors
/// [`FillFault`].
pub fn check_fill(ledger: &Ledger, executed: &Executed, fill: &Fill) -> Result<(), FillFault> {
    let is_side = |account: &AccountId| {
        [&fill.trader, &fill.solver, &ledger.settings.fee_collector].contains(&account)
            || fill.receivers.contains(account)
    };
    if let Some(other) = executed.changes.keys().find(|account| !is_side(account)) {
        return Err(FillFault::Account(other.clone()));
    }
    let tokens = executed.changes.get(&fill.trader);
    let paid = tokens
        .and_then(|tokens| tokens.get(&fill.token))
        .map_or(0, |change| change.received);
    if paid < fill.least {
        let least = fill.least;
        return Err(FillFault::Paid { paid, least });
    }
    Ok(())
}
