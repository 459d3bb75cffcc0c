//! The close vote under seeds, and under every fault of a kind.
//!
//! `SEALBID_SEED=N` replays the one random run N; `SEALBID_SIM_RUNS=N` makes N of them.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};

use sealbid_tests::vote_simulation::adversary::Lie;
use sealbid_tests::vote_simulation::network::{Cut, Rate};
use sealbid_tests::vote_simulation::scenario::{Crash, Jump, Kill, Side};
use sealbid_tests::vote_simulation::{History, Scenario, run};
use sealbid_types::id::MemberIndex;

/// How many random runs a change is tried with.
const RUNS: u64 = 1_500;

const COMMITTEES: [u8; 4] = [3, 4, 5, 7];

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

fn check(scenario: &Scenario) -> History {
    run(scenario).unwrap_or_else(|violation| panic!("{violation}"))
}

fn members(chosen: u32) -> BTreeSet<MemberIndex> {
    (0..16)
        .filter(|bit| chosen >> bit & 1 == 1)
        .map(MemberIndex)
        .collect()
}

#[test]
fn random_faults() {
    let seeds = match number("SEALBID_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("SEALBID_SIM_RUNS").unwrap_or(RUNS),
    };
    let (mut faults, mut views) = (BTreeMap::<String, u64>::new(), BTreeMap::<u32, u64>::new());
    for seed in seeds {
        let scenario = Scenario::from_seed(seed);
        let history = run(&scenario).unwrap_or_else(|violation| {
            panic!(
                "SEALBID_SEED={seed} cargo nextest run -p sealbid-tests random_faults\n{violation}"
            )
        });
        for fault in history.faults.keys() {
            *faults.entry(fault.clone()).or_default() += 1;
        }
        *views.entry(history.highest.0).or_default() += 1;
    }
    println!("runs by fault: {faults:?}\nruns by highest view: {views:?}");
}

#[test]
fn a_run_is_determined_by_its_seed() {
    for seed in 0..20 {
        let [a, b] = [(); 2].map(|()| check(&Scenario::from_seed(seed)));
        assert_eq!(format!("{a:?}"), format!("{b:?}"), "seed {seed}");
    }
}

#[test]
fn nothing_goes_wrong_in_one_view() {
    for members in COMMITTEES {
        for seed in 0..20 {
            let history = check(&Scenario::calm(seed, members));
            assert_eq!(history.highest.0, 0, "n = {members}, seed {seed}");
        }
    }
}

#[test]
fn every_two_way_split_of_five_heals() {
    let mut decided_apart = 0;
    for chosen in 1..16u32 {
        for begins in [0, 720, 800, 900, 1_000, 1_200] {
            let calm = Scenario {
                heal: 9_000,
                ..Scenario::calm(chosen.into(), 5)
            };
            let history = check(&calm.split(&members(chosen), begins));
            // A side with q goes on by itself.
            let side = members(chosen).len();
            let early = history.decisions.iter().any(|(at, ..)| *at < 9_000);
            assert!(early || (2..4).contains(&side), "split {chosen:05b}");
            decided_apart += u64::from(early);
        }
    }
    println!("decided before the split healed: {decided_apart} of 90");
}

#[test]
fn every_one_way_cut_of_four_heals() {
    let all = members(0b1111);
    for from in 1..15u32 {
        for to in 1..=15u32 {
            let (from, to) = (members(from), members(to));
            if from.len() == 1 && from == to {
                continue;
            }
            let mut scenario = Scenario {
                heal: 6_000,
                ..Scenario::calm(1, 4)
            };
            scenario.network.cuts.push(Cut {
                from,
                to,
                begins: 0,
                ends: 6_000,
            });
            check(&scenario);
        }
    }
    // Flapping: everybody is cut off from everybody, every other 300 ms.
    let mut scenario = Scenario {
        heal: 6_000,
        ..Scenario::calm(2, 4)
    };
    for begins in (600..6_000).step_by(600) {
        let (from, to) = (all.clone(), all.clone());
        scenario.network.cuts.push(Cut {
            from,
            to,
            begins,
            ends: begins + 300,
        });
    }
    check(&scenario);
}

/// How many writes and sends a member comes to in a run without crashes, until all is decided.
fn actions_of(scenario: &Scenario) -> u64 {
    // Three messages and a write each, and as much again for what is repeated.
    let receivers = u64::from(scenario.members) - 1;
    2 * (3 * receivers + 4)
}

#[test]
fn a_crash_before_and_after_every_write_and_send() {
    for n in [3, 4, 5] {
        for member in MemberIndex::all(n) {
            let calm = Scenario {
                heal: 1_000,
                ..Scenario::calm(4, n)
            };
            for action in 0..actions_of(&calm) {
                for side in [Side::Before, Side::After] {
                    let crashes = vec![Crash {
                        member,
                        action,
                        side,
                        down: 150,
                    }];
                    check(&Scenario {
                        crashes,
                        ..calm.clone()
                    });
                }
            }
        }
    }
}

