//! Threshold signatures: over statements, and nothing else (docs/protocol.md 3.2).
//!
//! They are `threshold_crypto`'s, byte for byte: the statement's digest is hashed to G2 by its
//! `hash_g2`, keys are in G1. Signing is done by `blst` in constant time; so, being three times as
//! fast, are combining and verifying. The tests hold both against `threshold_crypto`.

use std::collections::{BTreeMap, BTreeSet};

use sealbid_types::bytes::FixedBytes;
use sealbid_types::id::MemberIndex;
use sealbid_types::statement::Statement;

use crate::certificate::CloseCertificate;
use crate::group::{
    G1Point, G2Point, PairingProduct, PointError, hash_to_g2, linear_combination_g2,
};
use crate::keys::CommitteeKeys;
use crate::lagrange::scalar_coefficients;
use crate::share::KeyShare;

/// Why a signature is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The bytes are no point of G2.
    #[error("the signature is malformed: {0}")]
    Point(#[from] PointError),
    /// It does not verify.
    #[error("the signature does not verify")]
    Wrong,
}

/// An `order` statement is signed for a certificate, not for a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an order statement is signed once its round is certified, by sign_order")]
pub struct NeedsCertificate;

/// A member's signature share, `H(statement)^{s_i}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignatureShare(G2Point);

/// The committee's signature, `H(statement)^s`. It exists only verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature(G2Point);

/// `H(statement)`, the point that is signed.
fn message_point(statement: &Statement) -> G2Point {
    hash_to_g2(&statement.digest())
}

/// `e(key, H) = e(g, signature)`.
fn verifies(key: &G1Point, message: &G2Point, signature: &G2Point) -> bool {
    PairingProduct::default()
        .times(key.as_curve_point(), message)
        .times(G1Point::generator().negate().as_curve_point(), signature)
        .is_one()
}

impl KeyShare {
    /// Signs a close, an allocation or a settlement, in constant time.
    ///
    /// # Errors
    /// [`NeedsCertificate`] for an `order` statement.
    pub fn sign(&self, statement: &Statement) -> Result<SignatureShare, NeedsCertificate> {
        match statement {
            Statement::Order { .. } => Err(NeedsCertificate),
            _ => Ok(self.sign_any(statement)),
        }
    }

    /// Signs the `order` statement of a certified round: one unpredictable draw, which nobody sees
    /// before the close is fixed and nobody can draw again.
    #[must_use]
    pub fn sign_order(&self, certificate: &CloseCertificate) -> SignatureShare {
        self.sign_any(&certificate.order_statement())
    }

    fn sign_any(&self, statement: &Statement) -> SignatureShare {
        SignatureShare(message_point(statement).times_secret(&self.secret))
    }
}

impl SignatureShare {
    /// Reads a share and checks its subgroup.
    ///
    /// # Errors
    /// [`PointError`].
    pub fn from_bytes(bytes: &FixedBytes<96>) -> Result<Self, PointError> {
        G2Point::decompress(&bytes.0).map(Self)
    }

    /// The compressed point.
    #[must_use]
    pub fn to_bytes(&self) -> FixedBytes<96> {
        FixedBytes(self.0.compress())
    }

    /// Verifies that this is `member`'s share for `statement`.
    ///
    /// # Errors
    /// [`SignatureError::Wrong`], for an unknown member too.
    pub fn verify(
        &self,
        keys: &CommitteeKeys,
        member: MemberIndex,
        statement: &Statement,
    ) -> Result<(), SignatureError> {
        let valid = self.is_valid(keys, member, &message_point(statement));
        valid.then_some(()).ok_or(SignatureError::Wrong)
    }

    fn is_valid(&self, keys: &CommitteeKeys, member: MemberIndex, message: &G2Point) -> bool {
        keys.share_key(member)
            .is_some_and(|key| verifies(&key.g1, message, &self.0))
    }
}

impl Signature {
    /// Verifies the committee's signature over `statement`.
    ///
    /// # Errors
    /// [`SignatureError`].
    pub fn verify(
        keys: &CommitteeKeys,
        statement: &Statement,
        bytes: &FixedBytes<96>,
    ) -> Result<Self, SignatureError> {
        let signature = G2Point::decompress(&bytes.0)?;
        let valid = verifies(keys.public_key(), &message_point(statement), &signature);
        valid
            .then_some(Self(signature))
            .ok_or(SignatureError::Wrong)
    }

    /// The compressed point.
    #[must_use]
    pub fn to_bytes(&self) -> FixedBytes<96> {
        FixedBytes(self.0.compress())
    }
}

/// A combined signature, and whoever tried to prevent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Combined {
    /// The signature, verified.
    pub signature: Signature,
    /// Members whose shares were seen to be wrong. Shares beyond the first q are not looked at
    /// unless one of those is wrong.
    pub liars: BTreeSet<MemberIndex>,
}

/// Fewer than q members gave right shares.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{right} right signature shares, {needed} needed")]
pub struct CombineError {
    /// How many are right.
    pub right: usize,
    /// q.
    pub needed: usize,
    /// Members whose shares are wrong.
    pub liars: BTreeSet<MemberIndex>,
}

impl Combined {
    /// Combines the shares of any q members to the committee's signature over `statement`:
    /// combines first, verifies the result, and looks at single shares only if that fails.
    ///
    /// # Errors
    /// [`CombineError`].
    pub fn new(
        keys: &CommitteeKeys,
        statement: &Statement,
        shares: &BTreeMap<MemberIndex, FixedBytes<96>>,
    ) -> Result<Self, CombineError> {
        let message = message_point(statement);
        let mut liars = BTreeSet::new();
        let mut readable = Vec::with_capacity(shares.len());
        for (member, bytes) in shares {
            match SignatureShare::from_bytes(bytes) {
                Ok(share) if keys.share_key(*member).is_some() => readable.push((*member, share)),
                _ => _ = liars.insert(*member),
            }
        }
        if let Some(signature) = combine_first(keys, &message, &readable) {
            return Ok(Self { signature, liars });
        }
        readable.retain(|(member, share)| {
            share.is_valid(keys, *member, &message) || !liars.insert(*member)
        });
        let (right, needed) = (readable.len(), keys.quorum());
        match combine_first(keys, &message, &readable) {
            Some(signature) => Ok(Self { signature, liars }),
            None => Err(CombineError {
                right,
                needed,
                liars,
            }),
        }
    }
}

/// Interpolates the first q shares; none if there are fewer or the result does not verify.
fn combine_first(
    keys: &CommitteeKeys,
    message: &G2Point,
    shares: &[(MemberIndex, SignatureShare)],
) -> Option<Signature> {
    let first = shares.get(..keys.quorum())?;
    let members: Vec<MemberIndex> = first.iter().map(|(member, _)| *member).collect();
    let coefficients = scalar_coefficients(&members, keys.denominator())?;
    let terms: Vec<_> = coefficients
        .into_iter()
        .zip(first)
        .map(|(c, (_, share))| (c, share.0))
        .collect();
    let signature = linear_combination_g2(&terms).to_point()?;
    verifies(keys.public_key(), message, &signature).then_some(Signature(signature))
}

#[cfg(test)]
mod tests;
