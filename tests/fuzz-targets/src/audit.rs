//! Records and evidence that others hand over, judged on the simulator's stand-ins: nothing passes but the true record, and
//! nobody is convicted but the liar.

use std::sync::OnceLock;

use linear::house::adversary::{Omitter, TwoReports, WrongSignatures};
use linear::house::{Faults, World, trade};
use linear_crypto::BatchSecret;
use linear_protocol::audit::{ChainAudit, audit_record};
use linear_protocol::chain::check_record;
use linear_protocol::disk::{Recall as _, Table};
use linear_protocol::evidence::Evidence;
use linear_protocol::member::{outcomes, summary};
use linear_types::codec::{PREFIX_BYTES, decode, encode};
use linear_types::record::RoundRecord;

use crate::Target;
use crate::house::{LIAR, fixture};
use crate::program::{Program, whole};
use crate::traces::{Traces, accusations};

fn secret() -> BatchSecret {
    BatchSecret::new([6; 32])
}

/// The first bytes say what is changed in the record; or all the rest is one.
fn record(bytes: &[u8]) {
    passes(bytes);
}

/// Whether the record is read and audited.
fn passes(bytes: &[u8]) -> bool {
    let house = fixture();
    let known = &Traces::get().records;
    let mut program = Program::new(bytes, 1);
    let bytes = match program.byte() {
        0 => program.bytes().to_vec(),
        _ => {
            let Some(at) = program.index(known.len()) else {
                return false;
            };
            program.edit(&known[at], PREFIX_BYTES)
        }
    };
    let Ok(record) = decode::<RoundRecord>(&bytes) else {
        return false;
    };
    let _ = (outcomes(&record), summary(&record));
    let round = record.close.round;
    let checked = check_record(&house.committee, &house.keys, &secret(), round, &bytes);
    let audited = audit_record(&house.committee, &house.keys, &record, &secret());
    assert_eq!(checked.is_ok(), audited.is_ok());
    if audited.is_err() {
        return false;
    }
    let (secret, committee, keys) = (secret(), &house.committee, &house.keys);
    let chain = ChainAudit::new(committee, keys, &secret);
    assert!(chain.alone(&record).is_ok());
    let mut honest = record;
    // What a record says of earlier rounds, the chain knows and no signature of this round.
    honest.ancestry = Default::default();
    let is_known = |known: &Vec<u8>| {
        let mut known: RoundRecord = decode(known).unwrap();
        known.ancestry = Default::default();
        encode(&known) == encode(&honest)
    };
    assert!(known.iter().any(is_known), "{honest:#?}");
    true
}

/// What honest members have kept against a liar: rows of their stores. And what could be said of its ballots.
pub(crate) fn kept() -> Vec<Vec<u8>> {
    static KEPT: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    KEPT.get_or_init(|| {
        let votes = accusations().into_iter();
        let votes = votes.map(|said| encode(&Evidence::Vote(Box::new(said))));
        lies().into_iter().chain(votes).collect()
    })
    .clone()
}

/// The committee is that of [`fixture`].
fn lies() -> Vec<Vec<u8>> {
    let seed = 1;
    let mut world = World::new(4, 3, seed, Faults::delay(10));
    world.corrupt_in_ways(
        LIAR,
        vec![
            Box::new(TwoReports::default()),
            Box::new(Omitter),
            Box::new(WrongSignatures),
        ],
    );
    trade(&mut world, seed, 8, 3_000);
    world.run(9_000);
    let honest: Vec<_> = world.honest().collect();
    let rows = honest
        .iter()
        .flat_map(|member| world.disk(*member).scan(Table::Evidence));
    let mut evidence: Vec<_> = rows.map(|(_, row)| row).collect();
    evidence.sort();
    evidence.dedup();
    assert!(!evidence.is_empty());
    evidence
}

/// The same of evidence, in its encoding or in JSON.
fn judged(bytes: &[u8]) {
    convicts(bytes);
}

/// Whether the evidence is read and shows what it says.
fn convicts(bytes: &[u8]) -> bool {
    let mut program = Program::new(bytes, 1);
    let read = match program.byte() {
        0 => decode::<Evidence>(program.bytes()).ok(),
        1 => serde_json::from_slice(program.bytes()).ok(),
        _ => {
            let known = kept();
            let Some(at) = program.index(known.len()) else {
                return false;
            };
            decode(&program.edit(&known[at], PREFIX_BYTES)).ok()
        }
    };
    let Some(evidence) = read else { return false };
    let house = fixture();
    match evidence.convict(&house.committee, &house.keys) {
        Ok(charge) => {
            assert_eq!(charge.member, Some(LIAR), "{charge:?}");
            assert_eq!(evidence.judge(&house.committee, &house.keys), Ok(()));
            let [first, second] = &charge.statements;
            assert_ne!(first.digest, second.digest, "{charge:?}");
            true
        }
        Err(error) => {
            assert!(!error.to_string().is_empty());
            false
        }
    }
}

fn record_seeds() -> Vec<Vec<u8>> {
    let edits = (0..4_u8).map(|at| vec![1, 0, 0, 0, at, 0, 7, 1]);
    let records = Traces::get().records.iter().map(|record| whole(record));
    edits.chain(records).collect()
}

fn evidence_seeds() -> Vec<Vec<u8>> {
    let count = u8::try_from(kept().len()).unwrap();
    let edits = (0..count).map(|at| vec![2, at, 0, 0, 9, 0, 1, 1]);
    let kept = kept().into_iter().map(|evidence| whole(&evidence));
    edits.chain(kept).collect()
}

pub(crate) const TARGETS: &[Target] = &[
    Target::new("record", record, record_seeds),
    Target::new("judged-evidence", judged, evidence_seeds),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_true_record_passes() {
        for record in &Traces::get().records {
            assert!(passes(&whole(record)));
        }
    }

    #[test]
    fn each_lie_convicts_the_liar_and_an_honest_ballot_nobody() {
        for bytes in kept() {
            let evidence: Evidence = decode(&bytes).unwrap();
            let is_the_liars = evidence.member() == Some(LIAR);
            assert_eq!(convicts(&whole(&bytes)), is_the_liars, "{evidence:?}");
        }
    }
}
