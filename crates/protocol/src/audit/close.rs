//! The close: what it names, who certified it, which reports it rests on, and that its lists are
//! exactly the union of these, less what the chain rules out (docs/protocol.md 4.2).

use std::collections::{BTreeMap, BTreeSet};

use sealbid_crypto::{CloseCertificate, CommitteeKeys};
use sealbid_types::close::Close;
use sealbid_types::committee::Committee;
use sealbid_types::envelope::{Envelope, Kind};
use sealbid_types::id::{EnvelopeId, ReportId, Round};
use sealbid_types::keys::Signed;
use sealbid_types::record::RoundRecord;
use sealbid_types::report::Report;

use super::error::AuditError;

/// Checks the close's fields against the committee file and its own slot.
pub(super) fn check_fields(committee: &Committee, close: &Close, errors: &mut Vec<AuditError>) {
    let first = close.round == Round(1);
    let fields = [
        ("auction", close.auction == committee.auction),
        ("round", close.round >= Round(1)),
        (
            "closing time",
            close.closed_at == committee.schedule.end_of(close.slot),
        ),
        ("key id", close.key == committee.key),
        ("epoch", close.epoch == committee.epoch),
        ("rules digest", close.rules == committee.rules.digest()),
        // All that one record can show of its parent; which close that is, the chain knows.
        ("parent", (close.previous == Close::GENESIS) == first),
    ];
    let wrong = fields.iter().filter(|(_, right)| !right);
    errors.extend(wrong.map(|(field, _)| AuditError::Close(field)));
    check_rising("reports", &close.reports, errors);
    check_rising("intents", &close.intents, errors);
    check_rising("quotes", &close.quotes, errors);
}

/// Records that `list` does not rise, if it does not.
pub(super) fn check_rising<T: Ord>(name: &'static str, list: &[T], errors: &mut Vec<AuditError>) {
    if !list.is_sorted_by(|a, b| a < b) {
        errors.push(AuditError::Unsorted(name));
    }
}

/// Verifies the close certificate.
pub(super) fn check_certificate(
    keys: &CommitteeKeys,
    record: &RoundRecord,
    errors: &mut Vec<AuditError>,
) -> Option<CloseCertificate> {
    CloseCertificate::verify(keys, record.close.clone(), &record.certificate)
        .map_err(|forged| errors.push(AuditError::Certificate(forged.error)))
        .ok()
}

/// Checks that the reports are the q that the close names, each right by itself and of a member of
/// its own.
pub(super) fn check_reports(
    committee: &Committee,
    record: &RoundRecord,
    errors: &mut Vec<AuditError>,
) {
    let RoundRecord { close, reports, .. } = record;
    let (found, expected) = (close.reports.len(), committee.quorum());
    if found != expected {
        errors.push(AuditError::ReportCount { found, expected });
    }
    let ids: Vec<ReportId> = reports.iter().map(Signed::<Report>::id).collect();
    let named: BTreeSet<_> = close.reports.iter().collect();
    let present: BTreeSet<_> = ids.iter().collect();
    let missing = named.difference(&present);
    errors.extend(missing.map(|id| AuditError::ReportMissing(**id)));
    let added = present.difference(&named);
    errors.extend(added.map(|id| AuditError::ReportAdded(**id)));
    check_rising("reports in the record", &ids, errors);
    // Of different members: q reports of one would need no honest reporter among them, and receipts
    // would be worth nothing (docs/protocol.md 4.3).
    let mut members = BTreeSet::new();
    for report in reports {
        if !members.insert(report.member) {
            errors.push(AuditError::ReportTwice(report.member));
        }
        errors.extend(check_report(committee, close, report).err());
    }
}

