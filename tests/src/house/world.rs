//! A whole committee in one process: engines, disks, a network and clocks, all driven by a seed.

mod network;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use sealbid_protocol::admission::gate::{Gate, Verdict};
use sealbid_protocol::disk::{Recall, Table, Write};
use sealbid_protocol::member::{Input, Member, Notice, Options, Output, RequestId};
use sealbid_protocol::time::{Clock, Monotonic};
use sealbid_types::codec::{decode, encode};
use sealbid_types::door::Response;
use sealbid_types::envelope::{Envelope, Kind};
use sealbid_types::id::{EnvelopeId, MemberIndex, Round};
use sealbid_types::record::RoundRecord;
use sealbid_types::report::Receipt;

use super::adversary::Adversary;
use super::disk::Disk;
use super::draws::Draws;
use super::fixture::{Fixture, START};

/// What goes wrong in a run. Chances are in thousandths.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    /// A message is lost.
    pub loss: u64,
    /// A message comes twice.
    pub duplication: u64,
    /// The most that a message is delayed, in milliseconds.
    pub delay: u64,
    /// A member crashes while it carries out a step: before its writes, or after so many outputs.
    pub crash: u64,
    /// How many crashes there are at most.
    pub most_crashes: u64,
    /// The most that a clock is wrong, in milliseconds.
    pub skew: u64,
    /// From when until when the members of the set hear no others, in milliseconds.
    pub partition: Option<(u64, u64, BTreeSet<MemberIndex>)>,
}

/// What a run did, so that a run that did nothing cannot pass.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Messages lost.
    pub lost: u64,
    /// Members crashed.
    pub crashed: u64,
    /// Messages that a partition swallowed.
    pub cut: u64,
    /// Outputs that an adversary changed.
    pub tampered: u64,
}

enum Event {
    Wake {
        to: usize,
    },
    Message {
        to: usize,
        from: MemberIndex,
        bytes: Vec<u8>,
    },
    Pool {
        to: usize,
        bytes: Vec<u8>,
    },
    Check {
        to: usize,
        envelopes: Vec<Vec<u8>>,
    },
    Submit {
        to: usize,
        bytes: Vec<u8>,
    },
    Record {
        to: usize,
        from: MemberIndex,
        round: Round,
        bytes: Vec<u8>,
    },
    Restart {
        to: usize,
    },
}

struct Seat {
    engine: Option<Member>,
    gate: Arc<Gate>,
    disk: Disk,
    /// What the pool has brought since the start: it brings an envelope once.
    pooled: BTreeSet<EnvelopeId>,
    ahead: u64,
    wakes_at: u64,
}

/// The simulated committee.
pub struct World {
    /// The committee and its keys.
    pub house: Fixture,
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
    /// Intents in rounds that each member has settled.
    settled: Vec<BTreeSet<EnvelopeId>>,
    liar: Option<(MemberIndex, Box<dyn Adversary>)>,
    seats: Vec<Seat>,
    events: BTreeMap<(u64, u64), Event>,
    requests: BTreeMap<RequestId, EnvelopeId>,
    draws: Draws,
    now: u64,
    count: u64,
    options: Options,
}

impl World {
    /// A committee of `members` that starts at the schedule's start.
    #[must_use]
    pub fn new(members: u8, quorum: u8, seed: u64, faults: Faults) -> Self {
        let house = Fixture::new(members, quorum, seed);
        let mut draws = Draws::new(seed, "world");
        let seats = house
            .members()
            .map(|index| Seat {
                engine: None,
                gate: Arc::new(Gate::new(
                    house.committee.clone(),
                    house.keys.clone(),
                    house.share(index),
                    draws.bytes(),
                )),
                disk: Disk::default(),
                pooled: BTreeSet::new(),
                ahead: draws.below(faults.skew + 1),
                wakes_at: u64::MAX,
            })
            .collect();
        let mut world = Self {
            house,
            faults,
            counts: Counts::default(),
            intents: BTreeSet::new(),
            receipts: BTreeMap::new(),
            refusals: Vec::new(),
            notices: Vec::new(),
            closings: BTreeMap::new(),
            halts: Vec::new(),
            settled: vec![BTreeSet::new(); usize::from(members)],
            liar: None,
            seats,
            events: BTreeMap::new(),
            requests: BTreeMap::new(),
            draws,
            now: 0,
            count: 0,
            options: Options::default(),
        };
        for to in 0..world.seats.len() {
            world.start(to);
        }
        world
    }

