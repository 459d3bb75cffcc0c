//! Faults of a plan come about, each where it can hurt, and count when they do.

use std::collections::BTreeSet;

use sealbid_tests::house::{Counts, Cut, Fault, Faults, World};
use sealbid_types::id::MemberIndex;

use super::scenario::{seeds, settle_within, trade};

/// Members die in turn, four times a second. All of it comes about, on each side of writes and
/// messages.
#[test]
fn a_planned_crash_comes_on_any_side_of_a_write_or_a_message() {
    let mut places = BTreeSet::new();
    for seed in seeds() {
        let mut world = World::new(4, 3, seed, Faults::delay(10));
        let crashes = 40;
        for number in 0..crashes {
            let member = MemberIndex(u8::try_from(number % 4).unwrap());
            let back = 100;
            world.plan(1_500 + 250 * number, Fault::CrashInStep { member, back });
        }
        trade(&mut world, seed, 10, 10_000);
        world.run(13_000);
        settle_within(&mut world, 20);
        assert_eq!(world.counts.faults[Fault::CRASH_IN_STEP], crashes);
        assert_eq!(world.counts.crashed, crashes);
        places.extend(world.counts.crashes.keys().copied());
    }
    assert_eq!(places, BTreeSet::from(Counts::CRASHES));
}

/// A member is killed before it has made the step that it was to crash in: it crashes in the first of
/// its next process, and the crash counts then.
#[test]
fn a_planned_crash_outlives_the_process_that_it_was_planned_for() {
    let mut world = World::new(4, 3, 1, Faults::delay(10));
    let (member, back) = (MemberIndex(1), 500);
    world.run(1_000);
    world.inflict(Fault::CrashInStep { member, back });
    world.kill(member, Some(2_000));
    world.run(1_900);
    assert!(world.counts.faults.is_empty());
    world.run(200);
    assert_eq!(world.counts.faults[Fault::CRASH_IN_STEP], 1);
    assert!(!world.runs(member), "it has died as it started");
}

/// A member starts while nobody hears it and it hears nobody. It beats all the same, and is found out if
/// it does not.
#[test]
fn a_member_that_starts_alone_is_heard_of() {
    let mut world = World::new(4, 3, 1, Faults::delay(10));
    let alone = MemberIndex(1);
    world.run(1_000);
    world.kill(alone, Some(500));
    let (now, side) = (world.now(), BTreeSet::from([alone]));
    world.faults.links.cuts = Cut::both_ways(now, now + 8_000, 4, &side).into();
    world.run(8_000);
    world.check();
    settle_within(&mut world, 20);
}

/// A kill finds a member down: it comes when that is up again.
#[test]
fn a_kill_waits_for_a_process() {
    let mut world = World::new(4, 3, 1, Faults::delay(10));
    let (member, back) = (MemberIndex(1), Some(300));
    world.run(1_000);
    world.kill(member, Some(1_000));
    world.inflict(Fault::Kill { member, back });
    world.run(900);
    assert!(world.counts.faults.is_empty());
    world.run(200);
    assert_eq!(world.counts.faults["kill"], 1);
}

/// A disk is full: nothing comes of it before something is written.
#[test]
fn a_full_disk_counts_once_a_write_meets_it() {
    let mut world = World::new(4, 3, 1, Faults::delay(10));
    world.run(3_000);
    let (member, lasts) = (MemberIndex(2), 700);
    world.inflict(Fault::FullDisk { member, lasts });
    world.run(3_000);
    assert!(world.counts.faults.is_empty(), "nothing is written yet");
    assert!(world.runs(member));
    trade(&mut world, 1, 6, 1_000);
    world.run(6_000);
    settle_within(&mut world, 20);
    assert_eq!(world.counts.faults[Fault::FULL_DISK], 1);
    assert!(world.counts.full_disks > 0);
}
