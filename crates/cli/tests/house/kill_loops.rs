//! Members are killed again and again, and stopped one after the other, while orders go in.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use sealbid_types::id::MemberIndex;

use crate::dealt::DealtHouse;
use crate::orders::{Orders, settles};

/// As many kills as every run of the tests can wait for.
const FEW: u32 = 20;
/// As many as whoever asks can.
const MANY: u32 = 200;

/// A moment within a slot or two, another each time.
async fn pause() {
    let mut bytes = [0; 2];
    getrandom::fill(&mut bytes).unwrap();
    let pause = Duration::from_millis(u64::from(u16::from_le_bytes(bytes) % 2000));
    tokio::time::sleep(pause).await;
}

/// One member is killed, another each time, and every third time once more as it starts.
async fn one_member(kills: u32) {
    let mut house = DealtHouse::on_loopback(4).await;
    house.start_all().await;
    let orders = Orders::start(&house).await;
    for (nth, victim) in (0..kills).zip(house.all().collect::<Vec<_>>().into_iter().cycle()) {
        pause().await;
        house.kill(victim);
        house.start(victim);
        if nth % 3 == 2 {
            pause().await;
            house.kill(victim);
            house.start(victim);
        }
        house.caught_up(victim).await;
    }
    nothing_is_lost(&house, orders, kills).await;
}

/// All members at once.
async fn all_members(kills: u32) {
    let mut house = DealtHouse::on_loopback(4).await;
    house.start_all().await;
    let orders = Orders::start(&house).await;
    let mut awaited = Vec::new();
    for nth in 0..kills {
        // Every third time as they start.
        if nth % 3 != 2 {
            awaited.push(house.swap_soon(Duration::from_secs(60)).await);
        }
        pause().await;
        let all: Vec<MemberIndex> = house.all().collect();
        for member in &all {
            house.kill(*member);
        }
        for member in &all {
            house.start(*member);
        }
    }
    nothing_is_lost(&house, orders, kills).await;
    for order in awaited {
        settles(&house, order).await;
    }
}

/// Every order that has a receipt is settled, and every member's rounds check out and are alike.
async fn nothing_is_lost(house: &DealtHouse, orders: Orders, kills: u32) {
    house.all_hear_each_other().await;
    let settled = orders.stop_and_settle(house).await;
    for member in house.all() {
        house.caught_up(member).await;
    }
    let rounds = house.audit_all_members().await;
    println!("{kills} kills: {settled} orders had a receipt and are settled, in {rounds} rounds");
    assert!(settled >= kills as usize / 2, "{settled} orders");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_when_one_member_is_killed_again_and_again() {
    one_member(FEW).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_when_all_members_are_killed_again_and_again() {
    all_members(FEW).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes half an hour: run with `cargo test -p sealbid --test house -- --ignored --nocapture killed_200_times`"]
async fn nothing_is_lost_when_members_are_killed_200_times() {
    one_member(MANY).await;
    all_members(MANY).await;
}

/// As for a new version: one member after the other is told to end, and started again.
#[tokio::test(flavor = "multi_thread")]
async fn rounds_go_on_through_a_rolling_restart() {
    let mut house = DealtHouse::on_loopback(4).await;
    house.start_all().await;
    let orders = Orders::start(&house).await;
    for member in house.all() {
        let before = house.client.standing().await.unwrap().settled;
        assert_eq!(house.process(member).stop_by(Signal::SIGTERM), Some(0));
        let until = Instant::now() + Duration::from_secs(20);
        while house.client.standing().await.unwrap().settled < before.next().next() {
            assert!(Instant::now() < until, "no rounds without {member}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        house.start(member);
        house.caught_up(member).await;
        house.all_hear_each_other().await;
    }
    let settled = orders.stop_and_settle(&house).await;
    assert!(settled > 10, "{settled} orders");
    house.audit_all_members().await;
}
