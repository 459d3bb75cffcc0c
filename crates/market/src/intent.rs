//! What an intent asks of the auction: a swap, which needs a solver, or movements that pass
//! through.

use std::collections::BTreeMap;

use sealbid_near::rules::native_asset;
use sealbid_types::allocation::{ActionFault, Movement, Outflow, Unsupported, VoidReason};
use sealbid_types::amount::{Amount, Delta};
use sealbid_types::metadata::Pair;
use sealbid_types::terms::{Action, Terms, TokenDiff};
use sealbid_types::text::{AccountId, AssetId};

use crate::MOST_UNITS;

/// An intent that this auction can fill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Needs a solver.
    Swap(Swap),
    /// Needs nobody.
    PassThrough(Balances),
}

/// A swap: exactly this for at least that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Swap {
    pub(crate) pair: Pair,
    pub(crate) amount_in: Amount,
    pub(crate) limit: Amount,
}

/// Sums of movements, by account and asset, and of what leaves the Verifier, by asset.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Balances {
    movements: BTreeMap<(AccountId, AssetId), Delta>,
    withdrawals: BTreeMap<AssetId, Amount>,
}

impl Balances {
    /// Adds a movement, unless the sum overflows.
    pub(crate) fn add(&mut self, account: &AccountId, asset: &AssetId, delta: Delta) -> Option<()> {
        let sum = self
            .movements
            .entry((account.clone(), asset.clone()))
            .or_default();
        *sum = sum.checked_add(delta)?;
        Some(())
    }

    fn withdraw(&mut self, account: &AccountId, asset: &AssetId, amount: Amount) -> Option<()> {
        self.add(account, asset, amount.paid())?;
        let sum = self.withdrawals.entry(asset.clone()).or_default();
        *sum = sum.checked_add(amount)?;
        Some(())
    }

    /// The movements that are not zero, by account and asset.
    pub(crate) fn movements(&self) -> Vec<Movement> {
        let moved = self
            .movements
            .iter()
            .filter(|(_, delta)| delta.units() != 0);
        moved
            .map(|((account, asset), delta)| Movement {
                account: account.clone(),
                asset: asset.clone(),
                delta: *delta,
            })
            .collect()
    }

    /// The withdrawals, by asset.
    pub(crate) fn withdrawals(&self) -> Vec<Outflow> {
        outflows(&self.withdrawals)
    }
}

/// Amounts by asset as a list, without those of zero.
pub(crate) fn outflows(amounts: &BTreeMap<AssetId, Amount>) -> Vec<Outflow> {
    let flowing = amounts.iter().filter(|(_, amount)| !amount.is_zero());
    flowing
        .map(|(asset, amount)| Outflow {
            asset: asset.clone(),
            amount: *amount,
        })
        .collect()
}

/// What `terms` ask for. Their actions follow the Verifier's rules.
pub(crate) fn shape(terms: &Terms) -> Result<Shape, VoidReason> {
    // Before anything is added up: of amounts of this size, thousands can be.
    if amounts(terms).any(|units| units > MOST_UNITS.unsigned_abs()) {
        return Err(VoidReason::Action(ActionFault::TooLarge));
    }
    let is_diff = |action: &&Action| matches!(action, Action::TokenDiff(_));
    match (terms.actions.as_slice(), terms.actions.iter().find(is_diff)) {
        ([Action::TokenDiff(diff)], _) => swap(diff).map(Shape::Swap),
        // What stands beside a swap would happen with its fill or not at all, and the clearing can
        // promise neither.
        (_, Some(_)) => Err(VoidReason::Unsupported(Unsupported::SwapAndMore)),
        (actions, None) => pass_through(&terms.account, actions).map(Shape::PassThrough),
    }
}

/// The size of every amount in `terms`.
fn amounts(terms: &Terms) -> impl Iterator<Item = u128> {
    terms.actions.iter().flat_map(|action| match action {
        Action::TokenDiff(diff) => diff
            .diff
            .values()
            .map(|delta| delta.units().unsigned_abs())
            .collect::<Vec<_>>(),
        Action::Transfer(transfer) => transfer.tokens.values().map(|a| a.unsigned()).collect(),
        Action::FtWithdraw(withdrawal) => vec![withdrawal.amount.unsigned()],
        Action::NativeWithdraw(withdrawal) => vec![withdrawal.amount.unsigned()],
    })
}

/// One asset for another: with a third in the diff, no single quote could fill it, and no single
/// limit says what it is worth.
fn swap(diff: &TokenDiff) -> Result<Swap, VoidReason> {
    let paid = |(asset, delta): (&AssetId, &Delta)| Some((asset.clone(), delta.outgoing()?));
    let gained = |(asset, delta): (&AssetId, &Delta)| Some((asset.clone(), delta.incoming()?));
    match (
        diff.diff.iter().find_map(paid),
        diff.diff.iter().find_map(gained),
    ) {
        (Some((give, amount_in)), Some((want, limit))) if diff.diff.len() == 2 => Ok(Swap {
            pair: Pair { give, want },
            amount_in,
            limit,
        }),
        _ => Err(VoidReason::Unsupported(Unsupported::SwapShape)),
    }
}

fn pass_through(account: &AccountId, actions: &[Action]) -> Result<Balances, VoidReason> {
    let mut balances = Balances::default();
    for action in actions {
        add(&mut balances, account, action).ok_or(VoidReason::Action(ActionFault::Overflow))?;
    }
    Ok(balances)
}

fn add(balances: &mut Balances, account: &AccountId, action: &Action) -> Option<()> {
    match action {
        Action::TokenDiff(diff) => diff
            .diff
            .iter()
            .try_for_each(|(asset, delta)| balances.add(account, asset, *delta)),
        Action::Transfer(transfer) => transfer.tokens.iter().try_for_each(|(asset, amount)| {
            balances.add(account, asset, amount.paid())?;
            balances.add(&transfer.receiver, asset, amount.gained())
        }),
        Action::FtWithdraw(withdrawal) => balances.withdraw(
            account,
            &AssetId::fungible(&withdrawal.token),
            withdrawal.amount,
        ),
        Action::NativeWithdraw(withdrawal) => {
            balances.withdraw(account, &native_asset().ok()?, withdrawal.amount)
        }
    }
}
