//! A member's share of the committee key, and the decryption shares it makes.

use core::fmt;

use rayon::prelude::*;
use sealbid_types::bytes::FixedBytes;
use sealbid_types::envelope::Part;
use sealbid_types::id::{AuctionId, EnvelopeId, Epoch, MemberIndex};

use crate::admit::CheckedPart;
use crate::certificate::Authority;
use crate::group::{G1Point, Scalar, SecretPoint, SecretScalar};
use crate::keys::CommitteeKeys;

/// Why a secret is not the share it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyShareError {
    /// The committee has no such member.
    #[error("the committee has no {0}")]
    NoSuchMember(MemberIndex),
    /// The committee's key for this member belongs to another secret.
    #[error("the secret is not the share of {0} of this committee")]
    Foreign(MemberIndex),
}

/// A member's share s_i of the committee key, in one auction and one epoch.
pub struct KeyShare {
    auction: AuctionId,
    epoch: Epoch,
    member: MemberIndex,
    /// s_i
    pub(crate) secret: SecretScalar,
    /// s_i / Δ
    scaled: SecretScalar,
    public_key: G1Point,
}

impl KeyShare {
    /// Takes the share of `member` in `epoch` of `auction`, if it is the one that `keys` commits
    /// to.
    ///
    /// # Errors
    /// [`KeyShareError`].
    pub fn new(
        keys: &CommitteeKeys,
        auction: AuctionId,
        epoch: Epoch,
        member: MemberIndex,
        secret: SecretScalar,
    ) -> Result<Self, KeyShareError> {
        let share_key = keys
            .share_key(member)
            .ok_or(KeyShareError::NoSuchMember(member))?;
        if G1Point::generator().times_secret(&secret) != share_key.g1 {
            return Err(KeyShareError::Foreign(member));
        }
        let inverse = Scalar::from(keys.denominator()).inverse();
        let scaled = inverse.and_then(|inverse| secret.times(&inverse));
        // Neither is zero, so there is a product.
        let scaled = scaled.ok_or(KeyShareError::Foreign(member))?;
        Ok(Self {
            auction,
            epoch,
            member,
            secret,
            scaled,
            public_key: *keys.public_key(),
        })
    }

    /// Whose share it is.
    #[must_use]
    pub const fn member(&self) -> MemberIndex {
        self.member
    }

    /// Makes the decryption share `S = u^{s_i/Δ}` of a part, in constant time, to be kept until a
    /// certificate opens the part.
    #[must_use]
    pub fn share(&self, part: &CheckedPart) -> PendingShare {
        PendingShare {
            envelope: part.envelope(),
            part: part.part(),
            auction: self.auction,
            epoch: self.epoch,
            public_key: self.public_key,
            value: part.u.times_secret_kept(&self.scaled),
        }
    }

    /// Makes the shares of many parts, in their order, on all cores.
    #[must_use]
    pub fn share_all(&self, parts: &[&CheckedPart]) -> Vec<PendingShare> {
        parts.par_iter().map(|part| self.share(part)).collect()
    }
}

impl fmt::Debug for KeyShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyShare({}, redacted)", self.member)
    }
}

/// A decryption share that must not leave its member yet. Wiped when dropped.
pub struct PendingShare {
    envelope: EnvelopeId,
    part: Part,
    // Whose certificates release it. The key alone would not do: a refresh keeps it, so that under
    // it the certificates of past epochs verify for ever, those that q liars of an old epoch made
    // among them; and one key may serve two auctions, whose lists have nothing to do with each
    // other.
    auction: AuctionId,
    epoch: Epoch,
    public_key: G1Point,
    value: SecretPoint,
}

/// A share was asked for that the certificate does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the certificate does not open {part:?} of envelope {envelope}")]
pub struct NotAuthorised {
    /// The envelope.
    pub envelope: EnvelopeId,
    /// The part.
    pub part: Part,
}

/// A decryption share on its way to the other members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecryptionShare {
    /// The envelope.
    pub envelope: EnvelopeId,
    /// The part.
    pub part: Part,
    /// S, uncompressed.
    pub value: FixedBytes<96>,
}

impl PendingShare {
    /// The envelope it opens a part of.
    #[must_use]
    pub const fn envelope(&self) -> EnvelopeId {
        self.envelope
    }

    /// Which part.
    #[must_use]
    pub const fn part(&self) -> Part {
        self.part
    }

    /// Lets the share out, if `authority` is a certificate of its auction, epoch and committee key
    /// and opens its part. It stays here as well: an answer that got lost is given again.
    ///
    /// # Errors
    /// [`NotAuthorised`].
    pub fn release(&self, authority: &impl Authority) -> Result<DecryptionShare, NotAuthorised> {
        let Self { envelope, part, .. } = *self;
        let of_this_epoch = authority.auction() == self.auction
            && authority.epoch() == self.epoch
            && *authority.public_key() == self.public_key;
        if of_this_epoch && authority.opens(envelope, part) {
            Ok(DecryptionShare {
                envelope,
                part,
                value: FixedBytes(self.value.expose(|bytes| *bytes)),
            })
        } else {
            Err(NotAuthorised { envelope, part })
        }
    }
}

impl fmt::Debug for PendingShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "PendingShare({:?} of {:?}, redacted)",
            self.part, self.envelope
        )
    }
}

#[cfg(test)]
mod tests;
