//! A mix of faults and lies that a seed draws. Each run has some of them and lacks others: what one
//! fault hides, another run shows (Groce and others: Swarm Testing, ISSTA 2012).
//!
//! A mix is a list of [`Ingredient`]s. A seed and the numbers of those that are kept are a run, so
//! that a failing one can be made smaller and still be told in one line.

mod draw;
mod ingredient;
mod strangers;
mod ways;

use std::collections::{BTreeMap, BTreeSet};

use sealbid_types::door::RefusalCode;
use sealbid_types::id::MemberIndex;

pub use self::ingredient::Ingredient;
pub use self::strangers::Strangers;
pub use self::ways::Way;

use super::faults::{Counts, Fault, Faults};
use super::fixture::{Caps, Fixture};
use super::trade::trade;
use super::world::World;
use crate::world::{Draws, Links};

/// Faults end some time after this, in milliseconds.
/// Some four slots of a simulated house: faults meet a round in each of its phases.
const FAULTS_END: u64 = 9_000;
/// After the last fault, what has a receipt is settled within so many slots.
const SLOTS: u64 = 25;
/// Swaps that traders submit in a run.
const SWAPS: u64 = 10;

/// What a seed has drawn.
#[derive(Debug, Clone)]
pub struct Swarm {
    /// The seed.
    pub seed: u64,
    /// n.
    pub members: u8,
    /// q.
    pub quorum: u8,
    /// The longest that a message takes, in milliseconds.
    delay: u64,
    /// All that was drawn, by number. Of these the run has those that are kept.
    drawn: Vec<Ingredient>,
    kept: BTreeSet<usize>,
}

/// What became of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Rounds that the first member has settled.
    pub rounds: u64,
    /// Lies, by the name of the way.
    pub lies: Vec<(&'static str, u64)>,
    /// What went wrong, by its name, and how often.
    pub happened: BTreeMap<&'static str, u64>,
    /// The digest of everything that members did.
    pub trace: [u8; 32],
}

/// Why a run failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// An invariant does not hold.
    Violation(super::invariants::Violation),
    /// What has a receipt is not settled in time, though nothing goes wrong any more and a quorum
    /// keeps the rules.
    Stalled(String),
    /// Nobody has got a receipt, likewise.
    Unheard(String),
    /// What was meant to go wrong did not: the run proves nothing.
    Idle(String),
}

impl Failure {
    /// What failed, in a few words.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Violation(found) => found.invariant,
            Self::Stalled(_) => "rounds go on",
            Self::Unheard(_) => "orders get receipts",
            Self::Idle(_) => "faults happen",
        }
    }
}

impl core::fmt::Display for Failure {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Violation(found) => write!(f, "{found}"),
            Self::Stalled(what) | Self::Unheard(what) | Self::Idle(what) => {
                write!(f, "{}: {what}", self.name())
            }
        }
    }
}

impl Swarm {
    /// The mix of a seed.
    #[must_use]
    pub fn draw(seed: u64) -> Self {
        draw::swarm(seed)
    }

    /// The numbers of what the run has.
    #[must_use]
    pub const fn kept(&self) -> &BTreeSet<usize> {
        &self.kept
    }

    /// How many ingredients the seed has drawn.
    #[must_use]
    pub fn len(&self) -> usize {
        self.drawn.len()
    }

    /// Whether nothing goes wrong in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// The same run with these ingredients alone. Numbers that were not drawn are passed over.
    #[must_use]
    pub fn keeping(mut self, numbers: &BTreeSet<usize>) -> Self {
        self.kept = numbers
            .iter()
            .copied()
            .filter(|number| *number < self.drawn.len())
            .collect();
        self
    }

    /// What the run has, by number.
    pub fn ingredients(&self) -> impl Iterator<Item = (usize, &Ingredient)> {
        self.kept
            .iter()
            .map(|number| (*number, &self.drawn[*number]))
    }

    fn faults(&self) -> Faults {
        let mut faults = Faults::delay(self.delay);
        // From then on messages come through, late as they may be: only then are rounds promised
        // to go on.
        faults.links.until = Some(FAULTS_END);
        for (_, ingredient) in self.ingredients() {
            ingredient.add_to(&mut faults, self.members);
        }
        faults.plan.sort_by_key(|(at, _)| *at);
        faults
    }

