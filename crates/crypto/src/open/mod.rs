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
mod points;
mod shares;

pub use self::shares::{ShareFault, verify_shares};

use core::ops::RangeInclusive;
use std::collections::BTreeMap;

use rayon::prelude::*;
use sealbid_types::bytes::FixedBytes;
use sealbid_types::id::MemberIndex;
use sealbid_types::record::Opening;

use self::equation::{Equations, agree, weighted_sum};
use self::points::{in_subgroup, read_points};
use self::shares::{find_wrong_share, read_shares};
use crate::admit::CheckedPart;
use crate::batch::BatchSecret;
use crate::content::{ContentKey, Fault, Plaintext};
use crate::group::{CurvePoint, G1Point, G2Point, PointError};
use crate::keys::CommitteeKeys;
use crate::lagrange::share_combination;
use crate::prepare::RightSide;

/// The most wrong openings that are named: to find more takes pairings that nobody learns from.
pub const MOST_NAMED: usize = 32;

/// How many parts one core combines at a time: enough to share an inversion, few enough for its
/// cache.
const CHUNK: RangeInclusive<usize> = 64..=256;

/// A part whose z was checked, and what is in it.
#[derive(Debug, PartialEq, Eq)]
pub struct OpenedPart {
    /// Envelope, part and z, as records keep them.
    pub opening: Opening,
    /// The plaintext; or, if z is right and the body does not open with it, what the submitter did
    /// wrong.
    pub content: Result<Plaintext, Fault>,
}

