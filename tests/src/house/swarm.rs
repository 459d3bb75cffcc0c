//! A mix of faults and lies that a seed draws. Each run has some of them and lacks others: what one
//! fault hides, another run shows (Groce and others: Swarm Testing, ISSTA 2012).

use std::collections::BTreeSet;

use sealbid_protocol::member::message::Opening;
use sealbid_types::id::{MemberIndex, Round, View};

use super::adversary::{
    Abstainer, Adversary, Boasts, BogusIds, FalseAcknowledgements, FalseMemory, FarRounds,
    ForgedRecord, Forgery, IdleReporter, LateReporter, Omitter, PoisonedSignatures, Silent,
    StaleSlot, TwoReports, WantFlooder, Withholder, WrongShares, WrongSignatures,
};
use super::faults::{Fault, Faults};
use super::fixture::Fixture;
use super::world::World;
use crate::world::{Cut, Draws, Links};

/// Committees: their size, and who decides.
const SIZES: [(u8, u8); 4] = [(3, 2), (4, 3), (5, 4), (7, 5)];
/// Faults end some time after this, in milliseconds.
/// Some four slots of a simulated house: faults meet a round in each of its phases.
const FAULTS_END: u64 = 9_000;

/// A way to lie, by name.
type Way = (&'static str, fn(&mut Draws) -> Box<dyn Adversary>);

const WAYS: [Way; 19] = [
    ("abstains", |_| Box::new(Abstainer)),
    ("boasts", |_| Box::new(Boasts(Round(u64::MAX)))),
    ("reports bogus ids", |_| Box::new(BogusIds(20))),
    ("acknowledges falsely", |_| {
        Box::new(FalseAcknowledgements(None))
    }),
    ("remembers falsely", |_| Box::new(FalseMemory(View(9)))),
    ("reports far rounds", |_| Box::<FarRounds>::default()),
    ("forges ancestry", |_| {
        Box::new(ForgedRecord(Forgery::Ancestry))
    }),
    ("forges certificates", |_| {
        Box::new(ForgedRecord(Forgery::Certificate))
    }),
    ("reports when idle", |_| Box::<IdleReporter>::default()),
    ("reports late", |draws| {
        Box::new(LateReporter::new(draws.below(4_000)))
    }),
    ("omits", |_| Box::new(Omitter)),
    ("poisons", |_| Box::<PoisonedSignatures>::default()),
    ("falls silent", |draws| {
        Box::new(Silent(draws.below(FAULTS_END)))
    }),
    ("names stale slots", |_| Box::new(StaleSlot)),
    ("reports twice", |_| Box::<TwoReports>::default()),
    ("floods with questions", |_| Box::new(WantFlooder(2))),
    ("withholds shares", |_| Box::new(Withholder)),
    ("sends wrong shares", |_| {
        Box::new(WrongShares(Opening::First))
    }),
    ("sends wrong signatures", |_| Box::new(WrongSignatures)),
];

/// What a seed has drawn.
#[derive(Debug, Clone)]
pub struct Swarm {
    seed: u64,
    members: u8,
    quorum: u8,
    faults: Faults,
    /// Who lies, and in which of [`WAYS`].
    liars: Vec<(MemberIndex, Vec<usize>)>,
    /// Members of whom the whole run may do without: whose disks lie.
    doubtful: BTreeSet<MemberIndex>,
}

impl Swarm {
    /// The mix of a seed.
    #[must_use]
    pub fn draw(seed: u64) -> Self {
        let mut draws = Draws::new(seed, "swarm");
        // Small committees are tried more often: they take less time.
        let at = draws.below(8).saturating_sub(3);
        let (members, quorum) = SIZES[usize::try_from(at).unwrap().min(SIZES.len() - 1)];
        let (n, q) = (u64::from(members), u64::from(quorum));
        let bearable = (2 * q).saturating_sub(n + 1);
        let mut swarm = Self {
            seed,
            members,
            quorum,
            faults: Faults::delay(1 + draws.below(60)),
            liars: Vec::new(),
            doubtful: BTreeSet::new(),
        };
        swarm.draw_links(&mut draws);
        swarm.draw_shell(&mut draws);
        // Liars and members with a lying disk together: the committee bears the one as it bears
        // the other.
        let bad = draws.below(bearable + 1);
        let mut members: Vec<_> = MemberIndex::all(members).collect();
        for _ in 0..bad {
            let at = usize::try_from(draws.below(members.len() as u64)).unwrap();
            let member = members.remove(at);
            if draws.permille(250) {
                swarm.doubtful.insert(member);
                swarm.draw_disk(&mut draws, member);
            } else {
                swarm.draw_lies(&mut draws, member);
            }
        }
        swarm.draw_plan(&mut draws, &members);
        swarm
    }

    fn draw_links(&mut self, draws: &mut Draws) {
        let links = &mut self.faults.links;
        // From then on messages come through, late as they may be: only then are rounds promised
        // to go on.
        links.until = Some(FAULTS_END);
        if draws.permille(500) {
            links.loss = draws.below(150);
        }
        if draws.permille(500) {
            links.duplication = draws.below(150);
        }
        for _ in 0..draws.below(3) {
            let begin = draws.below(FAULTS_END);
            let end = (begin + 200 + draws.below(4_000)).min(FAULTS_END);
            let side = |draws: &mut Draws| -> BTreeSet<_> {
                let all = MemberIndex::all(self.members);
                all.filter(|_| draws.permille(500)).collect()
            };
            let (from, to) = (side(draws), side(draws));
            let flaps = draws.permille(300).then(|| 50 + draws.below(400));
            if draws.permille(500) {
                let cut = Cut {
                    begin,
                    end,
                    from,
                    to,
                    flaps,
                };
                links.cuts.push(cut);
            } else {
                links
                    .cuts
                    .extend(Cut::both_ways(begin, end, self.members, &from));
            }
        }
    }

    fn draw_shell(&mut self, draws: &mut Draws) {
        let faults = &mut self.faults;
        for (field, most) in [
            (&mut faults.gate, 400),
            (&mut faults.turn, 60),
            (&mut faults.skew, 500),
            (&mut faults.drift, 500),
        ] {
            if draws.permille(400) {
                *field = 1 + draws.below(most);
            }
        }
        if draws.permille(200) {
            faults.queue = 16 + usize::try_from(draws.below(64)).unwrap();
        }
    }

    fn draw_disk(&mut self, draws: &mut Draws, member: MemberIndex) {
        let (at, back) = (
            2_000 + draws.below(FAULTS_END - 3_000),
            200 + draws.below(800),
        );
        let plan = &mut self.faults.plan;
        if draws.permille(500) {
            // Fewer than a disk can take back (`world/disk.rs`).
            let transactions = 1 + usize::try_from(draws.below(6)).unwrap();
            let fault = Fault::LostSyncs {
                member,
                transactions,
                back,
            };
            plan.push((at, fault));
        } else {
            plan.push((at - draws.below(2_000), Fault::Copy { member }));
            let said = false;
            plan.push((at, Fault::Restore { member, said, back }));
        }
    }

    fn draw_lies(&mut self, draws: &mut Draws, member: MemberIndex) {
        let count = 1 + draws.below(3);
        let ways: BTreeSet<_> = (0..count)
            .map(|_| usize::try_from(draws.below(WAYS.len() as u64)).unwrap())
            .collect();
        self.liars.push((member, ways.into_iter().collect()));
    }

    fn draw_plan(&mut self, draws: &mut Draws, members: &[MemberIndex]) {
        for _ in 0..draws.below(6) {
            let at = draws.below(FAULTS_END - 1_000);
            let chosen = usize::try_from(draws.below(members.len() as u64)).unwrap();
            let (member, back) = (members[chosen], 100 + draws.below(2_500));
            let by = i64::try_from(draws.below(20_000)).unwrap() - 10_000;
            let fault = match draws.below(7) {
                0 => Fault::Kill {
                    member,
                    back: Some(back),
                },
                1 | 2 => Fault::CrashInStep { member, back },
                3 => {
                    self.faults
                        .plan
                        // Back by as much: a clock that stays wrong is another fault, and drawn as
                        // skew.
                        .push((at + back, Fault::Jump { member, by: -by }));
                    Fault::Jump { member, by }
                }
                4 => Fault::Pause {
                    member,
                    lasts: back,
                },
                5 => {
                    let before = at.saturating_sub(draws.below(3_000));
                    self.faults.plan.push((before, Fault::Copy { member }));
                    // Unsaid, it might be one more member with an old disk than the committee
                    // bears.
                    let said = true;
                    Fault::Restore { member, said, back }
                }
                _ => Fault::Flood { member, times: 100 },
            };
            self.faults.plan.push((at, fault));
        }
        self.faults.plan.sort_by_key(|(at, _)| *at);
    }

    /// The run's committee, with its liars.
    #[must_use]
    pub fn world(&self) -> World {
        let house = Fixture::new(self.members, self.quorum, self.seed);
        let mut world = World::of(house, self.seed, self.faults.clone());
        // A stream of its own: the world is made anew from the same mix, with the same liars.
        let mut draws = Draws::new(self.seed, "ways");
        for (member, ways) in &self.liars {
            let ways = ways.iter().map(|way| WAYS[*way].1(&mut draws)).collect();
            world.corrupt_in_ways(*member, ways);
        }
        world
    }

    /// From when on nothing new goes wrong.
    /// The last fault of a plan begins a second before `FAULTS_END`, and is over 2.6 s later at
    /// most.
    #[must_use]
    pub fn calm_at(&self) -> u64 {
        FAULTS_END + 3_000
    }

    /// Whether q members are left that keep the rules: then rounds go on.
    #[must_use]
    pub fn is_live(&self) -> bool {
        // A restored member gives up the round in which it finds its disk to be an old copy: until
        // then it is missing like a member that lies (docs/protocol.md 8).
        let restored = self
            .faults
            .plan
            .iter()
            .filter_map(|(_, fault)| match fault {
                Fault::Restore { member, .. } => Some(*member),
                _ => None,
            });
        let liars = self.liars.iter().map(|(member, _)| *member);
        let missing: BTreeSet<_> = restored.chain(liars).chain(self.doubtful.clone()).collect();
        usize::from(self.members) - missing.len() >= usize::from(self.quorum)
    }

    /// What was meant to go wrong did.
    ///
    /// # Panics
    /// If it did not.
    pub fn check(&self, world: &World) {
        let happened: u64 = world.counts.faults.values().sum();
        assert_eq!(
            happened,
            self.faults.plan.len() as u64,
            "{self:?}: {:?}",
            world.counts
        );
        // Below these bounds a chance or a time may come to nothing by itself.
        let Links {
            loss, duplication, ..
        } = self.faults.links;
        let counts = &world.counts;
        assert!(loss < 20 || counts.lost > 0, "{self:?}: nothing was lost");
        assert!(
            duplication < 20 || counts.doubled > 0,
            "{self:?}: nothing came twice"
        );
        assert!(
            self.faults.turn < 10 || counts.batches > 0,
            "{self:?}: no batches"
        );
        assert!(
            self.faults.gate < 20 || counts.late_verdicts > 0,
            "{self:?}: the gate was fast"
        );
    }
}
