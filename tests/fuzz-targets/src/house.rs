//! A house of four on the simulator's stand-ins, in one thread: what its members say is delivered when a target says so.
//!
//! The simulator (`tests/src/house`) plays whole runs under a seed. Here each delivery is a step of an input, so that a
//! fuzzer sees which of them leads somewhere.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::OnceLock;

use linear::house::{Disk, Fixture, Person, START};
use linear_protocol::admission::Readable;
use linear_protocol::admission::gate::{Gate, Verdict};
use linear_protocol::member::message::PeerMessage;
use linear_protocol::member::{Engine, Input, Notice, Options, Output, RequestId};
use linear_protocol::time::{Clock, Monotonic};
use linear_types::codec::{decode, encode};
use linear_types::door::Response;
use linear_types::envelope::Envelope;
use linear_types::id::{MemberIndex, Round};

/// The one member that may lie.
pub(crate) const LIAR: MemberIndex = MemberIndex(3);

/// More than a step of four members brings, and less than a run.
const MOST_MAIL: usize = 192;

/// The bytes that a message must stay below.
const MOST_MESSAGE_BYTES: usize = 1_000_000;

/// The committee.
pub(crate) fn fixture() -> &'static Fixture {
    static FIXTURE: OnceLock<Fixture> = OnceLock::new();
    FIXTURE.get_or_init(|| Fixture::new(4, 3, 1))
}

/// Some intents and quotes for its first rounds.
pub(crate) fn envelopes() -> &'static [Envelope] {
    static ENVELOPES: OnceLock<Vec<Envelope>> = OnceLock::new();
    ENVELOPES.get_or_init(|| {
        let mut all = Vec::new();
        for number in 0..4 {
            let mut person = Person::new(1, number);
            all.push(person.swap(fixture(), 1_000, 1_900, Round(1), 9));
            all.push(person.quote(fixture(), Round(1 + number % 2), 2_000, 1_000, 1_000_000));
        }
        all
    })
}

/// A message on its way.
#[derive(Debug, Clone)]
pub(crate) struct Mail {
    pub(crate) from: MemberIndex,
    pub(crate) to: MemberIndex,
    pub(crate) bytes: Vec<u8>,
}

struct Seat {
    engine: Engine,
    gate: Gate,
    disk: Disk,
}

/// The house.
pub(crate) struct House {
    seats: Vec<Seat>,
    /// Milliseconds since the auction began, at every member.
    now: u64,
    pub(crate) mail: VecDeque<Mail>,
    /// Members that asked for a round's record, and whom.
    pub(crate) fetches: Vec<(MemberIndex, Round, MemberIndex)>,
    requests: u64,
    answered: BTreeSet<RequestId>,
    /// What honest members have settled.
    settled: BTreeMap<Round, Vec<u8>>,
    /// Whether an honest member has accused the liar.
    pub(crate) accused: bool,
    /// What was sent and written, if somebody wants to see it.
    pub(crate) trace: Option<Trace>,
}

/// What was sent, and the store of member 0 after each of its commits.
#[derive(Default)]
pub(crate) struct Trace {
    pub(crate) messages: Vec<Vec<u8>>,
    pub(crate) disks: Vec<(Disk, u64)>,
}

impl House {
    pub(crate) fn new() -> Self {
        let house = fixture();
        let now = 100;
        let seat = |index: MemberIndex| {
            let disk = Disk::default();
            let gate = Gate::new(
                house.committee.clone(),
                house.keys.clone(),
                house.share(index),
                [index.0; 32],
            );
            let (engine, out) = begin(index, &disk, clock(now));
            (Seat { engine, gate, disk }, out)
        };
        let (seats, outputs): (Vec<_>, Vec<_>) = house.members().map(seat).unzip();
        let mut house = Self {
            seats,
            now,
            mail: VecDeque::new(),
            fetches: Vec::new(),
            requests: 0,
            answered: BTreeSet::new(),
            settled: BTreeMap::new(),
            accused: false,
            trace: None,
        };
        for (index, out) in MemberIndex::all(4).zip(outputs) {
            house.carry_out(index, out);
        }
        house
    }

    pub(crate) fn disk(&self, member: MemberIndex) -> &Disk {
        &self.seats[member.as_usize()].disk
    }

    /// The newest round that an honest member has settled.
    pub(crate) fn newest(&self) -> Round {
        self.settled.keys().next_back().copied().unwrap_or_default()
    }

    /// What a member holds, in words.
    pub(crate) fn state(&self, member: MemberIndex) -> String {
        format!("{:?}", self.seats[member.as_usize()].engine)
    }

    pub(crate) fn step(&mut self, member: MemberIndex, input: Input) {
        let now = clock(self.now);
        let out = self.seats[member.as_usize()].engine.step(input, now);
        self.carry_out(member, out);
    }

    /// Lets time pass, and everybody who waited for it act.
    pub(crate) fn wait(&mut self, millis: u64) {
        self.now += millis;
        for member in MemberIndex::all(4) {
            if self.seats[member.as_usize()].engine.wake_at() <= Monotonic(self.now) {
                self.step(member, Input::Tick);
            }
        }
    }

    pub(crate) fn deliver(&mut self, mail: Mail) {
        let Mail { from, to, bytes } = mail;
        self.step(to, Input::Received { from, bytes });
    }

