//! Members of two versions clear a round differently: the house goes on.

use sealbid_protocol::member::Notice;
use sealbid_protocol::member::message::Opening;
use sealbid_protocol::vote::withdrawn_from;
use sealbid_tests::house::sabotage::ClearsOtherwise;
use sealbid_tests::house::{Faults, Person, World};
use sealbid_types::allocation::UnfilledReason;
use sealbid_types::id::{MemberIndex, Round, View};

use super::scenario::{seeds, settle_within};

/// A house of four, some of which clear otherwise, and a swap that the others fill.
fn house_of_two_versions(seed: u64, otherwise: &[u8]) -> World {
    house_of(4, 3, seed, otherwise)
}

fn house_of(members: u8, quorum: u8, seed: u64, otherwise: &[u8]) -> World {
    let mut world = World::new(members, quorum, seed, Faults::delay(10));
    for member in otherwise {
        world.put::<ClearsOtherwise>(MemberIndex(*member));
    }
    for round in 1..=3 {
        let mut solver = Person::new(seed, 1_000 + round);
        let quote = solver.quote(&world.house, Round(round), 2_000, 1_000, 1_000_000);
        world.submit(MemberIndex(0), &quote, 1_500);
    }
    let swap = Person::new(seed, 1).swap(&world.house, 1_000, 1_900, Round(1), 60);
    world.submit(MemberIndex(1), &swap, 1_500);
    world
}

/// Neither allocation has a quorum. The round settles all the same, with nothing filled, and the
/// next one goes on.
#[test]
fn a_round_that_two_halves_clear_differently_settles_empty() {
    for seed in seeds() {
        let mut world = house_of_two_versions(seed, &[2, 3]);
        world.run(3_000);
        settle_within(&mut world, 60);
        for member in [0, 1, 2, 3].map(MemberIndex) {
            let records = world.records(member);
            let first = &records[0];
            assert!(first.allocation_certificate.view >= withdrawn_from(4));
            assert!(first.settlement.settlement.fills.is_empty());
            let mut unfilled = first.settlement.settlement.unfilled.iter();
            assert!(unfilled.all(|entry| entry.reason == UnfilledReason::Withdrawn));
        }
        let next = Person::new(seed, 2).swap(&world.house, 1_000, 1_900, Round(2), 60);
        world.submit(MemberIndex(1), &next, 100);
        world.run(1_000);
        settle_within(&mut world, 60);
        assert!(world.receipts.contains_key(&next.id()));
    }
}

/// The allocation of three is certified in the first view. The fourth says so, and stops no one.
#[test]
fn one_member_of_another_version_costs_the_others_nothing() {
    for seed in seeds() {
        let mut world = house_of_two_versions(seed, &[3]);
        world.run(20_000);
        let records = world.records(MemberIndex(0));
        assert_eq!(records[0].allocation_certificate.view, View(0));
        assert_eq!(records[0].settlement.settlement.fills.len(), 1);
        let told = world.notices.iter();
        let told = told.filter(|(by, notice)| {
            *by == MemberIndex(3) && matches!(notice, Notice::Differs(Round(1)))
        });
        assert_eq!(told.count(), 1);
    }
}

/// Three are up and have decided the allocation; one of them loses power before its shares of the
/// settlement have arrived. What it comes back to is its own ballot alone: the others have to show
/// it what they decided.
#[test]
fn a_power_cut_after_the_allocation_was_decided_stops_nobody() {
    for seed in seeds() {
        let mut world = house_of_two_versions(seed, &[]);
        world.kill(MemberIndex(3), None);
        let is_decided = |world: &World| {
            let released = &world.watch.scene.released;
            let second = |member| (Round(1), Opening::Second, MemberIndex(member));
            [0, 2]
                .iter()
                .any(|member| released.contains_key(&second(*member)))
        };
        assert!(world.run_to(20_000, is_decided), "{}", world.describe());
        world.kill(MemberIndex(1), Some(300));
        settle_within(&mut world, 20);
    }
}

/// Two of five are as many as keep either allocation from a quorum, and as many as may lie.
#[test]
fn five_members_of_two_versions_settle_empty() {
    let mut world = house_of(5, 4, 1, &[3, 4]);
    world.run(3_000);
    settle_within(&mut world, 60);
    let records = world.records(MemberIndex(0));
    assert!(records[0].settlement.settlement.fills.is_empty());
}

/// Two and two, as in an upgrade of one member after another. One is without power from the
/// certificate until the others vote on the allocation that fills nothing.
#[test]
fn an_upgrade_that_restarts_a_member_for_long_ends_the_round() {
    for away in 0..4 {
        let mut world = house_of_two_versions(1, &[2, 3]);
        let is_certified = |world: &World| world.watch.scene.closes.contains_key(&Round(1));
        assert!(world.run_to(20_000, is_certified), "{}", world.describe());
        world.kill(MemberIndex(away), Some(80_000));
        world.run(80_000);
        settle_within(&mut world, 60);
    }
}
