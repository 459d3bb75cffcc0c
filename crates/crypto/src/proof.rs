//! The proof that travels with a sealed part: whoever made u knew r, and sealed this very body
//! under this very label. TDH2 (Shoup and Gennaro, Securing Threshold Cryptosystems against Chosen
//! Ciphertext Attack, J. Cryptology 15, 2002), in the form that carries the commitments a and ā, so
//! that the verification equations are linear and batch.
//!
//! Equations are *cofactored*: both sides are multiplied by 1 - z, which kills all torsion and nothing
//! of G1 (see [`crate::group::G1Sum::clear_cofactor`]). So they hold up to torsion, alone and in a
//! batch alike, and every member judges alike (the point of ZIP 215 and of Chalkias et al., ePrint
//! 2020/1244): a small-exponents batch over a group whose order has small factors would otherwise let
//! a point of order 3 through with one weight in three. Only u is ever multiplied by a secret, and u
//! must lie in the subgroup.

use std::sync::LazyLock;

use sealbid_types::envelope::SealedPart;

use crate::admit::{PartPoint, RefusalReason};
use crate::batch::{BatchSecret, Coefficients, Transcript, bisect};
use crate::domain;
use crate::group::{CurvePoint, G1Point, LinearCombination, PointError, Scalar, hash_to_g1};
use crate::padding::CLASSES;

/// Bytes of the tag behind a padded plaintext.
pub(crate) const TAG_BYTES: usize = 16;

/// The second generator ḡ.
pub(crate) fn second_generator() -> G1Point {
    static SECOND: LazyLock<G1Point> = LazyLock::new(|| {
        hash_to_g1(
            domain::SECOND_GENERATOR.as_bytes(),
            domain::SECOND_GENERATOR_DST,
        )
    });
    *SECOND
}

/// The hash that the challenge is cut from: all of the sealed part but the response, and the label.
pub(crate) struct ChallengeDigest(pub(crate) [u8; 32]);

/// The four points of a proof, as they travel.
pub(crate) struct Commitments<'a> {
    pub(crate) u: &'a [u8; 96],
    pub(crate) u_bar: &'a [u8; 96],
    pub(crate) a: &'a [u8; 96],
    pub(crate) a_bar: &'a [u8; 96],
}

impl ChallengeDigest {
    pub(crate) fn of(
        label: &[u8],
        commitment: &[u8; 32],
        body: &[u8],
        points: &Commitments<'_>,
    ) -> Self {
        let mut body_hasher = domain::hasher(domain::BODY);
        body_hasher.update(body);
        let mut hasher = domain::hasher(domain::CHALLENGE);
        domain::update_bounded(&mut hasher, label);
        hasher.update(commitment);
        hasher.update(body_hasher.finalize().as_bytes());
        for point in [points.u, points.u_bar, points.a, points.a_bar] {
            hasher.update(point);
        }
        Self(*hasher.finalize().as_bytes())
    }

    /// e: the first 128 bits, little endian.
    pub(crate) fn challenge(&self) -> u128 {
        let (first, _) = self.0.split_at(16);
        first
            .iter()
            .rev()
            .fold(0, |e, byte| e << 8 | u128::from(*byte))
    }
}

/// A sealed part whose points are on the curve and whose response is canonical.
pub(crate) struct Decoded {
    /// Not known to be in the subgroup.
    pub(crate) u: CurvePoint,
    u_bar: CurvePoint,
    a: CurvePoint,
    a_bar: CurvePoint,
    response: Scalar,
    pub(crate) digest: ChallengeDigest,
}

impl Decoded {
    /// Reads `part` as sealed under `label`.
    pub(crate) fn read(label: &[u8], part: &SealedPart) -> Result<Self, RefusalReason> {
        let length = part.body.0.len();
        if !CLASSES.iter().any(|class| class + TAG_BYTES == length) {
            return Err(RefusalReason::BodyLength(length));
        }
        let response = part.response.as_bytes();
        let response = Scalar::decode(response).map_err(|_| RefusalReason::Response)?;
        let point = |which, bytes| {
            CurvePoint::decode(bytes).map_err(|error| RefusalReason::Point { which, error })
        };
        let points = Commitments {
            u: part.u.as_bytes(),
            u_bar: part.u_bar.as_bytes(),
            a: part.a.as_bytes(),
            a_bar: part.a_bar.as_bytes(),
        };
        Ok(Self {
            u: point(PartPoint::U, points.u)?,
            u_bar: point(PartPoint::UBar, points.u_bar)?,
            a: point(PartPoint::A, points.a)?,
            a_bar: point(PartPoint::ABar, points.a_bar)?,
            response,
            digest: ChallengeDigest::of(label, part.commitment.as_bytes(), &part.body.0, &points),
        })
    }

