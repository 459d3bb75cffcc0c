//! Drawing a mix.

use std::collections::BTreeSet;

use sealbid_types::id::MemberIndex;

use super::{FAULTS_END, Ingredient, Strangers, Swarm, Way};
use crate::house::faults::Fault;
use crate::world::{Cut, Draws};

/// Committees: their size, and who decides.
/// Small ones are tried more often: they take less time.
const SIZES: [(u8, u8); 8] = [
    (3, 2),
    (3, 2),
    (4, 3),
    (4, 3),
    (5, 4),
    (5, 3),
    (6, 4),
    (7, 5),
];

pub(super) fn swarm(seed: u64) -> Swarm {
    let mut draws = Draws::new(seed, "swarm");
    let (members, quorum) = *choose(&mut draws, &SIZES);
    let delay = 1 + draws.below(60);
    let mut drawn = Vec::new();
    draw_links(&mut draws, members, &mut drawn);
    draw_shell(&mut draws, members, &mut drawn);
    // Liars and members with a lying disk together: the committee bears the one as it bears the
    // other.
    let (n, q) = (u64::from(members), u64::from(quorum));
    let bearable = (2 * q).saturating_sub(n + 1);
    let bad = draws.below(bearable + 1);
    let mut good: Vec<_> = MemberIndex::all(members).collect();
    for _ in 0..bad {
        let at = usize::try_from(draws.below(good.len() as u64)).unwrap();
        let member = good.remove(at);
        if draws.permille(250) {
            drawn.push(draw_disk(&mut draws, member));
        } else {
            let ways: BTreeSet<_> = (0..=draws.below(3))
                .map(|_| Way::draw(&mut draws))
                .collect();
            drawn.extend(ways.into_iter().map(|way| Ingredient::Lie(member, way)));
        }
    }
    for _ in 0..draws.below(6) {
        let member = *choose(&mut draws, &good);
        drawn.push(draw_fault(&mut draws, member));
    }
    for _ in 0..draws.below(3) {
        let strangers = Strangers::draw(&mut draws);
        let at = 500 + draws.below(FAULTS_END - 1_000);
        drawn.push(Ingredient::Strangers(strangers, at));
    }
    Swarm {
        seed,
        members,
        quorum,
        delay,
        kept: (0..drawn.len()).collect(),
        drawn,
    }
}

fn choose<'a, T>(draws: &mut Draws, from: &'a [T]) -> &'a T {
    &from[usize::try_from(draws.below(from.len() as u64)).unwrap()]
}

fn draw_links(draws: &mut Draws, members: u8, drawn: &mut Vec<Ingredient>) {
    if draws.permille(500) {
        drawn.push(Ingredient::Loss(1 + draws.below(150)));
    }
    if draws.permille(500) {
        drawn.push(Ingredient::Duplication(1 + draws.below(150)));
    }
    for _ in 0..draws.below(3) {
        let begin = draws.below(FAULTS_END);
        let end = (begin + 200 + draws.below(4_000)).min(FAULTS_END);
        let side = |draws: &mut Draws| -> BTreeSet<_> {
            let all = MemberIndex::all(members);
            all.filter(|_| draws.permille(500)).collect()
        };
        let (from, to) = (side(draws), side(draws));
        let flaps = draws.permille(300).then(|| 50 + draws.below(400));
        let cuts = if draws.permille(500) {
            vec![Cut {
                begin,
                end,
                from,
                to,
                flaps,
            }]
        } else {
            let mut cuts = Cut::both_ways(begin, end, members, &from);
            cuts.iter_mut().for_each(|cut| cut.flaps = flaps);
            cuts.to_vec()
        };
        drawn.push(Ingredient::Cuts(cuts));
    }
}

/// An ingredient of so much.
type Measured = fn(u64) -> Ingredient;

fn draw_shell(draws: &mut Draws, members: u8, drawn: &mut Vec<Ingredient>) {
    let parts: [(Measured, u64); 4] = [
        (Ingredient::SlowGates, 400),
        (Ingredient::SlowTurns, 60),
        (Ingredient::Skew, 500),
        (Ingredient::Drift, 500),
    ];
    for (part, most) in parts {
        if draws.permille(400) {
            drawn.push(part(1 + draws.below(most)));
        }
    }
    if draws.permille(200) {
        let most = 16 + usize::try_from(draws.below(64)).unwrap();
        drawn.push(Ingredient::ShortQueues(most));
    }
    // So few that what strangers and traders submit does not all find room.
    if draws.permille(300) {
        let (intents, quotes) = (4 + draws.below(8), 1 + draws.below(4));
        let [intents, quotes] = [intents, quotes].map(|most| u32::try_from(most).unwrap());
        drawn.push(Ingredient::FewPlaces(intents, quotes));
    }
    if draws.permille(300) {
        let (intents, quotes) = (2 + draws.below(6), 1 + draws.below(2));
        let [intents, quotes] = [intents, quotes].map(|most| usize::try_from(most).unwrap());
        drawn.push(Ingredient::SmallQuotas(intents, quotes));
    }
    let all: Vec<_> = MemberIndex::all(members).collect();
    if draws.permille(150) {
        drawn.push(Ingredient::NoPool(*choose(draws, &all)));
    }
    if draws.permille(150) {
        drawn.push(Ingredient::ForkedPool(*choose(draws, &all)));
    }
}

fn draw_disk(draws: &mut Draws, member: MemberIndex) -> Ingredient {
    let at = 2_000 + draws.below(FAULTS_END - 3_000);
    let back = 200 + draws.below(800);
    let plan = if draws.permille(500) {
        // Fewer than a disk can take back (`world/disk.rs`).
        let transactions = 1 + usize::try_from(draws.below(6)).unwrap();
        vec![(
            at,
            Fault::LostSyncs {
                member,
                transactions,
                back,
            },
        )]
    } else {
        let said = false;
        vec![
            (at - draws.below(2_000), Fault::Copy { member }),
            (at, Fault::Restore { member, said, back }),
        ]
    };
    Ingredient::LyingDisk(member, plan)
}

fn draw_fault(draws: &mut Draws, member: MemberIndex) -> Ingredient {
    let at = draws.below(FAULTS_END - 1_000);
    let back = 100 + draws.below(2_500);
    let by = i64::try_from(draws.below(20_000)).unwrap() - 10_000;
    Ingredient::Planned(match draws.below(9) {
        0 => vec![(
            at,
            Fault::Kill {
                member,
                back: Some(back),
            },
        )],
        1 | 2 => vec![(at, Fault::CrashInStep { member, back })],
        // Back by as much: a clock that stays wrong is another fault, and drawn as skew.
        3 => vec![
            (at, Fault::Jump { member, by }),
            (at + back, Fault::Jump { member, by: -by }),
        ],
        4 => vec![(
            at,
            Fault::Pause {
                member,
                lasts: back,
            },
        )],
        5 => {
            let before = at.saturating_sub(draws.below(3_000));
            // Unsaid, it might be one more member with an old disk than the committee bears.
            let said = true;
            vec![
                (before, Fault::Copy { member }),
                (at, Fault::Restore { member, said, back }),
            ]
        }
        6 => vec![(
            at,
            Fault::Suspend {
                member,
                lasts: back,
            },
        )],
        7 => vec![(
            at,
            Fault::FullDisk {
                member,
                lasts: back,
            },
        )],
        _ => vec![(at, Fault::Flood { member, times: 100 })],
    })
}
