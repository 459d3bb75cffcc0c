//! Allocation and settlement: what the record says against what the round makes of them.

use std::collections::{BTreeMap, BTreeSet};

use sealbid_types::allocation::{Allocation, Fill, FillKind, Unfilled, Void};
use sealbid_types::id::EnvelopeId;
use sealbid_types::settlement::Settlement;
use sealbid_types::text::AssetId;

use super::error::{AuditError, Document};

/// A field of both documents, and whether it is right.
type Field = (&'static str, bool);

/// Names every difference between an allocation and the one computed again.
pub(super) fn compare_allocations(
    expected: &Allocation,
    found: &Allocation,
    errors: &mut Vec<AuditError>,
) {
    let document = Document::Allocation;
    let ours: Vec<&Fill> = expected.fills.iter().collect();
    let theirs: Vec<&Fill> = found.fills.iter().collect();
    compare_fills(document, &ours, &theirs, errors);
    compare_lists(
        document,
        (&expected.unfilled, &expected.void),
        (&found.unfilled, &found.void),
        errors,
    );
    let fields = [
        ("auction", expected.auction == found.auction),
        ("epoch", expected.epoch == found.epoch),
        ("round", expected.round == found.round),
        ("close", expected.close == found.close),
        ("order seed", expected.order == found.order),
        ("root of terms", expected.terms == found.terms),
        ("alarm", expected.alarm == found.alarm),
    ];
    compare_fields(document, &fields, errors);
}

/// Names every difference between a settlement and the one computed again.
pub(super) fn compare_settlements(
    expected: &Settlement,
    found: &Settlement,
    errors: &mut Vec<AuditError>,
) {
    let document = Document::Settlement;
    let ours: Vec<&Fill> = expected.fills.iter().map(|settled| &settled.fill).collect();
    let theirs: Vec<&Fill> = found.fills.iter().map(|settled| &settled.fill).collect();
    compare_fills(document, &ours, &theirs, errors);
    let authorisations: BTreeMap<EnvelopeId, _> = expected
        .fills
        .iter()
        .map(|settled| (settled.fill.intent, &settled.authorisation))
        .collect();
    for settled in &found.fills {
        let sealed = authorisations.get(&settled.fill.intent);
        if sealed.is_some_and(|sealed| **sealed != settled.authorisation) {
            errors.push(AuditError::AuthorisationChanged(settled.fill.intent));
        }
    }
    compare_lists(
        document,
        (&expected.unfilled, &expected.void),
        (&found.unfilled, &found.void),
        errors,
    );
    let fields = [
        ("auction", expected.auction == found.auction),
        ("epoch", expected.epoch == found.epoch),
        ("round", expected.round == found.round),
        ("close", expected.close == found.close),
        ("allocation", expected.allocation == found.allocation),
        ("root of terms", expected.terms == found.terms),
        ("flow", expected.flow == found.flow),
    ];
    compare_fields(document, &fields, errors);
}

fn compare_fields(document: Document, fields: &[Field], errors: &mut Vec<AuditError>) {
    let wrong = fields.iter().filter(|(_, right)| !right);
    errors.extend(wrong.map(|(field, _)| AuditError::Field { document, field }));
}

fn compare_fills(
    document: Document,
    expected: &[&Fill],
    found: &[&Fill],
    errors: &mut Vec<AuditError>,
) {
    let before = errors.len();
    let (ours, theirs) = (by_intent(expected), by_intent(found));
    for (intent, fill) in &ours {
        let intent = *intent;
        match theirs.get(&intent) {
            None => errors.push(AuditError::FillDropped { document, intent }),
            Some(other) if has_other_price(fill, other) => {
                errors.push(AuditError::PriceChanged { document, intent });
            }
            Some(other) if other != fill => {
                errors.push(AuditError::FillChanged { document, intent });
            }
            Some(_) => {}
        }
    }
    let added = theirs.keys().filter(|intent| !ours.contains_key(intent));
    errors.extend(added.map(|intent| AuditError::FillAdded {
        document,
        intent: *intent,
    }));
    let is_same = errors.len() == before;
    if is_same && expected != found {
        errors.push(AuditError::Field {
            document,
            field: "order of fills",
        });
    }
    for fill in found {
        errors.extend(first_open_sum(fill).map(|asset| AuditError::Sum {
            document,
            intent: fill.intent,
            asset,
        }));
    }
}

fn by_intent<'a>(fills: &[&'a Fill]) -> BTreeMap<EnvelopeId, &'a Fill> {
    fills.iter().map(|fill| (fill.intent, *fill)).collect()
}

fn has_other_price(fill: &Fill, other: &Fill) -> bool {
    let price = |fill: &Fill| match fill.kind {
        FillKind::Swap {
            amount_in,
            amount_out,
            surplus,
            paid,
            ..
        } => Some((amount_in, amount_out, surplus, paid)),
        FillKind::PassThrough => None,
    };
    price(fill) != price(other)
}

/// The first asset in which movements, fees and withdrawals do not sum to zero.
fn first_open_sum(fill: &Fill) -> Option<AssetId> {
    let moved = fill.movements.iter().map(|m| (&m.asset, m.delta.units()));
    let flown = fill.fees.iter().chain(&fill.withdrawals);
    let flown = flown.map(|outflow| (&outflow.asset, outflow.amount.units()));
    let mut sums: BTreeMap<&AssetId, Option<i128>> = BTreeMap::new();
    for (asset, units) in moved.chain(flown) {
        let sum = sums.entry(asset).or_insert(Some(0));
        *sum = sum.and_then(|sum| sum.checked_add(units));
    }
    let open = sums.into_iter().find(|(_, sum)| *sum != Some(0));
    open.map(|(asset, _)| asset.clone())
}

type Lists<'a> = (&'a [Unfilled], &'a [Void]);

fn compare_lists(
    document: Document,
    expected: Lists<'_>,
    found: Lists<'_>,
    errors: &mut Vec<AuditError>,
) {
    let unfilled = differing(expected.0, found.0, |entry| (entry.intent, &entry.reason));
    errors.extend(
        unfilled
            .into_iter()
            .map(|intent| AuditError::UnfilledChanged { document, intent }),
    );
    let void = differing(expected.1, found.1, |entry| (entry.envelope, &entry.reason));
    errors.extend(
        void.into_iter()
            .map(|entry| AuditError::VoidChanged { document, entry }),
    );
}

/// The ids of entries that stand in one list only, or with another reason, or in another place.
fn differing<'a, E: PartialEq, R: PartialEq + 'a>(
    expected: &'a [E],
    found: &'a [E],
    read: fn(&'a E) -> (EnvelopeId, &'a R),
) -> BTreeSet<EnvelopeId> {
    let ours: BTreeMap<_, _> = expected.iter().map(read).collect();
    let theirs: BTreeMap<_, _> = found.iter().map(read).collect();
    let ids = ours.keys().chain(theirs.keys());
    let mut differing: BTreeSet<_> = ids
        .filter(|id| ours.get(id) != theirs.get(id))
        .copied()
        .collect();
    if differing.is_empty() {
        // The same entries, but out of order or twice: the first that stands in a wrong place.
        let misplaced = found.iter().zip(expected).find(|(a, b)| a != b);
        let entry = misplaced
            .map(|(entry, _)| entry)
            .or(found.get(expected.len()));
        differing.extend(entry.map(|entry| read(entry).0));
    }
    differing
}
