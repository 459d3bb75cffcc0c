//! Whoever submits what cannot be taken is told why: what the screen and the gate of a running member
//! refuse.

use std::time::Duration;

use sealbid_crypto::group::{CurvePoint, G1Sum};
use sealbid_protocol::member::Limits;
use sealbid_tests::house::adversary::share_u;
use sealbid_tests::house::{Caps, Faults, Fixture, Person, World};
use sealbid_types::bytes::{Blob, FixedBytes};
use sealbid_types::door::RefusalCode;
use sealbid_types::envelope::{Envelope, Sealed, SealedPart};
use sealbid_types::id::{MemberIndex, Round};

use super::scenario::{swap, trade};

const DOOR: MemberIndex = MemberIndex(1);

/// A house whose members are ready.
fn world() -> World {
    let mut world = World::new(4, 3, 1, Faults::delay(10));
    world.run(1_000);
    world
}

/// What a member says to an envelope: the code of its refusal, or nothing if there is a receipt.
#[track_caller]
fn answer(world: &mut World, envelope: &Envelope) -> Option<RefusalCode> {
    let id = envelope.id();
    let before = world.refusals.len();
    world.submit_aside(DOOR, envelope, 0);
    world.run(200);
    let mut refusals = world.refusals[before..].iter();
    let refusal = refusals.find(|(of, _)| *of == id);
    let code = refusal.map(|(_, refusal)| refusal.code);
    let is_receipted = world.receipts.contains_key(&id);
    assert_ne!(code.is_some(), is_receipted, "{}", world.describe());
    code
}

/// A trader of its own for each number.
fn trader(number: u64) -> Person {
    Person::new(3, number)
}

/// A house that has closed some rounds, and goes on closing them.
fn old_world() -> World {
    let mut world = world();
    trade(&mut world, 1, 10, 6_000);
    world.run(7_500);
    assert!(world.settled(DOOR) > Round(1));
    world
}

#[test]
fn a_quote_for_a_closed_round_is_late() {
    let mut world = old_world();
    let late = trader(1).quote(&world.house, Round(1), 2_000, 1_000, 1_000);
    assert_eq!(answer(&mut world, &late), Some(RefusalCode::RoundClosed));
}

#[test]
fn an_intent_whose_rounds_are_closed_is_late() {
    let mut world = old_world();
    let late = trader(1).swap(&world.house, 1_000, 1_900, Round(1), 1);
    assert_eq!(answer(&mut world, &late), Some(RefusalCode::RoundClosed));
}

#[test]
fn what_a_round_lists_already_is_told_so() {
    let mut world = world();
    let order = swap(&world, 1);
    assert_eq!(answer(&mut world, &order), None);
    world.run(4_000);
    assert_eq!(world.settled(DOOR), Round(1));
    world.receipts.clear();
    assert_eq!(answer(&mut world, &order), Some(RefusalCode::AlreadyListed));
}

#[test]
fn rounds_that_are_far_ahead_are_not_taken() {
    let mut world = world();
    // The open round is the first: 64 rounds ahead of it are taken.
    let near = trader(1).swap(&world.house, 1_000, 1_900, Round(65), 2);
    assert_eq!(answer(&mut world, &near), None);
    let far = trader(2).swap(&world.house, 1_000, 1_900, Round(66), 2);
    assert_eq!(answer(&mut world, &far), Some(RefusalCode::RoundTooFar));
}

#[test]
fn what_expires_before_a_round_can_list_it_is_not_taken() {
    let mut world = world();
    // The slot ends at two seconds.
    let mut brief = trader(1);
    brief.lasts = Duration::from_millis(1_999);
    let order = brief.swap(&world.house, 1_000, 1_900, Round(1), 60);
    assert_eq!(answer(&mut world, &order), Some(RefusalCode::Expired));
    brief.lasts = Duration::from_millis(2_000);
    let order = brief.swap(&world.house, 1_000, 1_900, Round(1), 60);
    assert_eq!(answer(&mut world, &order), None);
}

#[test]
fn a_full_round_takes_no_more() {
    let caps = Caps {
        intents: 6,
        quotes: 3,
    };
    let mut world = World::of(Fixture::with_caps(4, 3, 1, caps), 1, Faults::delay(10));
    world.run(1_000);
    // Places are floor(cap / q): two and one.
    for number in 0..2 {
        let order = swap(&world, number);
        assert_eq!(answer(&mut world, &order), None);
    }
    let third = swap(&world, 2);
    assert_eq!(answer(&mut world, &third), Some(RefusalCode::RoundFull));
    let quote = |number| trader(number).quote(&world.house, Round(1), 2_000, 1_000, 1_000);
    let (first, second) = (quote(10), quote(11));
    assert_eq!(answer(&mut world, &first), None);
    assert_eq!(answer(&mut world, &second), Some(RefusalCode::RoundFull));
}