    /// How many intents and quotes a round lists at most.
    fn caps(&self) -> Caps {
        let few = self
            .ingredients()
            .find_map(|(_, ingredient)| match ingredient {
                Ingredient::FewPlaces(intents, quotes) => Some((*intents, *quotes)),
                _ => None,
            });
        let quorum = u32::from(self.quorum);
        few.map_or_else(Caps::default, |(intents, quotes)| Caps {
            intents: intents * quorum,
            quotes: quotes * quorum,
        })
    }

    /// Who lies, and how.
    fn liars(&self) -> Vec<(MemberIndex, Vec<Way>)> {
        let mut liars: Vec<(MemberIndex, Vec<Way>)> = Vec::new();
        for (_, ingredient) in self.ingredients() {
            if let Ingredient::Lie(member, way) = ingredient {
                match liars.iter_mut().find(|(liar, _)| liar == member) {
                    Some((_, ways)) => ways.push(*way),
                    None => liars.push((*member, vec![*way])),
                }
            }
        }
        liars
    }

    /// The run's committee, with its liars and its traders.
    #[must_use]
    pub fn world(&self) -> World {
        let house = Fixture::with_caps(self.members, self.quorum, self.seed, self.caps());
        let mut world = World::of(house, self.seed, self.faults());
        for (member, ways) in self.liars() {
            let house = world.house.clone();
            let make = |way: &Way| {
                // A stream for each way: the others may be left out.
                let mut draws = Draws::new(self.seed, &format!("{} {}", member.0, way.name()));
                way.make(&mut draws, &house)
            };
            world.corrupt_in_ways(member, ways.iter().map(make).collect());
        }
        trade(&mut world, self.seed, SWAPS, self.calm_at());
        for (_, ingredient) in self.ingredients() {
            if let Ingredient::Strangers(strangers, at) = ingredient {
                strangers.submit(&mut world, self.seed, *at);
            }
        }
        world
    }

    /// From when on nothing new goes wrong.
    /// The last fault of a plan begins a second before `FAULTS_END`, and is over 2.6 s later at
    /// most, unless it has to wait for a step, a write or a process.
    #[must_use]
    pub const fn calm_at(&self) -> u64 {
        FAULTS_END + 3_000
    }

    /// Whether q members are left that keep the rules: then rounds go on.
    #[must_use]
    pub fn is_live(&self) -> bool {
        let mut missing = BTreeSet::new();
        for (_, ingredient) in self.ingredients() {
            match ingredient {
                Ingredient::Lie(member, _) | Ingredient::LyingDisk(member, _) => {
                    missing.insert(*member);
                }
                // A restored member gives up the round in which it finds its disk to be an old copy:
                // until then it is missing like a member that lies (docs/protocol.md 8).
                Ingredient::Planned(plan) => {
                    let restored = plan.iter().filter_map(|(_, fault)| match fault {
                        Fault::Restore { member, .. } => Some(*member),
                        _ => None,
                    });
                    missing.extend(restored);
                }
                _ => {}
            }
        }
        usize::from(self.members) - missing.len() >= usize::from(self.quorum)
    }

    /// Whether strangers are there to take the last place of a round to come.
    fn may_be_full(&self) -> bool {
        let has = |is_one: fn(&Ingredient) -> bool| self.ingredients().any(|(_, it)| is_one(it));
        let fills = |it: &Ingredient| {
            let Ingredient::Strangers(strangers, _) = it else {
                return false;
            };
            matches!(strangers, Strangers::FillFarRounds | Strangers::FillQuota)
        };
        has(|it| matches!(it, Ingredient::FewPlaces(..))) && has(fills)
    }

    /// Whether they did, as a trader found: then no order whose range has that round in it is taken
    /// before it is over (docs/protocol.md 8).
    ///
    /// Strangers' own refusals say nothing of it: they ask for more places than there are.
    fn is_full(&self, world: &World) -> bool {
        let mut refusals = world.refusals.iter();
        let meets = refusals.any(|(id, refusal)| {
            refusal.code == RefusalCode::RoundFull && world.intents.contains(id)
        });
        meets && self.may_be_full()
    }

