//! The committee's public keys, read and checked once.

use sealbid_types::committee::{MEMBERS, PublicKeys, ShareKey};
use sealbid_types::id::MemberIndex;
use zeroize::Zeroizing;

use crate::batch::Transcript;
use crate::domain;
use crate::group::{
    G1Point, G1Sum, G2Point, KeySet, LinearCombination, PairingProduct, PointError,
    multiples_of_generators_agree, read_key_set, short_combination_g2,
};
use crate::lagrange::common_denominator;

/// Which of the committee's keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyName {
    /// A coefficient of the sharing polynomial in G1, by its power; 0 is the committee key.
    Coefficient(usize),
    /// The committee key in G2.
    PublicKey2,
    /// A member's key in G1.
    ShareKey(MemberIndex),
    /// A member's key in G2.
    ShareKey2(MemberIndex),
}

impl core::fmt::Display for KeyName {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Coefficient(power) => write!(f, "coefficient {power}"),
            Self::PublicKey2 => write!(f, "the committee key in G2"),
            Self::ShareKey(member) => write!(f, "the share key of {member}"),
            Self::ShareKey2(member) => write!(f, "the share key of {member} in G2"),
        }
    }
}

/// What is wrong with a committee's keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeysError {
    /// n or q is out of bounds.
    #[error("a quorum of {quorum} of {members}: 3 to 16 members, and more than half of them")]
    Quorum {
        /// q.
        quorum: u8,
        /// n.
        members: u8,
    },
    /// Not q coefficients.
    #[error("{found} coefficients, expected {expected}")]
    Coefficients {
        /// q.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// Not n share keys.
    #[error("{found} share keys, expected {expected}")]
    ShareKeys {
        /// n.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// A key is not a point of its group, or is the identity.
    #[error("{key}: {error}")]
    Point {
        /// Which.
        key: KeyName,
        /// Why.
        error: PointError,
    },
    /// A member's key does not lie on the committed polynomial.
    #[error("the share key of {0} is not on the committed polynomial")]
    OffPolynomial(MemberIndex),
    /// A key in G2 is not the twin of the one in G1.
    #[error("{0} does not belong to its twin in G1")]
    Twin(KeyName),
    /// `threshold_crypto` does not take the commitment.
    #[error("threshold_crypto does not take the commitment")]
    Reference,
}

/// A member's share key in both groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShareKeyPoints {
    /// `g^{s_i}`
    pub g1: G1Point,
    /// `g2^{s_i}`
    pub g2: G2Point,
}

/// The public keys of a committee of n with quorum q, every one of them checked.
#[derive(Debug, Clone)]
pub struct CommitteeKeys {
    quorum: u8,
    denominator: u64,
    /// `g2^Δ`
    pub(crate) scaled_generator_2: G2Point,
    public_key: G1Point,
    public_key_2: G2Point,
    share_keys: Vec<ShareKeyPoints>,
    reference: KeySet,
}

impl CommitteeKeys {
    /// Reads and checks `keys` for a quorum of `quorum`; n is the number of share keys.
    ///
    /// # Errors
    /// [`KeysError`], the first that is found.
    pub fn new(keys: &PublicKeys, quorum: u8) -> Result<Self, KeysError> {
        let (members, denominator) = check_sizes(keys, quorum)?;
        let coefficients = read_coefficients(keys)?;
        let public_key_2 = read_g2(KeyName::PublicKey2, &keys.public_key_2.0)?;
        let share_keys = members
            .clone()
            .zip(&keys.share_keys)
            .map(|(member, key)| read_share_key(member, key))
            .collect::<Result<Vec<_>, _>>()?;
        for (member, key) in members.zip(&share_keys) {
            // The committed polynomial at the member's point: `Π C_k^(x^k)`.
            let x = member.0.saturating_add(1);
            if G1Point::polynomial_at(&coefficients, x) != Some(key.g1) {
                return Err(KeysError::OffPolynomial(member));
            }
        }
        let public_key = *coefficients.first().ok_or(KeysError::Reference)?;
        check_twins(public_key, public_key_2, &share_keys)?;
        let scaled = [(u128::from(denominator), G2Point::generator())];
        Ok(Self {
            quorum,
            denominator,
            scaled_generator_2: short_combination_g2(&scaled)
                .to_point()
                .ok_or(KeysError::Reference)?,
            public_key,
            public_key_2,
            share_keys,
            reference: read_key_set(&keys.commitment).ok_or(KeysError::Reference)?,
        })
    }

    /// n.
    #[must_use]
    pub fn members(&self) -> u8 {
        // At most 16, by `check_sizes`.
        u8::try_from(self.share_keys.len()).unwrap_or(u8::MAX)
    }

    /// q.
    #[must_use]
    pub const fn quorum(&self) -> usize {
        self.quorum as usize
    }

    /// Δ(n, q).
    #[must_use]
    pub const fn denominator(&self) -> u64 {
        self.denominator
    }

