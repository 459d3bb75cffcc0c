//! What the Verifier knows, and what a bundle of signed payloads makes of it: whether one call of
//! `execute_intents` would execute it, by the rules of the Verifier's engine (contract version 0.4.2).
//!
//! A bundle is executed whole or not at all. For each payload in order: signature, contract, deadline,
//! key and nonce, which is used up then; after that its intents in order, each with the balances that the
//! ones before have left. At the end, of every token, what is paid has to be what is received, the fees
//! among it. All that a call logs has to fit its limit.
//!
//! Of one intent, what it says is looked at before balances: an invalid one is refused as that, where
//! the Verifier may name a balance.
//!
//! Not judged is what comes after the call, in other contracts (whether a withdrawal arrives, what a
//! notified receiver sends back), nor gas. Locked accounts, a paused contract, and roles that may take
//! what is not theirs are not kept.

mod account;
mod events;
mod execute;
mod executed;
mod fee;
mod fill;
mod matching;
mod pending;
mod salts;
mod withdraw;

use std::collections::BTreeMap;

use sealbid_types::terms::Nonce;
use sealbid_types::text::AccountId;
use sealbid_types::time::Timestamp;

use crate::intents::TokenId;
use crate::multi_payload::{MultiPayload, PublicKey};
use crate::rules::WRAPPED_NEAR;
use crate::verifier::{ChainView, Salt};

use account::Account;
use execute::Call;
use pending::{Changes, Pending};

pub use events::{MOST_LOG_BYTES, MOST_LOG_LINES};
pub use executed::{BalanceChange, BundleRefused, Executed, IntentRefused, Withdrawal};
pub use fee::Pips;
pub use fill::{Fill, FillFault, check_fill};
pub use salts::{SaltRefused, Salts};

/// The most bytes of an id that is deposited. Intents may name longer ones, which nobody has.
const MOST_ID_BYTES: usize = 127;

/// How the Verifier is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The Verifier's account.
    pub contract: AccountId,
    /// The contract of wrapped NEAR, which withdrawals of NEAR and deposits for storage debit.
    pub wrapped_near: AccountId,
    /// The fee on what a `token_diff` pays.
    pub fee: Pips,
    /// Who gets the fees.
    pub fee_collector: AccountId,
}

impl Settings {
    /// `intents.near` with `wrap.near`, its fees for itself.
    ///
    /// # Errors
    /// Never: the names are accounts. The type is that of the account's parser.
    pub fn mainnet(fee: Pips) -> Result<Self, sealbid_types::text::TextError> {
        Ok(Self {
            contract: AccountId::intents_near(),
            wrapped_near: WRAPPED_NEAR.parse()?,
            fee,
            fee_collector: AccountId::intents_near(),
        })
    }
}

/// What the Verifier knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ledger {
    /// How it is set up.
    pub settings: Settings,
    /// The salts that it takes.
    pub salts: Salts,
    accounts: BTreeMap<AccountId, Account>,
    supplies: BTreeMap<TokenId, u128>,
}

/// Why a deposit is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DepositRefused {
    /// Of nothing.
    #[error("a deposit of nothing")]
    Zero,
    /// There would be more of the token than can be counted.
    #[error("more of the token than can be counted")]
    Overflow,
    /// A non-fungible token is there once.
    #[error("the token is there already")]
    SecondNft,
    /// The token's id is too long.
    #[error("the token's id is longer than {MOST_ID_BYTES} bytes")]
    LongId,
}

impl Ledger {
    /// A Verifier without accounts.
    #[must_use]
    pub const fn new(settings: Settings, salt: Salt) -> Self {
        Self {
            settings,
            salts: Salts::new(salt),
            accounts: BTreeMap::new(),
            supplies: BTreeMap::new(),
        }
    }

    /// What `account` has of `token`.
    #[must_use]
    pub fn balance(&self, account: &AccountId, token: &TokenId) -> u128 {
        let account = self.accounts.get(account);
        account
            .and_then(|account| account.balances.get(token))
            .copied()
            .unwrap_or(0)
    }