    /// Makes `member` lie.
    pub fn corrupt(&mut self, member: MemberIndex, adversary: Box<dyn Adversary>) {
        self.liar = Some((member, adversary));
    }

    /// The member that lies, if one does.
    #[must_use]
    pub fn liar(&self) -> Option<MemberIndex> {
        self.liar.as_ref().map(|(member, _)| *member)
    }

    /// Milliseconds since the start.
    #[must_use]
    pub const fn now(&self) -> u64 {
        self.now
    }

    /// Hands an encoded envelope to a member's door, `after` milliseconds from now.
    pub fn submit(&mut self, to: MemberIndex, envelope: &Envelope, after: u64) {
        if envelope.header.kind == Kind::Intent {
            self.intents.insert(envelope.id());
        }
        let bytes = encode(envelope);
        self.schedule(
            self.now + after,
            Event::Submit {
                to: to.as_usize(),
                bytes,
            },
        );
    }

    /// Sets a member's clock so many milliseconds ahead of the others'.
    pub fn set_ahead(&mut self, member: MemberIndex, millis: u64) {
        self.seats[member.as_usize()].ahead = millis;
    }

    /// Kills a member now; it starts again after so many milliseconds, if at all.
    pub fn kill(&mut self, member: MemberIndex, restart_after: Option<u64>) {
        let to = member.as_usize();
        self.seats[to].engine = None;
        if let Some(after) = restart_after {
            self.schedule(self.now + after, Event::Restart { to });
        }
    }

    /// How long a member that runs sleeps if nothing comes, in milliseconds.
    #[must_use]
    pub fn sleeps(&self, member: MemberIndex) -> Option<u64> {
        let seat = member.as_usize();
        let engine = self.seats[seat].engine.as_ref()?;
        u64::try_from(
            engine
                .wake_at()
                .since(self.clock(seat).monotonic)
                .as_millis(),
        )
        .ok()
    }

    /// Replaces a member's disk by a copy of another time.
    pub fn restore(&mut self, member: MemberIndex, disk: Disk) {
        self.seats[member.as_usize()].disk = disk;
    }

    /// A copy of a member's disk.
    #[must_use]
    pub fn disk(&self, member: MemberIndex) -> Disk {
        self.seats[member.as_usize()].disk.clone()
    }

    /// The records on a member's disk, by round.
    #[must_use]
    pub fn records(&self, member: MemberIndex) -> Vec<RoundRecord> {
        let rows = self.seats[member.as_usize()].disk.scan(Table::Records);
        rows.into_iter()
            .map(|(_, bytes)| decode(&bytes).unwrap())
            .collect()
    }

    /// What every member says of itself, for the message of a test that fails.
    #[must_use]
    pub fn heads(&mut self) -> Vec<String> {
        let mut heads = Vec::new();
        for to in 0..self.seats.len() {
            let now = self.clock(to);
            let request = RequestId(0);
            let Some(engine) = self.seats[to].engine.as_mut() else {
                heads.push("down".to_owned());
                continue;
            };
            for output in engine.step(Input::AskHead { request }, now) {
                if let Output::Reply { response, .. } = output {
                    heads.push(format!("{response:?}"));
                }
            }
        }
        heads
    }