    /// The proof, given what the subgroup test made of u.
    pub(crate) fn with_u(self, u: Option<G1Point>) -> Result<Proof, RefusalReason> {
        let (which, error) = (PartPoint::U, PointError::OffSubgroup);
        Ok(Proof {
            u: u.ok_or(RefusalReason::Point { which, error })?,
            u_bar: self.u_bar,
            a: self.a,
            a_bar: self.a_bar,
            response: self.response,
            challenge: self.digest.challenge(),
            digest: self.digest,
        })
    }
}

/// A proof with u in the subgroup. Whether it holds is another question.
pub(crate) struct Proof {
    pub(crate) u: G1Point,
    u_bar: CurvePoint,
    a: CurvePoint,
    a_bar: CurvePoint,
    response: Scalar,
    challenge: u128,
    digest: ChallengeDigest,
}

impl Proof {
    /// Checks `[1-z](y g - a - e u) = 0` and `[1-z](y ḡ - ā - e ū) = 0`.
    pub(crate) fn holds(&self) -> bool {
        let equation = |generator: G1Point, a: &CurvePoint, u: &CurvePoint| {
            let mut sum = LinearCombination::with_capacity(4);
            sum.add(self.response, generator.as_curve_point());
            sum.add_short(self.challenge, &u.negate());
            sum.add_short(1, &a.negate());
            sum.sum().clear_cofactor().is_identity()
        };
        equation(G1Point::generator(), &self.a, self.u.as_curve_point())
            && equation(second_generator(), &self.a_bar, &self.u_bar)
    }
}

/// Positions in `proofs` of those that do not hold, in order. [`Proof::holds`] would reject the
/// same ones; a wrong one slips through with probability 2^-128.
pub(crate) fn find_false(proofs: &[&Proof], secret: &BatchSecret) -> Vec<usize> {
    let mut transcript = Transcript::new(domain::BATCH_ADMISSION, secret);
    for proof in proofs {
        // The digest covers label, body and points.
        transcript.update(&proof.digest.0);
        transcript.update(&proof.response.encode());
    }
    let weights = draw_pairs(transcript.coefficients(), proofs.len());
    let weighted: Vec<_> = proofs.iter().copied().zip(weights).collect();
    let all: Vec<usize> = (0..proofs.len()).collect();
    bisect(&all, all.len(), &mut |set| {
        let chosen: Vec<_> = set
            .iter()
            .filter_map(|at| weighted.get(*at).copied())
            .collect();
        all_hold(&chosen)
    })
}

fn draw_pairs(mut coefficients: Coefficients, count: usize) -> Vec<(u128, u128)> {
    (0..count)
        .map(|_| (coefficients.draw(), coefficients.draw()))
        .collect()
}

/// `[1-z] Σ_j ( ρ_j (y_j g - a_j - e_j u_j) + ρ'_j (y_j ḡ - ā_j - e_j ū_j) ) = 0`.
///
/// Products ρ e are reduced modulo r: off the subgroup that changes the sum by torsion only, which
/// the factor in front kills.
fn all_hold(weighted: &[(&Proof, (u128, u128))]) -> bool {
    let mut sum = LinearCombination::with_capacity(6 * weighted.len() + 4);
    let (mut on_g, mut on_g_bar) = (Scalar::ZERO, Scalar::ZERO);
    for (proof, (rho, rho_bar)) in weighted {
        let (weight, weight_bar) = (Scalar::from(*rho), Scalar::from(*rho_bar));
        let challenge = Scalar::from(proof.challenge);
        on_g = on_g + weight * proof.response;
        on_g_bar = on_g_bar + weight_bar * proof.response;
        sum.add(-(weight * challenge), proof.u.as_curve_point());
        sum.add(-(weight_bar * challenge), &proof.u_bar);
        sum.add_short(*rho, &proof.a.negate());
        sum.add_short(*rho_bar, &proof.a_bar.negate());
    }
    sum.add(on_g, G1Point::generator().as_curve_point());
    sum.add(on_g_bar, second_generator().as_curve_point());
    sum.sum().clear_cofactor().is_identity()
}