    /// Delivers what is on its way, and what that brings, up to so many messages.
    pub(crate) fn flush(&mut self, most: usize) {
        for _ in 0..most {
            let Some(mail) = self.mail.pop_front() else {
                return;
            };
            self.deliver(mail);
        }
    }

    pub(crate) fn submit(&mut self, to: MemberIndex, bytes: Vec<u8>) {
        let request = self.request();
        if let Ok(envelope) = Readable::new(&fixture().committee, bytes) {
            let envelope = Box::new(envelope);
            self.step(to, Input::Submit { request, envelope });
        }
    }

    pub(crate) fn request(&mut self) -> RequestId {
        self.requests += 1;
        RequestId(self.requests)
    }

    /// Brings a record, as the shell does: checked by the member's gate.
    pub(crate) fn bring_record(
        &mut self,
        to: MemberIndex,
        from: MemberIndex,
        round: Round,
        bytes: &[u8],
    ) {
        let checked = self.seats[to.as_usize()].gate.check_record(round, bytes);
        let checked = checked.map(Box::new);
        self.step(to, Input::Record { from, checked });
    }

    /// A member that is killed, and starts from its disk.
    pub(crate) fn restart(&mut self, member: MemberIndex) {
        let (engine, out) = begin(member, self.disk(member), clock(self.now));
        self.fetches.retain(|(who, ..)| *who != member);
        let stored = engine.stored_envelopes();
        self.seats[member.as_usize()].engine = engine;
        self.carry_out(member, out);
        self.judge(member, stored);
    }

    fn judge(&mut self, member: MemberIndex, envelopes: Vec<Readable>) {
        if envelopes.is_empty() {
            return;
        }
        let (mut admitted, mut refused) = (Vec::new(), Vec::new());
        for verdict in self.seats[member.as_usize()].gate.check(envelopes) {
            match verdict {
                Verdict::Admissible(admissible) => admitted.push(*admissible),
                Verdict::Refused(failed) => refused.push(failed),
            }
        }
        let unchecked = Vec::new();
        self.step(
            member,
            Input::Checked {
                admitted,
                refused,
                unchecked,
            },
        );
    }

    fn carry_out(&mut self, member: MemberIndex, out: Vec<Output>) {
        let (mut writes, mut rest) = (Vec::new(), Vec::new());
        for output in out {
            match output {
                Output::Write(write) => writes.push(write),
                other => rest.push(other),
            }
        }
        let has_written = !writes.is_empty();
        self.seats[member.as_usize()].disk.commit(writes);
        if let Some(trace) = &mut self.trace
            && member == MemberIndex(0)
            && has_written
        {
            trace.disks.push((self.seats[0].disk.clone(), self.now));
        }
        for output in rest {
            self.carry_out_one(member, output);
        }
    }

    fn carry_out_one(&mut self, member: MemberIndex, output: Output) {
        let is_honest = member != LIAR;
        match output {
            Output::Send { to, bytes } => self.send(member, to, bytes),
            Output::Broadcast { bytes } => {
                for to in MemberIndex::all(4).filter(|to| *to != member) {
                    self.send(member, to, bytes.clone());
                }
            }
            Output::Check { envelopes, .. } => self.judge(member, envelopes),
            Output::Reply { request, response } => {
                assert!(
                    self.answered.insert(request),
                    "{request:?} is answered twice"
                );
                assert!(decode::<Response>(&encode(&*response)).is_ok());
            }
            Output::FetchRecord { round, from } => self.fetches.push((member, round, from)),
            Output::Settled(settlement) if is_honest => {
                let round = settlement.settlement.round;
                let bytes = encode(&*settlement);
                let first = self.settled.entry(round).or_insert_with(|| bytes.clone());
                assert!(*first == bytes, "two settlements of round {round}");
            }
            Output::Notice(Notice::Fault {
                member: accused,
                what,
            }) if is_honest => {
                assert_eq!(accused, LIAR, "{member} accuses {accused}: {what}");
                self.accused = true;
            }
            Output::Notice(Notice::Alarm { alarm, .. }) => panic!("{alarm}"),
            Output::Halt { reason } if is_honest => panic!("{member} halts: {reason}"),
            _ => {}
        }
    }

    fn send(&mut self, from: MemberIndex, to: MemberIndex, bytes: Vec<u8>) {
        assert!(bytes.len() < MOST_MESSAGE_BYTES && decode::<PeerMessage>(&bytes).is_ok());
        if let Some(trace) = &mut self.trace {
            trace.messages.push(bytes.clone());
        }
        if self.mail.len() >= MOST_MAIL {
            self.mail.pop_front();
        }
        self.mail.push_back(Mail { from, to, bytes });
    }
}

fn clock(now: u64) -> Clock {
    Clock {
        wall: START.plus(std::time::Duration::from_millis(now)),
        monotonic: Monotonic(now),
    }
}

fn begin(index: MemberIndex, disk: &Disk, now: Clock) -> (Engine, Vec<Output>) {
    try_begin(index, disk, now.wall.0 - START.0).expect("it starts from its own disk")
}

/// Starts a member from any disk.
pub(crate) fn try_begin(
    index: MemberIndex,
    disk: &Disk,
    now: u64,
) -> Result<(Engine, Vec<Output>), linear_protocol::member::StartError> {
    let house = fixture();
    Engine::start(
        house.committee.clone(),
        house.keys.clone(),
        house.secrets(index),
        Options::default(),
        disk,
        [index.0; 32],
        clock(now),
    )
}