    /// Plays the run to its end, in the world that `world` makes of the mix.
    ///
    /// # Errors
    /// [`Failure`], the first.
    pub fn play_in(&self, mut world: World) -> Result<Outcome, Failure> {
        let violated = Failure::Violation;
        let never = |_: &World| false;
        world
            .try_run_until(self.calm_at(), never)
            .map_err(violated)?;
        let period = u64::from(world.house.committee.schedule.period_ms);
        let is_settled = world
            .try_run_until(SLOTS * period, World::is_settled)
            .map_err(violated)?;
        // First what does not hold, which may be why it stands still.
        world.try_check().map_err(violated)?;
        if !is_settled && self.is_live() {
            return Err(Failure::Stalled(world.describe()));
        }
        let mut receipts = world.receipts.keys();
        let is_heard = receipts.any(|id| world.intents.contains(id));
        if !is_heard && self.is_live() && !self.is_full(&world) {
            return Err(Failure::Unheard(world.describe()));
        }
        self.check(&world).map_err(Failure::Idle)?;
        let names = self.liars();
        let lies = names
            .iter()
            .flat_map(|(member, ways)| ways.iter().zip(world.lies(*member)))
            .map(|(way, lies)| (way.name(), lies))
            .collect();
        Ok(Outcome {
            rounds: world.settled(MemberIndex(0)).0,
            lies,
            happened: self.happened(&world.counts),
            trace: world.trace(),
        })
    }

    /// Plays the run to its end.
    ///
    /// # Errors
    /// [`Failure`], the first.
    pub fn play(&self) -> Result<Outcome, Failure> {
        self.play_in(self.world())
    }

    fn happened(&self, counts: &Counts) -> BTreeMap<&'static str, u64> {
        let mut happened = counts.faults.clone();
        let drawn = self.ingredients().filter_map(|(_, it)| it.name());
        let events = [
            ("messages lost", counts.lost),
            ("messages doubled", counts.doubled),
            ("messages cut off", counts.cut),
            ("messages crowded out", counts.crowded_out),
            (Counts::ENDED_BY_FULL_DISK, counts.full_disks),
            ("verdicts late", counts.late_verdicts),
        ];
        let places = counts.crashes.iter().chain(&counts.refused);
        let places = places.map(|(name, count)| (*name, *count));
        let all = drawn.map(|name| (name, 1)).chain(events).chain(places);
        for (name, count) in all {
            *happened.entry(name).or_default() += count;
        }
        happened.retain(|_, count| *count > 0);
        happened
    }

    /// What was meant to go wrong did.
    fn check(&self, world: &World) -> Result<(), String> {
        let faults = self.faults();
        let counts = &world.counts;
        // Where no round closes any more, a member may write nothing more: then its full disk is met
        // by nothing.
        let is_due = |name: &str| self.is_live() || name != Fault::FULL_DISK;
        let planned = faults.plan.iter().filter(|(_, fault)| is_due(fault.name()));
        let happened = counts.faults.iter().filter(|(name, _)| is_due(name));
        let happened: u64 = happened.map(|(_, times)| times).sum();
        if happened != planned.count() as u64 {
            return Err(format!("of the plan: {:?}", counts.faults));
        }
        // How many of the messages should have met a fault of this chance. Where sixteen should have,
        // that none did has a chance of one in ten million.
        let expected = |chance: u64| chance * counts.at_risk / 1_000;
        let Links {
            loss, duplication, ..
        } = faults.links;
        let idle = [
            (expected(loss) >= 16 && counts.lost == 0, "nothing was lost"),
            (
                expected(duplication) >= 16 && counts.doubled == 0,
                "nothing came twice",
            ),
            (faults.turn >= 10 && counts.batches == 0, "no batches"),
            (
                faults.gate >= 20 && counts.late_verdicts == 0,
                "the gate was fast",
            ),
        ];
        let found = idle.iter().find(|(is_idle, _)| *is_idle);
        found.map_or(Ok(()), |(_, what)| Err((*what).to_owned()))
    }
}
