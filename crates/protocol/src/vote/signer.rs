//! The keys of the vote, behind traits: the roster's identity keys, and the committee's threshold
//! signature. A simulator that runs thousands of rounds brings cheap ones.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ed25519_dalek::SigningKey;
use sealbid_crypto::{Combined, CommitteeKeys, KeyShare, Signature as Verified, SignatureShare};
use sealbid_types::bytes::FixedBytes;
use sealbid_types::id::MemberIndex;
use sealbid_types::keys::{PublicKey, Signature};
use sealbid_types::statement::Statement;

/// What combining shares came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Combination {
    /// The committee's signature, if q shares are right. It verifies.
    pub signature: Option<FixedBytes<96>>,
    /// Members whose shares were seen to be wrong: all of them, if there is no signature.
    pub liars: BTreeSet<MemberIndex>,
}

/// The committee's threshold signatures, with this member's share of the key.
pub trait ThresholdSigner: Send + Sync {
    /// This member's share of a signature over a [`Statement::Close`] or [`Statement::Allocation`];
    /// none of any other, which no vote is about.
    fn sign(&self, statement: &Statement) -> Option<FixedBytes<96>>;

    /// Whether `share` is `member`'s for `statement`.
    fn verify_share(
        &self,
        member: MemberIndex,
        statement: &Statement,
        share: &FixedBytes<96>,
    ) -> bool;

    /// Combines `shares`: at once, and one by one only if that fails.
    fn combine(
        &self,
        statement: &Statement,
        shares: &BTreeMap<MemberIndex, FixedBytes<96>>,
    ) -> Combination;

    /// Whether `signature` is the committee's over `statement`.
    fn verify(&self, statement: &Statement, signature: &FixedBytes<96>) -> bool;
}

/// The members' identity keys, with this member's secret one.
pub trait IdentityKeys: Send + Sync {
    /// Signs a digest.
    fn sign(&self, digest: &[u8; 32]) -> Signature;

    /// Whether `signature` is `member`'s over `digest`; false for an unknown member.
    fn verify(&self, member: MemberIndex, digest: &[u8; 32], signature: &Signature) -> bool;
}

/// Both kinds of keys.
#[derive(Clone)]
pub struct Signers {
    /// Identity keys.
    pub identity: Arc<dyn IdentityKeys>,
    /// The threshold key.
    pub threshold: Arc<dyn ThresholdSigner>,
}

impl core::fmt::Debug for Signers {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Signers(..)")
    }
}

/// Ed25519 identity keys: [`sealbid_types::keys::Signed`] by another name.
pub struct RosterKeys {
    secret: Arc<SigningKey>,
    roster: Vec<PublicKey>,
}

impl RosterKeys {
    /// The member's secret key, and everybody's public keys in the roster's order.
    #[must_use]
    pub const fn new(secret: Arc<SigningKey>, roster: Vec<PublicKey>) -> Self {
        Self { secret, roster }
    }
}

impl IdentityKeys for RosterKeys {
    fn sign(&self, digest: &[u8; 32]) -> Signature {
        Signature::sign(&self.secret, digest)
    }

    fn verify(&self, member: MemberIndex, digest: &[u8; 32], signature: &Signature) -> bool {
        let key = self.roster.get(member.as_usize());
        key.is_some_and(|key| key.verify(digest, signature).is_ok())
    }
}

/// The committee's BLS key.
pub struct CommitteeSigner {
    keys: Arc<CommitteeKeys>,
    share: Arc<KeyShare>,
}

impl CommitteeSigner {
    /// The committee's public keys and this member's share.
    #[must_use]
    pub const fn new(keys: Arc<CommitteeKeys>, share: Arc<KeyShare>) -> Self {
        Self { keys, share }
    }
}

impl ThresholdSigner for CommitteeSigner {
    fn sign(&self, statement: &Statement) -> Option<FixedBytes<96>> {
        match statement {
            Statement::Close { .. } | Statement::Allocation { .. } => {
                Some(self.share.sign(statement).ok()?.to_bytes())
            }
            Statement::Order { .. } | Statement::Settlement { .. } => None,
        }
    }

    fn verify_share(
        &self,
        member: MemberIndex,
        statement: &Statement,
        share: &FixedBytes<96>,
    ) -> bool {
        SignatureShare::from_bytes(share)
            .is_ok_and(|share| share.verify(&self.keys, member, statement).is_ok())
    }

    fn combine(
        &self,
        statement: &Statement,
        shares: &BTreeMap<MemberIndex, FixedBytes<96>>,
    ) -> Combination {
        match Combined::new(&self.keys, statement, shares) {
            Ok(Combined { signature, liars }) => Combination {
                signature: Some(signature.to_bytes()),
                liars,
            },
            Err(error) => Combination {
                signature: None,
                liars: error.liars,
            },
        }
    }

    fn verify(&self, statement: &Statement, signature: &FixedBytes<96>) -> bool {
        Verified::verify(&self.keys, statement, signature).is_ok()
    }
}