#[test]
fn all_members_killed_at_once_at_any_moment() {
    for n in COMMITTEES {
        for at in (680..1_300).step_by(10) {
            let downs = MemberIndex::all(n).map(|m| (m, u64::from(m.0) * 400));
            let kills = vec![Kill {
                at,
                members: downs.collect(),
            }];
            check(&Scenario {
                kills,
                heal: 2_000,
                ..Scenario::calm(at, n)
            });
        }
    }
}

#[test]
fn every_lie_is_survived_and_those_that_leave_traces_are_named() {
    for n in [4, 5, 7] {
        for lie in Lie::ALL {
            let mut times_named = 0;
            for seed in 0..2 * u64::from(n) {
                let member = MemberIndex(u8::try_from(seed).unwrap() % n);
                // Slow enough for what one member has heard to reach another before all is over.
                let mut scenario = Scenario {
                    heal: 4_000,
                    ..Scenario::calm(seed, n)
                };
                scenario.network.late = Some(Rate {
                    permille: 1_000,
                    surely: 0,
                });
                let history = check(&scenario.with_liar(member, lie));
                let named = history.evidence.iter().any(|(_, e)| e.member() == member);
                times_named += u64::from(named);
            }
            println!("{lie:?} of {n}: named in {times_named} of {} runs", 2 * n);
            assert!(times_named > 0 || !lie.leaves_evidence(), "{lie:?} of {n}");
        }
    }
}

#[test]
fn two_liars_of_five_or_seven_cannot_close_a_round_twice() {
    for n in [5, 7] {
        for (at, first) in Lie::ALL.into_iter().enumerate() {
            for second in Lie::ALL.into_iter().skip(at) {
                for seed in 0..3 {
                    let mut scenario = Scenario {
                        heal: 3_000,
                        ..Scenario::from_seed(seed)
                    };
                    scenario = Scenario {
                        network: scenario.network,
                        heal: scenario.heal,
                        ..Scenario::calm(seed, n)
                    };
                    let strangers = |set: &mut BTreeSet<MemberIndex>| set.retain(|m| m.0 < n);
                    scenario.network.cuts.iter_mut().for_each(|cut| {
                        strangers(&mut cut.from);
                        strangers(&mut cut.to);
                    });
                    let scenario = scenario
                        .with_liar(MemberIndex(1), second)
                        .with_liar(MemberIndex(0), first);
                    check(&scenario);
                }
            }
        }
    }
}

#[test]
fn a_value_locked_in_a_long_partition_is_certified_afterwards() {
    let mut stale = 0;
    for begins in (740..1_100).step_by(12) {
        let heal = 120_000;
        let calm = Scenario {
            heal,
            ..Scenario::calm(begins, 4)
        };
        let history = check(&calm.split(&members(0b0011), begins));
        let (at, _, certified) = history.decisions.last().unwrap();
        // Its slot had long passed: only its prevotes made it eligible.
        stale += u64::from(*at > heal && certified.value.slot().is_some_and(|slot| slot.0 == 10));
    }
    assert!(stale > 0, "no value was locked before the partition");
}

#[test]
fn clocks_far_off_and_jumping() {
    for n in COMMITTEES {
        for member in MemberIndex::all(n) {
            for offset in [-600_000, 600_000] {
                let mut scenario = Scenario {
                    heal: 3_000,
                    ..Scenario::calm(member.0.into(), n)
                };
                scenario.clocks.insert(member, offset);
                check(&scenario);
                for at in (600..1_200).step_by(60) {
                    let there = Jump { member, at, offset };
                    let back = Jump {
                        member,
                        at: at + 500,
                        offset: 0,
                    };
                    let calm = Scenario {
                        heal: 3_000,
                        ..Scenario::calm(at, n)
                    };
                    check(&Scenario {
                        jumps: vec![there, back],
                        ..calm
                    });
                }
            }
        }
    }
}

#[test]
fn an_old_copy_of_a_disk_is_noticed_or_does_no_harm() {
    let mut noticed = 0;
    for n in [4, 5, 7] {
        for action in 1..14 {
            for member in MemberIndex::all(n) {
                let crashes = vec![Crash {
                    member,
                    action,
                    side: Side::After,
                    down: 30,
                }];
                let forgets = Some(member);
                let within = Some(25_000);
                let calm = Scenario {
                    heal: 2_000,
                    ..Scenario::calm(action, n)
                };
                let history = check(&Scenario {
                    crashes,
                    forgets,
                    within,
                    ..calm
                });
                noticed += history.abstained.len();
            }
        }
    }
    assert!(noticed > 0, "its own votes came back to nobody");
}
