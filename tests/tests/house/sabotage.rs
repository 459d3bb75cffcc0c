//! With one rule taken out at every member, an invariant fails: each of these would pass if nobody
//! missed the rule.

use std::panic::{AssertUnwindSafe, catch_unwind};

use sealbid_protocol::member::{Honest, Rules};
use sealbid_tests::house::adversary::{ExtraEnvelope, fill_quota};
use sealbid_tests::house::sabotage::{
    ContentWithLess, KeepsWhatIsOver, LeavesOut, Omits, RefusesNothing, TakesEveryone,
};
use sealbid_tests::house::{Caps, Fault, Faults, Fixture, Person, World};
use sealbid_types::envelope::Kind;
use sealbid_types::id::{MemberIndex, Round};

use super::scenario::{swap, trade};

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

/// A timer that waits as long as the wall clock has gone back waits beyond the end of the run.
#[test]
fn a_member_that_is_silent_to_the_end_is_found() {
    let mut world = world();
    world.time_by_the_wall();
    trade(&mut world, 1, 4, 500);
    world.run(8_000);
    let (member, by) = (MemberIndex(2), -600_000);
    world.inflict(Fault::Jump { member, by });
    world.run(3_000);
    let found = world.try_check().map_err(|found| found.to_string());
    assert_found(found.err().as_deref(), "a running member is heard of");
}

/// A quote that one member alone has in time for its round, and whose report the round does without,
/// is over when the round has closed. What piles up is found while the run goes on, whatever becomes of
/// it before the end.
#[test]
fn members_that_keep_what_is_over_are_found_in_the_run() {
    let alone = MemberIndex(3);
    let faults = Faults {
        without_pool: MemberIndex::all(3).collect(),
        ..Faults::delay(10)
    };
    let mut world = World::new(4, 3, 1, faults);
    world.put_under::<KeepsWhatIsOver>();
    world.run(2_000);
    let mut found = None;
    for number in 0..20 {
        let newest = world.watch.scene.closes.keys().next_back();
        let open = newest.map_or(Round(1), |round| round.next());
        world.submit(MemberIndex(0), &swap(&world, number), 100);
        let mut solver = Person::new(1, 500 + number);
        let quote = solver.quote(&world.house, open, 2_000, 1_000, 1_000);
        world.submit_aside(alone, &quote, 1_950);
        found = found.or(world.try_run_until(2_000, |_| false).err());
    }
    let found = found.map(|found| found.to_string());
    assert_found(found.as_deref(), "memory and disk are bounded");
}

/// What nobody lives to see is not stored: one round more than members look ahead is found.
#[test]
fn a_member_that_stores_what_is_too_far_ahead_is_found() {
    let mut world = world();
    world.put_under::<TakesEveryone>();
    world.run(1_000);
    let mut trader = Person::new(1, 900);
    let far = trader.swap(&world.house, 1_000, 1_900, Round(1 + 65), 2);
    world.submit_aside(MemberIndex(0), &far, 0);
    world.run(1_000);
    let found = world.try_check().map_err(|found| found.to_string());
    assert_found(found.err().as_deref(), "memory and disk are bounded");
}

/// A liar reports what fails the gate, and nobody says so.
#[test]
fn members_that_refuse_nothing_are_found() {
    let mut world = world();
    world.put_under::<RefusesNothing>();
    let mut trader = Person::new(1, 900);
    let original = trader.swap(&world.house, 1_000, 1_900, Round(1), 60);
    let copy = trader.relabel(&original, |header| header.last = Round(61));
    world.corrupt(MemberIndex(1), ExtraEnvelope(copy, Round(1)));
    trade(&mut world, 1, 8, 3_000);
    let found = world.try_run_until(12_000, |_| false).err();
    let found = found.or_else(|| world.try_check().err());
    let found = found.map(|found| found.to_string());
    assert_found(found.as_deref(), "who reports what fails is named");
}
