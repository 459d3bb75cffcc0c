//! What must hold after every run, however it went.

use std::collections::{BTreeMap, BTreeSet};

use sealbid_crypto::BatchSecret;
use sealbid_protocol::audit::audit_record;
use sealbid_protocol::member::Notice;
use sealbid_types::id::{EnvelopeId, Round};
use sealbid_types::record::RoundRecord;

use super::world::World;

/// Checks them all.
///
/// # Panics
/// With the first that does not hold.
pub fn check(world: &World) {
    assert!(world.halts.is_empty(), "halted: {:?}", world.halts);
    let records = one_record_a_round(world);
    every_audit_passes(world, &records);
    no_round_is_left_out(world);
    listed_once(&records);
    nothing_receipted_is_missing(world, &records);
    only_liars_are_named(world);
}

/// All members settle a round alike, to the byte of the settlement.
fn one_record_a_round(world: &World) -> BTreeMap<Round, RoundRecord> {
    let mut records: BTreeMap<Round, RoundRecord> = BTreeMap::new();
    for member in world
        .house
        .members()
        .filter(|member| Some(*member) != world.liar())
    {
        for record in world.records(member) {
            let first = records
                .entry(record.close.round)
                .or_insert_with(|| record.clone());
            assert_eq!(first.close, record.close, "two closes of a round");
            assert_eq!(first.order, record.order, "two draws of a round");
            assert_eq!(
                first.settlement, record.settlement,
                "two settlements of a round"
            );
        }
    }
    records
}

fn every_audit_passes(world: &World, records: &BTreeMap<Round, RoundRecord>) {
    let secret = BatchSecret::new([1; 32]);
    for record in records.values() {
        let audited = audit_record(&world.house.committee, &world.house.keys, record, &secret);
        if let Err(errors) = audited {
            panic!("round {}: {errors:?}", record.close.round);
        }
    }
}

/// A member settles round after round: none is passed over.
fn no_round_is_left_out(world: &World) {
    for member in world.house.members() {
        let rounds = world
            .records(member)
            .into_iter()
            .map(|record| record.close.round.0);
        let rounds: Vec<_> = rounds.collect();
        let expected: Vec<_> = (1..).take(rounds.len()).collect();
        assert_eq!(rounds, expected, "{member}");
    }
}

fn listed_once(records: &BTreeMap<Round, RoundRecord>) {
    let mut seen: BTreeSet<EnvelopeId> = BTreeSet::new();
    for record in records.values() {
        for id in record.close.intents.iter().chain(&record.close.quotes) {
            assert!(seen.insert(*id), "envelope {id} is listed twice");
        }
    }
}

/// A receipt names a round: if that round is settled, it or an earlier one lists the envelope.
fn nothing_receipted_is_missing(world: &World, records: &BTreeMap<Round, RoundRecord>) {
    for receipt in world.receipts.values() {
        let round = receipt.round();
        if !records.contains_key(&round) {
            continue;
        }
        let is_listed = records.range(..=round).any(|(_, record)| {
            record.close.intents.contains(&receipt.envelope)
                || record.close.quotes.contains(&receipt.envelope)
        });
        assert!(
            is_listed,
            "envelope {} has a receipt for round {round}",
            receipt.envelope
        );
    }
}

fn only_liars_are_named(world: &World) {
    for (by, notice) in &world.notices {
        if let Notice::Fault { member, what } = notice {
            assert_eq!(Some(*member), world.liar(), "{by} says: {member} {what}");
        }
    }
}
