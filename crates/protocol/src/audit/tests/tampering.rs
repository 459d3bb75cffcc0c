//! One change each, and what the audit says of it: first as somebody without the committee's key
//! makes it, then signed by a committee that lies.

use sealbid_types::allocation::{Breach, FillKind, UnfilledReason, VoidReason};
use sealbid_types::amount::Amount;
use sealbid_types::bytes::FixedBytes;
use sealbid_types::id::View;

use super::entries::amount;
use super::*;

pub(super) fn honest() -> (House, Entries, RoundRecord) {
    let house = House::new();
    let entries = Entries::new(&house);
    let record = house.settle(&entries.gathering());
    (house, entries, record)
}

/// The audit's findings once `change` is made, and again once the committee has signed it all.
fn findings(change: impl Fn(&House, &mut RoundRecord)) -> (Vec<AuditError>, Vec<AuditError>) {
    let (house, _, mut record) = honest();
    change(&house, &mut record);
    let unsigned = errors(&house, &record);
    house.certify(&mut record);
    house.sign_documents(&mut record);
    (unsigned, errors(&house, &record))
}

pub(super) fn only(found: &[AuditError], what: &str) {
    let lines: Vec<_> = found.iter().map(ToString::to_string).collect();
    assert!(
        lines.len() == 1 && lines[0].contains(what),
        "{what:?} expected, found {lines:#?}"
    );
}

pub(super) fn first(found: &[AuditError], what: &str) {
    let lines: Vec<_> = found.iter().map(ToString::to_string).collect();
    assert!(
        lines.first().is_some_and(|line| line.contains(what)),
        "{what:?}: {lines:#?}"
    );
}

fn id_of(pick: fn(&Entries) -> &Envelope) -> EnvelopeId {
    pick(&Entries::new(&House::new())).id()
}

#[test]
fn a_changed_opening() {
    let filled = id_of(|entries| &entries.filled);
    let opening = |part| {
        move |record: &mut RoundRecord| {
            let other = record
                .openings
                .iter()
                .find(|o| o.envelope != filled)
                .unwrap()
                .z;
            let mine = record
                .openings
                .iter_mut()
                .find(|o| o.envelope == filled && o.part == part);
            mine.unwrap().z = other;
        }
    };
    for part in [Part::Terms, Part::Authorisation] {
        let change = opening(part);
        let (unsigned, signed) = findings(|_, record| change(record));
        let name = format!("changed opening of envelope {filled} ({part:?})");
        only(&unsigned, &name);
        only(&signed, &name);
    }
    let (unsigned, _) = findings(|_, record| record.openings[0].z = FixedBytes([9; 96]));
    only(&unsigned, "changed opening of envelope");
}

#[test]
fn a_missing_and_an_added_opening() {
    let (unsigned, _) = findings(|_, record| _ = record.openings.remove(0));
    assert!(matches!(
        unsigned.as_slice(),
        [AuditError::OpeningMissing { .. }]
    ));
    let unfilled = id_of(|entries| &entries.unfilled);
    let (unsigned, _) = findings(|_, record| {
        let mut authorisation = *record
            .openings
            .iter()
            .find(|o| o.envelope == unfilled)
            .unwrap();
        authorisation.part = Part::Authorisation;
        record.openings.push(authorisation);
        record
            .openings
            .sort_unstable_by_key(|o| (o.envelope, o.part));
    });
    let without_right = AuditError::OpeningAdded {
        envelope: unfilled,
        part: Part::Authorisation,
    };
    assert!(unsigned.contains(&without_right), "{unsigned:?}");
    let (unsigned, _) = findings(|_, record| record.openings.swap(0, 1));
    only(&unsigned, "list of openings is not sorted");
}

#[test]
fn a_dropped_intent() {
    let filled = id_of(|entries| &entries.filled);
    let (unsigned, _) = findings(|_, record| record.close.intents.retain(|id| *id != filled));
    first(&unsigned, &format!("intent {filled} dropped"));
    assert!(
        unsigned
            .iter()
            .any(|error| matches!(error, AuditError::Certificate(_)))
    );
    // A committee that lies signs the rest too, and opens and clears what is left.
    let (house, _, mut record) = honest();
    record.close.intents.retain(|id| *id != filled);
    let certificate = house.certify(&mut record);
    house.fill_in(&mut record, &certificate);
    only(
        &errors(&house, &record),
        &format!("intent {filled} dropped"),
    );
}

#[test]
fn a_dropped_quote_and_an_entry_that_slipped_in() {
    let best = id_of(|entries| &entries.best);
    let expired = id_of(|entries| &entries.expired);
    let (house, _, mut record) = honest();
    record.close.quotes.retain(|id| *id != best);
    let certificate = house.certify(&mut record);
    house.fill_in(&mut record, &certificate);
    only(&errors(&house, &record), &format!("quote {best} dropped"));
    let (house, _, mut record) = honest();
    record.close.intents.push(expired);
    record.close.intents.sort_unstable();
    let certificate = house.certify(&mut record);
    house.fill_in(&mut record, &certificate);
    only(
        &errors(&house, &record),
        &format!("intent {expired} slipped in"),
    );
    let (house, _, mut record) = honest();
    // Twice in a row: members find each by binary search, and share what they find.
    let at = record.close.quotes.iter().position(|id| *id == best);
    record.close.quotes.insert(at.unwrap(), best);
    let certificate = house.certify(&mut record);
    house.fill_in(&mut record, &certificate);
    first(&errors(&house, &record), "list of quotes is not sorted");
}

