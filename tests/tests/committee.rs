//! The whole committee under seeds: loss, reordering, crashes, partitions, one lying member.
//!
//! `SEALBID_SEED=N` replays the one seed N; `SEALBID_SIM_RUNS=N` runs N seeds a scenario.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeSet;

use sealbid_protocol::disk::{Recall, Table};
use sealbid_protocol::evidence::Evidence;
use sealbid_protocol::member::Notice;
use sealbid_protocol::member::message::Opening;
use sealbid_protocol::pool::ClearedRound;
use sealbid_tests::house::adversary::{
    Adversary, FallsSilent, FarClock, Omitter, ReportsExpired, TwoReports, Withholder, WrongShares,
    WrongSignatures,
};
use sealbid_tests::house::{Draws, Faults, Person, World, invariants};
use sealbid_types::allocation::FillKind;
use sealbid_types::close::Close;
use sealbid_types::codec::decode;
use sealbid_types::id::{MemberIndex, Round};
use sealbid_types::keys::Signed;
use sealbid_types::report::Report;

/// The seeds of a scenario: few by default, and always the same.
fn seeds() -> Vec<u64> {
    if let Some(seed) = std::env::var("SEALBID_SEED")
        .ok()
        .and_then(|text| text.parse().ok())
    {
        return vec![seed];
    }
    let runs = std::env::var("SEALBID_SIM_RUNS")
        .ok()
        .and_then(|text| text.parse().ok());
    (1..=runs.unwrap_or(4)).collect()
}

/// Swaps at random times and members, and quotes for the rounds to come.
fn trade(world: &mut World, seed: u64, swaps: u64, span: u64) {
    let mut draws = Draws::new(seed, "trade");
    let members = world.house.committee.members();
    for round in 1..=12 {
        let mut solver = Person::new(seed, 1_000 + round);
        let quote = solver.quote(&world.house, Round(round), 2_000, 1_000, 1_000_000);
        let to = MemberIndex(u8::try_from(draws.below(members.into())).unwrap());
        world.submit(to, &quote, 1_500);
    }
    for number in 0..swaps {
        let mut trader = Person::new(seed, number);
        let want = if draws.permille(200) { 2_500 } else { 1_900 };
        let swap = trader.swap(&world.house, 1_000, want, Round(1), 60);
        let to = MemberIndex(u8::try_from(draws.below(members.into())).unwrap());
        let after = 1_500 + draws.below(span);
        world.submit(to, &swap, after);
    }
}

/// Runs on for so many milliseconds, and then until every receipted intent is in a settled round
/// at every honest member.
fn run(world: &mut World, seed: u64, at_least: u64) {
    world.run_until(at_least, |_| false);
    let is_settled = world.run_until(180_000, World::is_settled);
    if !is_settled {
        let missing: Vec<_> = world
            .unsettled()
            .iter()
            .map(|r| (r.envelope, r.round()))
            .collect();
        let mut notices: Vec<_> = world
            .notices
            .iter()
            .map(|(by, notice)| format!("{by}: {notice}"))
            .collect();
        notices.dedup();
        panic!(
            "seed {seed}: at {} ms these are not settled: {missing:?}\n{}\n{:?}\n{:?}\n{notices:?}",
            world.now(),
            world.heads().join("\n"),
            world.refusals,
            world.halts,
        );
    }
    assert!(
        !world.receipts.is_empty(),
        "seed {seed}: no receipts: {:?}",
        world.refusals
    );
    invariants::check(world);
}

#[test]
fn a_round_without_faults_fills_what_can_be_filled() {
    for (members, quorum) in [(3, 2), (4, 3), (5, 4)] {
        let mut world = World::new(
            members,
            quorum,
            1,
            Faults {
                delay: 5,
                ..Faults::default()
            },
        );
        // Heartbeats would fall on the ends of slots, and wake the members then.
        let members: Vec<_> = world.house.members().collect();
        for member in members {
            world.kill(member, Some(250));
        }
        trade(&mut world, 1, 10, 100);
        run(&mut world, 1, 4_000);
        let record = world.records(MemberIndex(0)).remove(0);
        let settlement = &record.settlement.settlement;
        assert_eq!(record.close.intents.len(), 10, "{:?}", world.refusals);
        assert!(!settlement.fills.is_empty() && !settlement.unfilled.is_empty());
        assert!(settlement.void.is_empty(), "{:?}", settlement.void);
        for settled in &settlement.fills {
            let FillKind::Swap {
                amount_out,
                surplus,
                ..
            } = &settled.fill.kind
            else {
                panic!("a swap is filled as something else")
            };
            assert!(amount_out.units() >= 1_900 && surplus.units() == amount_out.units() - 1_900);
        }
        assert!(world.notices.is_empty(), "{:?}", world.notices);
        // Eight messages in a row, each at most 5 ms on its way: nothing else is waited for.
        let at_once = world.closings.values().all(|millis| *millis <= 50);
        assert!(at_once, "{:?}", world.closings);
    }
}

