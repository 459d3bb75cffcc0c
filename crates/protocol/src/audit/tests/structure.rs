//! Reports, envelopes, fields of the close and ancestry that are not as they must be.

use sealbid_types::bytes::FixedBytes;
use sealbid_types::id::MemberIndex;
use sealbid_types::keys::Signed;
use sealbid_types::record::UsedU;

use super::entries::used;
use super::tampering::{first, honest, only};
use super::*;

#[test]
fn reports() {
    let change = |change: fn(&House, &mut RoundRecord), what: &str| {
        let (house, _, mut record) = honest();
        change(&house, &mut record);
        let lines: Vec<_> = errors(&house, &record)
            .iter()
            .map(ToString::to_string)
            .collect();
        assert!(
            lines.iter().any(|line| line.contains(what)),
            "{what:?}: {lines:#?}"
        );
    };
    change(|_, record| record.reports[0].body.intents.clear(), "forged");
    change(|_, record| _ = record.reports.remove(0), "missing");
    change(
        |_, record| record.reports.swap(0, 1),
        "list of reports in the record is not sorted",
    );
    change(
        |_, record| record.reports[0].member = MemberIndex(9),
        "report of member-10, who is not on the roster",
    );
    change(
        |house, record| record.reports.push(house.report(1, Round(1), &[])),
        "is not one that the close names",
    );
    change(
        |house, record| record.reports[0] = house.report(1, Round(2), &[]),
        "another auction, epoch or round",
    );
    change(
        |house, record| {
            let member = record.reports[0].member.0;
            record.reports.push(house.report(member, Round(1), &[]));
        },
        "two reports of member",
    );
    change(
        |_, record| record.close.reports.truncate(2),
        "the close names 2 reports, 3 are needed",
    );
}

#[test]
fn reports_above_the_limit() {
    let house = House::new();
    let late = 1 << 40;
    let many: Vec<_> = (1..=11)
        .map(|who| house.intent(who, who, &swap(who, 0, 1000, 900), late))
        .collect();
    let reports = vec![(0, many), (1, vec![]), (2, vec![])];
    let record = house.settle(&Gathering {
        reports,
        ..Entries::new(&house).gathering()
    });
    only(&errors(&house, &record), "it lists more than it may");
}

/// Members find a close with such a report invalid. One that is certified shows that a quorum lied.
#[test]
fn reports_of_what_cannot_stand_in_them() {
    let house = House::new();
    let gathered = |extra: Envelope| {
        let mut gathering = Entries::new(&house).gathering();
        gathering.reports[0].1.push(extra.clone());
        let record = house.settle(&gathering);
        let what = format!("report of member-1 lists envelope {}", extra.id());
        only(&errors(&house, &record), &what);
    };
    gathered(house.intent(7, 7, &swap(7, 0, 1000, 900), 1_000_001));
    gathered(house.quote(99, 2, 1000));
    // A quote among the intents.
    let (house, entries, mut record) = (House::new(), Entries::new(&House::new()), honest().2);
    let member = record.reports[0].member;
    let mut body = record.reports[0].body.clone();
    body.intents.push(entries.best.id());
    body.intents.sort_unstable();
    record.reports[0] = Signed::new(body, member, &house.kit.identity(member));
    let found = errors(&house, &record);
    let what = format!("report of {member} lists envelope {}", entries.best.id());
    assert!(
        found.iter().any(|error| error.to_string().contains(&what)),
        "{found:#?}"
    );
}

#[test]
fn envelopes() {
    let (house, entries, mut record) = honest();
    let id = entries.filled.id();
    record.envelopes.retain(|envelope| envelope.id() != id);
    first(&errors(&house, &record), &format!("envelope {id} missing"));

    let (house, _, mut record) = honest();
    let other = house.quote(99, 1, 1000);
    record.envelopes.push(other.clone());
    record.envelopes.sort_by_key(Envelope::id);
    only(
        &errors(&house, &record),
        &format!("envelope {} does not belong", other.id()),
    );

    let (house, _, mut record) = honest();
    record.envelopes.swap(0, 1);
    only(&errors(&house, &record), "list of envelopes is not sorted");

    // A copy with another signature is another envelope: it cannot stand for what was reported.
    let (house, _, mut record) = honest();
    let id = record.envelopes[0].id();
    record.envelopes[0].signature = record.envelopes[1].signature;
    record.envelopes.sort_by_key(Envelope::id);
    first(&errors(&house, &record), &format!("envelope {id} missing"));
}

