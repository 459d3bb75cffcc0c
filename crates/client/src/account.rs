//! The key that trades, and the account it signs for.

use core::fmt;

use ed25519_dalek::SigningKey;
use sealbid_types::keys::PublicKey;
use sealbid_types::text::AccountId;

/// A trading account: an ed25519 key and its implicit NEAR account. Wiped when dropped.
pub struct Account {
    secret: SigningKey,
    id: AccountId,
}

impl Account {
    /// The implicit account of `secret`.
    #[must_use]
    pub fn new(secret: SigningKey) -> Self {
        let id = AccountId::implicit(&PublicKey::of(&secret));
        Self { secret, id }
    }

    /// The account's name.
    #[must_use]
    pub const fn id(&self) -> &AccountId {
        &self.id
    }

    /// The account's key.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        PublicKey::of(&self.secret)
    }

    pub(crate) const fn secret(&self) -> &SigningKey {
        &self.secret
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Account({})", self.id)
    }
}
