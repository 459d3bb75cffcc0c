#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
//! A store that two rounds have left behind, and what is wrong with one that was changed.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use proptest::prelude::*;
use sealbid_types::codec::encode;
use sealbid_types::envelope::Envelope;
use sealbid_types::id::{EnvelopeId, Slot};
use sealbid_types::keys::Signed;
use sealbid_types::record::RoundRecord;
use sealbid_types::report::Report;

use super::*;
use crate::audit::audit_record;
use crate::audit::tests::chain::two_rounds;
use crate::audit::tests::entries::swap;
use crate::audit::tests::house::{House, SECRET};
use crate::chain::{CertifiedRound, Chain};
use crate::disk::memory::MemoryDisk;
use crate::evidence::Evidence;
use crate::member::io::put;
use crate::member::report_key;
use crate::settlement::{StoredOutcome, outcomes};

type Row = (Table, Vec<u8>);

impl MemoryDisk {
    /// As a member writes a settled round, by the members' own ledger.
    fn settle(&mut self, house: &House, chain: &mut Chain, record: &RoundRecord) {
        let (close, round) = (&record.close, record.close.round.0.to_be_bytes().to_vec());
        let audited = audit_record(&house.committee, &house.keys, record, &SECRET).unwrap();
        let listed: BTreeMap<EnvelopeId, Envelope> = record
            .envelopes
            .iter()
            .map(|envelope| (envelope.id(), envelope.clone()))
            .filter(|(id, _)| close.intents.contains(id) || close.quotes.contains(id))
            .collect();
        self.commit(chain.certify(close.clone(), record.certificate));
        self.commit(chain.use_points(close.round, &listed));
        let certified = CertifiedRound {
            close: close.clone(),
            certificate: record.certificate,
        };
        self.commit([
            put(Table::Records, round.clone(), record),
            put(Table::Certificates, round, &certified),
        ]);
        for (id, status) in outcomes(record) {
            let key = id.as_bytes().to_vec();
            self.commit([put(Table::Outcomes, key, &StoredOutcome(status))]);
        }
        self.commit(chain.settle(&record.settlement.settlement, &audited.intents));
    }

    fn faults(&self, house: &House) -> Vec<(Table, RowFault)> {
        let mut look = Inspection::new(&house.committee, &house.keys, &SECRET, MemberIndex(0));
        let mut faults = Vec::new();
        for table in Inspection::ORDER {
            for (key, value) in self.scan(table) {
                let judged = look.row(table, &key, &value, self);
                faults.extend(judged.err().map(|fault| (table, fault)));
            }
        }
        faults.extend(look.finish().err().map(|fault| (Table::Records, fault)));
        faults
    }

    fn extent(&self, house: &House) -> Extent {
        let mut look = Inspection::new(&house.committee, &house.keys, &SECRET, MemberIndex(0));
        for table in Inspection::ORDER {
            for (key, value) in self.scan(table) {
                look.row(table, &key, &value, self).unwrap();
            }
        }
        look.finish().unwrap()
    }
}

fn report(house: &House, member: u8, envelopes: &[Envelope]) -> Signed<Report> {
    house.report(member, Round(3), envelopes)
}

/// Two settled rounds, and what waits for the third.
fn store() -> &'static (House, MemoryDisk) {
    static STORE: OnceLock<(House, MemoryDisk)> = OnceLock::new();
    STORE.get_or_init(|| {
        let house = House::new();
        let (mut disk, mut chain) = (MemoryDisk::default(), Chain::default());
        for record in two_rounds(&house) {
            disk.settle(&house, &mut chain, &record);
        }
        let waiting = house.intent(120, 120, &swap(120, 0, 1000, 900), 1 << 40);
        let key = waiting.id().as_bytes().to_vec();
        let reports = [&[][..], core::slice::from_ref(&waiting)].map(|it| report(&house, 1, it));
        let evidence = Evidence::Reports(Box::new(reports.clone()));
        disk.commit([
            put(Table::Envelopes, key.clone(), &waiting),
            put(Table::Reports, report_key(&reports[0]), &reports[0]),
            put(Table::Evidence, evidence.key(), &evidence),
        ]);
        let acknowledged = 3_u64.to_be_bytes().to_vec();
        disk.0.insert((Table::Acknowledgements, key), acknowledged);
        (house, disk)
    })
}

#[test]
fn a_right_store_is_found_right() {
    let (house, disk) = store();
    assert_eq!(disk.faults(house), []);
    let extent = Extent {
        settled: Round(2),
        certified: Round(2),
        since: Round(1),
    };
    assert_eq!(disk.extent(house), extent);
    assert_eq!(MemoryDisk::default().faults(house), [], "a new one");
    let mut order = Inspection::ORDER.to_vec();
    order.sort_unstable();
    assert_eq!(order, Table::ALL, "no table is left out");
}