/// A committee that admits a spoilt copy.
#[test]
fn an_envelope_that_its_submitter_did_not_sign() {
    let (house, entries, mut record) = honest();
    let mut copy = entries.filled.clone();
    copy.signature.0.0[0] ^= 1;
    record.reports[0] = house.report(0, Round(1), core::slice::from_ref(&copy));
    record.envelopes.push(copy.clone());
    record.envelopes.sort_by_key(Envelope::id);
    let found = errors(&house, &record);
    let refused = "should not have been admitted: submitter: the signature";
    let about = |id| format!("envelope {id} {refused}");
    let says = |line: &str| found.iter().any(|error| error.to_string().contains(line));
    assert!(says(&about(copy.id())), "{found:#?}");
    assert!(!says(&about(entries.filled.id())), "{found:#?}");
}

/// A committee that admits what it should not.
#[test]
fn an_envelope_under_another_label() {
    let house = House::new();
    let entries = Entries::new(&house);
    let victim = &entries.filled;
    let mut header = victim.header.clone();
    header.last = Round(8);
    let thief = super::entries::trader_key(66);
    header.submitter = sealbid_types::keys::PublicKey::of(&thief);
    let copied = Envelope::sign(header, victim.sealed.clone(), &thief);
    let mut record = house.settle(&entries.gathering());
    record.reports[0] = house.report(0, Round(1), core::slice::from_ref(&copied));
    record.envelopes.push(copied.clone());
    record.envelopes.sort_by_key(Envelope::id);
    let found = errors(&house, &record);
    let line = format!(
        "envelope {} should not have been admitted: Terms: the proof",
        copied.id()
    );
    assert!(
        found.iter().any(|error| error.to_string().contains(&line)),
        "{found:#?}"
    );
}

#[test]
fn fields_of_the_close() {
    let change = |change: fn(&mut RoundRecord), what: &str| {
        let (house, _, mut record) = honest();
        change(&mut record);
        let certificate = house.certify(&mut record);
        let close = &record.close;
        if (close.auction, close.epoch) == (house.committee.auction, house.committee.epoch) {
            house.fill_in(&mut record, &certificate);
        }
        let lines: Vec<_> = errors(&house, &record)
            .iter()
            .map(ToString::to_string)
            .collect();
        assert!(
            lines.iter().any(|line| line.contains(what)),
            "{what:?}: {lines:#?}"
        );
    };
    change(|record| record.close.closed_at.0 += 1, "wrong closing time");
    change(
        |record| record.close.rules = [1; 32].into(),
        "wrong rules digest",
    );
    change(|record| record.close.key = [1; 32].into(), "wrong key id");
    change(
        |record| record.close.epoch = record.close.epoch.next(),
        "wrong epoch",
    );
    change(
        |record| record.close.auction = [1; 32].into(),
        "wrong auction",
    );
    change(
        |record| record.close.previous = [1; 32].into(),
        "wrong parent",
    );
    change(|record| record.close.round = Round(0), "wrong round");
}

#[test]
fn unrelated_ancestry() {
    let change = |change: fn(&mut RoundRecord), what: &str| {
        let (house, _, mut record) = honest();
        change(&mut record);
        only(&errors(&house, &record), what);
    };
    change(
        |record| record.ancestry.listed.push([7; 32].into()),
        "unrelated envelopes",
    );
    change(
        |record| record.ancestry.nonces.push(used(99, 0, 0)),
        "unrelated nonces",
    );
    change(
        |record| {
            let u = FixedBytes([7; 96]);
            record.ancestry.points.push(UsedU {
                u,
                envelope: [7; 32].into(),
                round: Round(0),
            });
        },
        "unrelated points",
    );
}
