//! Clocks that are off, and clocks that jump: the house trades, and says whose clock it is.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use sealbid_client::Outcome;
use sealbid_types::id::MemberIndex;

use crate::clock::Clock;
use crate::kit::{AGAIN, TestHouse, wait_for};

/// The member whose clock is off.
const OFF: MemberIndex = MemberIndex(1);
/// How much the others may grow while it comes and goes.
const GROWTH: u64 = 10 << 20;

/// Resident bytes, and process, of each member but the one that is off.
fn others(house: &TestHouse) -> BTreeMap<MemberIndex, (nix::unistd::Pid, u64)> {
    let members = MemberIndex::all(house.client.committee().members());
    let others = members.filter(|member| *member != OFF);
    others
        .map(|member| {
            let process = house.process(member);
            (member, (process, resident(process)))
        })
        .collect()
}

fn resident(process: nix::unistd::Pid) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"));
    let status = status.unwrap_or_else(|_| panic!("process {process} has died"));
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kilobytes = line.unwrap().split_whitespace().nth(1).unwrap();
    kilobytes.parse::<u64>().unwrap() * 1024
}

/// A swap is submitted and filled in a round of its own.
async fn trade(house: &TestHouse) {
    let order = house.swap().await;
    let outcome = house.outcome(order).await;
    assert!(matches!(outcome, Outcome::Filled { .. }), "{outcome:?}");
}

/// How many seconds ahead of the others `node status` says that the member's clock is.
fn status(house: &TestHouse) -> Option<i64> {
    let status: serde_json::Value =
        serde_json::from_str(&house.sealbid("node status --json")).unwrap();
    let member = &status["members"][OFF.as_usize()];
    member["clock_ahead_s"].as_i64()
}

fn log(house: &TestHouse) -> String {
    std::fs::read_to_string(house.directory.path().join(AGAIN)).unwrap_or_default()
}

/// Waits until the member's log has a word of its clock.
async fn says_so_itself(house: &TestHouse) {
    wait_for("a word of its clock in its log", || {
        log(house).contains("the committee's: set it right")
    })
    .await;
}

/// A member is started `times` times with its clock so many seconds ahead, and stays for `stay`.
async fn is_off(house: &mut TestHouse, ahead: i64, times: u32, stay: Duration) {
    let clock = Clock::new(house.directory.path(), "off", ahead);
    house.kill_member(OFF);
    for start in 0..times {
        let before = others(house);
        let member = house.start_member_by(OFF, Some(&clock));
        wait_for("a word of its clock in status", || {
            status(house).is_some_and(|seconds| (seconds - ahead).abs() <= 3)
        })
        .await;
        let until = Instant::now() + stay;
        while Instant::now() < until {
            trade(house).await;
        }
        says_so_itself(house).await;
        drop(member);
        for (member, (process, resident)) in others(house) {
            let (was, bytes) = before[&member];
            assert_eq!(process, was, "{member} is another process");
            let grown = resident.saturating_sub(bytes);
            println!("{ahead} s, start {start}: {member} has grown by {grown} bytes");
            // The first rounds fill caches.
            assert!(
                start == 0 || grown <= GROWTH,
                "{member} has grown by {grown} bytes"
            );
        }
    }
    house.again.push(house.start_member(OFF));
    house.caught_up(OFF).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_whose_clock_is_off_harms_nobody() {
    let mut house = TestHouse::start(4).await;
    is_off(&mut house, 120, 2, Duration::from_secs(10)).await;
    is_off(&mut house, -90, 1, Duration::from_secs(5)).await;
    trade(&house).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes 30 minutes: run with `cargo test -p sealbid --test house -- --ignored --nocapture clocks_by_the_minute`"]
async fn clocks_by_the_minute_started_five_times() {
    let mut house = TestHouse::start(4).await;
    for ahead in [65, -65, 120, -120, 300, -300, 600, -600] {
        is_off(&mut house, ahead, 5, Duration::from_secs(35)).await;
        trade(&house).await;
    }
}

/// A member's clock jumps while it runs, and is put right: it takes part again without a restart.
async fn jumps(house: &mut TestHouse, ahead: i64, stay: Duration) {
    let clock = Clock::new(house.directory.path(), "jumping", 0);
    house.kill_member(OFF);
    house.again.clear();
    house.again.push(house.start_member_by(OFF, Some(&clock)));
    house.caught_up(OFF).await;
    house.all_hear_each_other().await;
    clock.set(ahead);
    let until = Instant::now() + stay;
    while Instant::now() < until {
        trade(house).await;
    }
    says_so_itself(house).await;
    clock.set(0);
    trade(house).await;
    house.caught_up(OFF).await;
    // It is one of the three that are needed now.
    house.kill_member(MemberIndex(0));
    trade(house).await;
    house.again.push(house.start_member(MemberIndex(0)));
    house.caught_up(MemberIndex(0)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_and_is_put_right_needs_no_restart() {
    let mut house = TestHouse::start(4).await;
    jumps(&mut house, 600, Duration::from_secs(8)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes 5 minutes: run with `cargo test -p sealbid --test house -- --ignored clocks_that_jump`"]
async fn clocks_that_jump_each_way() {
    for ahead in [600, -120, 65, -600] {
        let mut house = TestHouse::start(4).await;
        jumps(&mut house, ahead, Duration::from_secs(60)).await;
    }
}

/// Whoever asks, and whoever sends an order that is received and long in coming.
fn everybody_is_told_until_when(house: &TestHouse) {
    let status: serde_json::Value =
        serde_json::from_str(&house.sealbid("node status --json")).unwrap();
    assert!(status["waits_until"].is_string(), "{status}");
    let no_round = "no round closes before ";
    assert!(house.sealbid("node status").contains(no_round));
    let doctor = house.sealbid("doctor");
    assert!(doctor.contains(no_round), "{doctor}");
    let swap = "swap 1000 usdc.near wrap.near --min 950";
    assert!(house.said(swap).contains(no_round));
}

/// All clocks are ahead for one round, and are put right. No round can close before the slot of that
/// one is over: the members say so, and then go on.
#[tokio::test(flavor = "multi_thread")]
async fn members_whose_clocks_were_all_ahead_say_what_they_wait_for() {
    let place = tempfile::tempdir().unwrap();
    let clock = Clock::new(place.path(), "all", 0);
    let house = TestHouse::start_by(4, Some(&clock)).await;
    clock.set(20);
    trade(&house).await;
    clock.set(0);
    wait_for("a word of what is waited for", || {
        let log = std::fs::read_to_string(house.log("member-1")).unwrap_or_default();
        log.contains("the last round closed in a slot that is still to come")
    })
    .await;
    everybody_is_told_until_when(&house);
    trade(&house).await;
}
