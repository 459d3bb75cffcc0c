//! A whole committee in one process: engines, disks, gates, a pool, a network and clocks, all
//! driven by a seed.

mod gate;
mod network;
mod outputs;
mod process;
mod run;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use sealbid_protocol::admission::Readable;
use sealbid_protocol::admission::gate::Gate;
use sealbid_protocol::disk::{Recall, Table};
use sealbid_protocol::member::message::PeerMessage;
use sealbid_protocol::member::{Honest, Input, Notice, Options, Output, RequestId, Rules};
use sealbid_protocol::pool::{Pool, PoolLimits};
use sealbid_protocol::time::Clock;
use sealbid_types::codec::{decode, encode};
use sealbid_types::door::{Head, Response};
use sealbid_types::envelope::{Envelope, Kind};
use sealbid_types::id::{EnvelopeId, MemberIndex, Round};
use sealbid_types::record::RoundRecord;
use sealbid_types::report::Receipt;

use self::process::{Begin, Process, begin};
use super::adversary::{Adversary, Liar};
use super::faults::{Counts, Fault, Faults};
use super::fixture::{Fixture, START};
use super::invariants::Watch;
use crate::world::{Disk, Draws, SeatClock};

/// An entry of the pool: its id and the digest of its bytes.
type PoolKey = (EnvelopeId, [u8; 32]);

enum Event {
    /// An engine has slept as long as it wanted to. Void if a later sleep has begun.
    Wake {
        to: usize,
    },
    Turn {
        to: usize,
        life: u64,
    },
    /// Of no life: a message reaches whichever process of the member is up by then.
    Message {
        to: usize,
        from: MemberIndex,
        bytes: Vec<u8>,
    },
    Pool {
        to: usize,
        life: u64,
        bytes: Vec<u8>,
    },
    PoolSync,
    Check {
        to: usize,
        life: u64,
        envelopes: Vec<Readable>,
    },
    Verdicts {
        to: usize,
        life: u64,
        input: Input,
    },
    /// A client knocks. Of no life either.
    Submit {
        to: usize,
        bytes: Vec<u8>,
    },
    Record {
        to: usize,
        life: u64,
        from: MemberIndex,
        round: Round,
        bytes: Vec<u8>,
    },
    NoRecord {
        to: usize,
        life: u64,
        from: MemberIndex,
    },
    Restart {
        to: usize,
    },
    Fault(Fault),
}

/// One member's place: what is there while its process runs, and what outlives it.
struct Seat {
    engine: Option<Box<dyn Process>>,
    /// Which rules it is under.
    begin: Begin,
    gate: Arc<Gate>,
    disk: Disk,
    /// The newest copy of the disk.
    copy: Option<Disk>,
    clock: SeatClock,
    restored: bool,
    /// Counts its starts: what was meant for an earlier process does not reach a later one.
    life: u64,
    /// What the pool has brought since the start.
    /// Nothing of it outlives a process, as nothing of a real node of the pool does.
    pooled: BTreeSet<PoolKey>,
    /// What waits for the engine.
    waiting: VecDeque<Input>,
    has_turn: bool,
    paused_until: u64,
    /// It dies in its next step.
    is_armed: Option<u64>,
    wakes_at: u64,
    liar: Option<Liar>,
    /// Intents in rounds that it has settled.
    settled: BTreeSet<EnvelopeId>,
}

