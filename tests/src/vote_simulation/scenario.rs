//! What is to go wrong in a run.
//!
//! A scenario is drawn from a seed or written out by a test. Either way it is plain data: a run
//! that fails prints it, and the same value fails in the same way.

use std::collections::{BTreeMap, BTreeSet};

use sealbid_types::committee::usual_quorum;
use sealbid_types::id::{MemberIndex, Round};

use super::adversary::Lie;
use super::network::{Cut, NetworkPlan, Rate};
use crate::world::Draws;

/// Members that are to be up and honest wait for so long, at most, after the last fault.
/// Once the timeouts have grown to their limit, a view whose proposer is missing takes 8 s
/// (`VoteTimes::most`, once to be proposed to and once to precommit): one such view fits, and not
/// two.
pub const SOON: u64 = 10_000;
/// The same if somebody lies: a liar's turns to propose are lost, one in n.
/// Three such views fit.
pub const SOON_DESPITE_LIARS: u64 = 25_000;

/// On which side of a write or a send a member dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// It has not happened.
    Before,
    /// It has happened, and nothing after it.
    After,
}

/// A member dies at its so many-th write or send, and comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crash {
    /// Who.
    pub member: MemberIndex,
    /// At which of its writes and sends, from 0; each receiver is a send of its own.
    pub action: u64,
    /// Before or after it.
    pub side: Side,
    /// For how long it is down, in ms.
    pub down: u64,
}

/// Members die at one moment and come back, each after a time of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kill {
    /// When.
    pub at: u64,
    /// Who, and for how long, in ms.
    pub members: BTreeMap<MemberIndex, u64>,
}

/// A member's clock is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Jump {
    /// Whose.
    pub member: MemberIndex,
    /// When.
    pub at: u64,
    /// To so many ms before (negative) or after the right time.
    pub offset: i64,
}

/// A run: everything that determines it. Times are virtual milliseconds; the slot's end is at
/// [`super::world::CUT`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scenario {
    /// Draws delays and chances.
    pub seed: u64,
    /// n.
    pub members: u8,
    /// q.
    pub quorum: u8,
    /// The round: with it turns the order of proposers.
    pub round: Round,
    /// Who lies, and how.
    pub liars: BTreeMap<MemberIndex, Lie>,
    /// A member whose disk is an old copy after each of its crashes: it may lie unknowingly.
    pub forgets: Option<MemberIndex>,
    /// A member that can never judge a value.
    pub blind: Option<MemberIndex>,
    /// The network.
    pub network: NetworkPlan,
    /// Deaths at a write or send.
    pub crashes: Vec<Crash>,
    /// Deaths at a time.
    pub kills: Vec<Kill>,
    /// How far off the members' clocks are, in ms.
    pub clocks: BTreeMap<MemberIndex, i64>,
    /// Clocks set during the run.
    pub jumps: Vec<Jump>,
    /// From here on the network is good, and nobody dies any more.
    pub heal: u64,
    /// How long after that every honest member has decided; none if nobody promises it.
    pub within: Option<u64>,
}

impl Scenario {
    /// A run in which nothing goes wrong.
    #[must_use]
    pub fn calm(seed: u64, members: u8) -> Self {
        Self {
            seed,
            members,
            quorum: usual_quorum(members),
            round: Round(1 + seed),
            liars: BTreeMap::new(),
            forgets: None,
            blind: None,
            network: NetworkPlan::default(),
            crashes: Vec::new(),
            kills: Vec::new(),
            clocks: BTreeMap::new(),
            jumps: Vec::new(),
            heal: 0,
            within: Some(SOON),
        }
    }

    /// The run of a seed: any mixture of faults that the committee promises to survive.
    #[must_use]
    pub fn from_seed(seed: u64) -> Self {
        let mut draws = Draws::new(seed, "vote scenario");
        let members = [3, 4, 5, 7][usize::try_from(draws.below(4)).unwrap()];
        let mut scenario = Self::calm(seed, members);
        scenario.round = Round(1 + draws.below(1_000));
        scenario.heal = 1_000 + draws.below(12_000);
        // Weaknesses after deaths, since a liar's deaths are taken out again. Clocks last: they
        // leave alone the one that is far off, and jump only where nobody else is weak.
        scenario.draw_network(&mut draws);
        scenario.draw_deaths(&mut draws);
        scenario.draw_weakness(&mut draws);
        scenario.draw_clocks(&mut draws);
        scenario
    }

    /// `2q - n - 1`: so many may lie, and a round still closes once.
    #[must_use]
    pub fn most_liars(&self) -> usize {
        usize::from((2 * self.quorum).saturating_sub(self.members + 1))
    }

    /// `n - q`: so many may be silent, and rounds still close.
    #[must_use]
    pub fn most_silent(&self) -> usize {
        usize::from(self.members - self.quorum)
    }

    /// Makes a member lie. It proposes first, if that is what it lies with.
    #[must_use]
    pub fn with_liar(mut self, member: MemberIndex, lie: Lie) -> Self {
        self.liars.insert(member, lie);
        // A cut that only concerns what a liar sends may have nothing to stop.
        let liars = &self.liars;
        self.network.cuts.retain(|cut| {
            let honest = cut.from.iter().filter(|from| !liars.contains_key(from));
            honest
                .into_iter()
                .any(|from| cut.to.iter().any(|to| to != from))
        });
        // `proposer` begins a round with member `round % n`.
        if lie.proposes() {
            self.round = Round(u64::from(self.members) * 5 + u64::from(member.0));
        }
        // More liars than may be silent can keep a round open by silence: then nobody promises its
        // end.
        let both = self.most_liars().min(self.most_silent());
        self.within = (self.liars.len() <= both).then_some(SOON_DESPITE_LIARS);
        self
    }

