#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::expect_used
)]

use sealbid_types::allocation::UnfilledReason;

use super::*;
use crate::testing::{ROUND, TestHouse};

const ALL: RangeInclusive<Round> = Round(0)..=Round(u64::MAX);

fn write(directory: &Path, round: u64, content: impl AsRef<[u8]>) {
    fs::write(directory.join(format!("{round}.json")), content).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_round_at_hand_needs_no_member_and_a_wrong_one_is_remembered() {
    let mut house = TestHouse::new(3);
    let directory = tempfile::tempdir().unwrap();
    let id: EnvelopeId = [5; 32].into();
    let record = house.record(ROUND, &[id]);
    let mut forged = record.clone();
    forged.settlement.settlement.unfilled.clear();
    let json = |record: &RoundRecord| serde_json::to_vec_pretty(record).unwrap();
    write(directory.path(), 5, json(&record));
    write(directory.path(), 6, json(&record));
    write(directory.path(), 7, "{");
    fs::write(directory.path().join("README"), "").unwrap();
    let (_doors, client) = house.open(vec![None, None, None]).await;
    let client = client.with_records(RecordDirectory::new(directory.path()));
    let rounds = client.records().unwrap().rounds().unwrap();
    assert_eq!(rounds, [Round(5), Round(6), Round(7)]);
    assert_eq!(client.round(ROUND).await.unwrap().record(), &record);
    let unfilled = Outcome::Unfilled {
        round: ROUND,
        reason: UnfilledReason::NoQuote,
    };
    // Round 6 comes first, and is a copy of round 5's record.
    assert_eq!(client.outcome_at_hand(id, ALL).await, Some(unfilled));
    let later = Round(6)..=Round(9);
    assert_eq!(client.outcome_at_hand(id, later).await, None);
    assert_eq!(client.outcome_at_hand([6; 32].into(), ALL).await, None);
    assert_eq!(client.round_at_hand(Round(7)).await, None);
    assert_eq!(client.round_at_hand(Round(8)).await, None);
    let why: Vec<String> = client
        .passed_over()
        .values()
        .map(ToString::to_string)
        .collect();
    assert_eq!(why.len(), 2, "{why:?}");
    assert!(
        why[0].ends_with("6.json does not verify: it is of round 5"),
        "{why:?}"
    );
    assert!(why[1].contains("7.json is no record"), "{why:?}");
    write(directory.path(), 8, json(&forged));
    assert_eq!(client.round_at_hand(Round(8)).await, None);
    assert!(client.round(Round(6)).await.is_err());
}
