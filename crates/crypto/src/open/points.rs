//! Reading many points at once, each of which must lie in G1.

use crate::batch::{BatchSecret, Transcript};
use crate::domain;
use crate::group::{CurvePoint, G1Point, PointError, in_subgroup_all};

/// Which of `points` lie in G1.
pub(super) fn in_subgroup(points: &[CurvePoint], secret: &BatchSecret) -> Vec<Option<G1Point>> {
    let mut transcript = Transcript::new(domain::BATCH_SUBGROUP_OF_POINTS, secret);
    transcript.update_points(points);
    in_subgroup_all(points, &transcript.coefficients().signs(points.len()))
}

/// Reads uncompressed points of G1.
pub(super) fn read_points<'a>(
    encoded: impl Iterator<Item = &'a [u8; 96]>,
    secret: &BatchSecret,
) -> Vec<Result<G1Point, PointError>> {
    let on_curve: Vec<Result<CurvePoint, PointError>> = encoded.map(CurvePoint::decode).collect();
    let points: Vec<CurvePoint> = on_curve.iter().flatten().copied().collect();
    let mut inside = in_subgroup(&points, secret).into_iter();
    let mut next = || inside.next().flatten().ok_or(PointError::OffSubgroup);
    on_curve
        .into_iter()
        .map(|point| point.and_then(|_| next()))
        .collect()
}
