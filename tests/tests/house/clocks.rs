//! Clocks that are wrong, drift and jump.

use sealbid_tests::house::{Fault, Faults, World};
use sealbid_types::id::MemberIndex;

use super::scenario::{run, seeds, settle_within, trade};

/// All clocks are ahead for a while, and go back.
#[test]
fn all_clocks_ahead_and_back() {
    for seed in seeds() {
        let mut world = World::new(4, 3, seed, Faults::delay(10));
        let members: Vec<_> = world.house.members().collect();
        for member in members {
            for (after, by) in [(2_500, 7_000), (5_500, -7_000)] {
                world.plan(after, Fault::Jump { member, by });
            }
        }
        trade(&mut world, seed, 8, 8_000);
        world.run(12_000);
        settle_within(&mut world, 20);
    }
}

/// A machine is suspended again while it is, for less long, and its member is stopped besides: its
/// monotonic clock has stood still once, and it beats within a second of being back.
#[test]
fn a_machine_is_suspended_once_however_many_suspensions_meet() {
    let mut world = World::new(4, 3, 1, Faults::delay(10));
    let member = MemberIndex(1);
    let faults = [
        (
            1_000,
            Fault::Suspend {
                member,
                lasts: 4_000,
            },
        ),
        (
            2_000,
            Fault::Suspend {
                member,
                lasts: 3_500,
            },
        ),
        (3_000, Fault::Suspend { member, lasts: 100 }),
        (3_500, Fault::Pause { member, lasts: 200 }),
    ];
    for (after, fault) in faults {
        world.plan(after, fault);
    }
    world.run(12_000);
    world.check();
    settle_within(&mut world, 20);
}

/// Clocks that run a thousandth fast or slow, and are half a slot apart.
#[test]
fn drifting_clocks_trade() {
    for seed in seeds() {
        let faults = Faults {
            skew: 800,
            drift: 1_000,
            ..Faults::delay(10)
        };
        let mut world = World::new(4, 3, seed, faults);
        trade(&mut world, seed, 8, 6_000);
        run(&mut world, seed, 8_000);
    }
}

/// Two of four jump ten minutes ahead for a second, and back.
#[test]
fn a_jump_ahead_and_back_costs_no_more_than_the_jump() {
    for seed in seeds() {
        let mut world = World::new(4, 3, seed, Faults::delay(10));
        for member in [MemberIndex(0), MemberIndex(1)] {
            for (after, by) in [(2_500, 600_000), (3_500, -600_000)] {
                world.plan(after, Fault::Jump { member, by });
            }
        }
        trade(&mut world, seed, 8, 6_000);
        world.run(8_000);
        settle_within(&mut world, 20);
        assert_eq!(world.counts.faults.len(), 2, "seed {seed}");
    }
}