/// The simulated committee.
pub struct World {
    /// The committee and its keys.
    pub house: Arc<Fixture>,
    /// What goes wrong.
    pub faults: Faults,
    /// What happened.
    pub counts: Counts,
    /// Intents that were submitted.
    pub intents: BTreeSet<EnvelopeId>,
    /// Receipts that clients got.
    pub receipts: BTreeMap<EnvelopeId, Receipt>,
    /// Refusals that clients got.
    pub refusals: Vec<(EnvelopeId, String)>,
    /// What operators were told, by member.
    pub notices: Vec<(MemberIndex, Notice)>,
    /// How long each round took from its closing time to its last record, in milliseconds.
    pub closings: BTreeMap<Round, u64>,
    /// Why members stopped for good.
    pub halts: Vec<(MemberIndex, String)>,
    /// What must hold.
    pub watch: Watch,
    seed: u64,
    seats: Vec<Seat>,
    pool: Pool,
    /// By time, and then in the order in which they were planned.
    events: BTreeMap<(u64, u64), Event>,
    requests: BTreeMap<RequestId, EnvelopeId>,
    /// Clocks, entropy, links, waits and crashes are drawn from here, in the order of events;
    /// people, liars and the committee have streams of their own.
    draws: Draws,
    now: u64,
    count: u64,
    options: Options,
    trace: blake3::Hasher,
}

impl World {
    /// A committee of `members` that starts at the schedule's start.
    #[must_use]
    pub fn new(members: u8, quorum: u8, seed: u64, faults: Faults) -> Self {
        Self::of(Fixture::new(members, quorum, seed), seed, faults)
    }

    /// This committee, at the schedule's start.
    #[must_use]
    pub fn of(house: Fixture, seed: u64, faults: Faults) -> Self {
        let house = Arc::new(house);
        // Drawn before anything happens, member by member: gate, clock, drift.
        let mut draws = Draws::new(seed, "world");
        let seats = house
            .members()
            .map(|index| Seat::new(&house, index, &faults, &mut draws))
            .collect();
        let mut world = Self {
            watch: Watch::new(seed, house.clone()),
            house,
            counts: Counts::default(),
            intents: BTreeSet::new(),
            receipts: BTreeMap::new(),
            refusals: Vec::new(),
            notices: Vec::new(),
            closings: BTreeMap::new(),
            halts: Vec::new(),
            seed,
            seats,
            pool: Pool::new(PoolLimits::default()),
            events: BTreeMap::new(),
            requests: BTreeMap::new(),
            draws,
            now: 0,
            count: 0,
            options: Options::default(),
            trace: blake3::Hasher::new(),
            faults,
        };
        for (at, fault) in world.faults.plan.clone() {
            world.schedule(at, Event::Fault(fault));
        }
        world.schedule(network::POOL_SYNC, Event::PoolSync);
        for to in 0..world.seats.len() {
            world.start(to);
        }
        world
    }

    /// Makes `member` lie.
    pub fn corrupt(&mut self, member: MemberIndex, way: impl Adversary + 'static) {
        self.corrupt_in_ways(member, vec![Box::new(way)]);
    }

    /// Starts every member anew, under these rules.
    pub fn put_under<R: Rules>(&mut self) {
        let members: Vec<_> = self.house.members().collect();
        members.into_iter().for_each(|member| self.put::<R>(member));
    }

    /// Starts one member anew, under these rules.
    pub fn put<R: Rules>(&mut self, member: MemberIndex) {
        let to = member.as_usize();
        self.stop(to, None);
        self.seats[to].begin = begin::<R>;
        self.start(to);
    }

    /// Makes `member` lie in several ways at once.
    pub fn corrupt_in_ways(&mut self, member: MemberIndex, ways: Vec<Box<dyn Adversary>>) {
        let liar = Liar::new(self.house.clone(), member, self.seed, ways);
        self.seats[member.as_usize()].liar = Some(liar);
        self.watch.distrust(member);
    }

