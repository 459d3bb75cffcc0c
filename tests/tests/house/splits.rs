//! The network splits in two, in each way in which it can.

use std::collections::BTreeSet;

use sealbid_tests::house::{Cut, Faults, Links, World};
use sealbid_types::id::{MemberIndex, Round};

use super::scenario::{swap, trade};

const MEMBERS: u8 = 5;
const QUORUM: u8 = 4;
/// From when to when the network is split, in milliseconds: three slots.
const SPLIT: (u64, u64) = (2_500, 8_500);

/// One side of each of the 15 splits: the one that the last member is not on.
fn sides() -> impl Iterator<Item = BTreeSet<MemberIndex>> {
    (1..1_u8 << (MEMBERS - 1)).map(|bits| {
        let all = MemberIndex::all(MEMBERS - 1);
        all.filter(|member| bits >> member.0 & 1 == 1).collect()
    })
}

fn certified(world: &World) -> Round {
    let newest = world.watch.scene.closes.keys().next_back();
    newest.copied().unwrap_or_default()
}

/// Five members of whom four decide: a side of four goes on, and of sides of two and three neither
/// certifies anything. Five slots after the network has healed everything with a receipt is settled,
/// and what comes then has one.
#[test]
fn every_split_of_five_heals() {
    let mut count = 0;
    for side in sides() {
        let (begin, end) = SPLIT;
        let faults = Faults {
            links: Links {
                delay: 10,
                cuts: Cut::both_ways(begin, end, MEMBERS, &side).into(),
                ..Links::default()
            },
            ..Faults::default()
        };
        let mut world = World::new(MEMBERS, QUORUM, count + 1, faults);
        trade(&mut world, count + 1, 8, 6_000);
        // What was under way on either side comes to its end.
        world.run(begin + 100);
        let before = certified(&world);
        world.run(end - begin - 100);
        let after = certified(&world);
        let largest = side.len().max(usize::from(MEMBERS) - side.len());
        if largest < usize::from(QUORUM) {
            assert_eq!(after, before, "{side:?}: certified without a quorum");
        } else {
            assert!(after > before, "{side:?}: {}", world.describe());
        }
        let late = swap(&world, 1);
        world.submit(MemberIndex(0), &late, 1_100);
        let has_settled =
            |world: &World| world.receipts.contains_key(&late.id()) && world.is_settled();
        let period = u64::from(world.house.committee.schedule.period_ms);
        let is_over = world.run_until(5 * period, has_settled);
        assert!(is_over, "{side:?}: {}", world.describe());
        world.check();
        assert!(certified(&world) > before && world.counts.cut > 0);
        count += 1;
    }
    assert_eq!(count, 15);
}
