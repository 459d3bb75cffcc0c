//! The envelopes: all that the reports name and no earlier round lists, each one admissible.

use std::collections::{BTreeMap, BTreeSet};

use sealbid_crypto::{BatchSecret, CheckedEnvelope, check_batch};
use sealbid_types::committee::Committee;
use sealbid_types::envelope::Envelope;
use sealbid_types::id::EnvelopeId;
use sealbid_types::record::RoundRecord;

use super::close::{check_rising, reported};
use super::error::{AuditError, EnvelopeFault};

/// The record's envelopes by id.
pub(super) fn by_id(record: &RoundRecord) -> BTreeMap<EnvelopeId, &Envelope> {
    let envelopes = record.envelopes.iter();
    envelopes
        .map(|envelope| (envelope.id(), envelope))
        .collect()
}

/// Checks that the envelopes are the right ones, and each of them, proofs included.
pub(super) fn check(
    committee: &Committee,
    record: &RoundRecord,
    envelopes: &BTreeMap<EnvelopeId, &Envelope>,
    secret: &BatchSecret,
    errors: &mut Vec<AuditError>,
) -> BTreeMap<EnvelopeId, CheckedEnvelope> {
    let reported = reported(record);
    let listed_before: BTreeSet<_> = record.ancestry.listed.iter().copied().collect();
    let ids: Vec<EnvelopeId> = record.envelopes.iter().map(Envelope::id).collect();
    check_rising("envelopes", &ids, errors);
    let present: BTreeSet<EnvelopeId> = ids.into_iter().collect();
    // Also those that the close does not list: that they were rightly left out shows only in them.
    let expected: BTreeSet<_> = reported.difference(&listed_before).copied().collect();
    let missing = expected.difference(&present).copied();
    errors.extend(missing.map(AuditError::EnvelopeMissing));
    let added = present.difference(&expected).copied();
    errors.extend(added.map(AuditError::EnvelopeAdded));
    let candidates: Vec<&Envelope> = envelopes.values().copied().collect();
    let verdicts = check_batch(&candidates, secret);
    let mut checked = BTreeMap::new();
    for ((id, envelope), verdict) in envelopes.iter().zip(verdicts) {
        let verdict =
            check_public(committee, envelope).and_then(|()| verdict.map_err(EnvelopeFault::Part));
        match verdict {
            Ok(passed) => _ = checked.insert(*id, passed),
            Err(fault) => errors.push(AuditError::Envelope {
                envelope: *id,
                fault,
            }),
        }
    }
    checked
}

/// The gate's checks that need no group arithmetic, in the gate's order (`admission/gate.rs`): what
/// a member refuses, an auditor must refuse too, and nothing more.
fn check_public(committee: &Committee, envelope: &Envelope) -> Result<(), EnvelopeFault> {
    let header = &envelope.header;
    if header.auction != committee.auction {
        return Err(EnvelopeFault::Auction(header.auction));
    }
    if header.key != committee.key {
        return Err(EnvelopeFault::Key(header.key));
    }
    envelope.check_header().map_err(EnvelopeFault::Header)?;
    let points: BTreeSet<_> = envelope.sealed.parts().map(|(_, part)| part.u).collect();
    if points.len() < envelope.sealed.parts().count() {
        return Err(EnvelopeFault::Twins);
    }
    Ok(())
}