/// What q members opened.
#[derive(Debug, PartialEq, Eq)]
pub struct Opened {
    /// The parts, in the order they were given.
    pub parts: Vec<OpenedPart>,
    /// Members whose shares were seen to be wrong, and a wrong one of each (see [`verify_shares`]).
    /// Shares beyond the first q members' are read, and looked at closely only if one of those is
    /// wrong.
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
    /// Members whose shares are wrong, and a wrong one of each (see [`verify_shares`]).
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

/// A member's shares of all parts.
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
    let read = |(member, values): (&MemberIndex, &Vec<FixedBytes<96>>)| {
        (*member, read_shares(keys, *member, parts, values))
    };
    let (all, right): (Vec<_>, _) = rayon::join(
        || shares.par_iter().map(read).collect(),
        || RightSide::of(parts, secret),
    );
    for (member, points) in all {
        match points {
            Ok(points) => readable.push((member, points)),
            Err(fault) => _ = liars.insert(member, fault),
        }
    }
    let mut unlocked = unlock_by_first(keys, parts, &readable, &right, secret);
    if unlocked.is_none() {
        readable.retain(|(member, points)| {
            let fault = find_wrong_share(keys, *member, parts, points, secret);
            fault.map(|fault| liars.insert(*member, fault)).is_none()
        });
        unlocked = unlock_by_first(keys, parts, &readable, &right, secret);
    }
    match unlocked {
        Some(unlocked) => Ok(Opened {
            parts: open_contents(parts, &unlocked),
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
/// The position of each opening that is not `u^s`, and why; of points of G1 that are wrong, the
/// first [`MOST_NAMED`].
pub fn verify_openings(
    keys: &CommitteeKeys,
    openings: &[(&CheckedPart, FixedBytes<96>)],
    secret: &BatchSecret,
) -> Result<Vec<OpenedPart>, BTreeMap<usize, OpeningFault>> {
    let read = read_points(openings.iter().map(|(_, z)| &z.0), secret);
    let (mut right, mut faults) = (Vec::with_capacity(openings.len()), BTreeMap::new());
    for (at, ((part, _), z)) in openings.iter().zip(read).enumerate() {
        match z {
            Ok(z) => right.push((at, *part, z)),
            Err(error) => _ = faults.insert(at, OpeningFault::Point(error)),
        }
    }
    let parts: Vec<&CheckedPart> = right.iter().map(|(_, part, _)| *part).collect();
    let points: Vec<G1Point> = right.iter().map(|(.., z)| *z).collect();
    let generator = G2Point::generator();
    let side = RightSide::of(&parts, secret);
    let on_curve = points.iter().map(G1Point::as_curve_point);
    let left = weighted_sum(on_curve.zip(side.weights.iter().copied()));
    if !agree(&left, &generator, &side.sum, keys.public_key_2()) {
        let pairs = points.iter().zip(&parts).map(|(z, part)| (*z, part.u));
        let (left_key, right_key) = (generator, *keys.public_key_2());
        let equations = Equations::weighted(pairs.collect(), side.weights, left_key, right_key);
        let wrong = equations.find_false(MOST_NAMED);
        let wrong = wrong.into_iter().filter_map(|among| right.get(among));
        faults.extend(wrong.map(|(at, ..)| (*at, OpeningFault::Wrong)));
    }
    if faults.is_empty() {
        Ok(open_contents(&parts, &unlock(&parts, &points)))
    } else {
        Err(faults)
    }
}

/// The keys to all parts from the first q members' shares; none unless every one of them is right.
fn unlock_by_first(
    keys: &CommitteeKeys,
    parts: &[&CheckedPart],
    shares: &[ReadShares],
    right: &RightSide,
    secret: &BatchSecret,
) -> Option<Vec<Unlocked>> {
    let points = combine(keys, shares.get(..keys.quorum())?)?;
    // The sum is looked at only if all points are inside; with others it may be wrong, no more.
    let (inside, left) = rayon::join(
        || in_subgroup(&points, secret),
        || weighted_sum(points.iter().zip(right.weights.iter().copied())),
    );
    let openings: Vec<G1Point> = inside.into_iter().collect::<Option<_>>()?;
    let generator = G2Point::generator();
    // Keys that turn out to be of no use open nothing.
    let (are_right, unlocked) = rayon::join(
        || agree(&left, &generator, &right.sum, keys.public_key_2()),
        || unlock(parts, &openings),
    );
    are_right.then_some(unlocked)
}

/// The z of all parts, if the shares of these members are right: none if one is the identity.
fn combine(keys: &CommitteeKeys, shares: &[ReadShares]) -> Option<Vec<CurvePoint>> {
    let members: Vec<MemberIndex> = shares.iter().map(|(member, _)| *member).collect();
    let combination = share_combination(&members, keys.denominator())?;
    let count = shares.first().map_or(0, |(_, points)| points.len());
    let even = count.div_ceil(2 * rayon::current_num_threads());
    let size = even.clamp(*CHUNK.start(), *CHUNK.end());
    let chunks = (0..count).into_par_iter().step_by(size).map(|first| {
        let chunk = first..count.min(first.saturating_add(size));
        let lists: Option<Vec<_>> = shares
            .iter()
            .map(|(_, points)| points.get(chunk.clone()))
            .collect();
        combination.apply(&lists?)?.into_iter().collect()
    });
    let chunks: Option<Vec<Vec<CurvePoint>>> = chunks.collect();
    Some(chunks?.concat())
}

/// A part's z, which is no secret once q members have shared it, and the key derived from it.
struct Unlocked {
    z: [u8; 96],
    key: ContentKey,
}

fn unlock(parts: &[&CheckedPart], openings: &[G1Point]) -> Vec<Unlocked> {
    let unlock = |(part, z): (&&CheckedPart, &G1Point)| {
        let z = z.encode();
        let key = ContentKey::derive(&z, &part.u.encode(), &part.label);
        Unlocked { z, key }
    };
    parts.par_iter().zip(openings).map(unlock).collect()
}

/// Decrypts every part by its key.
fn open_contents(parts: &[&CheckedPart], unlocked: &[Unlocked]) -> Vec<OpenedPart> {
    let open = |(part, Unlocked { z, key }): (&&CheckedPart, &Unlocked)| OpenedPart {
        opening: Opening {
            envelope: part.envelope(),
            part: part.part(),
            z: FixedBytes(*z),
        },
        content: key.decrypt(&part.label, &part.commitment, &part.body.0),
    };
    parts.par_iter().zip(unlocked).map(open).collect()
}

#[cfg(test)]
mod tests;