    /// Cuts the network in two from `begins` until it heals.
    #[must_use]
    pub fn split(mut self, side: &BTreeSet<MemberIndex>, begins: u64) -> Self {
        let rest: BTreeSet<_> = MemberIndex::all(self.members)
            .filter(|member| !side.contains(member))
            .collect();
        for (from, to) in [(side, &rest), (&rest, side)] {
            let (from, to) = (from.clone(), to.clone());
            self.network.cuts.push(Cut {
                from,
                to,
                begins,
                ends: self.heal,
            });
        }
        self
    }

    fn any_member(&self, draws: &mut Draws) -> MemberIndex {
        MemberIndex(u8::try_from(draws.below(self.members.into())).unwrap())
    }

    /// Never nobody and never everybody: a cut has two sides.
    fn some_members(&self, draws: &mut Draws) -> BTreeSet<MemberIndex> {
        let all = 1 << self.members;
        let chosen = 1 + draws.below(all - 2);
        MemberIndex::all(self.members)
            .filter(|m| chosen >> m.0 & 1 == 1)
            .collect()
    }

    fn draw_network(&mut self, draws: &mut Draws) {
        let mut rate = |chance, most| {
            draws.permille(chance).then(|| Rate {
                permille: 1 + draws.below(most),
                surely: draws.below(20),
            })
        };
        self.network.loss = rate(400, 300);
        self.network.late = rate(400, 200);
        self.network.twice = rate(300, 300);
        // Nothing is sent by anybody before the cut: a cut that ended there would cut nothing.
        let begins = draws.below(self.heal / 2);
        match draws.below(4) {
            0 => *self = self.clone().split(&self.some_members(draws), begins),
            1 => {
                let (from, to) = (self.some_members(draws), self.some_members(draws));
                let apart = from.len() > 1 || from != to;
                let ends = self.heal;
                self.network.cuts.extend(apart.then_some(Cut {
                    from,
                    to,
                    begins,
                    ends,
                }));
            }
            _ => {}
        }
    }

    fn draw_deaths(&mut self, draws: &mut Draws) {
        for _ in 0..draws.below(5) {
            let member = self.any_member(draws);
            let side = [Side::Before, Side::After][usize::try_from(draws.below(2)).unwrap()];
            let crash = Crash {
                member,
                action: draws.below(60),
                side,
                down: draws.below(4_000),
            };
            self.crashes.push(crash);
        }
        if draws.permille(200) {
            // Power fails for all of them, and comes back to each in its time.
            let members = MemberIndex::all(self.members).map(|m| (m, draws.below(3_000)));
            let members = members.collect();
            self.kills.push(Kill {
                at: draws.below(self.heal),
                members,
            });
        }
    }

    /// What only so many members may suffer from: one lies, or forgets, or is blind, or has a
    /// clock that is far off.
    fn draw_weakness(&mut self, draws: &mut Draws) {
        let member = self.any_member(draws);
        let may_lie = self.most_liars().min(self.most_silent()) > 0;
        match draws.below(8) {
            0..=3 if may_lie => {
                let lie = Lie::ALL[usize::try_from(draws.below(Lie::ALL.len() as u64)).unwrap()];
                *self = self.clone().with_liar(member, lie);
                self.crashes.retain(|crash| crash.member != member);
                self.kills
                    .iter_mut()
                    .for_each(|kill| _ = kill.members.remove(&member));
            }
            4 if may_lie => {
                // It dies early, and what it forgets others may have seen.
                self.forgets = Some(member);
                let action = 1 + draws.below(8);
                self.crashes.push(Crash {
                    member,
                    action,
                    side: Side::After,
                    down: 300,
                });
                self.within = Some(SOON_DESPITE_LIARS);
            }
            5 => self.blind = Some(member),
            6 => {
                // Ten minutes: more than a run lasts, so that time does not make up for it.
                let sign = if draws.permille(500) { 1 } else { -1 };
                self.clocks.insert(member, sign * 600_000);
                self.within = Some(SOON_DESPITE_LIARS);
            }
            _ => {}
        }
    }

    /// Small errors of every clock, and jumps that end up right or nearly so.
    fn draw_clocks(&mut self, draws: &mut Draws) {
        let mut error = |most: u64| {
            i64::try_from(draws.below(2 * most + 1)).unwrap() - i64::try_from(most).unwrap()
        };
        for member in MemberIndex::all(self.members) {
            self.clocks.entry(member).or_insert_with(|| error(400));
        }
        let weak = self.blind.is_some() || self.clocks.values().any(|offset| offset.abs() > 400);
        // One weak member is all that three can do without.
        if draws.permille(200) && !weak && self.liars.is_empty() && self.forgets.is_none() {
            let (member, at) = (self.any_member(draws), draws.below(self.heal));
            let mut error = |most: u64| i64::try_from(draws.below(most)).unwrap();
            let offset = error(1_200_000) - 600_000;
            self.jumps.push(Jump { member, at, offset });
            self.jumps.push(Jump {
                member,
                at: self.heal,
                offset: error(400),
            });
        }
    }
}
