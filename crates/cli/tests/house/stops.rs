//! A member that is stopped, as a laptop's sleep stops it, and goes on later.

use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use sealbid_client::Outcome;
use sealbid_types::id::MemberIndex;

use crate::kit::TestHouse;

/// After how long the house must trade again, once the member goes on.
const SOON: Duration = Duration::from_secs(10);

/// The house trades all the while, and within some seconds after; the member catches up.
async fn is_stopped(house: &TestHouse, absence: Duration) {
    let member = MemberIndex(2);
    let process = house.process(member);
    kill(process, Signal::SIGSTOP).unwrap();
    let until = Instant::now() + absence;
    while Instant::now() < until {
        let order = house.swap().await;
        let outcome = house.outcome(order).await;
        assert!(matches!(outcome, Outcome::Filled { .. }), "{outcome:?}");
    }
    kill(process, Signal::SIGCONT).unwrap();
    let back = Instant::now();
    let order = house.swap().await;
    let outcome = house.client.wait_for_outcome(order, 2 * SOON).await;
    assert!(matches!(outcome, Ok(Outcome::Filled { .. })), "{outcome:?}");
    println!(
        "after {absence:?}: an order is settled {:?} later",
        back.elapsed()
    );
    house.caught_up(member).await;
    house.all_hear_each_other().await;
    println!(
        "after {absence:?}: all hear each other {:?} later",
        back.elapsed()
    );
    let mut up = std::fs::read_to_string(house.directory.path().join("up.log")).unwrap();
    up.push_str(&std::fs::read_to_string(house.log("member-1")).unwrap());
    assert!(!up.contains("ended") && !up.contains("panicked"), "{up}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_was_stopped_goes_on() {
    let house = TestHouse::start(4).await;
    is_stopped(&house, Duration::from_secs(15)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes 12 minutes: run with `cargo test -p sealbid --test house -- --ignored --nocapture stopped_for_minutes`"]
async fn a_member_that_was_stopped_for_minutes_goes_on() {
    let house = TestHouse::start(4).await;
    for seconds in [30, 75, 125, 300] {
        is_stopped(&house, Duration::from_secs(seconds)).await;
    }
}
