//! One call of `execute_intents`, payload by payload, in the order of the Verifier's engine.

use std::collections::BTreeMap;

use sealbid_types::terms::Nonce;
use sealbid_types::text::AccountId;
use sealbid_types::time::Timestamp;

use super::events::{Logs, MtBurn, Source};
use super::matching::Deltas;
use super::pending::{Changes, Entry, Pending};
use super::{BalanceChange, BundleRefused, Executed, IntentRefused, Ledger, Withdrawal};
use crate::intents::{
    Intent, IntentFault, SignerKey, TokenDiff, TokenId, Transfer, Units, check_form,
};
use crate::multi_payload::{IntentHash, MultiPayload, PublicKey};
use crate::verifier::admit;

/// A payload whose intents are carried out.
pub(super) struct Payload {
    pub(super) index: usize,
    pub(super) signer: AccountId,
    hash: IntentHash,
    nonce: Nonce,
}

impl Payload {
    pub(super) const fn source(&self) -> Source<'_> {
        Source {
            signer: &self.signer,
            hash: self.hash,
        }
    }

    pub(super) const fn entry<'a>(&'a self, token: &'a TokenId, amount: u128) -> Entry<'a> {
        Entry {
            account: &self.signer,
            token,
            amount,
        }
    }
}

/// Why a step fails: for its intent, or for the call.
pub(super) enum Failed {
    Intent(IntentRefused),
    Call(BundleRefused),
}

impl<T: Into<IntentRefused>> From<T> for Failed {
    fn from(refused: T) -> Self {
        Self::Intent(refused.into())
    }
}

impl From<BundleRefused> for Failed {
    fn from(refused: BundleRefused) -> Self {
        Self::Call(refused)
    }
}

/// A call that goes on.
pub(super) struct Call<'a> {
    pub(super) pending: Pending<'a>,
    deltas: Deltas,
    pub(super) logs: Logs,
    payloads: Vec<Payload>,
    received: BTreeMap<AccountId, BTreeMap<TokenId, u128>>,
    fees: BTreeMap<TokenId, u128>,
    pub(super) withdrawals: Vec<Withdrawal>,
}

/// What a call changes, and what it has done.
pub(super) type Outcome = (Changes, Executed);

impl<'a> Call<'a> {
    pub(super) fn new(ledger: &'a Ledger) -> Self {
        Self {
            pending: Pending::new(ledger),
            deltas: Deltas::default(),
            logs: Logs::default(),
            payloads: Vec::new(),
            received: BTreeMap::new(),
            fees: BTreeMap::new(),
            withdrawals: Vec::new(),
        }
    }

    pub(super) fn run(
        mut self,
        bundle: &[MultiPayload],
        now: Timestamp,
    ) -> Result<Outcome, BundleRefused> {
        for (index, signed) in bundle.iter().enumerate() {
            self.payload(index, signed, now)?;
        }
        self.finish()
    }

    fn payload(
        &mut self,
        index: usize,
        signed: &MultiPayload,
        now: Timestamp,
    ) -> Result<(), BundleRefused> {
        let checked =
            admit(&self.pending, signed, now).map_err(|refused| BundleRefused::Payload {
                payload: index,
                refused,
            })?;
        let payload = Payload {
            index,
            signer: checked.payload.signer,
            hash: checked.intent_hash,
            nonce: checked.payload.nonce,
        };
        // Before the intents: none of them can undo it.
        if !self.pending.use_nonce(&payload.signer, payload.nonce) {
            return Err(BundleRefused::NonceUsed {
                payload: index,
                account: payload.signer,
                nonce: payload.nonce,
            });
        }
        for (position, intent) in checked.payload.intents.iter().enumerate() {
            self.intent(&payload, position, intent)
                .map_err(|failed| match failed {
                    Failed::Call(refused) => refused,
                    Failed::Intent(refused) => BundleRefused::Intent {
                        payload: index,
                        intent: position,
                        refused,
                    },
                })?;
        }
        self.payloads.push(payload);
        Ok(())
    }

    fn intent(&mut self, payload: &Payload, index: usize, intent: &Intent) -> Result<(), Failed> {
        check_form(&payload.signer, intent)?;
        match intent {
            Intent::TokenDiff(diff) => self.token_diff(payload, diff),
            Intent::Transfer(transfer) => self.transfer(payload, transfer),
            Intent::AddPublicKey(SignerKey { public_key }) => self.key(payload, *public_key, true),
            Intent::RemovePublicKey(SignerKey { public_key }) => {
                self.key(payload, *public_key, false)
            }
            Intent::SetAuthByPredecessorId(set) => {
                let signer = &payload.signer;
                if self.pending.set_by_predecessor(signer, set.enabled) {
                    self.logs.account(intent.kind(), payload.source(), set)?;
                }
                Ok(())
            }
            _ => self.withdraw(payload, index, intent),
        }
    }