#[test]
fn what_is_missing_is_named() {
    let (house, disk) = store();
    let round = |round: u64| round.to_be_bytes().to_vec();
    let without = |rows: &[Row]| {
        let mut disk = disk.clone();
        for row in rows {
            assert!(disk.0.remove(row).is_some(), "{row:?}");
        }
        disk.faults(house)
    };
    let first = |rows: &[Row]| without(rows)[0].clone();
    let records = |fault| (Table::Records, fault);
    assert_eq!(
        first(&[(Table::Records, round(1))]),
        records(RowFault::Missing(Round(1)))
    );
    assert_eq!(
        without(&[(Table::Records, round(2))]),
        [records(RowFault::Missing(Round(2)))]
    );
    assert_eq!(
        first(&[(Table::Certificates, round(1))]),
        (Table::Certificates, RowFault::Missing(Round(1)))
    );
    assert_eq!(
        first(&[(Table::Certificates, round(2))]),
        records(RowFault::Alone("the certificate of its round"))
    );
    assert_eq!(
        without(&[(Table::Closes, round(2))]),
        [records(RowFault::Missing(Round(2)))]
    );
    let outcome = disk.scan(Table::Outcomes).remove(0).0;
    let alone = RowFault::Alone("the outcome of one of its entries");
    assert_eq!(first(&[(Table::Outcomes, outcome)]), records(alone));
    let envelope = disk.scan(Table::Envelopes).remove(0).0;
    assert_eq!(
        without(&[(Table::Envelopes, envelope)]),
        [(Table::Acknowledgements, RowFault::Alone("the envelope"))]
    );
}

/// Records that the operator has let go are not missed; the rest is checked as before.
#[test]
fn a_shorter_store_is_found_right() {
    let (house, disk) = store();
    let mut disk = disk.clone();
    let since = encode_since(Round(2));
    disk.0.insert((Table::Meta, RECORDS_SINCE.to_vec()), since);
    let gone = (Table::Records, 1_u64.to_be_bytes().to_vec());
    disk.0.remove(&gone);
    assert_eq!(disk.faults(house), []);
    assert_eq!(disk.extent(house).since, Round(2));
}

fn encode_since(round: Round) -> Vec<u8> {
    // As the member writes it: its schema's prefix, and the round.
    let schema = sealbid_types::codec::SchemaName {
        name: "sealbid.records-since",
        version: 1,
        max_bytes: 64,
    };
    let prefix = schema.prefix();
    [&prefix[..], &[u8::try_from(round.0).unwrap()]].concat()
}

#[test]
fn what_is_anothers_or_says_otherwise_is_named() {
    let (house, disk) = store();
    let with = |table, key: Vec<u8>, value: Vec<u8>| {
        let mut disk = disk.clone();
        disk.0.insert((table, key), value);
        disk.faults(house)
    };
    // The second round's outcome for an entry of the first.
    let [one, other] = [0, 1].map(|at| disk.scan(Table::Outcomes)[at].clone());
    assert_ne!(one.1, other.1);
    let faults = with(Table::Outcomes, one.0, other.1);
    let contradicted = RowFault::Contradicted("the outcome of one of its entries");
    assert_eq!(faults[0], (Table::Records, contradicted));
    // A report that nobody signed, and one under another's key.
    let mut forged = report(house, 1, &[]);
    forged.body.slot = Slot(9);
    let faults = with(Table::Reports, report_key(&forged), encode(&forged));
    assert_eq!(faults, [(Table::Reports, RowFault::Signature)]);
    let (key, _) = disk.scan(Table::Reports).remove(0);
    let faults = with(Table::Reports, key, encode(&report(house, 2, &[])));
    assert_eq!(faults, [(Table::Reports, RowFault::Key)]);
    // Evidence against somebody who did nothing.
    let twice = Evidence::Reports(Box::new([report(house, 2, &[]), report(house, 2, &[])]));
    let faults = with(Table::Evidence, twice.key(), encode(&twice));
    let innocent = RowFault::Evidence(EvidenceError::Innocent);
    assert_eq!(faults, [(Table::Evidence, innocent)]);
    let faults = with(Table::Meta, b"unheard-of".to_vec(), Vec::new());
    assert_eq!(faults, [(Table::Meta, RowFault::Key)]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Whatever byte of a row that proves itself is changed, it is found.
    #[test]
    fn a_changed_byte_is_found(
        which: prop::sample::Index,
        at: prop::sample::Index,
        flip in 1u8..,
    ) {
        let (house, disk) = store();
        let proven = [
            Table::Certificates,
            Table::Closes,
            Table::Records,
            Table::Outcomes,
            Table::Envelopes,
            Table::Reports,
            Table::Evidence,
        ];
        let rows: Vec<_> = disk.0.keys().filter(|(table, _)| proven.contains(table)).collect();
        let row = rows[which.index(rows.len())];
        let mut changed = disk.clone();
        let value = changed.0.get_mut(row).unwrap();
        let at = at.index(value.len());
        value[at] ^= flip;
        prop_assert!(!changed.faults(house).is_empty(), "{:?}, byte {}", row, at);
    }
}
