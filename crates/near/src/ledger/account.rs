//! What the Verifier keeps of an account, and what a call changes of it.

use std::collections::{BTreeMap, BTreeSet};

use sealbid_types::terms::Nonce;

use crate::intents::TokenId;
use crate::multi_payload::PublicKey;

/// An account, or the changes of one: what is not in here is as it was before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Account {
    /// No balance is 0, but among changes.
    pub(super) balances: BTreeMap<TokenId, u128>,
    /// Those that are used up.
    pub(super) nonces: BTreeSet<Nonce>,
    /// Keys that were added (`true`) or removed. The implicit one may sign if it is not in here.
    pub(super) keys: BTreeMap<PublicKey, bool>,
    /// Whether calls of its own count as its will; they do if nothing has been said.
    pub(super) by_predecessor: Option<bool>,
}

impl Account {
    pub(super) fn apply(&mut self, changes: Self) {
        self.balances.extend(changes.balances);
        self.balances.retain(|_, balance| *balance != 0);
        self.nonces.extend(changes.nonces);
        self.keys.extend(changes.keys);
        self.by_predecessor = changes.by_predecessor.or(self.by_predecessor);
    }
}
