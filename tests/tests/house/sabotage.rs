//! With one rule taken out at every member, an invariant fails: each of these would pass if nobody
//! missed the rule.

use std::panic::{AssertUnwindSafe, catch_unwind};

use sealbid_protocol::member::{Honest, Rules};
use sealbid_tests::house::adversary::fill_quota;
use sealbid_tests::house::sabotage::{ContentWithLess, LeavesOut, Omits, TakesEveryone};
use sealbid_tests::house::{Caps, Faults, Fixture, World};
use sealbid_types::envelope::Kind;
use sealbid_types::id::{MemberIndex, Round};

use super::scenario::trade;

fn world() -> World {
    World::new(4, 3, 1, Faults::delay(10))
}

/// Runs a house under these rules; gives what an invariant says, if one fails.
fn finds<R: Rules>(mut world: World, crowd: bool) -> Option<String> {
    world.put_under::<R>();
    trade(&mut world, 1, 8, 3_000);
    if crowd {
        let crowd = fill_quota(&world.house, 1, Kind::Intent, Round(1), 30);
        for envelope in &crowd {
            world.submit(MemberIndex(0), envelope, 1_200);
        }
    }
    let run = || {
        world.run(12_000);
        world.check();
    };
    let failure = catch_unwind(AssertUnwindSafe(run)).err()?;
    let said = failure.downcast_ref::<String>().cloned();
    Some(said.unwrap_or_default())
}

fn small_world() -> World {
    let caps = Caps {
        intents: 30,
        quotes: 30,
    };
    World::of(Fixture::with_caps(4, 3, 1, caps), 1, Faults::delay(10))
}

#[track_caller]
fn assert_found(found: Option<&str>, by: &str) {
    assert!(
        found.is_some_and(|found| found.contains(by)),
        "expected {by}, found {found:?}"
    );
}

#[test]
fn with_its_rules_nothing_is_found() {
    assert_eq!(finds::<Honest>(world(), false), None);
    assert_eq!(finds::<Honest>(small_world(), true), None);
}

#[test]
fn a_member_without_places_is_found() {
    let found = finds::<TakesEveryone>(small_world(), true);
    assert_found(found.as_deref(), "at most 10");
}

#[test]
fn a_member_that_leaves_out_what_it_acknowledged_is_found() {
    let found = finds::<LeavesOut>(world(), false);
    assert_found(found.as_deref(), "leaves out");
}

#[test]
fn members_that_find_any_proposal_right_are_found() {
    let found = finds::<Omits>(world(), false);
    assert_found(found.as_deref(), "receipts are honoured");
}

#[test]
fn members_that_are_content_with_less_than_a_quorum_are_found() {
    let found = finds::<ContentWithLess>(World::new(5, 4, 1, Faults::delay(10)), false);
    assert_found(found.as_deref(), "receipt");
}
