//! Strangers with free keys take no round's places from anybody else for long.

use std::time::Duration;

use sealbid_tests::house::adversary::{Repeater, fill_far_rounds, fill_quota};
use sealbid_tests::house::{Caps, Faults, Fixture, Person, START, World};
use sealbid_types::door::RefusalCode;
use sealbid_types::envelope::Kind;
use sealbid_types::id::{MemberIndex, Round};

use super::scenario::{run, settle_within, swap, trade};

/// A round that lists 30 of each kind: 10 places at each member.
fn small_world(seed: u64) -> World {
    let caps = Caps {
        intents: 30,
        quotes: 30,
    };
    World::of(
        Fixture::with_caps(4, 3, seed, caps),
        seed,
        Faults::delay(10),
    )
}

/// One key asks for as many places as there are, of every member.
#[test]
fn full_inboxes_empty_again() {
    let mut world = small_world(1);
    let crowd = fill_quota(&world.house, 1, Kind::Intent, Round(1), 30);
    for (number, envelope) in crowd.iter().enumerate() {
        let to = MemberIndex(u8::try_from(number % 4).unwrap());
        world.submit(to, envelope, 1_200);
    }
    world.run(9_000);
    let wanted = swap(&world, 1);
    world.submit(MemberIndex(1), &wanted, 100);
    world.run(3_000);
    let has_receipt = world.receipts.contains_key(&wanted.id());
    assert!(has_receipt, "{}", world.describe());
    settle_within(&mut world, 20);
}

#[test]
fn quotes_for_far_rounds_take_no_place_in_the_open_one() {
    let mut world = small_world(1);
    let crowd = fill_far_rounds(&world.house, 1, Kind::Quote, Round(60), 2, 5);
    for envelope in &crowd {
        world.submit(MemberIndex(0), envelope, 1_200);
    }
    let wanted = swap(&world, 1);
    world.submit(MemberIndex(1), &wanted, 2_200);
    let quote = Person::new(1, 9).quote(&world.house, Round(1), 2_000, 1_000, 1_000_000);
    world.submit(MemberIndex(1), &quote, 2_300);
    run(&mut world, 1, 5_000);
    let has_receipt = world.receipts.contains_key(&quote.id());
    assert!(has_receipt, "{}", world.describe());
}

#[test]
fn intents_for_far_rounds_take_no_place_in_the_open_one() {
    let mut world = small_world(1);
    let crowd = fill_far_rounds(&world.house, 1, Kind::Intent, Round(60), 2, 5);
    for envelope in &crowd {
        world.submit(MemberIndex(0), envelope, 1_200);
    }
    // Its range does not reach as far as the crowd's: each round of a range needs a place.
    let wanted = Person::new(1, 900).swap(&world.house, 1_000, 1_900, Round(1), 8);
    world.submit(MemberIndex(1), &wanted, 2_200);
    world.run(5_000);
    let has_receipt = world.receipts.contains_key(&wanted.id());
    assert!(has_receipt, "{}", world.describe());
    world.intents.retain(|id| *id == wanted.id());
    settle_within(&mut world, 20);
}

/// Nobody trades, and strangers fill a later round. Who asks for a range that has that round in it is
/// refused, though the open one is empty. The house does not wait until theirs have expired: it goes
/// through to that round, and whoever comes then is taken.
#[test]
fn a_full_later_round_comes_though_nobody_trades() {
    for ahead in [1, 3] {
        let mut world = small_world(1);
        let full = Round(1 + ahead);
        let crowd = fill_far_rounds(&world.house, 1, Kind::Intent, full, 5, 2);
        for envelope in &crowd {
            world.submit_aside(MemberIndex(0), envelope, 1_200);
        }
        world.run(2_000);
        let wide = Person::new(1, 900).swap(&world.house, 1_000, 1_900, Round(1), 8);
        world.submit_aside(MemberIndex(1), &wide, 0);
        world.run(500);
        let refused: Vec<_> = world
            .refusals
            .iter()
            .map(|(id, it)| (*id, it.code))
            .collect();
        assert_eq!(refused, [(wide.id(), RefusalCode::RoundFull)]);
        world.run(5_000 * (ahead + 2));
        assert!(
            world.settled(MemberIndex(0)) >= full,
            "{}",
            world.describe()
        );
        let later = Person::new(1, 901).swap(&world.house, 1_000, 1_900, full, 8);
        world.submit(MemberIndex(1), &later, 0);
        world.run(3_000);
        assert!(
            world.receipts.contains_key(&later.id()),
            "{}",
            world.describe()
        );
        settle_within(&mut world, 20);
    }
}

/// What fills a later round expires before the next one could close: its places come back by themselves,
/// and nobody closes a round to get there.
#[test]
fn a_full_later_round_that_expires_is_not_gone_to() {
    let mut world = small_world(1);
    let soon = START.plus(Duration::from_millis(3_950));
    for key in 0..10 {
        let mut stranger = Person::new(1, 2_000_000 + key);
        let far = stranger.swap_until(&world.house, 1_000, 1_900, (Round(4), 2), soon);
        world.submit_aside(MemberIndex(0), &far, 100);
    }
    world.run(12_000);
    world.check();
    // The first window came while they lasted.
    assert_eq!(world.settled(MemberIndex(0)), Round(1));
}

/// A liar sends one envelope over and over that everybody refuses by its rounds: the arithmetic of
/// its proofs is done once, if at all.
#[test]
fn what_is_refused_by_its_rounds_is_not_proved_again_and_again() {
    let mut world = World::new(4, 3, 1, Faults::delay(10));
    let past = Person::new(1, 8).swap(&world.house, 1_000, 1_900, Round(1), 1);
    world.corrupt(MemberIndex(2), Repeater(past, 20));
    trade(&mut world, 1, 4, 100);
    run(&mut world, 1, 6_000);
    assert!(world.counts.lies > 0);
    let checks = world.counts.checks;
    assert!(checks <= 100, "{checks} envelopes were checked");
}
