//! Opening: from decryption shares, or from openings that others made.
//!
//! With S_ij member i's share of part j, pk2_i its key in G2 and Δ as in [`common_denominator`]:
//!
//! ```text
//! share i of j:   S_ij in G1  and  e(S_ij, g2^Δ) = e(u_j, pk2_i)
//! opening of j:    z_j in G1  and  e(z_j,  g2)   = e(u_j, pk2)
//! ```
//!
//! Openings are combined first and checked as one batch; shares are looked at only if that fails.
//! Nothing is decrypted, and nobody is blamed, by a z that was not checked: a z that is right, with
//! a body that does not open, is the submitter's fault; a z that is wrong is a member's.
//!
//! [`common_denominator`]: crate::common_denominator

mod equation;

use std::collections::BTreeMap;

use rayon::prelude::*;
use sealbid_types::bytes::FixedBytes;
use sealbid_types::envelope::Part;
use sealbid_types::id::{EnvelopeId, MemberIndex};
use sealbid_types::record::Opening;

use self::equation::Equations;
use crate::admit::CheckedPart;
use crate::batch::BatchSecret;
use crate::content::{ContentKey, Fault, Plaintext};
use crate::domain;
use crate::group::{CurvePoint, G1Point, G1Sum, G2Point, PointError, normalise};
use crate::keys::CommitteeKeys;
use crate::lagrange::share_combination;

/// Points that one core normalises at a time.
const CHUNK: usize = 256;

/// A part whose z was checked, and what is in it.
#[derive(Debug, PartialEq, Eq)]
pub struct OpenedPart {
    /// Envelope, part and z, as records keep them.
    pub opening: Opening,
    /// The plaintext, or why the submitter is to blame that there is none.
    pub content: Result<Plaintext, Fault>,
}

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

/// What q members opened.
#[derive(Debug, PartialEq, Eq)]
pub struct Opened {
    /// The parts, in the order they were given.
    pub parts: Vec<OpenedPart>,
    /// Members whose shares were seen to be wrong, and the first wrong one of each. Shares beyond
    /// the first q members' are not looked at closely unless one of those is wrong.
    pub liars: BTreeMap<MemberIndex, ShareFault>,
}

/// Fewer than q members gave right shares.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("right decryption shares of {right} members, {needed} needed")]
pub struct OpenError {
    /// How many members' shares are right.
    pub right: usize,
    /// q.
    pub needed: usize,
    /// Members whose shares are wrong, and the first wrong one of each.
    pub liars: BTreeMap<MemberIndex, ShareFault>,
}

/// An opening that is not `u^s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpeningFault {
    /// No point of G1.
    #[error("z: {0}")]
    Point(#[from] PointError),
    /// A point of G1, but not the right one.
    #[error("z is not u^s")]
    Wrong,
}

/// A member's shares of all parts, read as points of the curve.
type ReadShares = (MemberIndex, Vec<CurvePoint>);

/// Opens `parts` by the shares of any q members, each member's in the order of `parts`.
///
/// Optimistic: the shares of the first q members are combined and the results checked as one batch.
/// If that fails every member's shares are checked, liars are named, and the parts are opened from
/// the others'.
///
/// # Errors
/// [`OpenError`], if fewer than q members' shares are right.
pub fn open(
    keys: &CommitteeKeys,
    parts: &[&CheckedPart],
    shares: &BTreeMap<MemberIndex, Vec<FixedBytes<96>>>,
    secret: &BatchSecret,
) -> Result<Opened, OpenError> {
    let mut liars = BTreeMap::new();
    let mut readable = Vec::with_capacity(shares.len());
    for (member, values) in shares {
        match read_shares(keys, *member, parts, values) {
            Ok(points) => readable.push((*member, points)),
            Err(fault) => _ = liars.insert(*member, fault),
        }
    }
    let mut openings = combine_first(keys, parts, &readable, secret);
    if openings.is_none() {
        readable.retain(|(member, points)| {
            let fault = find_wrong_share(keys, *member, parts, points, secret);
            fault.map(|fault| liars.insert(*member, fault)).is_none()
        });
        openings = combine_first(keys, parts, &readable, secret);
    }
    match openings {
        Some(openings) => Ok(Opened {
            parts: open_contents(parts, &openings),
            liars,
        }),
        None => Err(OpenError {
            right: readable.len(),
            needed: keys.quorum(),
            liars,
        }),
    }
}

