//! A trusted dealer: one process makes the key, hands out the shares and forgets it. **Development
//! only**: nothing shows that it did forget.

use sealbid_crypto::common_denominator;
use sealbid_crypto::group::{G1Point, G2Point, SecretScalar};
use sealbid_types::bytes::FixedBytes;
use sealbid_types::committee::{PublicKeys, ShareKey};
use sealbid_types::id::MemberIndex;

use crate::polynomial::Polynomial;

/// The dealer's coefficients: over its entropy.
pub const DEALER_POLYNOMIAL: &str = "sealbid/1 2026-11 development dealer polynomial";

/// Why nothing was dealt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DealError {
    /// n or q is out of bounds.
    #[error("a quorum of {quorum} of {members}: 3 to 16 members, more than half and at most all")]
    Quorum {
        /// q.
        quorum: u8,
        /// n.
        members: u8,
    },
    /// A share came to zero, as one in 2^255 does: take other entropy.
    #[error("a share came to zero: deal again with other entropy")]
    Degenerate,
}

/// A committee key and its shares.
#[derive(Debug)]
pub struct Dealing {
    /// What everybody may know.
    pub keys: PublicKeys,
    /// `s_i` for each member, in the roster's order.
    pub shares: Vec<SecretScalar>,
}

/// Deals a key to `members`, of whom any `quorum` can use it.
///
/// # Errors
/// [`DealError::Quorum`] unless n is 3 to 16 and `n < 2q <= 2n`.
pub fn deal(members: u8, quorum: u8, entropy: &[u8; 32]) -> Result<Dealing, DealError> {
    if common_denominator(members, quorum).is_none() {
        return Err(DealError::Quorum { quorum, members });
    }
    let polynomial = Polynomial::derive(DEALER_POLYNOMIAL, entropy, quorum);
    let secret = polynomial.constant().ok_or(DealError::Degenerate)?;
    let shares = MemberIndex::all(members)
        .map(|member| {
            polynomial
                .evaluate(member.0 + 1)
                .ok_or(DealError::Degenerate)
        })
        .collect::<Result<Vec<_>, _>>()?;
    let commitment = polynomial.commitment();
    let keys = PublicKeys {
        commitment: commitment
            .iter()
            .map(|point| FixedBytes(point.compress()))
            .collect(),
        public_key_2: FixedBytes(G2Point::generator().times_secret(secret).compress()),
        share_keys: shares.iter().map(share_key).collect(),
    };
    Ok(Dealing { keys, shares })
}

fn share_key(share: &SecretScalar) -> ShareKey {
    ShareKey {
        g1: FixedBytes(G1Point::generator().times_secret(share).compress()),
        g2: FixedBytes(G2Point::generator().times_secret(share).compress()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sealbid_crypto::{CommitteeKeys, KeyShare};
    use sealbid_types::id::{AuctionId, Epoch};

    const AUCTION: AuctionId = AuctionId(FixedBytes([1; 32]));

    #[test]
    fn every_allowed_size_deals_keys_that_pass_every_check() {
        for members in 3..=16 {
            for quorum in members / 2 + 1..=members {
                let dealing = deal(members, quorum, &[members; 32]).unwrap();
                let keys = CommitteeKeys::new(&dealing.keys, quorum).unwrap();
                assert_eq!(
                    (keys.members(), keys.quorum()),
                    (members, usize::from(quorum))
                );
                for (member, share) in MemberIndex::all(members).zip(dealing.shares) {
                    KeyShare::new(&keys, AUCTION, Epoch(0), member, share).unwrap();
                }
            }
        }
    }

    #[test]
    fn sizes_out_of_bounds_are_refused() {
        for (members, quorum) in [(2, 2), (17, 12), (4, 2), (6, 3), (4, 5), (4, 0), (0, 0)] {
            let error = deal(members, quorum, &[0; 32]).unwrap_err();
            assert_eq!(error, DealError::Quorum { quorum, members });
        }
    }

    #[test]
    fn a_share_belongs_to_its_member_and_dealing() {
        let dealing = deal(4, 3, &[1; 32]).unwrap();
        let keys = CommitteeKeys::new(&dealing.keys, 3).unwrap();
        let mut shares = dealing.shares.into_iter();
        let first = shares.next().unwrap();
        assert!(KeyShare::new(&keys, AUCTION, Epoch(0), MemberIndex(1), first).is_err());
        let other = deal(4, 3, &[2; 32]).unwrap().shares.remove(0);
        assert!(KeyShare::new(&keys, AUCTION, Epoch(0), MemberIndex(0), other).is_err());
        let nobody = shares.next().unwrap();
        assert!(KeyShare::new(&keys, AUCTION, Epoch(0), MemberIndex(4), nobody).is_err());
    }

    /// The same polynomial through threshold_crypto: its key set, its shares.
    #[test]
    fn threshold_crypto_agrees_on_keys_and_shares() {
        let dealing = deal(7, 5, &[3; 32]).unwrap();
        let keys = CommitteeKeys::new(&dealing.keys, 5).unwrap();
        let reference = keys.public_key_set();
        assert_eq!(reference.threshold(), 4);
        assert_eq!(
            reference.public_key().to_bytes(),
            dealing.keys.commitment[0].0
        );
        for (i, (share, key)) in dealing
            .shares
            .iter()
            .zip(&dealing.keys.share_keys)
            .enumerate()
        {
            assert_eq!(reference.public_key_share(i).to_bytes(), key.g1.0);
            let limbs = share.expose(|bytes| {
                [0, 8, 16, 24].map(|at| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap()))
            });
            use threshold_crypto::ff::PrimeField;
            let mut secret =
                threshold_crypto::Fr::from_repr(threshold_crypto::FrRepr(limbs)).unwrap();
            let secret = threshold_crypto::SecretKeyShare::from_mut(&mut secret);
            assert_eq!(secret.public_key_share().to_bytes(), key.g1.0);
        }
    }

    #[test]
    fn nothing_secret_is_shown() {
        let dealing = deal(3, 2, &[5; 32]).unwrap();
        assert!(format!("{:?}", dealing.shares).contains("redacted"));
        assert!(
            format!("{:?}", Polynomial::derive(DEALER_POLYNOMIAL, &[5; 32], 2))
                .contains("redacted")
        );
    }
}
