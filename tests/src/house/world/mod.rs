//! A whole committee in one process: engines, disks, gates, a pool, a network and clocks, all
//! driven by a seed.

mod bugs;
mod crashes;
mod gate;
mod mishaps;
mod narration;
mod network;
mod outputs;
mod process;
mod run;
mod seat;
mod standing;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sealbid_protocol::admission::Readable;
use sealbid_protocol::member::message::PeerMessage;
use sealbid_protocol::member::{Input, Notice, Options, RequestId, Rules};
use sealbid_protocol::pool::{Pool, PoolLimits};
use sealbid_protocol::time::Clock;
use sealbid_types::codec::encode;
use sealbid_types::door::Refusal;
use sealbid_types::envelope::{Envelope, Kind};
use sealbid_types::id::{EnvelopeId, MemberIndex, Round};
use sealbid_types::report::Receipt;

use self::bugs::Bugs;
use self::process::begin;
use self::seat::Seat;
use super::adversary::{Adversary, Liar};
use super::faults::{Counts, Fault, Faults};
use super::fixture::Fixture;
use super::invariants::{Checks, Violation, Watch};
use crate::world::Draws;

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
    pub refusals: Vec<(EnvelopeId, Refusal)>,
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
    /// Events that have happened.
    happened: u64,
    options: Options,
    trace: blake3::Hasher,
    /// What is to go into the trace.
    unhashed: Vec<u8>,
    bugs: Bugs,
    narrates: bool,
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
            happened: 0,
            options: Options {
                limits: faults.limits.clone(),
                ..Options::default()
            },
            trace: blake3::Hasher::new(),
            unhashed: Vec::new(),
            bugs: Bugs::default(),
            narrates: false,
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

    /// Prints what members say and write from now on, line by line.
    pub const fn narrate(&mut self) {
        self.narrates = true;
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

    /// Milliseconds since the start.
    #[must_use]
    pub const fn now(&self) -> u64 {
        self.now
    }

    /// Everything that members did so far, in order, in brief: equal for equal runs.
    #[must_use]
    pub fn trace(&self) -> [u8; 32] {
        let mut trace = self.trace.clone();
        *trace.update(&self.unhashed).finalize().as_bytes()
    }

    /// Hands an encoded envelope to a member's door, `after` milliseconds from now.
    pub fn submit(&mut self, to: MemberIndex, envelope: &Envelope, after: u64) {
        if envelope.header.kind == Kind::Intent {
            self.intents.insert(envelope.id());
        }
        self.submit_aside(to, envelope, after);
    }

    /// The same, for an envelope of which the run does not wait to see it settled.
    pub fn submit_aside(&mut self, to: MemberIndex, envelope: &Envelope, after: u64) {
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

    /// Checks what is checked at the end of a run.
    ///
    /// # Panics
    /// With the first that does not hold.
    pub fn check(&mut self) {
        self.try_check().unwrap_or_else(|found| panic!("{found}"));
    }

    /// The same.
    ///
    /// # Errors
    /// The first that does not hold.
    pub fn try_check(&mut self) -> Result<(), Violation> {
        if let Some(found) = self.watch.violation.clone() {
            return Err(found);
        }
        for seat in 0..self.seats.len() {
            let lies = self.seats[seat].liar.as_ref().map_or(0, Liar::lies);
            self.counts.lies += lies;
        }
        self.look("at the end", Checks::at_end);
        self.watch.violation.clone().map_or(Ok(()), Err)
    }

    /// Lets the checks look at the world that has them.
    fn look(
        &mut self,
        when: &str,
        find: impl Fn(&mut Checks, &Self) -> Option<(&'static str, String)>,
    ) {
        // Taken out while they look: they are a part of it.
        let mut checks = self.watch.lend_checks();
        let found = find(&mut checks, self);
        self.watch.take_back(checks, when, found);
    }

    fn schedule(&mut self, at: u64, event: Event) {
        self.count += 1;
        self.events.insert((at, self.count), event);
    }

    fn reading(&self, seat: usize) -> Clock {
        self.bugs.read(self.seats[seat].clock.read(self.now))
    }

    fn note(&mut self, seat: usize, what: &str, bytes: &[u8]) {
        if self.narrates {
            narration::tell(self.now, index(seat), what, bytes);
        }
        let trace = &mut self.unhashed;
        trace.extend_from_slice(&self.now.to_le_bytes());
        trace.push(u8::try_from(seat).unwrap());
        trace.extend_from_slice(what.as_bytes());
        trace.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
        trace.extend_from_slice(bytes);
        // Much at a time: hashing is a fifth of a run otherwise.
        if trace.len() > 1 << 16 {
            self.trace.update(trace);
            trace.clear();
        }
    }
}

fn index(seat: usize) -> MemberIndex {
    MemberIndex(u8::try_from(seat).unwrap())
}