    /// pk, in G1.
    #[must_use]
    pub const fn public_key(&self) -> &G1Point {
        &self.public_key
    }

    /// pk2, in G2.
    #[must_use]
    pub const fn public_key_2(&self) -> &G2Point {
        &self.public_key_2
    }

    /// A member's key in both groups.
    #[must_use]
    pub fn share_key(&self, member: MemberIndex) -> Option<&ShareKeyPoints> {
        self.share_keys.get(member.as_usize())
    }

    /// The same keys for `threshold_crypto`.
    #[must_use]
    pub const fn public_key_set(&self) -> &KeySet {
        &self.reference
    }
}

fn check_sizes(
    keys: &PublicKeys,
    quorum: u8,
) -> Result<(impl Iterator<Item = MemberIndex> + Clone + use<>, u64), KeysError> {
    let found = keys.share_keys.len();
    let expected = usize::from(*MEMBERS.end());
    let members = u8::try_from(found).map_err(|_| KeysError::ShareKeys { expected, found })?;
    let denominator = common_denominator(members, quorum);
    let denominator = denominator.ok_or(KeysError::Quorum { quorum, members })?;
    let (expected, found) = (usize::from(quorum), keys.commitment.len());
    if expected != found {
        return Err(KeysError::Coefficients { expected, found });
    }
    Ok(((0..members).map(MemberIndex), denominator))
}

fn read_coefficients(keys: &PublicKeys) -> Result<Vec<G1Point>, KeysError> {
    let read = |(power, bytes): (usize, &sealbid_types::bytes::FixedBytes<48>)| {
        read_g1(KeyName::Coefficient(power), &bytes.0)
    };
    keys.commitment.iter().enumerate().map(read).collect()
}

fn read_share_key(member: MemberIndex, key: &ShareKey) -> Result<ShareKeyPoints, KeysError> {
    Ok(ShareKeyPoints {
        g1: read_g1(KeyName::ShareKey(member), &key.g1.0)?,
        g2: read_g2(KeyName::ShareKey2(member), &key.g2.0)?,
    })
}

fn read_g1(key: KeyName, bytes: &[u8; 48]) -> Result<G1Point, KeysError> {
    G1Point::decompress(bytes).map_err(|error| KeysError::Point { key, error })
}

fn read_g2(key: KeyName, bytes: &[u8; 96]) -> Result<G2Point, KeysError> {
    G2Point::decompress(bytes).map_err(|error| KeysError::Point { key, error })
}

/// `e(Σ ρ_i pk_i, g2) = e(g, Σ ρ_i pk2_i)` over the committee key and all share keys; one by one,
/// to name the bad one, only if that fails. The keys are fixed before ρ can be known.
fn check_twins(
    public_key: G1Point,
    public_key_2: G2Point,
    share_keys: &[ShareKeyPoints],
) -> Result<(), KeysError> {
    let names = (0u8..).map(|i| KeyName::ShareKey2(MemberIndex(i)));
    let named = core::iter::once(KeyName::PublicKey2).chain(names);
    let pairs: Vec<(KeyName, G1Point, G2Point)> = core::iter::once((public_key, public_key_2))
        .chain(share_keys.iter().map(|key| (key.g1, key.g2)))
        .zip(named)
        .map(|((g1, g2), name)| (name, g1, g2))
        .collect();
    if twins_agree(&pairs, &twin_weights(&pairs)) {
        return Ok(());
    }
    // Only a key that is bad by itself is blamed: where none is, the sums agree whatever the
    // weights, and one would be called a liar for an error of this check.
    let bad = pairs
        .iter()
        .find(|(_, g1, g2)| !multiples_of_generators_agree(g1, g2));
    bad.map_or(Ok(()), |(name, ..)| Err(KeysError::Twin(*name)))
}

fn twin_weights(pairs: &[(KeyName, G1Point, G2Point)]) -> Zeroizing<Vec<u128>> {
    let mut transcript = Transcript::public(domain::BATCH_KEYS);
    for (_, g1, g2) in pairs {
        transcript.update(&g1.compress());
        transcript.update(&g2.compress());
    }
    transcript.coefficients().take(pairs.len())
}

fn twins_agree(pairs: &[(KeyName, G1Point, G2Point)], weights: &[u128]) -> bool {
    let mut in_g1 = LinearCombination::with_capacity(pairs.len());
    let mut in_g2 = Vec::with_capacity(pairs.len());
    for ((_, g1, g2), weight) in pairs.iter().zip(weights) {
        in_g1.add_short(*weight, g1.as_curve_point());
        in_g2.push((*weight, *g2));
    }
    let left = PairingProduct::default().times_sum(&in_g1.sum(), &G2Point::generator());
    match short_combination_g2(&in_g2).to_point() {
        Some(in_g2) => left
            .over_sum(&G1Sum::from(G1Point::generator().as_curve_point()), &in_g2)
            .is_one(),
        // The identity's pairing with anything is one.
        None => left.is_one(),
    }
}

#[cfg(test)]
mod tests;
