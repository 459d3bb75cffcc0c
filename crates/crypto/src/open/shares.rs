//! One member's decryption shares, looked at by themselves.

use rayon::prelude::*;
use sealbid_types::bytes::FixedBytes;
use sealbid_types::envelope::Part;
use sealbid_types::id::{EnvelopeId, MemberIndex};

use super::equation::Equations;
use super::points::in_subgroup;
use crate::admit::CheckedPart;
use crate::batch::BatchSecret;
use crate::domain;
use crate::group::{CurvePoint, PointError};
use crate::keys::CommitteeKeys;

/// What is wrong with a list of decryption shares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ShareFault {
    /// There are more or fewer than parts.
    #[error("{found} shares, expected {expected}")]
    Count {
        /// How many parts there are.
        expected: usize,
        /// How many shares there are.
        found: usize,
    },
    /// One is no point of G1.
    #[error("the share of {part:?} of envelope {envelope}: {error}")]
    Point {
        /// The envelope.
        envelope: EnvelopeId,
        /// The part.
        part: Part,
        /// Why.
        error: PointError,
    },
    /// One is a point of G1, but not the right one.
    #[error("the share of {part:?} of envelope {envelope} is wrong")]
    Wrong {
        /// The envelope.
        envelope: EnvelopeId,
        /// The part.
        part: Part,
    },
    /// The committee has no such member.
    #[error("no such member")]
    NoSuchMember,
}

/// Checks one member's shares of `parts`: what is done with the evidence against a liar.
///
/// # Errors
/// [`ShareFault`], of the first share that is no point; else of the first outside G1; else of the
/// first that is wrong.
pub fn verify_shares(
    keys: &CommitteeKeys,
    member: MemberIndex,
    parts: &[&CheckedPart],
    shares: &[FixedBytes<96>],
    secret: &BatchSecret,
) -> Result<(), ShareFault> {
    let points = read_shares(keys, member, parts, shares)?;
    find_wrong_share(keys, member, parts, &points, secret).map_or(Ok(()), Err)
}

/// Reads a member's shares as points of the curve.
pub(super) fn read_shares(
    keys: &CommitteeKeys,
    member: MemberIndex,
    parts: &[&CheckedPart],
    values: &[FixedBytes<96>],
) -> Result<Vec<CurvePoint>, ShareFault> {
    if keys.share_key(member).is_none() {
        return Err(ShareFault::NoSuchMember);
    }
    if values.len() != parts.len() {
        return Err(ShareFault::Count {
            expected: parts.len(),
            found: values.len(),
        });
    }
    let read = |(part, value): (&&CheckedPart, &FixedBytes<96>)| {
        CurvePoint::decode(&value.0).map_err(|error| point_fault(part, error))
    };
    // All are read before the first fault is looked for: which one that is must not vary.
    let points: Vec<Result<CurvePoint, ShareFault>> =
        parts.par_iter().zip(values).map(read).collect();
    points.into_iter().collect()
}

fn point_fault(part: &CheckedPart, error: PointError) -> ShareFault {
    ShareFault::Point {
        envelope: part.envelope(),
        part: part.part(),
        error,
    }
}

/// The first of a member's shares that is wrong: `e(S_ij, g2^Δ) = e(u_j, pk2_i)` for all j, with
/// every S_ij in G1.
pub(super) fn find_wrong_share(
    keys: &CommitteeKeys,
    member: MemberIndex,
    parts: &[&CheckedPart],
    points: &[CurvePoint],
    secret: &BatchSecret,
) -> Option<ShareFault> {
    let Some(key) = keys.share_key(member) else {
        return Some(ShareFault::NoSuchMember);
    };
    let mut pairs = Vec::with_capacity(parts.len());
    for (part, point) in parts.iter().zip(in_subgroup(points, secret)) {
        match point {
            Some(point) => pairs.push((point, part.u)),
            None => return Some(point_fault(part, PointError::OffSubgroup)),
        }
    }
    let left = keys.scaled_generator_2;
    let equations = Equations::new(domain::BATCH_SHARES, secret, pairs, left, key.g2);
    let first = equations.find_false(1).first().copied()?;
    let part = parts.get(first)?;
    Some(ShareFault::Wrong {
        envelope: part.envelope(),
        part: part.part(),
    })
}