#[test]
fn a_submitter_has_its_quota_and_takes_none_of_anothers() {
    let limits = Limits {
        intents_per_submitter: 2,
        quotes_per_submitter: 1,
        ..Limits::default()
    };
    let faults = Faults {
        limits,
        ..Faults::delay(10)
    };
    let mut world = World::new(4, 3, 1, faults);
    world.run(1_000);
    let mut one = trader(1);
    let mut order = |world: &World| one.swap(&world.house, 1_000, 1_900, Round(1), 60);
    let orders = [order(&world), order(&world), order(&world)];
    let answers = orders.map(|order| answer(&mut world, &order));
    assert_eq!(answers, [None, None, Some(RefusalCode::Quota)]);
    let mut one = trader(1);
    let mut quote = |world: &World, round| one.quote(&world.house, round, 2_000, 1_000, 1_000);
    let quotes = [quote(&world, Round(1)), quote(&world, Round(2))];
    let answers = quotes.map(|quote| answer(&mut world, &quote));
    assert_eq!(answers, [None, Some(RefusalCode::Quota)]);
    let another = swap(&world, 1);
    assert_eq!(answer(&mut world, &another), None);
    // What a round lists waits no longer.
    world.run(4_000);
    let again = order_of(&world, 1);
    assert_eq!(answer(&mut world, &again), None);
}

fn order_of(world: &World, number: u64) -> Envelope {
    trader(number).swap(&world.house, 1_000, 1_800, Round(1), 60)
}

#[test]
fn two_envelopes_with_one_point_are_told_apart() {
    let mut world = world();
    let mut one = trader(1);
    let mut sealed_alike = || {
        let plain = one.swap(&world.house, 1_000, 1_900, Round(1), 60);
        share_u(&one, &plain, 7)
    };
    let [first, second, third] = [sealed_alike(), sealed_alike(), sealed_alike()];
    assert_eq!(answer(&mut world, &first), None);
    assert_eq!(answer(&mut world, &second), Some(RefusalCode::SharedU));
    // A round that has closed has used it for good.
    world.run(4_000);
    assert_eq!(world.settled(DOOR), Round(1));
    assert_eq!(answer(&mut world, &third), Some(RefusalCode::SharedU));
}

#[test]
fn a_house_without_a_quorum_says_so() {
    let mut world = world();
    for gone in [MemberIndex(2), MemberIndex(3)] {
        world.kill(gone, None);
    }
    world.run(5_000);
    let order = swap(&world, 1);
    assert_eq!(answer(&mut world, &order), Some(RefusalCode::NotReady));
}

#[test]
fn who_it_is_for_and_its_header_are_looked_at_first() {
    let mut world = world();
    let one = trader(1);
    let order = swap_of(&world, &mut trader(1));
    let wrong = [
        (
            one.relabel(&order, |header| header.auction = [9; 32].into()),
            RefusalCode::WrongAuction,
        ),
        (
            one.relabel(&order, |header| header.key = [9; 32].into()),
            RefusalCode::UnknownKey,
        ),
        (
            one.relabel(&order, |header| header.first = Round(0)),
            RefusalCode::Rounds,
        ),
        (
            one.relabel(&order, |header| header.protocol += 1),
            RefusalCode::Protocol,
        ),
    ];
    for (envelope, code) in wrong {
        assert_eq!(answer(&mut world, &envelope), Some(code));
    }
}

fn swap_of(world: &World, person: &mut Person) -> Envelope {
    person.swap(&world.house, 1_000, 1_900, Round(1), 60)
}

/// The gate's reasons reach the client: points, scalars, lengths, proofs, signatures.
#[test]
fn what_the_gate_finds_is_told() {
    let mut world = world();
    let one = trader(1);
    let order = swap_of(&world, &mut trader(1));
    let altered = |alter: &dyn Fn(&mut SealedPart)| {
        one.reseal(&order, |sealed| {
            if let Sealed::Intent { terms, .. } = sealed {
                alter(terms);
            }
        })
    };
    let with_torsion = |u: &FixedBytes<96>| {
        let mut sum = G1Sum::from(&CurvePoint::decode(&u.0).unwrap());
        sum.add_point(&CurvePoint::of_order_eleven());
        FixedBytes(sum.to_point().unwrap().encode())
    };
    let mut identity = [0; 96];
    identity[0] = 0b0100_0000;
    let mut unsigned = order.clone();
    unsigned.signature.0.0[5] ^= 1;
    let wrong = [
        (
            altered(&|part| part.u = FixedBytes([0xff; 96])),
            RefusalCode::PointNotOnCurve,
        ),
        (
            altered(&|part| part.u = FixedBytes(identity)),
            RefusalCode::PointIdentity,
        ),
        (
            altered(&|part| part.u = with_torsion(&part.u)),
            RefusalCode::PointNotInSubgroup,
        ),
        (
            altered(&|part| part.response = FixedBytes([0xff; 32])),
            RefusalCode::ScalarNotCanonical,
        ),
        (
            altered(&|part| part.body = Blob::from(vec![0; 7])),
            RefusalCode::BodySize,
        ),
        (
            altered(&|part| part.commitment.0[0] ^= 1),
            RefusalCode::Proof,
        ),
        (
            one.relabel(&order, |header| header.last = Round(59)),
            RefusalCode::Proof,
        ),
        (unsigned, RefusalCode::Signature),
    ];
    for (envelope, code) in wrong {
        assert_eq!(answer(&mut world, &envelope), Some(code));
        // And again, from what the member remembers.
        assert_eq!(answer(&mut world, &envelope), Some(code));
    }
    assert_eq!(answer(&mut world, &order), None);
}
