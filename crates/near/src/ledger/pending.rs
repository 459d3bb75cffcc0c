//! The state in the middle of a call: the ledger, and what the call has changed so far.

use std::collections::BTreeMap;

use sealbid_types::terms::Nonce;
use sealbid_types::text::AccountId;

use super::account::Account;
use super::{IntentRefused, Ledger};
use crate::intents::TokenId;
use crate::multi_payload::PublicKey;
use crate::verifier::{ChainView, Salt};

/// So much of a token, that an account pays or receives.
#[derive(Clone, Copy)]
pub(super) struct Entry<'a> {
    pub(super) account: &'a AccountId,
    pub(super) token: &'a TokenId,
    pub(super) amount: u128,
}

impl Entry<'_> {
    pub(super) fn overflow(self) -> IntentRefused {
        IntentRefused::Overflow {
            account: self.account.clone(),
            token: self.token.clone(),
        }
    }

    fn short(self, has: u128) -> IntentRefused {
        IntentRefused::Balance {
            account: self.account.clone(),
            token: self.token.clone(),
            has,
            needs: self.amount,
        }
    }
}

/// What a call has changed.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub(super) accounts: BTreeMap<AccountId, Account>,
    pub(super) supplies: BTreeMap<TokenId, u128>,
}

/// The ledger as a call sees it. The ledger itself does not change: dropping this undoes the call.
pub(super) struct Pending<'a> {
    pub(super) ledger: &'a Ledger,
    pub(super) changes: Changes,
}

impl<'a> Pending<'a> {
    pub(super) fn new(ledger: &'a Ledger) -> Self {
        Self {
            ledger,
            changes: Changes::default(),
        }
    }

    /// What `read` finds of `account`, the newest first.
    fn find<T>(&self, account: &AccountId, read: impl Fn(&Account) -> Option<T>) -> Option<T> {
        let changed = self.changes.accounts.get(account).and_then(&read);
        changed.or_else(|| self.ledger.accounts.get(account).and_then(&read))
    }

    fn changed(&mut self, account: &AccountId) -> &mut Account {
        self.changes.accounts.entry(account.clone()).or_default()
    }

    fn balance(&self, entry: Entry<'_>) -> u128 {
        let of_token = |found: &Account| found.balances.get(entry.token).copied();
        self.find(entry.account, of_token).unwrap_or(0)
    }

    fn set_balance(&mut self, entry: Entry<'_>, balance: u128) {
        let balances = &mut self.changed(entry.account).balances;
        balances.insert(entry.token.clone(), balance);
    }

    pub(super) fn add(&mut self, entry: Entry<'_>) -> Result<(), IntentRefused> {
        let balance = self.balance(entry).checked_add(entry.amount);
        self.set_balance(entry, balance.ok_or_else(|| entry.overflow())?);
        Ok(())
    }

    pub(super) fn subtract(&mut self, entry: Entry<'_>) -> Result<(), IntentRefused> {
        let has = self.balance(entry);
        let rest = has.checked_sub(entry.amount);
        self.set_balance(entry, rest.ok_or_else(|| entry.short(has))?);
        Ok(())
    }

    /// Takes it out of the Verifier.
    pub(super) fn burn(&mut self, entry: Entry<'_>) -> Result<(), IntentRefused> {
        self.subtract(entry)?;
        let supplies = &mut self.changes.supplies;
        let known = supplies.get(entry.token);
        let known = known.or(self.ledger.supplies.get(entry.token));
        // A balance may be of what nobody has paid yet, which cannot leave.
        let rest = known.copied().unwrap_or(0).checked_sub(entry.amount);
        supplies.insert(entry.token.clone(), rest.ok_or_else(|| entry.overflow())?);
        Ok(())
    }

    /// Whether the nonce was unused. It is used now.
    pub(super) fn use_nonce(&mut self, account: &AccountId, nonce: Nonce) -> bool {
        let used = |found: &Account| found.nonces.contains(&nonce).then_some(());
        self.find(account, used).is_none() && self.changed(account).nonces.insert(nonce)
    }

    /// Whether that changes anything.
    pub(super) fn set_key(&mut self, account: &AccountId, key: PublicKey, may_sign: bool) -> bool {
        let changes = self.has_key(account, &key) != may_sign;
        self.changed(account).keys.insert(key, may_sign);
        changes
    }

    /// Whether that changes anything.
    pub(super) fn set_by_predecessor(&mut self, account: &AccountId, enabled: bool) -> bool {
        let before = self.find(account, |found| found.by_predecessor);
        self.changed(account).by_predecessor = Some(enabled);
        before.unwrap_or(true) != enabled
    }
}

impl ChainView for Pending<'_> {
    fn contract(&self) -> &AccountId {
        &self.ledger.settings.contract
    }

    fn has_key(&self, account: &AccountId, key: &PublicKey) -> bool {
        self.find(account, |found| found.keys.get(key).copied())
            .unwrap_or_else(|| key.is_implicitly_of(account))
    }

    fn takes_salt(&self, salt: Salt) -> bool {
        self.ledger.salts.takes(salt)
    }
}
