//! What a dealer sends each member in secret, under a pad from their Diffie-Hellman point.
//!
//! As ChillDKG's `EncPedPop`, with one ephemeral key a dealing: K = E^r = R^e, and a pad that binds
//! session, dealer, recipient and both keys. Nothing authenticates a payload but what it must agree
//! with: the commitments, which the dealer signs together with it.

use core::fmt;

use sealbid_crypto::group::{G1Point, SecretPoint, SecretScalar};
use sealbid_types::bytes::FixedBytes;
use sealbid_types::id::{MemberIndex, SessionId};
use zeroize::{Zeroize, Zeroizing};

use crate::context;
use crate::message::PAYLOAD_BYTES;
use crate::secret::SecretBytes;

/// Whose payload for whom.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Route {
    pub(crate) session: SessionId,
    pub(crate) dealer: MemberIndex,
    pub(crate) recipient: MemberIndex,
    /// E, the recipient's.
    pub(crate) encryption_key: G1Point,
    /// R, the dealer's.
    pub(crate) ephemeral_key: G1Point,
}

/// An opened payload: nothing in it is checked yet.
pub(crate) struct Payload {
    /// f(i + 1), little endian; any 32 bytes.
    pub(crate) share: SecretBytes,
    pub(crate) contribution: SecretBytes,
}

impl Route {
    /// The 64 bytes that hide the payload.
    fn pad(&self, shared: &[u8; 96]) -> Zeroizing<[u8; PAYLOAD_BYTES]> {
        let mut hasher = blake3::Hasher::new_derive_key(context::PAD);
        // Every input has a fixed length, so that no two routes hash the same bytes.
        hasher
            .update(self.session.as_bytes())
            .update(&[self.dealer.0, self.recipient.0])
            .update(&self.encryption_key.encode())
            .update(&self.ephemeral_key.encode())
            .update(shared);
        let mut pad = Zeroizing::new([0; PAYLOAD_BYTES]);
        let mut output = hasher.finalize_xof();
        output.fill(&mut *pad);
        // Both still hold what the pad can be computed from.
        output.zeroize();
        hasher.zeroize();
        pad
    }

    /// Hides a share and a contribution under the pad of `shared`.
    pub(crate) fn seal(
        &self,
        shared: &SecretPoint,
        share: &SecretScalar,
        contribution: &SecretBytes,
    ) -> FixedBytes<PAYLOAD_BYTES> {
        // No pad serves twice: r is of one dealing, and the recipient is in the hash.
        let pad = shared.expose(|shared| self.pad(shared));
        let mut sealed = [0; PAYLOAD_BYTES];
        share.expose(|share| {
            contribution.expose(|contribution| {
                let plain = share.iter().chain(contribution);
                for ((to, pad), plain) in sealed.iter_mut().zip(pad.iter()).zip(plain) {
                    *to = pad ^ plain;
                }
            });
        });
        FixedBytes(sealed)
    }

    /// Opens a payload by the encoding of the Diffie-Hellman point.
    ///
    /// Any bytes open to something. Whether they are the share that was committed to, the
    /// commitments alone tell.
    pub(crate) fn open(&self, shared: &[u8; 96], sealed: &FixedBytes<PAYLOAD_BYTES>) -> Payload {
        let pad = self.pad(shared);
        let mut payload = Payload {
            share: SecretBytes::zero(),
            contribution: SecretBytes::zero(),
        };
        let halves = payload.share.bytes_mut().iter_mut();
        let halves = halves.chain(payload.contribution.bytes_mut().iter_mut());
        for ((to, pad), sealed) in halves.zip(pad.iter()).zip(sealed.0) {
            *to = pad ^ sealed;
        }
        payload
    }
}

impl Payload {
    /// The share, unless it is zero or not reduced.
    pub(crate) fn share(&self) -> Option<SecretScalar> {
        self.share.expose(SecretScalar::from_le_bytes).ok()
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Payload(redacted)")
    }
}

/// What a dealer publishes of its contribution. 256 bits of entropy hide it.
pub(crate) fn contribution_digest(
    session: SessionId,
    dealer: MemberIndex,
    contribution: &SecretBytes,
) -> FixedBytes<32> {
    let mut hasher = blake3::Hasher::new_derive_key(context::CONTRIBUTION_DIGEST);
    hasher.update(session.as_bytes()).update(&[dealer.0]);
    contribution.expose(|bytes| {
        hasher.update(bytes);
    });
    let digest = FixedBytes(*hasher.finalize().as_bytes());
    hasher.zeroize();
    digest
}

/// The secret that the members share to form their group: all contributions, in the dealers' order.
pub(crate) fn group_secret<'a>(
    session: SessionId,
    contributions: impl Iterator<Item = &'a SecretBytes>,
) -> SecretBytes {
    let mut hasher = blake3::Hasher::new_derive_key(context::GROUP_SECRET);
    hasher.update(session.as_bytes());
    for contribution in contributions {
        contribution.expose(|bytes| {
            hasher.update(bytes);
        });
    }
    let mut secret = SecretBytes::zero();
    let mut output = hasher.finalize_xof();
    output.fill(secret.bytes_mut());
    output.zeroize();
    hasher.zeroize();
    secret
}