    /// Receipted intents that some honest member has not settled.
    #[must_use]
    pub fn unsettled(&self) -> Vec<&Receipt> {
        let receipts = self
            .receipts
            .values()
            .filter(|r| self.intents.contains(&r.envelope));
        let honest = || {
            self.house
                .members()
                .filter(|member| Some(*member) != self.liar())
        };
        let is_missing = |receipt: &&Receipt| {
            honest().any(|member| !self.settled[member.as_usize()].contains(&receipt.envelope))
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
        self.records(member)
            .last()
            .map(|record| record.close.round)
            .unwrap_or_default()
    }

    /// Runs until `done` holds, or so many simulated milliseconds have passed. Says whether it did.
    pub fn run_until(&mut self, limit: u64, done: impl Fn(&Self) -> bool) -> bool {
        let end = self.now + limit;
        let mut looked_at = 0;
        while self.now < end {
            // Looking at disks takes longer than most steps: once every 100 ms will do.
            if self.now >= looked_at {
                if done(self) {
                    return true;
                }
                looked_at = self.now + 100;
            }
            let Some(((time, _), event)) = self.events.pop_first() else {
                break;
            };
            self.now = self.now.max(time);
            self.happen(event);
        }
        done(self)
    }

    fn schedule(&mut self, at: u64, event: Event) {
        self.count += 1;
        self.events.insert((at, self.count), event);
    }

    fn clock(&self, seat: usize) -> Clock {
        Clock {
            wall: START.plus(Duration::from_millis(self.now + self.seats[seat].ahead)),
            monotonic: Monotonic(self.now),
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Wake { to } => {
                if self.seats[to].wakes_at <= self.now {
                    self.wake(to);
                }
            }
            Event::Message { to, from, bytes } => self.step(to, Input::Received { from, bytes }),
            Event::Pool { to, bytes } => self.check(to, vec![bytes]),
            Event::Check { to, envelopes } => self.check(to, envelopes),
            Event::Submit { to, bytes } => self.take_submission(to, bytes),
            Event::Record {
                to,
                from,
                round,
                bytes,
            } => {
                let checked = self.seats[to].gate.check_record(round, &bytes);
                let checked = checked.map(Box::new);
                self.step(to, Input::Record { from, checked });
            }
            Event::Restart { to } => self.start(to),
        }
    }

    fn start(&mut self, to: usize) {
        let index = MemberIndex(u8::try_from(to).unwrap());
        self.seats[to].pooled.clear();
        let (member, out) = Member::start(
            self.house.committee.clone(),
            self.house.keys.clone(),
            self.house.secrets(index),
            self.options.clone(),
            &self.seats[to].disk,
            self.draws.bytes(),
            self.clock(to),
        )
        .unwrap_or_else(|error| panic!("{index} does not start: {error}"));
        let stored = member.stored_envelopes();
        self.seats[to].engine = Some(member);
        self.carry_out(to, out);
        self.check(to, stored);
    }

    /// As a member's process does it: takes what has come, here nothing, and then what is due.
    fn wake(&mut self, to: usize) {
        let now = self.clock(to);
        let Some(engine) = self.seats[to].engine.as_mut() else {
            return;
        };
        let mut out = engine.steps([], now);
        if engine.wake_at() <= now.monotonic {
            out.extend(engine.step(Input::Tick, now));
        }
        self.carry_out(to, out);
    }

    fn step(&mut self, to: usize, input: Input) {
        let now = self.clock(to);
        let Some(engine) = self.seats[to].engine.as_mut() else {
            return;
        };
        let out = engine.step(input, now);
        self.carry_out(to, out);
    }

    /// The gate of a member: what passes comes back as one delivery.
    fn check(&mut self, to: usize, envelopes: Vec<Vec<u8>>) {
        if self.seats[to].engine.is_none() || envelopes.is_empty() {
            return;
        }
        let (mut passed, mut refused) = (Vec::new(), Vec::new());
        for verdict in self.seats[to].gate.check(envelopes) {
            match verdict {
                Verdict::Admissible(admissible) => passed.push(*admissible),
                Verdict::Refused {
                    id: Some(id),
                    refusal,
                } => refused.push((id, refusal)),
                Verdict::Refused { id: None, .. } => {}
            }
        }
        self.step(
            to,
            Input::Delivered {
                envelopes: passed,
                refused,
            },
        );
    }

    fn take_submission(&mut self, to: usize, bytes: Vec<u8>) {
        if self.seats[to].engine.is_none() {
            // What a client does whose member is down: it tries the next one.
            let to = (to + 1) % self.seats.len();
            return self.schedule(self.now + 50, Event::Submit { to, bytes });
        }
        let id = decode::<Envelope>(&bytes).unwrap().id();
        self.count += 1;
        let request = RequestId(self.count);
        match self.seats[to].gate.check(vec![bytes]).pop().unwrap() {
            Verdict::Admissible(envelope) => {
                self.requests.insert(request, id);
                self.step(to, Input::Submit { request, envelope });
            }
            Verdict::Refused { refusal, .. } => self.refusals.push((id, refusal.to_string())),
        }
    }

    /// Carries out the outputs of a step as a shell does: all writes first, together, then the
    /// rest in order. A crash may come before the writes or after any of the rest.
    fn carry_out(&mut self, from: usize, out: Vec<Output>) {
        let survives = self.survives(out.len());
        if survives == Some(0) {
            return self.crash(from);
        }
        let (writes, rest): (Vec<_>, Vec<_>) = out
            .into_iter()
            .partition(|output| matches!(output, Output::Write(_)));
        for output in writes {
            if let Output::Write(write) = output {
                self.note_record(from, &write);
                self.seats[from].disk.commit([write]);
            }
        }
        let index = MemberIndex(u8::try_from(from).unwrap());
        let rest = match self.liar.take() {
            Some((liar, mut adversary)) if liar == index => {
                let secrets = self.house.secrets(index);
                let tampered = adversary.tamper(rest, &secrets, &mut self.counts.tampered);
                self.liar = Some((liar, adversary));
                tampered
            }
            liar => {
                self.liar = liar;
                rest
            }
        };
        for (at, output) in rest.into_iter().enumerate() {
            if survives.is_some_and(|survives| at + 1 >= survives) {
                return self.crash(from);
            }
            self.perform(from, index, output);
        }
        self.sleep(from);
    }

    fn note_record(&mut self, seat: usize, write: &Write) {
        if let Write::Put {
            table: Table::Records,
            value,
            ..
        } = write
        {
            let record: RoundRecord = decode(value).unwrap();
            let took = self
                .clock(seat)
                .wall
                .since(record.close.closed_at)
                .as_millis();
            let slowest = self.closings.entry(record.close.round).or_default();
            *slowest = (*slowest).max(u64::try_from(took).unwrap());
            self.settled[seat].extend(record.close.intents);
        }
    }

    /// After how many outputs the member crashes in this step, if it does.
    fn survives(&mut self, outputs: usize) -> Option<usize> {
        let may_crash = self.counts.crashed < self.faults.most_crashes;
        let crashes = may_crash && outputs > 1 && self.draws.permille(self.faults.crash);
        crashes.then(|| usize::try_from(self.draws.below(outputs as u64)).unwrap())
    }

    fn crash(&mut self, seat: usize) {
        self.counts.crashed += 1;
        let after = 200 + self.draws.below(3_000);
        self.kill(MemberIndex(u8::try_from(seat).unwrap()), Some(after));
    }

    fn sleep(&mut self, to: usize) {
        let now = self.clock(to);
        let Some(engine) = self.seats[to].engine.as_ref() else {
            return;
        };
        let wait = u64::try_from(engine.wake_at().since(now.monotonic).as_millis())
            .unwrap()
            .max(1);
        let at = self.now + wait;
        self.seats[to].wakes_at = at;
        self.schedule(at, Event::Wake { to });
    }

    fn perform(&mut self, from: usize, index: MemberIndex, output: Output) {
        match output {
            Output::Send { to, bytes } => self.send(index, to.as_usize(), bytes),
            Output::Broadcast { bytes } => {
                for to in (0..self.seats.len()).filter(|to| *to != from) {
                    self.send(index, to, bytes.clone());
                }
            }
            Output::Offer(offers) | Output::OfferAgain(offers) => {
                for offered in offers {
                    for to in 0..self.seats.len() {
                        self.spread(index, to, offered.id, offered.bytes.clone());
                    }
                }
            }
            Output::Check(envelopes) => {
                let envelopes = envelopes.into_iter().map(|blob| blob.0.into()).collect();
                self.schedule(
                    self.now + 1,
                    Event::Check {
                        to: from,
                        envelopes,
                    },
                );
            }
            Output::Reply { request, response } => self.answer(request, *response),
            Output::FetchRecord {
                round,
                from: holder,
            } => self.fetch(from, round, holder),
            Output::Notice(notice) => self.notices.push((index, notice)),
            Output::Halt { reason } => self.halts.push((index, reason)),
            _ => {}
        }
    }

    fn answer(&mut self, request: RequestId, response: Response) {
        let Some(id) = self.requests.get(&request).copied() else {
            return;
        };
        match response {
            Response::Receipt(receipt) => _ = self.receipts.insert(id, receipt),
            Response::Refused(refusal) => self.refusals.push((id, refusal.to_string())),
            _ => {}
        }
    }
}
