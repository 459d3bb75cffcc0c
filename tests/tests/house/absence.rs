//! Members are away, slow, or alone with what they have.

use std::collections::BTreeMap;
use std::time::Duration;

use sealbid_protocol::disk::{Recall, Table};
use sealbid_protocol::member::message::PeerMessage;
use sealbid_protocol::vote::proposer;
use sealbid_tests::house::{Fault, Faults, Fixture, Links, Person, START, World};
use sealbid_types::codec::encode;
use sealbid_types::id::{MemberIndex, Round, View};

use super::scenario::{first_proposer, run, seeds, settle_within, swap, trade};

/// All are away for an hour, and what they had acknowledged is in the first round after it: there is
/// no pool to bring it again.
#[test]
fn an_outage_of_an_hour_loses_nothing() {
    for seed in seeds() {
        let faults = Faults {
            without_pool: MemberIndex::all(4).collect(),
            ..Faults::delay(10)
        };
        let mut world = World::new(4, 3, seed, faults);
        for number in 0..6 {
            let mut trader = Person::new(seed, number);
            trader.lasts = Duration::from_secs(3 * 3_600);
            let order = trader.swap(&world.house, 1_000, 1_900, Round(1), 60);
            let to = MemberIndex(u8::try_from(number % 4).unwrap());
            world.submit(to, &order, 1_200 + 250 * number);
        }
        world.run(2_950);
        assert!(!world.is_settled(), "seed {seed}: nothing was left to do");
        for member in world.house.members().collect::<Vec<_>>() {
            world.kill(member, Some(3_600_000));
        }
        assert_eq!(world.receipts.len(), 6, "{}", world.describe());
        world.run(3_600_000);
        settle_within(&mut world, 5);
    }
}

/// All are stopped until what they had acknowledged has expired, and nobody else trades: a round comes
/// that rules it out, so its trader hears that it was never opened. Whenever they go on: in a quote window,
/// or before the next one, when a quorum's clocks have freed its place already.
#[test]
fn what_expired_meanwhile_is_ruled_out_though_nobody_trades() {
    for lasts in (8_000..14_000).step_by(500) {
        let house = Fixture::with_usual_slots(4, 3, 1);
        let mut world = World::of(house, 1, Faults::delay(10));
        let soon = START.plus(Duration::from_millis(9_000));
        let order = Person::new(1, 1).swap_until(&world.house, 1_000, 1_900, (Round(1), 60), soon);
        let id = order.id();
        world.submit_aside(MemberIndex(0), &order, 100);
        let all_hold = |world: &World| {
            let row = |member| {
                world
                    .disk(member)
                    .get(Table::Acknowledgements, id.as_bytes())
            };
            world.honest().all(|member| row(member).is_some())
        };
        assert!(world.run_until(1_500, all_hold), "{}", world.describe());
        for member in world.house.members().collect::<Vec<_>>() {
            world.inflict(Fault::Pause { member, lasts });
        }
        world.run(lasts);
        let all_know = |world: &World| {
            let row = |member| world.disk(member).get(Table::Outcomes, id.as_bytes());
            world.honest().all(|member| row(member).is_some())
        };
        let told = world.run_until(20_000, all_know);
        assert!(told, "stopped for {lasts} ms: {}", world.describe());
        world.check();
    }
}

/// Two of four have an intent that expired meanwhile, one lacks it and one is away: all three are needed, and
/// those who have it do not wait for another order. Only a round that closes rules it out.
#[test]
fn what_some_hold_alone_is_ruled_out_too() {
    let lacks = MemberIndex(2);
    let faults = Faults {
        without_pool: MemberIndex::all(4).collect(),
        ..Faults::delay(10)
    };
    let mut world = World::of(Fixture::with_usual_slots(4, 3, 1), 1, faults);
    world.kill(MemberIndex(3), None);
    let soon = START.plus(Duration::from_millis(9_000));
    let order = Person::new(1, 1).swap_until(&world.house, 1_000, 1_900, (Round(1), 60), soon);
    let id = order.id();
    let bytes = PeerMessage::Envelopes(vec![encode(&order).into()]);
    let holders = [MemberIndex(0), MemberIndex(1)];
    world.run(500);
    for to in holders {
        world.deliver(MemberIndex(3), to, &bytes);
    }
    let in_table =
        |world: &World, table, member| world.disk(member).get(table, id.as_bytes()).is_some();
    let hold = |world: &World| {
        holders
            .iter()
            .all(|it| in_table(world, Table::Acknowledgements, *it))
    };
    assert!(world.run_until(1_000, hold), "{}", world.describe());
    for member in MemberIndex::all(3) {
        world.inflict(Fault::Pause {
            member,
            lasts: 10_000,
        });
    }
    world.run(10_000);
    let know = |world: &World| {
        holders
            .iter()
            .all(|it| in_table(world, Table::Outcomes, *it))
    };
    assert!(world.run_until(20_000, know), "{}", world.describe());
    assert!(
        !in_table(&world, Table::Outcomes, lacks),
        "it did not lack it"
    );
    world.check();
}

/// One member alone has an intent, whose client is gone with the member that took it: what it
/// reports the others fetch. All three are needed.
#[test]
fn what_one_member_alone_has_is_listed() {
    for seed in seeds() {
        // The first proposer lives, and lacks it.
        let first = first_proposer();
        let [took, alone, other] = [1, 2, 3].map(|number| MemberIndex((first.0 + number) % 4));
        let faults = Faults {
            without_pool: [first, other].into(),
            ..Faults::delay(10)
        };
        let mut world = World::new(4, 3, seed, faults);
        world.run(1_000);
        let order = swap(&world, 1);
        let id = order.id();
        world.submit(took, &order, 0);
        let has = |world: &World, member| {
            let rows = world
                .disk(member)
                .get(Table::Acknowledgements, id.as_bytes());
            rows.is_some()
        };
        assert!(world.run_to(500, |world| has(world, alone)), "seed {seed}");
        world.kill(took, None);
        for lacking in [first, other] {
            assert!(!has(&world, lacking), "seed {seed}");
        }
        let lists = |world: &World| {
            let close = world.watch.scene.closes.get(&Round(1));
            close.is_some_and(|close| close.intents.contains(&id))
        };
        // The others have it from the report of slot 2, and then wait for a whole window; by then the
        // one that has reported has let the first view go by.
        assert!(world.run_until(12_000, lists), "{}", world.describe());
        world.run(2_000);
        world.check();
    }
}

/// Messages from one member and to it take longer than the others wait for a proposal: no view fails
/// for it but those in which it is the one to propose.
#[test]
fn a_slow_member_is_not_on_the_way_of_the_others() {
    for seed in seeds() {
        let slow = MemberIndex(u8::try_from(seed % 4).unwrap());
        let faults = Faults {
            links: Links {
                delay: 10,
                slow: BTreeMap::from([(slow, 1_600)]),
                ..Links::default()
            },
            ..Faults::default()
        };
        let mut world = World::new(4, 3, seed, faults);
        trade(&mut world, seed, 16, 10_000);
        run(&mut world, seed, 14_000);
        let fast = MemberIndex((slow.0 + 1) % 4);
        let records = world.records(fast);
        assert!(records.len() >= 4, "seed {seed}: {} rounds", records.len());
        for record in records {
            let round = record.close.round;
            if proposer(4, round, View(0)) != slow {
                let views = [record.certificate.view, record.allocation_certificate.view];
                assert_eq!(views, [View(0); 2], "seed {seed}: round {round}");
            }
        }
    }
}
