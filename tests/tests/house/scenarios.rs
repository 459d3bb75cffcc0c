//! Loss, reordering, crashes, partitions, one lying member: each by itself.

use std::collections::BTreeSet;

use sealbid_protocol::disk::{Recall, Table};
use sealbid_protocol::evidence::Evidence;
use sealbid_protocol::member::Notice;
use sealbid_protocol::member::message::Opening;
use sealbid_protocol::pool::ClearedRound;
use sealbid_tests::house::adversary::{
    Adversary, Omitter, TwoReports, Withholder, WrongShares, WrongSignatures,
};
use sealbid_tests::house::{Cut, Draws, Faults, Links, World};
use sealbid_types::allocation::FillKind;
use sealbid_types::close::Close;
use sealbid_types::codec::decode;
use sealbid_types::id::MemberIndex;

use super::scenario::{run, seeds, trade};

#[test]
fn a_round_without_faults_fills_what_can_be_filled() {
    for (members, quorum) in [(3, 2), (4, 3), (5, 4)] {
        let mut world = World::new(members, quorum, 1, Faults::delay(5));
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
    world.run(3_500);
    let (alone, gone) = (MemberIndex(0), [MemberIndex(1), MemberIndex(2)]);
    for member in gone {
        world.kill(member, None);
    }
    world.run(1_000);
    assert!(
        !world.disk(alone).scan(Table::Reports).is_empty(),
        "it has reported"
    );
    world.kill(alone, Some(10));
    for _ in 0..20 {
        world.run(50);
        assert!(world.sleeps(alone).is_some_and(|millis| millis > 0));
    }
}

#[test]
fn loss_reordering_and_duplication() {
    for seed in seeds() {
        let faults = Faults {
            links: Links {
                loss: 100,
                duplication: 100,
                delay: 120,
                ..Links::default()
            },
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
            ..Faults::delay(20)
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
        let mut world = World::new(4, 3, seed, Faults::delay(10));
        trade(&mut world, seed, 10, 1_000);
        let when = 2_500 + Draws::new(seed, "when").below(3_000);
        world.run(when);
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
            links: Links {
                delay: 10,
                cuts: Cut::both_ways(2_000, 9_000, 4, &cut).into(),
                ..Links::default()
            },
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
            let mut world = World::new(members, quorum, seed, Faults::delay(10));
            trade(&mut world, seed, 10, 6_000);
            world.run(3_000);
            world.kill(MemberIndex(1), Some(9_000));
            run(&mut world, seed, 14_000);
        }
    }
}

#[test]
fn a_clock_ten_minutes_off_stops_nobody_and_is_told() {
    clock_off(600_000);
}

#[test]
fn a_clock_an_hour_ahead_stops_nobody_and_is_told() {
    clock_off(3_600_000);
}

#[test]
fn a_clock_an_hour_behind_stops_nobody_and_is_told() {
    clock_off(-3_600_000);
}

fn clock_off(by: i64) {
    for seed in seeds() {
        let mut world = World::new(4, 3, seed, Faults::delay(10));
        let skewed = MemberIndex(u8::try_from(seed % 4).unwrap());
        world.set_clock(skewed, by);
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

fn with_liar<A: Adversary + 'static>(adversary: fn() -> A, is_named: bool) {
    for seed in seeds() {
        let mut world = World::new(4, 3, seed, Faults::delay(10));
        let liar = MemberIndex(u8::try_from(seed % 4).unwrap());
        world.corrupt(liar, adversary());
        trade(&mut world, seed, 8, 3_000);
        run(&mut world, seed, 14_000);
        assert!(
            world.counts.lies > 0,
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

/// Whoever finds a liar keeps what shows it to everybody: the very shares that are wrong. That
/// they are is an invariant.
fn wrong_shares_are_evidence(opening: Opening) {
    for seed in seeds() {
        let mut world = World::new(4, 3, seed, Faults::delay(10));
        let liar = MemberIndex(u8::try_from(seed % 4).unwrap());
        world.corrupt(liar, WrongShares(opening));
        // Some rounds: in each, whose shares come first is a matter of chance.
        trade(&mut world, seed, 24, 20_000);
        run(&mut world, seed, 30_000);
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
                let Ok(Evidence::Shares(wrong)) = decode(&bytes) else {
                    panic!("seed {seed}: not of shares");
                };
                assert_eq!(wrong.shares.body.opening, opening);
                assert!(wrong.wrong.is_some(), "seed {seed}: a wrong count");
            }
        }
    }
}

#[test]
fn wrong_signature_shares_are_named() {
    with_liar(|| WrongSignatures, true);
}

#[test]
fn withheld_shares_are_done_without() {
    with_liar(|| Withholder, false);
}

#[test]
fn a_report_without_what_was_acknowledged_drops_nothing() {
    with_liar(|| Omitter, false);
}

/// Both come to everybody, and everybody keeps both: whoever has them can convict their maker.
#[test]
fn two_reports_of_one_member_are_evidence() {
    for seed in seeds() {
        let mut world = World::new(4, 3, seed, Faults::delay(10));
        let liar = MemberIndex(u8::try_from(seed % 4).unwrap());
        world.corrupt(liar, TwoReports::default());
        trade(&mut world, seed, 8, 3_000);
        run(&mut world, seed, 14_000);
        let honest: Vec<_> = world.honest().collect();
        for member in honest {
            let rows = world.disk(member).scan(Table::Evidence).into_iter();
            let kept: Vec<Evidence> = rows.map(|(_, row)| decode(&row).unwrap()).collect();
            let pairs = kept.iter().filter_map(|evidence| match evidence {
                Evidence::Reports(pair) => Some(pair),
                _ => None,
            });
            let pairs: Vec<_> = pairs.collect();
            assert_eq!(pairs.len(), 1, "seed {seed}: at {member}");
            assert!(pairs[0].iter().all(|report| report.member == liar));
            assert_ne!(pairs[0][0].body, pairs[0][1].body);
        }
    }
}
