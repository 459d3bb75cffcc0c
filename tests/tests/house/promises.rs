//! What a member has promised holds, whatever it forgets.

use sealbid_protocol::disk::{Recall, Table};
use sealbid_protocol::member::message::Opening;
use sealbid_tests::house::adversary::{
    ExtraEnvelope, FalseAcknowledgements, FalseMemory, ForgedAcknowledgements, share_u,
};
use sealbid_tests::house::{Fault, Faults, Person, World};
use sealbid_types::id::{MemberIndex, Round, View};

use super::scenario::{first_proposer, run, seeds, settle_within, swap, trade};

fn has_reported(world: &World, member: MemberIndex) -> bool {
    let rows = world.disk(member).scan(Table::Reports);
    rows.iter().any(|(key, _)| key[8] == member.0)
}

/// Three of four lose power between their reports and the certificate, the first proposer being
/// dead, and a client submits when they are back.
#[test]
fn receipts_survive_a_power_cut_between_report_and_certificate() {
    for seed in seeds() {
        let mut world = World::new(4, 3, seed, Faults::delay(10));
        let dead = first_proposer();
        let others: Vec<_> = world.house.members().filter(|m| *m != dead).collect();
        let early = swap(&world, 1);
        world.submit(others[0], &early, 1_500);
        world.run(2_000);
        world.kill(dead, None);
        let reported = |world: &World| others.iter().all(|m| has_reported(world, *m));
        assert!(world.run_to(6_000, reported), "{}", world.describe());
        for member in &others {
            world.kill(*member, Some(300));
        }
        for (number, member) in others.iter().enumerate() {
            let late = swap(&world, 2 + number as u64);
            world.submit(*member, &late, 600 + 300 * number as u64);
        }
        world.run(8_000);
        settle_within(&mut world, 20);
        assert!(world.receipts.len() > 1, "seed {seed}: no late receipts");
    }
}

/// A member is restored from a copy that lacks what it has promised since, at one instant of a round
/// after another: what others have heard of it, it keeps.
#[test]
fn a_restored_member_keeps_what_others_heard_it_promise() {
    let member = MemberIndex(0);
    for at in (1_850..6_200).step_by(450) {
        let mut world = World::new(4, 3, at, Faults::delay(10));
        let said = true;
        world.plan(1_000, Fault::Copy { member });
        world.plan(
            at,
            Fault::Restore {
                member,
                said,
                back: 200,
            },
        );
        for number in 0..8 {
            let to = MemberIndex(u8::try_from(number % 3 + 1).unwrap());
            let order = swap(&world, number + 1);
            world.submit(to, &order, 1_500 + 500 * number);
        }
        world.run(8_000);
        settle_within(&mut world, 20);
        assert_eq!(world.counts.faults["old disk, and said so"], 1);
    }
}

/// A liar tells a member that starts of a vote that it never cast. The liar takes no part in the
/// vote itself, so that everybody else is needed.
#[test]
fn a_false_memory_of_a_vote_silences_nobody() {
    for seed in seeds() {
        silences_nobody(seed, FalseMemory::Invented(View(1_000_000)));
    }
}

/// Nor does a vote that it did cast, elsewhere.
#[test]
fn a_vote_in_another_auction_silences_nobody() {
    for seed in seeds() {
        silences_nobody(seed, FalseMemory::Elsewhere);
    }
}

fn silences_nobody(seed: u64, memory: FalseMemory) {
    let mut world = World::new(4, 3, seed, Faults::delay(10));
    let liar = MemberIndex(u8::try_from(seed % 4).unwrap());
    world.corrupt(liar, memory);
    let started = MemberIndex((liar.0 + 1) % 4);
    world.run(500);
    world.kill(started, Some(300));
    trade(&mut world, seed, 6, 2_000);
    world.run(4_000);
    settle_within(&mut world, 20);
    assert!(world.counts.lies > 0, "seed {seed}: nobody was told a lie");
}

#[test]
fn an_acknowledgement_for_the_end_of_time_makes_no_receipt() {
    false_acknowledgements(Some(Round(u64::MAX)));
}

#[test]
fn an_acknowledgement_for_the_last_round_makes_no_receipt() {
    false_acknowledgements(None);
}

/// The receipt's invariant looks at each signature.
#[test]
fn acknowledgements_that_are_not_signed_by_their_makers_make_no_receipt() {
    let mut world = World::new(4, 3, 1, Faults::delay(10));
    world.corrupt(MemberIndex(1), ForgedAcknowledgements);
    trade(&mut world, 1, 12, 3_000);
    run(&mut world, 1, 5_000);
    assert!(world.counts.lies > 0, "nothing was forged");
}

fn false_acknowledgements(round: Option<Round>) {
    for seed in seeds() {
        let mut world = World::new(4, 3, seed, Faults::delay(10));
        let liar = MemberIndex(u8::try_from(seed % 4).unwrap());
        world.corrupt(liar, FalseAcknowledgements(round));
        trade(&mut world, seed, 8, 3_000);
        run(&mut world, seed, 5_000);
        assert!(
            world.counts.lies > 0,
            "seed {seed}: the liar told the truth"
        );
    }
}

/// A liar lists an envelope that shares a `u` with one of the round before. One member dies after
/// it has released its shares, and starts again.
#[test]
fn a_restart_opens_nothing_that_shares_a_point_with_an_earlier_round() {
    for seed in seeds() {
        let mut world = World::new(4, 3, seed, Faults::delay(10));
        let (liar, restarted) = (MemberIndex(1), MemberIndex(0));
        let mut trader = Person::new(seed, 5);
        let mut sealed_alike = || {
            let plain = trader.swap(&world.house, 1_000, 1_900, Round(1), 60);
            share_u(&trader, &plain, seed)
        };
        let (first, second) = (sealed_alike(), sealed_alike());
        world.corrupt(liar, ExtraEnvelope(second, Round(2)));
        world.submit(MemberIndex(2), &first, 1_500);
        let other = swap(&world, 1);
        world.submit(MemberIndex(2), &other, 5_000);
        // It reports late, so that the liar's report is one of the three that close the round.
        let (member, lasts) = (MemberIndex(3), 600);
        for slot_end in [6_000, 8_000] {
            world.plan(slot_end - 50, Fault::Pause { member, lasts });
        }
        let releases = |world: &World| {
            let key = (Round(2), Opening::First, restarted);
            world.watch.scene.released.contains_key(&key)
        };
        assert!(world.run_to(12_000, releases), "{}", world.describe());
        world.kill(restarted, Some(300));
        world.run(4_000);
        settle_within(&mut world, 20);
        assert!(world.counts.lies > 0);
        let records = world.records(MemberIndex(2));
        let points = &records[1].ancestry.points;
        assert!(!points.is_empty(), "seed {seed}: round 2 shares no point");
    }
}