/// Checks openings that others made, and decrypts: what auditors and members in arrears do.
///
/// Two pairings and two multi-scalar multiplications for all of them together.
///
/// # Errors
/// The position of each opening that is not `u^s`, and why.
pub fn verify_openings(
    keys: &CommitteeKeys,
    openings: &[(&CheckedPart, FixedBytes<96>)],
    secret: &BatchSecret,
) -> Result<Vec<OpenedPart>, BTreeMap<usize, OpeningFault>> {
    let read: Vec<Result<G1Point, PointError>> = openings
        .par_iter()
        .map(|(_, z)| G1Point::decode(&z.0))
        .collect();
    let mut faults = BTreeMap::new();
    let (mut positions, mut parts, mut points) = (Vec::new(), Vec::new(), Vec::new());
    for (at, (z, (part, _))) in read.into_iter().zip(openings).enumerate() {
        match z {
            Ok(z) => {
                positions.push(at);
                parts.push(*part);
                points.push(z);
            }
            Err(error) => _ = faults.insert(at, OpeningFault::Point(error)),
        }
    }
    let wrong = opening_equations(keys, &parts, &points, secret).find_false();
    let wrong = wrong.into_iter().filter_map(|at| positions.get(at));
    faults.extend(wrong.map(|at| (*at, OpeningFault::Wrong)));
    if faults.is_empty() {
        Ok(open_contents(&parts, &points))
    } else {
        Err(faults)
    }
}

/// Checks one member's shares of `parts`: what is done with the evidence against a liar.
///
/// # Errors
/// [`ShareFault`], of the first share that is wrong.
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

fn read_shares(
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
    parts.iter().zip(values).map(read).collect()
}

fn point_fault(part: &CheckedPart, error: PointError) -> ShareFault {
    ShareFault::Point {
        envelope: part.envelope(),
        part: part.part(),
        error,
    }
}

/// The z of all parts from the first q members' shares; none unless every one of them is right.
fn combine_first(
    keys: &CommitteeKeys,
    parts: &[&CheckedPart],
    shares: &[ReadShares],
    secret: &BatchSecret,
) -> Option<Vec<G1Point>> {
    let first = shares.get(..keys.quorum())?;
    let members: Vec<MemberIndex> = first.iter().map(|(member, _)| *member).collect();
    let combination = share_combination(&members, keys.denominator())?;
    let combine = |at: usize| {
        let of_part: Option<Vec<CurvePoint>> = first
            .iter()
            .map(|(_, points)| points.get(at).copied())
            .collect();
        combination.apply(&of_part?)
    };
    let sums: Vec<G1Sum> = (0..parts.len())
        .into_par_iter()
        .map(combine)
        .collect::<Option<_>>()?;
    let openings: Vec<G1Point> = sums
        .par_chunks(CHUNK)
        .flat_map_iter(normalise)
        .map(|point| point?.in_subgroup())
        .collect::<Option<_>>()?;
    let all: Vec<usize> = (0..parts.len()).collect();
    opening_equations(keys, parts, &openings, secret)
        .hold(&all)
        .then_some(openings)
}

/// `e(z_j, g2) = e(u_j, pk2)` for all j.
fn opening_equations(
    keys: &CommitteeKeys,
    parts: &[&CheckedPart],
    openings: &[G1Point],
    secret: &BatchSecret,
) -> Equations {
    let pairs = openings
        .iter()
        .zip(parts)
        .map(|(z, part)| (*z, part.u))
        .collect();
    let generator = G2Point::generator();
    Equations::new(
        domain::BATCH_OPENINGS,
        secret,
        pairs,
        generator,
        *keys.public_key_2(),
    )
}

/// The first of a member's shares that is wrong: `e(S_ij, g2^Δ) = e(u_j, pk2_i)` for all j, with
/// every S_ij in G1.
fn find_wrong_share(
    keys: &CommitteeKeys,
    member: MemberIndex,
    parts: &[&CheckedPart],
    points: &[CurvePoint],
    secret: &BatchSecret,
) -> Option<ShareFault> {
    let Some(key) = keys.share_key(member) else {
        return Some(ShareFault::NoSuchMember);
    };
    let inside: Vec<Option<G1Point>> = points.par_iter().map(|point| point.in_subgroup()).collect();
    let mut pairs = Vec::with_capacity(parts.len());
    for (part, point) in parts.iter().zip(inside) {
        match point {
            Some(point) => pairs.push((point, part.u)),
            None => return Some(point_fault(part, PointError::OffSubgroup)),
        }
    }
    let left = keys.scaled_generator_2;
    let equations = Equations::new(domain::BATCH_SHARES, secret, pairs, left, key.g2);
    let first = equations.find_false().first().copied()?;
    let part = parts.get(first)?;
    Some(ShareFault::Wrong {
        envelope: part.envelope(),
        part: part.part(),
    })
}

/// Decrypts every part by its z.
fn open_contents(parts: &[&CheckedPart], openings: &[G1Point]) -> Vec<OpenedPart> {
    let open = |(part, z): (&&CheckedPart, &G1Point)| {
        let key = ContentKey::derive(z, &part.u, &part.label);
        OpenedPart {
            opening: Opening {
                envelope: part.envelope(),
                part: part.part(),
                z: FixedBytes(z.encode()),
            },
            content: key.decrypt(&part.label, &part.commitment, &part.body),
        }
    };
    parts.par_iter().zip(openings).map(open).collect()
}

#[cfg(test)]
mod tests;
