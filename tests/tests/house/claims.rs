//! What is only said stops, delays and silences nobody.

use std::time::Duration;

use sealbid_protocol::disk::{Recall, Table};
use sealbid_protocol::evidence::Evidence;
use sealbid_protocol::member::Notice;
use sealbid_protocol::member::message::{Allocated, CertifiedClose, PeerMessage};
use sealbid_tests::house::adversary::{Adversary, AnotherClose, Boasts, ForgedRecord, Forgery};
use sealbid_tests::house::{Faults, Person, START, World};
use sealbid_types::codec::decode;
use sealbid_types::door::Phase;
use sealbid_types::id::{MemberIndex, Round, View};

use super::scenario::{run, seeds, settle_within, trade};

/// Requests for records that one member may cause at another in half a minute: with a delay that
/// doubles from some 800 ms, eight.
const MOST_FETCHES: u64 = 8;

fn boast(ways: fn() -> Vec<Box<dyn Adversary>>) {
    for seed in seeds() {
        let mut world = World::new(4, 3, seed, Faults::delay(10));
        let liar = MemberIndex(u8::try_from(seed % 4).unwrap());
        world.corrupt_in_ways(liar, ways());
        trade(&mut world, seed, 8, 3_000);
        run(&mut world, seed, 30_000);
        assert!(world.counts.lies > 0, "seed {seed}: nobody boasted");
        let honest: Vec<_> = world.honest().collect();
        for member in honest {
            let fetches = world.counts.fetches.get(&member).copied().unwrap_or(0);
            assert!(
                fetches <= MOST_FETCHES,
                "seed {seed}: {member} fetched {fetches} times"
            );
            let head = world.head(member).unwrap();
            assert_ne!(head.phase, Phase::CatchingUp, "seed {seed}: {member}");
        }
    }
}

#[test]
fn who_says_to_be_far_ahead_makes_nobody_catch_up() {
    boast(|| vec![Box::new(Boasts(Round(u64::MAX)))]);
}

#[test]
fn who_serves_records_of_nothing_is_not_asked_again_and_again() {
    boast(|| {
        vec![
            Box::new(Boasts(Round(1 << 40))),
            Box::new(ForgedRecord(Forgery::Certificate)),
        ]
    });
}

/// A member that was away fetches records from a liar first. What it stores is what all store.
#[test]
fn a_record_with_a_forged_ancestry_is_archived_by_nobody() {
    catch_up_from_a_liar(Forgery::Ancestry);
}

#[test]
fn a_record_with_an_unrelated_ancestry_holds_nobody_up() {
    catch_up_from_a_liar(Forgery::Unrelated);
}

#[test]
fn a_record_with_a_wrong_certificate_holds_nobody_up() {
    catch_up_from_a_liar(Forgery::Certificate);
}

fn catch_up_from_a_liar(forgery: Forgery) {
    for seed in seeds() {
        let mut world = World::new(4, 3, seed, Faults::delay(10));
        world.corrupt(MemberIndex(0), ForgedRecord(forgery));
        trade(&mut world, seed, 8, 8_000);
        // Acknowledged for the first round, which closes at 4 s: reported, and not listed.
        let soon = START.plus(Duration::from_millis(3_000));
        let person = &mut Person::new(seed, 50);
        let expires = person.swap_until(&world.house, 1_000, 1_900, (Round(1), 60), soon);
        world.submit(MemberIndex(2), &expires, 1_600);
        world.intents.remove(&expires.id());
        world.run(3_000);
        world.kill(MemberIndex(1), Some(7_000));
        world.run(10_000);
        settle_within(&mut world, 20);
        assert!(world.counts.lies > 0, "seed {seed}: nobody asked the liar");
    }
}

/// More members lie than the committee bears, and a second certificate of a decided round is shown.
#[test]
fn a_second_certificate_of_a_decided_round_halts_who_sees_it() {
    let mut world = World::new(4, 3, 1, Faults::delay(10));
    trade(&mut world, 1, 4, 100);
    let (from, to) = (MemberIndex(3), MemberIndex(0));
    let has_settled = |world: &World| world.settled(to) >= Round(1);
    assert!(world.run_until(20_000, has_settled), "{}", world.describe());
    let mut close = world.records(to).remove(0).close;
    close.intents.pop();
    let certificate = world.house.certify(&close, View(7));
    let fork = CertifiedClose { close, certificate };
    world.deliver(from, to, &PeerMessage::Certified(Box::new(fork)));
    world.run(1_000);
    let has_halted = world.halts.iter().any(|(member, _)| *member == to);
    assert!(has_halted, "{}", world.describe());
    let proof = world.disk(to).scan(Table::Evidence);
    assert!(!proof.is_empty(), "both certificates are kept");
}

/// The same of the allocation, while the round settles.
#[test]
fn two_certified_allocations_halt_who_sees_them() {
    let mut world = World::new(4, 3, 1, Faults::delay(10));
    trade(&mut world, 1, 4, 100);
    let (from, to) = (MemberIndex(3), MemberIndex(0));
    let is_certified = |world: &World| {
        let closes = world.disk(to).scan(Table::Closes);
        !closes.is_empty()
    };
    assert!(world.run_to(20_000, is_certified), "{}", world.describe());
    assert!(world.records(to).is_empty());
    for name in [1, 2] {
        let (round, allocation) = (Round(1), [name; 32].into());
        let certificate = world.house.certify_allocation(round, allocation, View(0));
        let allocated = Allocated {
            round,
            allocation,
            certificate,
        };
        world.deliver(from, to, &PeerMessage::Allocated(allocated));
    }
    world.run(1_000);
    let has_halted = world.halts.iter().any(|(member, _)| *member == to);
    assert!(has_halted, "{}", world.describe());
    let (house, rows) = (&world.house, world.disk(to).scan(Table::Evidence));
    let proofs = rows
        .iter()
        .filter_map(|(_, row)| decode::<Evidence>(row).ok());
    let is_proof = |evidence: &Evidence| {
        let is_of_both = matches!(evidence, Evidence::Allocations(_));
        is_of_both && evidence.judge(&house.committee, &house.keys).is_ok()
    };
    assert_eq!(proofs.filter(is_proof).count(), 1, "both certificates");
}

/// Shares are of the close that they name, or of none.
#[test]
fn shares_of_another_close_are_refused() {
    for seed in seeds() {
        let mut world = World::new(4, 3, seed, Faults::delay(10));
        let liar = MemberIndex(u8::try_from(seed % 4).unwrap());
        world.corrupt(liar, AnotherClose);
        trade(&mut world, seed, 8, 3_000);
        run(&mut world, seed, 5_000);
        assert!(
            world.counts.lies > 0,
            "seed {seed}: the liar told the truth"
        );
        let is_told = |notice: &Notice| match notice {
            Notice::Fault { member, .. } => *member == liar,
            Notice::Unusable { from, .. } => *from == liar,
            _ => false,
        };
        let told = world.notices.iter().any(|(_, notice)| is_told(notice));
        assert!(told, "seed {seed}: nobody says anything of it");
    }
}
