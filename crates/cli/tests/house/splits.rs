//! The network between members falls apart, in each way that it can, and comes together again.

use std::time::{Duration, Instant};

use sealbid_types::door::{Head, Phase};
use sealbid_types::id::Round;

use crate::dealt::DealtHouse;
use crate::kit::PATIENCE;
use crate::namespaces;
use crate::network::Network;
use crate::orders::settles;

/// How long a network stays apart: several slots.
const APART: Duration = Duration::from_secs(5);

/// What was under way when the network fell apart may still arrive.
const UNDER_WAY: Duration = Duration::from_millis(500);

/// How far a member has come: the newest round of which it knows a certified close.
fn certified(head: &Head) -> Round {
    let is_certified = head.phase >= Phase::Opening && head.phase != Phase::CatchingUp;
    match is_certified {
        true => head.settled.max(head.round),
        false => head.settled,
    }
}

async fn newest(house: &DealtHouse) -> Round {
    let heads = house.client.heads().await;
    assert_eq!(heads.len(), heads.values().flatten().count(), "{heads:?}");
    heads.values().flatten().map(certified).max().unwrap()
}

/// Parts the network, with orders on their way before and meanwhile. Gives how long after healing
/// the first round closed.
async fn split(house: &mut DealtHouse, left: &[u8]) -> Duration {
    let before = house.swap().await;
    let network = house.network.as_mut().unwrap();
    network.split(|place| left.contains(&place));
    tokio::time::sleep(UNDER_WAY).await;
    let known = newest(house).await;

    let until = Instant::now() + APART;
    let meanwhile = house.sealed().await.unwrap();
    let sent = house.client.send(&meanwhile).await;
    let has_quorum = left.len().max(5 - left.len()) >= 4;
    assert_eq!(sent.is_ok(), has_quorum, "{sent:?}");
    if has_quorum {
        settles(house, meanwhile.id()).await;
    }
    tokio::time::sleep(until.saturating_duration_since(Instant::now())).await;
    assert_eq!(newest(house).await > known, has_quorum);

    house.network.as_mut().unwrap().heal();
    let healed = Instant::now();
    let now = house.swap_soon(PATIENCE).await;
    settles(house, now).await;
    let took = healed.elapsed();
    settles(house, before).await;
    house.client.send(&meanwhile).await.unwrap();
    settles(house, meanwhile.id()).await;
    house.all_hear_each_other().await;
    took
}

/// The two-way splits of five: one side of each.
fn splits() -> Vec<Vec<u8>> {
    let sides = (1_u8..1 << 4).map(|side| (0..5).filter(|place| side >> place & 1 == 1).collect());
    sides.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_house_of_5_survives_all_15_splits() {
    if !namespaces::are_own("splits::a_house_of_5_survives_all_15_splits") {
        return;
    }
    let mut house = DealtHouse::in_network(Network::new(5)).await;
    house.start_all().await;
    let splits = splits();
    assert_eq!(splits.len(), 15);
    for left in splits {
        let took = split(&mut house, &left).await;
        println!("{left:?} apart from the others: a round {took:?} after healing");
    }
    let rounds = house.audit_all_members().await;
    assert!(rounds >= 30, "{rounds} rounds");
}

/// A member that is heard and does not hear, one that hears and is not heard, and wires that break
/// and mend all the time.
#[tokio::test(flavor = "multi_thread")]
async fn a_house_of_5_survives_one_way_cuts_and_flapping() {
    if !namespaces::are_own("splits::a_house_of_5_survives_one_way_cuts_and_flapping") {
        return;
    }
    let mut house = DealtHouse::in_network(Network::new(5)).await;
    house.start_all().await;
    for is_heard in [true, false] {
        let network = house.network.as_mut().unwrap();
        for other in 1..5 {
            let (from, to) = if is_heard { (other, 0) } else { (0, other) };
            network.cut(from, to);
        }
        let until = Instant::now() + APART;
        while Instant::now() < until {
            let order = house.swap().await;
            settles(&house, order).await;
        }
        house.network.as_mut().unwrap().heal();
        house.all_hear_each_other().await;
    }
    let mut orders = Vec::new();
    for nth in 0..12 {
        orders.push(house.swap_soon(PATIENCE).await);
        let network = house.network.as_mut().unwrap();
        network.split(|place| (place + nth) % 5 < 2);
        tokio::time::sleep(Duration::from_millis(700)).await;
        house.network.as_mut().unwrap().heal();
    }
    for order in orders {
        settles(&house, order).await;
    }
    house.all_hear_each_other().await;
    house.audit_all_members().await;
}