#[test]
fn a_dropped_fill() {
    let filled = id_of(|entries| &entries.filled);
    let drop_it = |record: &mut RoundRecord| {
        record.allocation.fills.retain(|fill| fill.intent != filled);
    };
    let (unsigned, signed) = findings(|_, record| drop_it(record));
    first(
        &unsigned,
        &format!("fill of {filled} dropped from the allocation"),
    );
    assert!(
        unsigned
            .iter()
            .any(|e| e.to_string().contains("signature of the allocation forged"))
    );
    only(
        &signed,
        &format!("fill of {filled} dropped from the allocation"),
    );
    let settled = |record: &mut RoundRecord| {
        record
            .settlement
            .settlement
            .fills
            .retain(|settled| settled.fill.intent != filled);
    };
    let (unsigned, signed) = findings(|_, record| settled(record));
    first(
        &unsigned,
        &format!("fill of {filled} dropped from the settlement"),
    );
    only(
        &signed,
        &format!("fill of {filled} dropped from the settlement"),
    );
}

#[test]
fn an_added_and_a_reordered_fill() {
    let unfilled = id_of(|entries| &entries.unfilled);
    let (_, signed) = findings(|_, record| {
        let mut fill = record.allocation.fills[0].clone();
        fill.intent = unfilled;
        record.allocation.fills.push(fill);
    });
    only(
        &signed,
        &format!("fill of {unfilled} slipped into the allocation"),
    );
    let (_, signed) = findings(|_, record| record.allocation.fills.swap(0, 1));
    only(&signed, "the allocation has a wrong order of fills");
    let (_, signed) = findings(|_, record| {
        let twin = record.allocation.fills[0].clone();
        record.allocation.fills.push(twin);
    });
    only(&signed, "the allocation has a wrong order of fills");
}

fn change_price(fill: &mut sealbid_types::allocation::Fill) {
    if let FillKind::Swap { amount_out, .. } = &mut fill.kind {
        *amount_out = amount_out.checked_sub(amount(1)).unwrap();
    }
}

#[test]
fn a_changed_price() {
    let filled = id_of(|entries| &entries.filled);
    let (unsigned, signed) = findings(|_, record| {
        let mut fills = record.allocation.fills.iter_mut();
        change_price(fills.find(|fill| fill.intent == filled).unwrap());
    });
    first(
        &unsigned,
        &format!("price changed in fill of {filled} in the allocation"),
    );
    only(
        &signed,
        &format!("price changed in fill of {filled} in the allocation"),
    );
    let (_, signed) = findings(|_, record| {
        let mut fills = record.settlement.settlement.fills.iter_mut();
        change_price(
            &mut fills
                .find(|settled| settled.fill.intent == filled)
                .unwrap()
                .fill,
        );
    });
    only(
        &signed,
        &format!("price changed in fill of {filled} in the settlement"),
    );
}

#[test]
fn a_changed_fill_and_a_sum_that_is_not_zero() {
    let (_, signed) = findings(|_, record| record.allocation.fills[0].movements.truncate(1));
    first(&signed, "fill of");
    assert!(matches!(
        signed.as_slice(),
        [AuditError::FillChanged { .. }, AuditError::Sum { .. }]
    ));
}

#[test]
fn changed_reasons_and_fields() {
    let change = |change: fn(&mut RoundRecord), what: &str| {
        let (_, signed) = findings(|_, record| change(record));
        only(&signed, what);
    };
    change(
        |record| record.allocation.unfilled[0].reason = UnfilledReason::NoQuote,
        "unfilled intent",
    );
    change(
        |record| record.allocation.unfilled.clear(),
        "unfilled intent",
    );
    change(
        |record| record.settlement.settlement.void[0].reason = VoidReason::Signature,
        "void entry",
    );
    change(
        |record| record.settlement.settlement.void.clear(),
        "void entry",
    );
    change(
        |record| record.settlement.settlement.flow[0].amount = Amount::ZERO,
        "wrong flow",
    );
    change(
        |record| record.allocation.order = [1; 32].into(),
        "the allocation has a wrong order seed",
    );
    change(
        |record| record.allocation.terms = [1; 32].into(),
        "wrong root of terms",
    );
    change(
        |record| {
            let intent = [1; 32].into();
            record.allocation.alarm = Some(Breach::NoIntent { intent });
        },
        "wrong alarm",
    );
    change(
        |record| record.settlement.settlement.allocation = [1; 32].into(),
        "the settlement has a wrong allocation",
    );
    change(
        |record| {
            let fills = &mut record.settlement.settlement.fills;
            let Authorisation::RawEd25519 { payload, .. } = &mut fills[0].authorisation;
            payload.push(' ');
        },
        "authorisation of",
    );
}

#[test]
fn forged_signatures() {
    let forge = |change: fn(&mut RoundRecord), what: &str| {
        let (house, _, mut record) = honest();
        change(&mut record);
        only(&errors(&house, &record), what);
    };
    forge(
        |record| record.certificate.view = View(9),
        "certificate forged",
    );
    forge(
        |record| record.certificate.signature = record.order,
        "certificate forged",
    );
    forge(
        |record| record.certificate.signature = FixedBytes([3; 96]),
        "certificate forged",
    );
    forge(
        |record| record.allocation_certificate.signature = record.order,
        "signature of the allocation forged",
    );
    forge(
        |record| record.settlement.signature = record.order,
        "signature of the settlement forged",
    );
    let (house, _, mut record) = honest();
    record.order = record.allocation_certificate.signature;
    first(&errors(&house, &record), "order signature forged");
}