fn check_report(
    committee: &Committee,
    close: &Close,
    report: &Signed<Report>,
) -> Result<(), AuditError> {
    let number = report.member;
    let member = committee
        .member(number)
        .ok_or(AuditError::ReportMember(number))?;
    report
        .verify(&member.identity)
        .map_err(|_| AuditError::ReportForged(number))?;
    let Report {
        auction,
        epoch,
        round,
        slot,
        intents,
        quotes,
    } = &report.body;
    let wrong = |what| {
        Err(AuditError::Report {
            member: number,
            what,
        })
    };
    if (*auction, *epoch, *round) != (close.auction, close.epoch, close.round) {
        return wrong("it is of another auction, epoch or round");
    }
    // A report leaves out what expires before its own slot ends. In an earlier close it would drop
    // entries that were still alive there, receipt or not.
    if *slot > close.slot {
        return wrong("it was made after the close's slot");
    }
    if !report.body.is_sorted() {
        return wrong("it is not sorted");
    }
    if intents.len() > committee.most_reported_intents()
        || quotes.len() > committee.most_reported_quotes()
    {
        return wrong("it lists more than it may");
    }
    Ok(())
}

/// All envelopes that the reports name.
pub(super) fn reported(record: &RoundRecord) -> BTreeSet<EnvelopeId> {
    let bodies = record.reports.iter().map(|report| &report.body);
    bodies
        .flat_map(|body| body.intents.iter().chain(&body.quotes))
        .copied()
        .collect()
}

/// Checks that no report lists what could not stand in it: of another kind, outside its rounds, or
/// expired before the report's slot ended. Members find a close with such a report invalid
/// (docs/protocol.md 4.2), so one that is certified shows that a quorum lied.
pub(super) fn check_standings(
    committee: &Committee,
    record: &RoundRecord,
    envelopes: &BTreeMap<EnvelopeId, &Envelope>,
    errors: &mut Vec<AuditError>,
) {
    for report in &record.reports {
        let slot_end = committee.schedule.end_of(report.body.slot);
        let lists = [
            (Kind::Intent, &report.body.intents),
            (Kind::Quote, &report.body.quotes),
        ];
        for (kind, id) in lists
            .into_iter()
            .flat_map(|(kind, ids)| ids.iter().map(move |id| (kind, id)))
        {
            // What an ancestor lists may be named again, and is not in the record.
            let Some(envelope) = envelopes.get(id) else {
                continue;
            };
            let header = &envelope.header;
            if header.kind != kind || !header.is_alive(record.close.round, slot_end) {
                errors.push(AuditError::ReportUnfit {
                    member: report.member,
                    envelope: *id,
                });
            }
        }
    }
}

/// Checks that the lists are what reports, envelopes and the chain make them. What an ancestor
/// lists is as the record says; the chain can tell ([`super::ChainAudit`]).
pub(super) fn check_lists(
    record: &RoundRecord,
    envelopes: &BTreeMap<EnvelopeId, &Envelope>,
    errors: &mut Vec<AuditError>,
) {
    let close = &record.close;
    let bodies = || record.reports.iter().map(|report| &report.body);
    // What an ancestor lists has no envelope in the record, and so does not belong by this alone.
    let belongs = |kind: Kind, id: &EnvelopeId| {
        let header = envelopes.get(id).map(|envelope| &envelope.header);
        header.is_some_and(|header| {
            header.kind == kind
                && (header.first..=header.last).contains(&close.round)
                && header.expires >= close.closed_at
        })
    };
    let intents = bodies().flat_map(|body| &body.intents);
    let quotes = bodies().flat_map(|body| &body.quotes);
    let intents: BTreeSet<_> = intents.filter(|id| belongs(Kind::Intent, id)).collect();
    let quotes: BTreeSet<_> = quotes.filter(|id| belongs(Kind::Quote, id)).collect();
    compare(
        &intents,
        &close.intents,
        AuditError::IntentDropped,
        AuditError::IntentAdded,
        errors,
    );
    compare(
        &quotes,
        &close.quotes,
        AuditError::QuoteDropped,
        AuditError::QuoteAdded,
        errors,
    );
}

fn compare(
    expected: &BTreeSet<&EnvelopeId>,
    found: &[EnvelopeId],
    dropped: fn(EnvelopeId) -> AuditError,
    added: fn(EnvelopeId) -> AuditError,
    errors: &mut Vec<AuditError>,
) {
    let found: BTreeSet<_> = found.iter().collect();
    errors.extend(expected.difference(&found).map(|id| dropped(**id)));
    errors.extend(found.difference(expected).map(|id| added(**id)));
}
