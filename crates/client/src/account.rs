//! The key that trades, and the account it signs for.

use core::fmt;

use ed25519_dalek::SigningKey;
use sealbid_types::keys::PublicKey;
use sealbid_types::text::AccountId;

use crate::entropy::fresh;
use crate::error::ClientError;

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

    /// A fresh account, whose key nobody else has and which is gone with this value: for trying
    /// things out. One that is to hold tokens comes of a key that is kept ([`Account::new`]).
    ///
    /// # Errors
    /// [`ClientError::Entropy`].
    ///
    /// # Examples
    /// ```
    /// use sealbid_client::Account;
    ///
    /// # fn main() -> Result<(), sealbid_client::ClientError> {
    /// let (one, other) = (Account::generate()?, Account::generate()?);
    /// assert_ne!(one.id(), other.id());
    /// # Ok(())
    /// # }
    /// ```
    pub fn generate() -> Result<Self, ClientError> {
        Ok(Self::new(SigningKey::from_bytes(&*fresh()?)))
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