#[test]
fn a_pool_takes_a_round_for_closed_as_it_was_certified_and_not_otherwise() {
    let mut world = World::new(3, 2, 1, Faults::default());
    trade(&mut world, 1, 10, 100);
    run(&mut world, 1, 4_000);
    let record = world.records(MemberIndex(0)).remove(0);
    let keys = &world.house.keys;
    let cleared = ClearedRound::of(record.close.clone(), record.certificate);
    assert!(cleared.listed.len() > 10 && cleared.is_certified(keys));
    let changes: [fn(&mut ClearedRound); 5] = [
        |cleared| cleared.round += 1,
        |cleared| assert!(cleared.listed.pop_first().is_some()),
        |cleared| assert!(cleared.listed.insert([7; 32])),
        |cleared| cleared.listed.clear(),
        |cleared| assert!(cleared.certificate.pop().is_some()),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let mut changed = cleared.clone();
        change(&mut changed);
        assert!(!changed.is_certified(keys), "change {number}");
    }
    let alterations: [fn(&mut Close); 4] = [
        |close| close.quotes.extend(close.quotes.clone()),
        |close| close.intents.extend(close.quotes.pop()),
        |close| close.quotes.extend(close.intents.pop()),
        |close| close.slot.0 += 1,
    ];
    for (number, alter) in alterations.into_iter().enumerate() {
        let mut close = record.close.clone();
        alter(&mut close);
        let altered = ClearedRound::of(close, record.certificate);
        assert!(!altered.is_certified(keys), "alteration {number}");
    }
    let mut unsigned = record.certificate;
    unsigned.view.0 += 1;
    assert!(!ClearedRound::of(record.close, unsigned).is_certified(keys));
    let other = World::new(3, 2, 2, Faults::default());
    assert!(!cleared.is_certified(&other.house.keys));
}

#[test]
fn a_member_that_waits_for_the_others_sleeps() {
    let mut world = World::new(3, 2, 1, Faults::default());
    trade(&mut world, 1, 10, 100);
    world.run_until(3_500, |_| false);
    let (alone, gone) = (MemberIndex(0), [MemberIndex(1), MemberIndex(2)]);
    for member in gone {
        world.kill(member, None);
    }
    world.run_until(1_000, |_| false);
    assert!(
        !world.disk(alone).scan(Table::Reports).is_empty(),
        "it has reported"
    );
    world.kill(alone, Some(10));
    for _ in 0..20 {
        world.run_until(50, |_| false);
        assert!(world.sleeps(alone).is_some_and(|millis| millis > 0));
    }
}

#[test]
fn loss_reordering_and_duplication() {
    for seed in seeds() {
        let faults = Faults {
            loss: 100,
            duplication: 100,
            delay: 120,
            skew: 300,
            ..Faults::default()
        };
        let mut world = World::new(4, 3, seed, faults);
        trade(&mut world, seed, 12, 6_000);
        run(&mut world, seed, 14_000);
        assert!(world.counts.lost > 0, "seed {seed}: nothing was lost");
    }
}

#[test]
fn crashes_at_any_step() {
    for seed in seeds() {
        let faults = Faults {
            crash: 40,
            most_crashes: 10,
            delay: 20,
            ..Faults::default()
        };
        let mut world = World::new(4, 3, seed, faults);
        trade(&mut world, seed, 12, 8_000);
        run(&mut world, seed, 20_000);
        assert!(world.counts.crashed > 0, "seed {seed}: nobody crashed");
    }
}

#[test]
fn all_killed_at_once_lose_no_receipted_intent() {
    for seed in seeds() {
        let mut world = World::new(
            4,
            3,
            seed,
            Faults {
                delay: 10,
                ..Faults::default()
            },
        );
        trade(&mut world, seed, 10, 1_000);
        let when = 2_500 + Draws::new(seed, "when").below(3_000);
        world.run_until(when, |_| false);
        for member in world.house.members().collect::<Vec<_>>() {
            world.kill(member, Some(500));
        }
        let before = world.receipts.len();
        assert!(
            before > 0,
            "seed {seed}: nothing was receipted before the kill"
        );
        run(&mut world, seed, 14_000);
    }
}

