//! Traders: an order is signed for the chain, then sealed for the committee.

mod key;

use ed25519_dalek::VerifyingKey;
use sealbid_crypto::seal;
use sealbid_near::authorisation::authorise;
use sealbid_near::nonce;
use sealbid_near::rules::{check_terms, is_implicit};
use sealbid_near::signed::SignedIntent;
use sealbid_types::bytes::FixedBytes;
use sealbid_types::codec::encode;
use sealbid_types::envelope::{Envelope, Header, Kind, PROTOCOL, Part, Sealed};
use sealbid_types::terms::{Nonce, Terms};
use sealbid_types::text::AccountId;
use sealbid_types::time::Timestamp;
use zeroize::Zeroizing;

pub use self::key::{IdempotencyKey, NotAKey};
use crate::account::Account;
use crate::committee::CommitteeFile;
use crate::entropy::fresh;
use crate::error::ClientError;
use crate::order::{Order, Reveal, Window};

/// The Verifier's salt in nonces. It is the chain's to rotate; no adapter reads it yet.
const SALT: [u8; 4] = [0; 4];

/// Whoever has an account to trade from.
#[derive(Debug)]
pub struct Trader {
    account: Account,
}

impl Trader {
    /// A trader with this account.
    #[must_use]
    pub const fn new(account: Account) -> Self {
        Self { account }
    }

    /// The account.
    #[must_use]
    pub const fn account(&self) -> &Account {
        &self.account
    }

    /// Signs `order` for the chain of `committee` (a [`Client`](crate::Client) will do), valid until
    /// `deadline`, to be filled by `solvers` if any are named. The nonce is fresh.
    ///
    /// # Errors
    /// [`ClientError::Void`] if the terms would be void once opened; [`ClientError::NoSolver`].
    pub fn sign(
        &self,
        committee: &impl AsRef<CommitteeFile>,
        order: &Order,
        deadline: Timestamp,
        solvers: Option<Vec<AccountId>>,
    ) -> Result<SignedIntent, ClientError> {
        let nonce = nonce::versioned(SALT, deadline, *fresh()?);
        self.sign_with(nonce, committee, order, deadline, solvers)
    }

    /// As [`Trader::sign`], with the nonce of `key`: of all that is ever signed under it, at most
    /// one order fills.
    ///
    /// # Errors
    /// As [`Trader::sign`].
    pub fn sign_once(
        &self,
        key: &IdempotencyKey,
        committee: &impl AsRef<CommitteeFile>,
        order: &Order,
        deadline: Timestamp,
        solvers: Option<Vec<AccountId>>,
    ) -> Result<SignedIntent, ClientError> {
        let auction = committee.as_ref().committee().auction;
        let nonce = key.nonce(&self.account, &auction);
        self.sign_with(nonce, committee, order, deadline, solvers)
    }

    fn sign_with(
        &self,
        nonce: Nonce,
        committee: &impl AsRef<CommitteeFile>,
        order: &Order,
        deadline: Timestamp,
        solvers: Option<Vec<AccountId>>,
    ) -> Result<SignedIntent, ClientError> {
        // Before it is sealed: with a typo in it the order is opened, and nobody can fill it.
        if let Some(other) = solvers.iter().flatten().find(|solver| !can_quote(solver)) {
            return Err(ClientError::NoSolver(other.clone()));
        }
        let terms = Terms {
            account: self.account.id().clone(),
            nonce,
            deadline,
            actions: vec![order.action()],
            solvers,
        };
        check_terms(&terms).map_err(ClientError::Void)?;
        let rules = &committee.as_ref().committee().rules;
        let authorisation = authorise(&terms, &rules.verifying_contract, self.account.secret());
        Ok(SignedIntent {
            terms,
            authorisation,
        })
    }

    /// Seals a signed intent to `committee` (a [`Client`](crate::Client) will do), and signs the
    /// envelope. Nobody is asked anything.
    ///
    /// # Errors
    /// [`ClientError::OtherAccount`], [`ClientError::Void`], [`ClientError::Seal`].
    pub fn seal(
        &self,
        committee: &impl AsRef<CommitteeFile>,
        intent: &SignedIntent,
        reveal: Reveal,
        window: Window,
    ) -> Result<Envelope, ClientError> {
        let entropy = [fresh()?, fresh()?];
        self.seal_with(committee, intent, reveal, window, &entropy)
    }

    /// As [`Trader::seal`], with the entropy of the two parts given.
    ///
    /// # Errors
    /// As [`Trader::seal`].
    pub fn seal_with(
        &self,
        committee: &impl AsRef<CommitteeFile>,
        intent: &SignedIntent,
        reveal: Reveal,
        window: Window,
        entropy: &[Zeroizing<[u8; 32]>; 2],
    ) -> Result<Envelope, ClientError> {
        let SignedIntent {
            terms,
            authorisation,
        } = intent;
        if terms.account != *self.account.id() {
            return Err(ClientError::OtherAccount);
        }
        check_terms(terms).map_err(ClientError::Void)?;
        let file = committee.as_ref();
        let (committee, keys) = (file.committee(), file.keys());
        let header = Header {
            protocol: PROTOCOL,
            kind: Kind::Intent,
            auction: committee.auction,
            key: committee.key,
            first: window.first,
            last: window.last,
            expires: window.expires,
            metadata: reveal.metadata(terms),
            submitter: self.account.public_key(),
        };
        let [for_terms, for_authorisation] = entropy;
        let secret = Zeroizing::new(self.account.secret().to_bytes());
        let (plain_terms, plain_authorisation) = (
            Zeroizing::new(encode(terms)),
            Zeroizing::new(encode(authorisation)),
        );
        let label = header.label(Part::Terms, None);
        let terms = seal(keys, &label, &plain_terms, for_terms, &*secret)?;
        let label = header.label(Part::Authorisation, Some(terms.terms_digest()));
        let authorisation = seal(
            keys,
            &label,
            &plain_authorisation,
            for_authorisation,
            &*secret,
        )?;
        Ok(Envelope::sign(
            header,
            Sealed::Intent {
                terms,
                authorisation,
            },
            self.account.secret(),
        ))
    }
}

/// Whether there can be a solver of this account: a quote counts only if its account is the
/// implicit one of the key that signs it, and about half of all 64 digits are no key.
fn can_quote(account: &AccountId) -> bool {
    if !is_implicit(account) {
        return false;
    }
    let key = account.as_str().parse::<FixedBytes<32>>();
    key.is_ok_and(|key| VerifyingKey::from_bytes(key.as_bytes()).is_ok())
}

#[cfg(test)]
mod tests;
