//! Whether the Verifier would execute a signed payload, as far as the payload itself tells.
//!
//! The checks stand in the Verifier's order, so that the first one that fails is the one it names.
//! What the chain alone knows is not judged: balances, and so whether the differences of a bundle
//! cancel out under the fee; nonces that are used up; locked accounts; keys that an account has added
//! beside that of its name, or has removed. A payload that passes here may still fail by these, and
//! one that is refused as [`Refused::Key`] may pass by an added key. Who knows all that can ask a
//! [`Ledger`](crate::ledger::Ledger).

use sealbid_types::terms::Nonce;
use sealbid_types::text::AccountId;
use sealbid_types::time::Timestamp;

use crate::deadline::Deadline;
use crate::intents::{self, IntentFault};
use crate::multi_payload::{IntentHash, IntentsPayload, MultiPayload, PublicKey, Unreadable};
use crate::nonce;

/// What a versioned nonce names of the chain's salts.
pub type Salt = [u8; 4];

/// The Verifier at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verifier {
    /// Its account.
    pub contract: AccountId,
    /// The salts it takes in versioned nonces. Without any, salts are not judged.
    pub salts: Option<Vec<Salt>>,
    /// The moment.
    pub now: Timestamp,
}

/// A payload that passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// How it was signed.
    pub standard: &'static str,
    /// Whose key signed it.
    pub key: PublicKey,
    /// What it says.
    pub payload: IntentsPayload,
    /// By what the chain knows it.
    pub intent_hash: IntentHash,
}

/// Why the Verifier would not execute a payload.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The signature is no key's, or a weak key's.
    #[error("the signature is not valid")]
    Signature,
    /// What is signed cannot be read.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// It is for another contract.
    #[error("it is for the contract {0}")]
    Contract(AccountId),
    /// The deadline has passed.
    #[error("the deadline {0} has passed")]
    Expired(Deadline),
    /// The signer is not known to have the key. Without the chain, that of its name alone is known.
    #[error("{key} is not known as a key of {account}")]
    Key {
        /// The signer.
        account: AccountId,
        /// The key that signed.
        key: PublicKey,
    },
    /// The nonce was made for a salt that the chain does not take.
    #[error("the nonce has the salt {}, which is not one of those given", hex(.0))]
    Salt(Salt),
    /// The deadline is later than the nonce's.
    #[error("the deadline {0} is later than that of the nonce")]
    BeyondNonce(Deadline),
    /// An intent is invalid.
    #[error("intent {index}: {fault}")]
    Intent {
        /// Which one, from 0.
        index: usize,
        /// What is wrong with it.
        fault: IntentFault,
    },
}

fn hex(salt: &Salt) -> String {
    data_encoding::HEXLOWER.encode(salt)
}

/// What is known of the chain when a payload is judged.
pub(crate) trait ChainView {
    /// The Verifier's account.
    fn contract(&self) -> &AccountId;

    /// Whether `key` may sign for `account`.
    fn has_key(&self, account: &AccountId, key: &PublicKey) -> bool;

    /// Whether versioned nonces with `salt` are taken.
    fn takes_salt(&self, salt: Salt) -> bool;
}

/// Checks of `signed` what comes before its nonce is used up and its intents are carried out.
pub(crate) fn admit(
    chain: &impl ChainView,
    signed: &MultiPayload,
    now: Timestamp,
) -> Result<Checked, Refused> {
    let key = signed.signer().ok_or(Refused::Signature)?;
    let payload = signed.payload()?;
    if payload.contract != *chain.contract() {
        return Err(Refused::Contract(payload.contract));
    }
    if payload.deadline.has_passed(now) {
        return Err(Refused::Expired(payload.deadline));
    }
    // By the key that signed, also where it is recovered: of a changed text it is another one.
    if !chain.has_key(&payload.signer, &key) {
        let account = payload.signer;
        return Err(Refused::Key { account, key });
    }
    check_nonce(chain, &payload.nonce, payload.deadline)?;
    Ok(Checked {
        standard: signed.standard_name(),
        key,
        payload,
        intent_hash: signed.intent_hash(),
    })
}

fn check_nonce(chain: &impl ChainView, nonce: &Nonce, deadline: Deadline) -> Result<(), Refused> {
    let Some(nonce::Versioned { salt, .. }) = nonce::read(nonce) else {
        return Ok(());
    };
    if !chain.takes_salt(salt) {
        return Err(Refused::Salt(salt));
    }
    // The nonce's own deadline has not passed then either.
    if !nonce::covers(nonce, deadline.nanos()) {
        return Err(Refused::BeyondNonce(deadline));
    }
    Ok(())
}

impl ChainView for Verifier {
    fn contract(&self) -> &AccountId {
        &self.contract
    }

    fn has_key(&self, account: &AccountId, key: &PublicKey) -> bool {
        key.is_implicitly_of(account)
    }

    fn takes_salt(&self, salt: Salt) -> bool {
        let salts = self.salts.as_deref();
        salts.is_none_or(|salts| salts.contains(&salt))
    }
}

impl Verifier {
    /// Checks `signed`.
    ///
    /// # Errors
    /// [`Refused`], the first that is found.
    pub fn check(&self, signed: &MultiPayload) -> Result<Checked, Refused> {
        let checked = admit(self, signed, self.now)?;
        let payload = &checked.payload;
        intents::check(&payload.signer, checked.key, &payload.intents)
            .map_err(|(index, fault)| Refused::Intent { index, fault })?;
        Ok(checked)
    }
}

#[cfg(test)]
mod tests;