    /// All balances that are not 0.
    pub fn balances(&self) -> impl Iterator<Item = (&AccountId, &TokenId, u128)> {
        self.accounts.iter().flat_map(|(name, account)| {
            let balances = account.balances.iter();
            balances.map(move |(token, balance)| (name, token, *balance))
        })
    }

    /// Whether `key` may sign for `account`.
    #[must_use]
    pub fn has_key(&self, account: &AccountId, key: &PublicKey) -> bool {
        Pending::new(self).has_key(account, key)
    }

    /// Whether `account` has used `nonce` up.
    #[must_use]
    pub fn has_used(&self, account: &AccountId, nonce: &Nonce) -> bool {
        let account = self.accounts.get(account);
        account.is_some_and(|account| account.nonces.contains(nonce))
    }

    /// Whether calls of its own count as the account's will.
    #[must_use]
    pub fn is_auth_by_predecessor_enabled(&self, account: &AccountId) -> bool {
        let account = self.accounts.get(account);
        account
            .and_then(|account| account.by_predecessor)
            .unwrap_or(true)
    }

    /// Adds `amount` of `token` to what `account` has.
    ///
    /// # Errors
    /// [`DepositRefused`].
    pub fn deposit(
        &mut self,
        account: &AccountId,
        token: &TokenId,
        amount: u128,
    ) -> Result<(), DepositRefused> {
        if amount == 0 {
            return Err(DepositRefused::Zero);
        }
        if token.id().is_some_and(|id| id.len() > MOST_ID_BYTES) {
            return Err(DepositRefused::LongId);
        }
        let supply = self.supplies.get(token).copied().unwrap_or(0);
        let supply = supply.checked_add(amount).ok_or(DepositRefused::Overflow)?;
        if token.standard() == "nep171" && supply > 1 {
            return Err(DepositRefused::SecondNft);
        }
        self.supplies.insert(token.clone(), supply);
        let account = self.accounts.entry(account.clone()).or_default();
        // No balance is more than the supply, so that this does not saturate.
        let balance = account.balances.entry(token.clone()).or_default();
        *balance = balance.saturating_add(amount);
        Ok(())
    }

    /// Lets `key` sign for `account`, or no longer: as an account may do by a call of its own.
    pub fn set_key(&mut self, account: &AccountId, key: PublicKey, may_sign: bool) {
        let account = self.accounts.entry(account.clone()).or_default();
        account.keys.insert(key, may_sign);
    }

    /// Uses up `nonce`, as a call has that is not repeated here.
    pub fn use_nonce(&mut self, account: &AccountId, nonce: Nonce) {
        let account = self.accounts.entry(account.clone()).or_default();
        account.nonces.insert(nonce);
    }

    /// What [`execute`](Self::execute) would do at `now`.
    ///
    /// Unlike the Verifier's own simulation it asks for what the call may log too.
    ///
    /// # Errors
    /// [`BundleRefused`], the first reason that is found.
    pub fn simulate(
        &self,
        bundle: &[MultiPayload],
        now: Timestamp,
    ) -> Result<Executed, BundleRefused> {
        let (_, executed) = Call::new(self).run(bundle, now)?;
        Ok(executed)
    }

    /// Executes `bundle` at `now`, all of it or nothing.
    ///
    /// # Errors
    /// [`BundleRefused`], the first reason that is found. Nothing has changed then.
    pub fn execute(
        &mut self,
        bundle: &[MultiPayload],
        now: Timestamp,
    ) -> Result<Executed, BundleRefused> {
        let (changes, executed) = Call::new(self).run(bundle, now)?;
        self.apply(changes);
        Ok(executed)
    }

    fn apply(&mut self, changes: Changes) {
        for (name, changed) in changes.accounts {
            self.accounts.entry(name).or_default().apply(changed);
        }
        self.supplies.extend(changes.supplies);
    }
}