#[test]
fn a_partition_heals() {
    for seed in seeds() {
        let cut = BTreeSet::from([MemberIndex(0), MemberIndex(1)]);
        let faults = Faults {
            delay: 10,
            partition: Some((2_000, 9_000, cut)),
            ..Faults::default()
        };
        let mut world = World::new(4, 3, seed, faults);
        trade(&mut world, seed, 10, 12_000);
        run(&mut world, seed, 14_000);
        assert!(
            world.counts.cut > 0,
            "seed {seed}: the partition cut nothing"
        );
    }
}

#[test]
fn a_member_that_is_gone_is_not_missed_and_catches_up() {
    for (members, quorum) in [(3, 2), (4, 3)] {
        for seed in seeds() {
            let mut world = World::new(
                members,
                quorum,
                seed,
                Faults {
                    delay: 10,
                    ..Faults::default()
                },
            );
            trade(&mut world, seed, 10, 6_000);
            world.run_until(3_000, |_| false);
            world.kill(MemberIndex(1), Some(9_000));
            run(&mut world, seed, 14_000);
        }
    }
}

#[test]
fn a_clock_ten_minutes_off_stops_nobody_and_is_told() {
    for seed in seeds() {
        let mut world = World::new(
            4,
            3,
            seed,
            Faults {
                delay: 10,
                ..Faults::default()
            },
        );
        let skewed = MemberIndex(u8::try_from(seed % 4).unwrap());
        world.set_ahead(skewed, 600_000);
        trade(&mut world, seed, 8, 3_000);
        run(&mut world, seed, 14_000);
        let told = |(by, notice): &(MemberIndex, Notice)| {
            *by == skewed && matches!(notice, Notice::Clock { .. })
        };
        assert!(
            world.notices.iter().any(told),
            "seed {seed}: {:?}",
            world.notices
        );
    }
}

fn with_liar(adversary: fn() -> Box<dyn Adversary>, is_named: bool) {
    for seed in seeds() {
        let mut world = World::new(
            4,
            3,
            seed,
            Faults {
                delay: 10,
                ..Faults::default()
            },
        );
        let liar = MemberIndex(u8::try_from(seed % 4).unwrap());
        world.corrupt(liar, adversary());
        trade(&mut world, seed, 8, 3_000);
        run(&mut world, seed, 14_000);
        assert!(
            world.counts.tampered > 0,
            "seed {seed}: the liar told the truth"
        );
        let named = world
            .notices
            .iter()
            .any(|(_, notice)| matches!(notice, Notice::Fault { .. }));
        assert!(named || !is_named, "seed {seed}: the liar is not named");
    }
}

#[test]
fn wrong_shares_of_terms_are_evidence() {
    wrong_shares_are_evidence(Opening::First);
}

#[test]
fn wrong_shares_of_authorisations_are_evidence() {
    wrong_shares_are_evidence(Opening::Second);
}

/// Whoever finds a liar keeps what shows it to everybody: the very shares that are wrong, to be
/// judged from the committee file alone.
fn wrong_shares_are_evidence(opening: Opening) {
    for seed in seeds() {
        let faults = Faults {
            delay: 10,
            ..Faults::default()
        };
        let mut world = World::new(4, 3, seed, faults);
        let liar = MemberIndex(u8::try_from(seed % 4).unwrap());
        world.corrupt(liar, Box::new(WrongShares(opening)));
        trade(&mut world, seed, 8, 3_000);
        run(&mut world, seed, 14_000);
        let finders: BTreeSet<MemberIndex> = world
            .notices
            .iter()
            .filter(|(_, notice)| matches!(notice, Notice::Fault { member, .. } if *member == liar))
            .map(|(by, _)| *by)
            .collect();
        assert!(!finders.is_empty(), "seed {seed}: the liar is not named");
        for finder in finders {
            let rows = world.disk(finder).scan(Table::Evidence);
            assert!(!rows.is_empty(), "seed {seed}: no evidence");
            for (_, bytes) in rows {
                let evidence: Evidence = decode(&bytes).unwrap();
                assert_eq!(evidence.member(), Some(liar));
                let house = &world.house;
                assert_eq!(evidence.judge(&house.committee, &house.keys), Ok(()));
                let Evidence::Shares(wrong) = evidence else {
                    panic!("seed {seed}: {evidence:?}");
                };
                assert_eq!(wrong.shares.body.opening, opening);
                assert!(wrong.wrong.is_some(), "seed {seed}: a wrong count");
            }
        }
    }
}

#[test]
fn wrong_signature_shares_are_named() {
    with_liar(|| Box::new(WrongSignatures), true);
}

#[test]
fn withheld_shares_are_done_without() {
    with_liar(|| Box::new(Withholder), false);
}

