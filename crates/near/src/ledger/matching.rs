//! Whether what a call's intents pay and receive cancels out, and who pays whom.
//!
//! A `token_diff` names no other side. What accounts pay and receive of a token is summed up by
//! account; at the end the largest payer pays the largest receiver, and so on. Who pays whom changes no
//! balance: the Verifier logs it.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use sealbid_types::text::AccountId;

use super::BundleRefused;
use super::pending::Entry;
use crate::intents::TokenId;

/// What accounts pay and receive of each token.
#[derive(Debug, Default)]
pub(super) struct Deltas(BTreeMap<TokenId, TokenDeltas>);

/// Of one token: no account is on both sides, and none with 0.
#[derive(Debug, Default)]
struct TokenDeltas {
    paid: BTreeMap<AccountId, u128>,
    received: BTreeMap<AccountId, u128>,
}

/// Tokens with amounts, by who gives and who gets them.
pub(super) type Transfers = BTreeMap<(AccountId, AccountId), Vec<(TokenId, u128)>>;

impl Deltas {
    /// Whether the sum can be counted.
    pub(super) fn pay(&mut self, entry: Entry<'_>) -> bool {
        let deltas = self.0.entry(entry.token.clone()).or_default();
        book(&mut deltas.received, &mut deltas.paid, entry)
    }

    /// Whether the sum can be counted.
    pub(super) fn receive(&mut self, entry: Entry<'_>) -> bool {
        let deltas = self.0.entry(entry.token.clone()).or_default();
        book(&mut deltas.paid, &mut deltas.received, entry)
    }

    /// Who pays whom.
    pub(super) fn matched(self) -> Result<Transfers, BundleRefused> {
        let mut transfers = Transfers::new();
        let mut unmatched = BTreeMap::new();
        for (token, deltas) in self.0 {
            let rest = deltas.matched(&token, &mut transfers);
            match rest.ok_or_else(|| BundleRefused::Uncountable(token.clone()))? {
                0 => {}
                rest => {
                    unmatched.insert(token, rest);
                }
            }
        }
        if unmatched.is_empty() {
            Ok(transfers)
        } else {
            Err(BundleRefused::Unmatched(unmatched))
        }
    }
}

/// Takes `entry` off what its account has on the other side, and adds what is left of it to this one.
fn book(
    other: &mut BTreeMap<AccountId, u128>,
    this: &mut BTreeMap<AccountId, u128>,
    Entry {
        account, amount, ..
    }: Entry<'_>,
) -> bool {
    let opposite = other.remove(account).unwrap_or(0);
    let left = opposite.saturating_sub(amount);
    if left > 0 {
        other.insert(account.clone(), left);
    }
    let more = amount.saturating_sub(opposite);
    if more == 0 {
        return true;
    }
    let sum = this.get(account).copied().unwrap_or(0).checked_add(more);
    if let Some(sum) = sum {
        this.insert(account.clone(), sum);
    }
    sum.is_some()
}

impl TokenDeltas {
    /// What is received beyond what is paid, or the other way about as a negative number. None if it
    /// cannot be counted.
    fn matched(self, token: &TokenId, transfers: &mut Transfers) -> Option<i128> {
        let [mut paid, mut received] = [largest_first(self.paid), largest_first(self.received)];
        let (mut payer, mut receiver) = (paid.next(), received.next());
        while let (Some((from, gives)), Some((to, gets))) = (&mut payer, &mut receiver) {
            let amount = (*gives).min(*gets);
            let pair = (from.clone(), to.clone());
            let tokens = transfers.entry(pair).or_default();
            tokens.push((token.clone(), amount));
            *gives = gives.saturating_sub(amount);
            *gets = gets.saturating_sub(amount);
            let (paid_all, got_all) = (*gives == 0, *gets == 0);
            if paid_all {
                payer = paid.next();
            }
            if got_all {
                receiver = received.next();
            }
        }
        let beyond = sum(receiver, received)?;
        beyond.checked_sub(sum(payer, paid)?)
    }
}

fn largest_first(amounts: BTreeMap<AccountId, u128>) -> std::vec::IntoIter<(AccountId, u128)> {
    let mut amounts: Vec<_> = amounts.into_iter().collect();
    amounts.sort_by_key(|(_, amount)| Reverse(*amount));
    amounts.into_iter()
}

fn sum(
    first: Option<(AccountId, u128)>,
    rest: impl Iterator<Item = (AccountId, u128)>,
) -> Option<i128> {
    first
        .into_iter()
        .chain(rest)
        .try_fold(0_i128, |sum, (_, amount)| {
            sum.checked_add(i128::try_from(amount).ok()?)
        })
}
