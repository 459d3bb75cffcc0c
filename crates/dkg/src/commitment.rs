//! Commitments to polynomials, in both groups, and their values.

use sealbid_crypto::group::{G1Point, G1Sum, G2Point, G2Sum};
use sealbid_types::bytes::FixedBytes;
use sealbid_types::committee::{PublicKeys, ShareKey};
use sealbid_types::id::MemberIndex;

/// A sum in G1 or G2.
pub(crate) trait Sum: Copy {
    const IDENTITY: fn() -> Self;
    fn plus(self, other: &Self) -> Self;
    fn times(self, factor: u8) -> Self;
}

impl Sum for G1Sum {
    const IDENTITY: fn() -> Self = Self::identity;

    fn plus(mut self, other: &Self) -> Self {
        self.add(other);
        self
    }

    fn times(self, factor: u8) -> Self {
        self.times_small(factor)
    }
}

impl Sum for G2Sum {
    const IDENTITY: fn() -> Self = Self::identity;

    fn plus(mut self, other: &Self) -> Self {
        self.add(other);
        self
    }

    fn times(self, factor: u8) -> Self {
        self.times_small(factor)
    }
}

/// `Σ_k coefficient_k (i + 1)^k` for member i, by Horner's rule: the exponents are small.
pub(crate) fn evaluate<S: Sum>(coefficients: &[S], member: MemberIndex) -> S {
    let x = member.0.saturating_add(1);
    let highest_first = coefficients.iter().rev();
    highest_first.fold(S::IDENTITY(), |sum, next| sum.times(x).plus(next))
}

/// The same polynomial in both groups.
#[derive(Debug, Clone)]
pub(crate) struct Commitment {
    pub(crate) g1: Vec<G1Point>,
    pub(crate) g2: Vec<G2Point>,
}

/// The sum of all dealers' commitments.
pub(crate) struct CommitmentSum {
    pub(crate) g1: Vec<G1Sum>,
    g2: Vec<G2Sum>,
}

impl Commitment {
    /// `g^{f(i + 1)}`.
    pub(crate) fn share_key(&self, member: MemberIndex) -> Option<G1Point> {
        let coefficients: Vec<G1Sum> = self.g1.iter().map(of_g1).collect();
        point(&evaluate(&coefficients, member))
    }
}

impl CommitmentSum {
    /// Adds up commitments to `quorum` coefficients each.
    pub(crate) fn of<'a>(
        commitments: impl Iterator<Item = &'a Commitment> + Clone,
        quorum: u8,
    ) -> Self {
        let mut sum = Self {
            g1: vec![G1Sum::identity(); usize::from(quorum)],
            g2: vec![G2Sum::identity(); usize::from(quorum)],
        };
        for commitment in commitments {
            for (sum, point) in sum.g1.iter_mut().zip(&commitment.g1) {
                sum.add(&of_g1(point));
            }
            for (sum, point) in sum.g2.iter_mut().zip(&commitment.g2) {
                sum.add(&G2Sum::from(point));
            }
        }
        sum
    }

    /// The committee's keys; none if one of them is the identity, as one in 2^255 is.
    pub(crate) fn public_keys(&self, members: u8) -> Option<PublicKeys> {
        let commitment = self.g1.iter().map(|sum| Some(compress(&point(sum)?)));
        let share_keys = MemberIndex::all(members).map(|member| {
            Some(ShareKey {
                g1: compress(&point(&evaluate(&self.g1, member))?),
                g2: FixedBytes(evaluate(&self.g2, member).to_point()?.compress()),
            })
        });
        Some(PublicKeys {
            commitment: commitment.collect::<Option<_>>()?,
            public_key_2: FixedBytes(self.g2.first()?.to_point()?.compress()),
            share_keys: share_keys.collect::<Option<_>>()?,
        })
    }

    /// `g^{s_i}`.
    pub(crate) fn share_key(&self, member: MemberIndex) -> Option<G1Point> {
        point(&evaluate(&self.g1, member))
    }
}

fn of_g1(point: &G1Point) -> G1Sum {
    G1Sum::from(point.as_curve_point())
}

/// A sum of points of G1 is in G1.
fn point(sum: &G1Sum) -> Option<G1Point> {
    sum.to_point()?.in_subgroup()
}

fn compress(point: &G1Point) -> FixedBytes<48> {
    FixedBytes(point.compress())
}
