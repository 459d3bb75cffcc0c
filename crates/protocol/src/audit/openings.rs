//! The openings: each one right, by one batch for all, and exactly those there should be.

use std::collections::{BTreeMap, BTreeSet};

use sealbid_crypto::{
    BatchSecret, CheckedEnvelope, CheckedPart, CommitteeKeys, OpenedPart, Plaintext,
    verify_openings,
};
use sealbid_types::allocation::VoidReason;
use sealbid_types::bytes::FixedBytes;
use sealbid_types::id::EnvelopeId;
use sealbid_types::record::RoundRecord;

use super::close::check_rising;
use super::error::AuditError;
use crate::opening::{PartId, Plaintexts};

/// Verifies all openings of the record's envelopes at once, and decrypts. One that is wrong is an
/// error, and left out of the result. Of more than [`MOST_NAMED`] wrong ones no more are named, and
/// nothing is decrypted: what is left of the audit says less then, but it has failed.
///
/// [`MOST_NAMED`]: sealbid_crypto::MOST_NAMED
pub(super) fn verify(
    keys: &CommitteeKeys,
    record: &RoundRecord,
    envelopes: &BTreeMap<EnvelopeId, CheckedEnvelope>,
    secret: &BatchSecret,
    errors: &mut Vec<AuditError>,
) -> Plaintexts {
    let places: Vec<PartId> = record
        .openings
        .iter()
        .map(|opening| (opening.envelope, opening.part))
        .collect();
    check_rising("openings", &places, errors);
    let of = |(id, part): &PartId| envelopes.get(id).and_then(|envelope| envelope.part(*part));
    let mut openings: Vec<(&CheckedPart, FixedBytes<96>)> = Vec::new();
    for (place, opening) in places.iter().zip(&record.openings) {
        openings.extend(of(place).map(|part| (part, opening.z)));
    }
    // All at once, in two pairings. What fails is left out and the rest tried again, so that one
    // changed opening does not keep the others from being read.
    let opened = verify_openings(keys, &openings, secret).or_else(|wrong| {
        let changed = wrong.keys().filter_map(|at| openings.get(*at));
        errors.extend(changed.map(|(part, _)| AuditError::OpeningChanged {
            envelope: part.envelope(),
            part: part.part(),
        }));
        let is_right = |at: &usize| !wrong.contains_key(at);
        let right = openings.iter().enumerate().filter(|(at, _)| is_right(at));
        let right: Vec<_> = right.map(|(_, opening)| *opening).collect();
        verify_openings(keys, &right, secret)
    });
    opened
        .unwrap_or_default()
        .into_iter()
        .map(plaintext)
        .collect()
}

pub(super) fn plaintext(opened: OpenedPart) -> (PartId, Result<Plaintext, VoidReason>) {
    let OpenedPart { opening, content } = opened;
    let content = content.map_err(VoidReason::from);
    ((opening.envelope, opening.part), content)
}

/// Checks that, of the parts that `concerns` is about, the record opens exactly the `wanted`.
pub(super) fn check_set(
    record: &RoundRecord,
    wanted: &BTreeSet<PartId>,
    concerns: impl Fn(&PartId) -> bool,
    errors: &mut Vec<AuditError>,
) {
    let places = record
        .openings
        .iter()
        .map(|opening| (opening.envelope, opening.part));
    let found: BTreeSet<PartId> = places.filter(concerns).collect();
    let missing = wanted.difference(&found);
    errors.extend(missing.map(|(envelope, part)| AuditError::OpeningMissing {
        envelope: *envelope,
        part: *part,
    }));
    let added = found.difference(wanted);
    errors.extend(added.map(|(envelope, part)| AuditError::OpeningAdded {
        envelope: *envelope,
        part: *part,
    }));
}