    /// Members that keep the rules, as far as anybody knows.
    pub fn honest(&self) -> impl Iterator<Item = MemberIndex> + '_ {
        self.house
            .members()
            .filter(|member| self.watch.trusts(*member))
    }

    /// Whether a member was made to lie.
    #[must_use]
    pub fn is_liar(&self, member: MemberIndex) -> bool {
        self.seats[member.as_usize()].liar.is_some()
    }

    /// Milliseconds since the start.
    #[must_use]
    pub const fn now(&self) -> u64 {
        self.now
    }

    /// Everything that members did so far, in order, in brief: equal for equal runs.
    #[must_use]
    pub fn trace(&self) -> [u8; 32] {
        *self.trace.finalize().as_bytes()
    }

    /// Hands an encoded envelope to a member's door, `after` milliseconds from now.
    pub fn submit(&mut self, to: MemberIndex, envelope: &Envelope, after: u64) {
        if envelope.header.kind == Kind::Intent {
            self.intents.insert(envelope.id());
        }
        self.watch.scene.knows(envelope);
        let (to, bytes) = (to.as_usize(), encode(envelope));
        self.schedule(self.now + after, Event::Submit { to, bytes });
    }

    /// Plans a fault, `after` milliseconds from now.
    pub fn plan(&mut self, after: u64, fault: Fault) {
        self.schedule(self.now + after, Event::Fault(fault));
    }

    /// Makes something go wrong now.
    pub fn inflict(&mut self, fault: Fault) {
        self.suffer(fault);
    }

    /// Says something to a member in another's name, as that other could.
    pub fn deliver(&mut self, from: MemberIndex, to: MemberIndex, message: &PeerMessage) {
        let (to, bytes) = (to.as_usize(), encode(message));
        self.schedule(self.now + 1, Event::Message { to, from, bytes });
    }

    /// Sets by how many milliseconds a member's wall clock is wrong.
    pub fn set_clock(&mut self, member: MemberIndex, offset: i64) {
        self.seats[member.as_usize()].clock.set(offset);
    }

    /// Kills a member now; it starts again after so many milliseconds, if at all.
    pub fn kill(&mut self, member: MemberIndex, back: Option<u64>) {
        self.stop(member.as_usize(), back);
    }

    /// Whether a member's process runs.
    #[must_use]
    pub fn runs(&self, member: MemberIndex) -> bool {
        self.seats[member.as_usize()].engine.is_some()
    }

    /// How long a member that runs sleeps if nothing comes, in milliseconds.
    #[must_use]
    pub fn sleeps(&self, member: MemberIndex) -> Option<u64> {
        let seat = &self.seats[member.as_usize()];
        Some(run::sleep(
            seat.engine.as_deref()?,
            seat.clock.read(self.now),
        ))
    }

    /// How large a running engine is, as it prints itself: a measure of what it remembers.
    #[must_use]
    pub fn size(&self, member: MemberIndex) -> Option<usize> {
        let engine = self.seats[member.as_usize()].engine.as_ref()?;
        Some(format!("{engine:?}").len())
    }

    /// A member's disk.
    #[must_use]
    pub fn disk(&self, member: MemberIndex) -> &Disk {
        &self.seats[member.as_usize()].disk
    }

    /// The records on a member's disk, by round.
    #[must_use]
    pub fn records(&self, member: MemberIndex) -> Vec<RoundRecord> {
        let rows = self.disk(member).scan(Table::Records);
        rows.into_iter()
            .map(|(_, bytes)| decode(&bytes).unwrap())
            .collect()
    }

    /// Where a running member stands, by its own account.
    /// What else the engine says in that step is dropped, writes too. So this is for runs that are
    /// over.
    #[must_use]
    pub fn head(&mut self, member: MemberIndex) -> Option<Head> {
        let reading = self.reading(member.as_usize());
        let request = RequestId(0);
        let engine = self.seats[member.as_usize()].engine.as_mut()?;
        let out = run::step(engine.as_mut(), Input::AskHead { request }, reading);
        out.into_iter().find_map(|output| match output {
            Output::Reply { response, .. } => match *response {
                Response::Head(head) => Some(head),
                _ => None,
            },
            _ => None,
        })
    }

    /// Receipted intents that some honest member has not settled.
    #[must_use]
    pub fn unsettled(&self) -> Vec<&Receipt> {
        let receipts = self
            .receipts
            .values()
            .filter(|r| self.intents.contains(&r.envelope));
        let is_missing = |receipt: &&Receipt| {
            let mut honest = self.honest().filter(|member| self.runs(*member));
            honest.any(|member| {
                !self.seats[member.as_usize()]
                    .settled
                    .contains(&receipt.envelope)
            })
        };
        receipts.filter(is_missing).collect()
    }

    /// Whether every receipted intent is in a round that every honest member has settled.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.unsettled().is_empty()
    }

    /// The newest round that a member has settled.
    #[must_use]
    pub fn settled(&self, member: MemberIndex) -> Round {
        let rows = self.disk(member).scan(Table::Records);
        // Keys are rounds in big-endian order.
        let newest = rows.last().map(|(key, _)| key.as_slice().try_into());
        newest.map_or(Round(0), |key| Round(u64::from_be_bytes(key.unwrap())))
    }

    /// All that can be said of a run that does not go on.
    #[must_use]
    pub fn describe(&mut self) -> String {
        let missing = self.unsettled().into_iter();
        let missing: Vec<_> = missing.map(|r| (r.envelope.short(), r.round())).collect();
        let members: Vec<_> = self.house.members().collect();
        let heads: Vec<_> = members
            .into_iter()
            .map(|member| format!("{member}: {:?}", self.head(member)))
            .collect();
        let mut notices: Vec<_> = self
            .notices
            .iter()
            .map(|(by, notice)| format!("{by}: {notice}"))
            .collect();
        notices.dedup();
        notices.truncate(20);
        format!(
            "seed {} at {} ms: not settled: {missing:?}\n{}\n{:?}\n{:?}\n{notices:#?}\n{:?}",
            self.seed,
            self.now,
            heads.join("\n"),
            self.refusals.iter().take(5).collect::<Vec<_>>(),
            self.halts,
            self.counts,
        )
    }

    /// Checks what is checked at the end of a run.
    ///
    /// # Panics
    /// With the first that does not hold.
    pub fn check(&mut self) {
        for seat in 0..self.seats.len() {
            let lies = self.seats[seat].liar.as_ref().map_or(0, Liar::lies);
            self.counts.lies += lies;
        }
        // Taken out while it looks: it is a part of the world that it looks at.
        let mut watch =
            core::mem::replace(&mut self.watch, Watch::new(self.seed, self.house.clone()));
        watch.end(self);
        self.watch = watch;
    }

    fn schedule(&mut self, at: u64, event: Event) {
        self.count += 1;
        self.events.insert((at, self.count), event);
    }

    fn reading(&self, seat: usize) -> Clock {
        self.seats[seat].clock.read(self.now)
    }

    fn note(&mut self, seat: usize, what: &str, bytes: &[u8]) {
        self.trace.update(&self.now.to_le_bytes());
        self.trace.update(&[u8::try_from(seat).unwrap()]);
        self.trace.update(what.as_bytes());
        self.trace.update(&(bytes.len() as u64).to_le_bytes());
        self.trace.update(bytes);
    }
}

impl Seat {
    fn new(house: &Fixture, index: MemberIndex, faults: &Faults, draws: &mut Draws) -> Self {
        let gate = Arc::new(Gate::new(
            house.committee.clone(),
            house.keys.clone(),
            house.share(index),
            draws.bytes(),
        ));
        // Ahead alone. Clocks that are behind come by drift, and by jumps.
        let offset = i64::try_from(draws.below(faults.skew + 1)).unwrap();
        let drift = i64::try_from(draws.below(2 * faults.drift + 1)).unwrap();
        let drift = drift - i64::try_from(faults.drift).unwrap();
        Self {
            engine: None,
            begin: begin::<Honest>,
            gate,
            disk: Disk::default(),
            copy: None,
            clock: SeatClock::new(START, offset, drift),
            restored: false,
            life: 0,
            pooled: BTreeSet::new(),
            waiting: VecDeque::new(),
            has_turn: false,
            paused_until: 0,
            is_armed: None,
            wakes_at: u64::MAX,
            liar: None,
            settled: BTreeSet::new(),
        }
    }
}

fn index(seat: usize) -> MemberIndex {
    MemberIndex(u8::try_from(seat).unwrap())
}
