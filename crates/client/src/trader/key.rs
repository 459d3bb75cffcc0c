//! Idempotency keys: one order for one key, whatever is lost on the way.

use core::fmt;
use core::str::FromStr;

use sealbid_near::nonce;
use sealbid_types::id::AuctionId;
use sealbid_types::terms::Nonce;
use sealbid_types::time::Timestamp;
use zeroize::Zeroizing;

use super::SALT;
use crate::account::Account;

/// What an order's nonce is derived under. Whoever derives it otherwise would trade twice.
const CONTEXT: &str = "sealbid 2026-11-29 the nonce of an idempotency key";

/// The most bytes of a key.
const MOST_BYTES: usize = 128;

/// A name that a trader gives an order, such as `invoice-4711`. All intents that an account signs
/// under one key for one auction have the same nonce, and a nonce is spent once: by the rule of the
/// auction, and by the chain's. So however often, from whichever machine and in whichever envelope
/// the order is sent, it fills at most once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdempotencyKey(String);

/// A text that is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key has 1 to {MOST_BYTES} characters, printable ASCII without spaces")]
pub struct NotAKey;

impl IdempotencyKey {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The nonce of this key: a function of the account's secret, the auction and the name, so that
    /// nothing need be kept to find it again, and nobody else can tell the name from it.
    ///
    /// It never runs out. With a deadline in it, a second attempt after that would have another one.
    pub(super) fn nonce(&self, account: &Account, auction: &AuctionId) -> Nonce {
        // Of fixed length each but the last, so that no two keys give the same bytes.
        let secret = Zeroizing::new(account.secret().to_bytes());
        let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
        hasher.update(&*secret);
        hasher.update(auction.as_bytes());
        hasher.update(self.0.as_bytes());
        let mut random = [0; 15];
        hasher.finalize_xof().fill(&mut random);
        nonce::versioned(SALT, Timestamp(u64::MAX), random)
    }
}

impl FromStr for IdempotencyKey {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<Self, NotAKey> {
        let is_key = (1..=MOST_BYTES).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_graphic());
        is_key.then(|| Self(text.to_owned())).ok_or(NotAKey)
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
