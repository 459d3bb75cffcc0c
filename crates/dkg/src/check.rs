//! Checking dealings, by what everybody can see of them.

use sealbid_crypto::group::{
    G1Point, G2Point, LinearCombination, PairingProduct, PointError, short_combination_g2,
};
use sealbid_types::bytes::FixedBytes;
use sealbid_types::id::MemberIndex;

use crate::commitment::PolynomialCommitment;
use crate::context;
use crate::fault::{Fault, FaultReason, Void};
use crate::message::Dealing;
use crate::proof::{Dealer, Possessed};
use crate::session::Session;
use crate::signed::Signed;

/// Which point of a dealing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DealtPoint {
    /// `g^{a_k}`.
    Coefficient(usize),
    /// `g2^{a_k}`.
    Coefficient2(usize),
    /// R.
    EphemeralKey,
}

impl core::fmt::Display for DealtPoint {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Coefficient(power) => write!(f, "coefficient {power}"),
            Self::Coefficient2(power) => write!(f, "coefficient {power} in G2"),
            Self::EphemeralKey => f.write_str("the ephemeral key"),
        }
    }
}

/// What is wrong with a dealing: its signature shows that the dealer made it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DealingError {
    /// Not q coefficients: the polynomial's degree would be another.
    #[error("{found} coefficients, expected exactly {expected}")]
    Coefficients {
        /// q.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// Not n payloads.
    #[error("{found} payloads, expected {expected}")]
    Payloads {
        /// n.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// A point is not in its group, or is the identity.
    #[error("{point}: {error}")]
    Point {
        /// Which.
        point: DealtPoint,
        /// Why.
        error: PointError,
    },
    /// The dealer does not show that it knows its secret, in this session and with this index.
    #[error("no proof of possession of the secret")]
    Possession,
    /// The dealer does not show that it knows the secret of its ephemeral key: it may be another's.
    #[error("no proof of possession of the ephemeral key's secret")]
    EphemeralPossession,
    /// The commitments in G1 and in G2 are not to the same polynomial.
    #[error("the commitments in both groups differ")]
    Twins,
}

/// A dealing whose points are what they should be.
pub(crate) struct ReadDealing {
    pub(crate) dealer: MemberIndex,
    /// q points in each group. [`check_all`] holds the groups against each other.
    pub(crate) commitment: PolynomialCommitment,
    pub(crate) ephemeral_key: G1Point,
}

/// Checks the dealings of all members, in their order: SimplPedPop, step 2, but for the shares.
pub(crate) fn check_all(
    session: &Session,
    dealings: &[&Signed<Dealing>],
) -> Result<Vec<ReadDealing>, Void> {
    // All faults are collected, not the first alone: whoever has these dealings names the same
    // culprits.
    let (mut read, mut faults) = (Vec::with_capacity(dealings.len()), Vec::new());
    for dealing in dealings {
        match read_dealing(session, &dealing.body) {
            Ok(dealing) => read.push(dealing),
            Err(error) => {
                let reason = FaultReason::Dealing(error);
                faults.push(Fault::of(dealing.body.dealer, reason));
            }
        }
    }
    // Of those that could be read. Whoever made the others is named by now.
    faults.extend(twin_faults(&read));
    faults.extend(same_secret_faults(&read));
    if faults.is_empty() {
        Ok(read)
    } else {
        Err(Void { faults })
    }
}

/// Reads one dealing: degree, points and proofs of possession.
pub(crate) fn read_dealing(
    session: &Session,
    dealing: &Dealing,
) -> Result<ReadDealing, DealingError> {
    // Sizes first: a list as long as a liar likes then costs a comparison, and no test of each
    // point's group.
    check_sizes(session, dealing)?;
    let commitment = PolynomialCommitment {
        g1: read_all(&dealing.commitment, DealtPoint::Coefficient, |bytes| {
            G1Point::decode(&bytes.0)
        })?,
        g2: read_all(&dealing.commitment_2, DealtPoint::Coefficient2, |bytes| {
            G2Point::decode(&bytes.0)
        })?,
    };
    let point = DealtPoint::EphemeralKey;
    let ephemeral_key = G1Point::decompress(&dealing.ephemeral_key.0)
        .map_err(|error| DealingError::Point { point, error })?;
    let dealer = Dealer {
        session: session.id(),
        index: dealing.dealer,
    };
    let secret = commitment.g1.first();
    if !secret.is_some_and(|public| dealing.proof.holds(dealer, Possessed::Secret, public)) {
        return Err(DealingError::Possession);
    }
    // Before anybody opens a payload: what an honest recipient shows in a complaint is then a point
    // that the dealer could have computed itself.
    let ephemeral = &dealing.ephemeral_proof;
    if !ephemeral.holds(dealer, Possessed::Ephemeral, &ephemeral_key) {
        return Err(DealingError::EphemeralPossession);
    }
    Ok(ReadDealing {
        dealer: dealing.dealer,
        commitment,
        ephemeral_key,
    })
}

/// Exactly q coefficients, in both groups: a longer polynomial would raise the number of members
/// that it takes to use the key, and every share would fit it all the same.
fn check_sizes(session: &Session, dealing: &Dealing) -> Result<(), DealingError> {
    let expected = usize::from(session.quorum());
    for found in [dealing.commitment.len(), dealing.commitment_2.len()] {
        if found != expected {
            return Err(DealingError::Coefficients { expected, found });
        }
    }
    let (expected, found) = (usize::from(session.members()), dealing.payloads.len());
    if found != expected {
        return Err(DealingError::Payloads { expected, found });
    }
    Ok(())
}

/// Reads the coefficients of one commitment, each named by its power.
fn read_all<const BYTES: usize, P>(
    items: &[FixedBytes<BYTES>],
    name: impl Fn(usize) -> DealtPoint,
    read: impl Fn(&FixedBytes<BYTES>) -> Result<P, PointError>,
) -> Result<Vec<P>, DealingError> {
    let named = |(power, item): (usize, &FixedBytes<BYTES>)| {
        let point = name(power);
        read(item).map_err(|error| DealingError::Point { point, error })
    };
    items.iter().enumerate().map(named).collect()
}

/// All commitments in one equation; one by one, to name the bad ones, only if that fails.
fn twin_faults(dealings: &[ReadDealing]) -> Vec<Fault> {
    if twins_agree(dealings) {
        return Vec::new();
    }
    let is_bad = |dealing: &&ReadDealing| !twins_agree(core::slice::from_ref(dealing));
    let fault = |dealing: &ReadDealing| {
        Fault::of(dealing.dealer, FaultReason::Dealing(DealingError::Twins))
    };
    dealings.iter().filter(is_bad).map(fault).collect()
}

/// `e(Σ ρ_k A_k, g2) = e(g, Σ ρ_k B_k)` over all commitments A in G1 and B in G2, each ρ of 128
/// bits from a hash of all of them.
fn twins_agree(dealings: &[ReadDealing]) -> bool {
    let pairs = || {
        let commitments = dealings.iter().map(|dealing| &dealing.commitment);
        commitments.flat_map(|commitment| commitment.g1.iter().zip(&commitment.g2))
    };
    // Over every point, so that nobody can fit a point to its weight.
    let mut hasher = blake3::Hasher::new_derive_key(context::BATCH_TWINS);
    for (first, second) in pairs() {
        hasher.update(&first.encode()).update(&second.encode());
    }
    let mut coefficients = hasher.finalize_xof();
    let mut sum = LinearCombination::with_capacity(pairs().count());
    let mut sum_2 = Vec::with_capacity(pairs().count());
    for (first, second) in pairs() {
        let mut coefficient = [0; 16];
        coefficients.fill(&mut coefficient);
        let coefficient = u128::from_le_bytes(coefficient);
        sum.add_short(coefficient, first.as_curve_point());
        sum_2.push((coefficient, *second));
    }
    let product = PairingProduct::default().times_sum(&sum.sum(), &G2Point::generator());
    // The identity pairs to one with anything: the left side must then be one by itself.
    match short_combination_g2(&sum_2).to_point() {
        Some(second) => product
            .times(G1Point::generator().negate().as_curve_point(), &second)
            .is_one(),
        None => product.is_one(),
    }
}

/// Two proofs of possession for one secret, or for one and its negative: both dealers know it.
/// Two whose secrets cancel would have no part in the key, and two that are equal are one party in
/// two seats. The proofs alone do not show either.
fn same_secret_faults(dealings: &[ReadDealing]) -> Vec<Fault> {
    let secrets: Vec<(MemberIndex, G1Point)> = dealings
        .iter()
        .filter_map(|dealing| Some((dealing.dealer, *dealing.commitment.g1.first()?)))
        .collect();
    let same = |one: &G1Point, other: &G1Point| one == other || one.negate() == *other;
    let mut faults = Vec::new();
    for (dealer, public) in &secrets {
        // A pair is met from both sides: who copied whom cannot be told, so both are named.
        let others = secrets.iter().filter(|(other, _)| other != dealer);
        for (other, _) in others.filter(|(_, theirs)| same(public, theirs)) {
            faults.push(Fault::of(*dealer, FaultReason::SameSecret(*other)));
        }
    }
    faults
}
