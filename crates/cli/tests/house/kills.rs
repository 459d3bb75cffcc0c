//! Members are killed, one or all, and nothing is lost.

use std::collections::BTreeSet;

use sealbid_client::Outcome;
use sealbid_types::door::Phase;
use sealbid_types::id::{MemberIndex, Round};

use crate::kit::{TestHouse, start_up, wait_for};

/// One member is killed in mid round, then all of them at once.
async fn survives(members: u8) {
    let mut house = TestHouse::start(members).await;
    let victim = MemberIndex(1);

    let first = house.swap().await;
    house.kill_member(victim);
    let outcome = house.outcome(first).await;
    assert!(matches!(outcome, Outcome::Filled { .. }), "{outcome:?}");

    house.again.push(house.start_member(victim));
    house.caught_up(victim).await;
    house.all_hear_each_other().await;

    let second = house.swap().await;
    for index in MemberIndex::all(members) {
        house.kill_member(index);
    }
    house.again.clear();
    house.up.kill();
    house.up = start_up(house.directory.path(), members, None);
    house.opens().await;
    house.all_hear_each_other().await;
    let outcome = house.outcome(second).await;
    assert!(
        matches!(outcome, Outcome::Filled { .. } | Outcome::Unfilled { .. }),
        "{outcome:?}"
    );

    let third = house.swap().await;
    let outcome = house.outcome(third).await;
    assert!(outcome.is_final(), "{outcome:?}");
    orders_are_updated(&house).await;
    check_rounds(&house).await;
    assert_eq!(house.up.interrupt(), Some(130));
}

/// A trader who did not wait asks later.
async fn orders_are_updated(house: &TestHouse) {
    house.wait_for_solver().await;
    house.sealbid("swap 1000 usdc.near wrap.near --min 950");
    let order =
        || -> serde_json::Value { serde_json::from_str(&house.sealbid("orders --json")).unwrap() };
    assert_eq!(order()["outcome"], serde_json::Value::Null);
    wait_for("the outcome", || {
        house.sealbid("orders --update");
        order()["outcome"]["status"] == "filled"
    })
    .await;
}

/// Rounds count without gaps, no envelope stands in two, and the relayer has each once, in order.
async fn check_rounds(house: &TestHouse) {
    let rounds = house.relayed().await;
    assert_eq!(rounds, (1..=rounds.len() as u64).collect::<Vec<_>>());
    let mut listed = BTreeSet::new();
    for round in rounds {
        assert!(
            house.dir().record(Round(round)).exists(),
            "records/{round}.json"
        );
        let settled = house.client.round(Round(round)).await.unwrap();
        for id in settled
            .record()
            .close
            .intents
            .iter()
            .chain(&settled.record().close.quotes)
        {
            assert!(listed.insert(*id), "{id} stands in two rounds");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_house_of_4_survives_kill_9_of_one_and_of_all() {
    survives(4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_house_of_3_survives_kill_9_of_one_and_of_all() {
    survives(3).await;
}

/// A member is killed again and again, in another phase each time, while orders go through.
#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_is_killed_in_every_phase_catches_up() {
    let mut house = TestHouse::start(4).await;
    let phases = [
        Phase::Quotes,
        Phase::Closing,
        Phase::Opening,
        Phase::Settling,
    ];
    for (victim, phase) in MemberIndex::all(4).zip(phases) {
        let order = house.swap().await;
        house.reaches(phase).await;
        house.kill_member(victim);
        let outcome = house.outcome(order).await;
        assert!(
            matches!(outcome, Outcome::Filled { .. }),
            "{phase:?}: {outcome:?}"
        );
        house.again.push(house.start_member(victim));
        house.caught_up(victim).await;
        house.all_hear_each_other().await;
    }
    check_rounds(&house).await;
}
