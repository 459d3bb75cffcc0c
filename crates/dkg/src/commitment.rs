//! Commitments to polynomials, in both groups, and their values.

use sealbid_crypto::group::{G1Point, G2Point};
use sealbid_types::bytes::FixedBytes;
use sealbid_types::committee::{PublicKeys, ShareKey};
use sealbid_types::id::MemberIndex;

/// The same polynomial in both groups, lowest power first.
#[derive(Debug, Clone)]
pub(crate) struct PolynomialCommitment {
    pub(crate) g1: Vec<G1Point>,
    pub(crate) g2: Vec<G2Point>,
}

impl PolynomialCommitment {
    /// The sum of commitments to `quorum` coefficients each; none if a coefficient of it is the
    /// identity, as one in 2^255 is.
    pub(crate) fn sum_of(commitments: &[&Self], quorum: u8) -> Option<Self> {
        // `check_all` has counted: every dealing has a coefficient of each power, and none is left
        // out.
        let powers = || 0..usize::from(quorum);
        let g1 = powers().map(|power| {
            let points = commitments.iter().filter_map(|each| each.g1.get(power));
            G1Point::sum_of(points)
        });
        let g2 = powers().map(|power| {
            let points = commitments.iter().filter_map(|each| each.g2.get(power));
            G2Point::sum_of(points)
        });
        Some(Self {
            g1: g1.collect::<Option<_>>()?,
            g2: g2.collect::<Option<_>>()?,
        })
    }

    /// `g^{f(i + 1)}`.
    pub(crate) fn share_key(&self, member: MemberIndex) -> Option<G1Point> {
        G1Point::polynomial_at(&self.g1, at(member))
    }

    /// `g2^{f(i + 1)}`.
    fn share_key_2(&self, member: MemberIndex) -> Option<G2Point> {
        G2Point::polynomial_at(&self.g2, at(member))
    }

    /// The keys of a committee with this polynomial; none if one of them is the identity.
    pub(crate) fn public_keys(&self, members: u8) -> Option<PublicKeys> {
        let share_keys = MemberIndex::all(members).map(|member| {
            // From the commitments, in G2 too: no member has to be asked for its own (protocol.md
            // 8).
            Some(ShareKey {
                g1: FixedBytes(self.share_key(member)?.compress()),
                g2: FixedBytes(self.share_key_2(member)?.compress()),
            })
        });
        Some(PublicKeys {
            commitment: self
                .g1
                .iter()
                .map(|point| FixedBytes(point.compress()))
                .collect(),
            public_key_2: FixedBytes(self.g2.first()?.compress()),
            share_keys: share_keys.collect::<Option<_>>()?,
        })
    }
}

/// Where a member's share is the polynomial's value.
/// Counted from one: the value at zero is the secret itself, and nobody's share.
const fn at(member: MemberIndex) -> u8 {
    member.0.saturating_add(1)
}