#[test]
fn a_report_without_what_was_acknowledged_drops_nothing() {
    with_liar(|| Box::new(Omitter), false);
}

#[test]
fn two_reports_of_one_member_are_evidence() {
    with_liar(|| Box::new(TwoReports::default()), false);
}

/// Reporter 0 goes silent once the round is certified. Member 3 heard no report: it has them from
/// members 1 and 2, and without it there is no quorum that opens the round.
#[test]
fn who_is_certified_serves_the_reports_until_the_round_is_settled() {
    let faults = Faults {
        delay: 5,
        partition: Some((3_900, 6_000, BTreeSet::from([MemberIndex(3)]))),
        ..Faults::default()
    };
    let mut world = World::new(4, 3, 1, faults);
    world.corrupt(MemberIndex(0), Box::new(FallsSilent::default()));
    trade(&mut world, 1, 6, 100);
    run(&mut world, 1, 8_000);
    assert!(world.counts.tampered > 0, "member 0 was never silent");
}

/// Two of four clocks are ten minutes ahead for a second and a liar says that it is the end of time:
/// when the clocks are right again, rounds go on.
#[test]
fn clocks_that_were_ahead_for_a_second_do_not_stop_the_house() {
    let mut world = World::new(
        4,
        3,
        1,
        Faults {
            delay: 5,
            ..Faults::default()
        },
    );
    world.corrupt(MemberIndex(3), Box::new(FarClock));
    world.run_until(2_000, |_| false);
    for member in [0, 1] {
        world.set_ahead(MemberIndex(member), 600_000);
    }
    world.run_until(1_200, |_| false);
    for member in [0, 1] {
        world.set_ahead(MemberIndex(member), 0);
    }
    trade(&mut world, 1, 6, 100);
    run(&mut world, 1, 8_000);
}

/// The same, and a report names an envelope that has expired since: member 3 has to fetch it and keep
/// it, though it can be acknowledged no more and no round lists it.
#[test]
fn who_is_certified_late_keeps_what_the_reports_name() {
    let faults = Faults {
        partition: Some((3_900, 6_000, BTreeSet::from([MemberIndex(3)]))),
        ..Faults::default()
    };
    let mut world = World::new(4, 3, 1, faults);
    let mut trader = Person::new(1, 5_000);
    trader.lasts = std::time::Duration::from_millis(3_000);
    let envelope = trader.swap(&world.house, 1_000, 1_900, Round(1), 60);
    let id = envelope.id();
    let then = FallsSilent::default();
    world.corrupt(MemberIndex(0), Box::new(ReportsExpired { envelope, then }));
    trade(&mut world, 1, 6, 100);
    run(&mut world, 1, 8_000);
    let record = world.records(MemberIndex(1)).remove(0);
    let names = |report: &Signed<Report>| report.body.intents.contains(&id);
    assert!(
        record.reports.iter().any(names),
        "nobody named the expired one"
    );
    assert!(!record.close.intents.contains(&id));
}

/// A disk from before the cut of round 1, which the others have closed since: whoever starts from it
/// has signed a report of round 1 already, and nobody shows it any more. It must not sign another.
#[test]
fn an_old_disk_signs_nothing_in_a_round_that_others_have_closed() {
    let faults = Faults {
        delay: 5,
        ..Faults::default()
    };
    let mut world = World::new(4, 3, 1, faults);
    let old = MemberIndex(1);
    trade(&mut world, 1, 6, 100);
    world.run_until(2_500, |_| false);
    let disk = world.disk(old);
    let is_settled = |world: &World| world.settled(MemberIndex(0)) >= Round(1);
    assert!(
        world.run_until(10_000, is_settled),
        "round 1 is not settled"
    );
    world.run_until(200, |_| false);
    world.kill(old, Some(10));
    world.restore(old, disk);
    // The others answer, and are gone before their record comes.
    world.run_until(150, |_| false);
    let now = world.now();
    world.faults.partition = Some((now, now + 60_000, BTreeSet::from([old])));
    world.run_until(6_000, |_| false);
    let first = world.records(MemberIndex(0)).remove(0).reports;
    let first: BTreeSet<_> = first.iter().map(Signed::<Report>::id).collect();
    let rows = world.disk(old).scan(Table::Reports);
    let reports = rows
        .into_iter()
        .map(|(_, bytes)| decode::<Signed<Report>>(&bytes).unwrap());
    let again: Vec<_> = reports
        .filter(|report| report.member == old && !first.contains(&report.id()))
        .collect();
    assert!(again.is_empty(), "a second report of round 1: {again:?}");
}
