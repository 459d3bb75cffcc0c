//! What one member reports, proposes or spreads, no round hangs on.

use std::collections::BTreeSet;

use sealbid_tests::house::adversary::{
    BogusIds, FarRounds, IdleReporter, LateReporter, PoisonedSignatures, StaleSlot, ThirdReport,
};
use sealbid_tests::house::{Caps, Faults, Fixture, World};
use sealbid_types::id::{MemberIndex, Round};

use super::scenario::{first_proposer, run, seeds, settle_within, swap, trade};

#[test]
fn a_late_report_is_not_waited_for() {
    for seed in seeds() {
        let mut world = World::new(4, 3, seed, Faults::delay(10));
        let liar = MemberIndex(u8::try_from(seed % 4).unwrap());
        world.corrupt(liar, LateReporter::new(3_000));
        trade(&mut world, seed, 8, 3_000);
        run(&mut world, seed, 5_000);
        assert!(world.counts.lies > 0, "seed {seed}: nobody was late");
    }
}

/// Copies of honest envelopes with one bit of the signature flipped come after the reports.
#[test]
fn broken_copies_of_honest_envelopes_keep_no_round_open() {
    for seed in seeds() {
        let mut world = World::new(4, 3, seed, Faults::delay(10));
        let liar = MemberIndex(u8::try_from(seed % 4).unwrap());
        world.corrupt(liar, PoisonedSignatures::default());
        trade(&mut world, seed, 8, 3_000);
        world.run(5_000);
        settle_within(&mut world, 20);
        assert!(world.counts.lies > 0, "seed {seed}: nothing was poisoned");
    }
}

/// The first proposer signs three reports, shows two of them to one member, and proposes with the
/// third; then it is silent.
#[test]
fn a_third_report_of_one_member_can_be_judged() {
    let liar = first_proposer();
    for to in [0, 2, 3].map(MemberIndex) {
        let mut world = World::new(4, 3, 1, Faults::delay(10));
        world.corrupt(liar, ThirdReport::new(to));
        trade(&mut world, 1, 8, 100);
        world.run(5_000);
        settle_within(&mut world, 20);
        assert!(world.counts.lies > 0);
    }
}

/// A liar reports more than a thousand ids of nothing. One member lacks what is really there, and
/// is needed.
#[test]
fn what_is_really_missing_is_asked_for_among_a_thousand_invented_ids() {
    for seed in seeds() {
        let caps = Caps {
            intents: 4_000,
            quotes: 100,
        };
        let lacking = MemberIndex(3);
        let faults = Faults {
            without_pool: BTreeSet::from([lacking]),
            ..Faults::delay(10)
        };
        let mut world = World::of(Fixture::with_caps(4, 3, seed, caps), seed, faults);
        world.corrupt(MemberIndex(0), BogusIds(1_200));
        for number in 0..4 {
            let wanted = swap(&world, number);
            world.submit(MemberIndex(2), &wanted, 1_500);
        }
        world.run(5_000);
        assert!(!world.receipts.is_empty(), "{:?}", world.refusals);
        settle_within(&mut world, 20);
        assert!(world.counts.lies > 0);
    }
}

/// Nobody trades, and a liar reports an envelope that does not exist.
#[test]
fn an_invented_envelope_closes_no_round() {
    let mut world = World::new(4, 3, 1, Faults::delay(10));
    world.corrupt(MemberIndex(2), IdleReporter::default());
    world.run(20_000);
    let honest: Vec<_> = world.honest().collect();
    for member in honest {
        assert_eq!(world.settled(member), Round(0), "{}", world.describe());
    }
    trade(&mut world, 1, 4, 1_000);
    run(&mut world, 1, 4_000);
    assert!(world.counts.lies > 0);
}

/// A liar that proposes names the slot before the newest, and so a time at which what has expired
/// since was alive.
#[test]
fn no_close_names_a_slot_before_its_reports() {
    let mut world = World::new(4, 3, 1, Faults::delay(10));
    world.corrupt(first_proposer(), StaleSlot);
    // Slots before the first round: there is one to go back to.
    world.run(4_000);
    trade(&mut world, 1, 8, 4_000);
    run(&mut world, 1, 12_000);
    assert!(world.counts.lies > 0);
}

/// Envelopes whose rounds nobody lives to see are reported, and fetched by nobody for good.
#[test]
fn envelopes_of_a_far_future_are_not_stored() {
    for seed in seeds() {
        let mut world = World::new(4, 3, seed, Faults::delay(10));
        let liar = MemberIndex(u8::try_from(seed % 4).unwrap());
        world.corrupt(liar, FarRounds::default());
        trade(&mut world, seed, 8, 3_000);
        run(&mut world, seed, 5_000);
        assert!(world.counts.lies > 0, "seed {seed}: nothing was far");
    }
}