    fn token_diff(&mut self, payload: &Payload, diff: &TokenDiff) -> Result<(), Failed> {
        let settings = &self.pending.ledger.settings;
        let mut fees = BTreeMap::new();
        for (token, change) in &diff.diff {
            let entry = payload.entry(token, change.0.unsigned_abs());
            if change.0 > 0 {
                self.credit(entry, true)?;
                continue;
            }
            self.debit(entry)?;
            let fee = settings.fee.on(token, entry.amount);
            if fee > 0 {
                fees.insert(token.clone(), Units(fee));
            }
        }
        self.logs.token_diff(payload.source(), diff, &fees)?;
        for (token, Units(fee)) in fees {
            let entry = Entry {
                account: &settings.fee_collector,
                token: &token,
                amount: fee,
            };
            self.credit(entry, true)?;
            let sum = self.fees.entry(token).or_default();
            *sum = sum.saturating_add(fee);
        }
        Ok(())
    }

    fn transfer(&mut self, payload: &Payload, transfer: &Transfer) -> Result<(), Failed> {
        self.logs.transfer(payload.source(), transfer)?;
        let for_good = transfer.notification.is_none();
        for (token, Units(amount)) in &transfer.tokens {
            let paid = payload.entry(token, *amount);
            self.debit(paid)?;
            let account = &transfer.receiver_id;
            self.credit(Entry { account, ..paid }, for_good)?;
        }
        Ok(())
    }

    fn key(&mut self, payload: &Payload, key: PublicKey, may_sign: bool) -> Result<(), Failed> {
        let changes = self.pending.set_key(&payload.signer, key, may_sign);
        let event = match (changes, may_sign) {
            (true, true) => "public_key_added",
            (true, false) => "public_key_removed",
            (false, true) => return Err(IntentFault::KeyExists(key).into()),
            (false, false) => return Err(IntentFault::KeyMissing(key).into()),
        };
        let change = SignerKey { public_key: key };
        Ok(self.logs.account(event, payload.source(), change)?)
    }

    fn debit(&mut self, entry: Entry<'_>) -> Result<(), IntentRefused> {
        self.pending.subtract(entry)?;
        let counted = self.deltas.pay(entry);
        counted.then_some(()).ok_or_else(|| entry.overflow())
    }

    /// Of what may be sent back, the account has not got anything `for_good`.
    fn credit(&mut self, entry: Entry<'_>, for_good: bool) -> Result<(), IntentRefused> {
        self.pending.add(entry)?;
        let counted = self.deltas.receive(entry);
        counted.then_some(()).ok_or_else(|| entry.overflow())?;
        if for_good {
            let tokens = self.received.entry(entry.account.clone()).or_default();
            let sum = tokens.entry(entry.token.clone()).or_default();
            *sum = sum.saturating_add(entry.amount);
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Outcome, BundleRefused> {
        let transfers = self.deltas.matched()?;
        let payloads = &self.payloads;
        self.logs.executed(
            payloads
                .iter()
                .map(|payload| (payload.source(), payload.nonce)),
        )?;
        self.logs.mt_transfers(&transfers)?;
        let burns: Vec<_> = self
            .withdrawals
            .iter()
            .map(|withdrawal| MtBurn::new(&withdrawal.account, &withdrawal.tokens))
            .collect();
        self.logs.mt_burns(&burns)?;
        let executed = Executed {
            intent_hashes: payloads.iter().map(|payload| payload.hash).collect(),
            changes: balance_changes(&self.pending, &self.received),
            fees: self.fees,
            withdrawals: self.withdrawals,
            logs: self.logs.0,
        };
        Ok((self.pending.changes, executed))
    }
}

fn balance_changes(
    pending: &Pending<'_>,
    received: &BTreeMap<AccountId, BTreeMap<TokenId, u128>>,
) -> BTreeMap<AccountId, BTreeMap<TokenId, BalanceChange>> {
    let mut changes = BTreeMap::new();
    for (account, changed) in &pending.changes.accounts {
        let of_token = |(token, after): (&TokenId, &u128)| {
            let received = received.get(account).and_then(|tokens| tokens.get(token));
            let change = BalanceChange {
                before: pending.ledger.balance(account, token),
                after: *after,
                received: received.copied().unwrap_or(0),
            };
            (token.clone(), change)
        };
        if !changed.balances.is_empty() {
            let tokens = changed.balances.iter().map(of_token).collect();
            changes.insert(account.clone(), tokens);
        }
    }
    changes
}
