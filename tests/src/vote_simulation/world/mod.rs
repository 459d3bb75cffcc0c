//! A run: one queue of events in virtual time.
//!
//! It stands for the engines, stores, clocks and streams of n members, and carries out what each
//! one's vote asks for. Crueler than they are: a member may die between any two writes or sends,
//! and each receiver is a send of its own. Kinder: writes take no time and never fail. A round has
//! its vote on the close here, and none on the allocation.

mod post;

use std::collections::BTreeMap;
use std::rc::Rc;

use sealbid_protocol::vote::{Certified, Message, Output, Value, Verdict};
use sealbid_types::bytes::FixedBytes;
use sealbid_types::close::Close;
use sealbid_types::id::{EnvelopeId, Epoch, MemberIndex, RulesDigest, ValueDigest, View};

use super::adversary::Liar;
use super::history::History;
use super::network::Network;
pub use super::node::CUT;
use super::node::{Node, auction, schedule};
use super::scenario::{Crash, Scenario, Side};
use crate::world::Draws;

/// The rules that a valid close names here; any other are invalid.
pub const RULES: RulesDigest = RulesDigest(FixedBytes([2; 32]));
/// Between two sendings of what may have been lost.
/// As often as an engine does it (`Times::resend`).
const RESEND: u64 = 400;
/// The run is over then, whatever has happened.
/// The longest partition of the tests heals at 120 s. What is not decided as long again after it
/// never will be.
const END: u64 = 240_000;

/// What travels.
#[derive(Debug, Clone)]
pub enum Packet {
    /// Messages of the vote.
    Messages(Rc<Vec<Message>>),
    /// The certified close, from a member that has it.
    Certificate(Rc<Certified>),
}

#[derive(Debug)]
enum Event {
    /// A member's clock shows the end of the slot, as far as could be told beforehand.
    Start(MemberIndex),
    /// A timeout of its vote is due.
    Wake(MemberIndex),
    /// It says again what may have been lost.
    Resend(MemberIndex),
    /// The network brings something, to whichever process of the member is up by then.
    Arrive {
        from: MemberIndex,
        to: MemberIndex,
        packet: Packet,
    },
    /// The close that its vote asked for; void if the member has died since.
    Propose {
        member: MemberIndex,
        life: u64,
        view: View,
    },
    /// The verdict that its vote asked for; likewise.
    Judge {
        member: MemberIndex,
        life: u64,
        value: ValueDigest,
        verdict: Verdict,
    },
    /// A kill of the scenario, by its number.
    Kill(usize),
    Restart(MemberIndex),
    /// Its wall clock is off by so many milliseconds from now on.
    SetClock(MemberIndex, i64),
}

/// A close that `member` might propose with a clock that shows this slot, told from others by its
/// name.
/// Its one report is made up: how closes follow from reports is the engine's, and not asked here.
#[must_use]
pub fn close_named(scenario: &Scenario, name: [u8; 32], slot: sealbid_types::id::Slot) -> Value {
    Value::Close(Close {
        auction: auction(),
        round: scenario.round,
        slot,
        closed_at: schedule().end_of(slot),
        key: [1; 32].into(),
        epoch: Epoch(3),
        rules: RULES,
        previous: [3; 32].into(),
        reports: vec![name.into()],
        intents: vec![EnvelopeId::from(name)],
        quotes: Vec::new(),
    })
}

/// Whether a close is valid, by its content alone.
#[must_use]
pub fn is_valid(scenario: &Scenario, value: &Value) -> bool {
    value.as_close().is_some_and(|close| {
        close.rules == RULES
            && close.round == scenario.round
            && close.closed_at == schedule().end_of(close.slot)
    })
}

/// A run in progress.
pub struct World {
    scenario: Scenario,
    now: u64,
    /// By time, and then in the order in which they were planned: there is one order of events.
    queue: BTreeMap<(u64, u64), Event>,
    events: u64,
    nodes: BTreeMap<MemberIndex, Node>,
    network: Network,
    draws: Draws,
    /// Those that have not come about yet.
    crashes: Vec<Crash>,
    kills_left: usize,
    last_fault: u64,
    history: History,
}

impl World {
    /// A run that has not begun.
    #[must_use]
    pub fn new(scenario: Scenario) -> Self {
        let all: Vec<_> = MemberIndex::all(scenario.members).collect();
        let mut world = Self {
            now: 0,
            queue: BTreeMap::new(),
            events: 0,
            nodes: all.iter().map(|m| (*m, Node::new(&scenario, *m))).collect(),
            network: Network::new(scenario.network.clone(), scenario.heal, scenario.seed),
            draws: Draws::new(scenario.seed, "vote world"),
            crashes: scenario.crashes.clone(),
            kills_left: scenario.kills.len(),
            last_fault: scenario.heal,
            history: History::default(),
            scenario,
        };
        all.into_iter().for_each(|member| world.plan_member(member));
        world.plan_faults();
        world
    }

    fn plan_member(&mut self, member: MemberIndex) {
        let cut = schedule().end_of(super::node::SLOT);
        // By its own clock. One that is ten minutes slow does not come to it within a run, and is
        // taken along by the others (line 55 of the paper).
        let start = cut.since(self.nodes[&member].clock(0).wall).as_millis();
        let start = u64::try_from(start).unwrap();
        self.at(start, Event::Start(member));
        // Out of step with each other, as processes are that were started at different times.
        let first = self.draws.below(RESEND);
        self.at(first, Event::Resend(member));
    }

    fn plan_faults(&mut self) {
        for (number, kill) in self.scenario.kills.clone().into_iter().enumerate() {
            self.at(kill.at, Event::Kill(number));
        }
        for jump in self.scenario.jumps.clone() {
            self.at(jump.at, Event::SetClock(jump.member, jump.offset));
        }
    }

    fn at(&mut self, time: u64, event: Event) {
        self.events += 1;
        self.queue.insert((time.max(self.now), self.events), event);
    }

    fn after(&mut self, delay: u64, event: Event) {
        self.at(self.now + delay, event);
    }

    /// Runs until all is decided and every planned fault has struck.
    #[must_use]
    pub fn run(mut self) -> History {
        while let Some(((time, _), event)) = self.queue.pop_first() {
            if time > END || self.is_over() {
                break;
            }
            self.now = time;
            self.handle(event);
        }
        self.finish()
    }

    fn honest(&self) -> impl Iterator<Item = &Node> {
        self.nodes.values().filter(|node| node.liar.is_none())
    }

    fn is_over(&mut self) -> bool {
        let decided = self.honest().all(|node| node.disk.decided.is_some());
        if decided {
            self.history.settled.get_or_insert(self.now);
        }
        let faults_done = self.crashes.is_empty()
            && self.kills_left == 0
            && self.network.struck.values().all(|count| *count > 0)
            && self
                .nodes
                .values()
                .all(|node| node.liar.as_ref().is_none_or(|l| l.lies() > 0));
        // Where nobody promises an end, half a minute has to do: such a run shows that no harm is
        // done, and not that something happens.
        let enough = decided || self.scenario.within.is_none() && self.now > END / 8;
        enough && faults_done && self.now >= self.scenario.heal
    }

    fn finish(mut self) -> History {
        self.history.ended = self.now;
        // Never before the heal: only from there on does anybody promise an end.
        let last = self.last_fault.max(self.network.last_fault);
        self.history.last_fault = last.max(self.scenario.heal);
        let mut faults = core::mem::take(&mut self.network.struck);
        for (member, lie) in &self.scenario.liars {
            let lies = self.nodes[member].liar.as_ref().map_or(0, Liar::lies);
            faults.insert(format!("{lie:?}"), lies);
        }
        // Together they count as one fault: a single crash that was planned and did not come about
        // fails the run.
        faults.extend((!self.scenario.crashes.is_empty()).then(|| {
            let struck = self.scenario.crashes.len() - self.crashes.len();
            (
                "crashes".to_owned(),
                u64::from(struck == self.scenario.crashes.len()),
            )
        }));
        faults.extend(
            (!self.scenario.kills.is_empty())
                .then(|| ("kills".to_owned(), u64::from(self.kills_left == 0))),
        );
        self.history.faults = faults;
        self.history
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Start(member) => self.start(member),
            Event::Wake(member) => self.wake(member),
            Event::Resend(member) => self.resend(member),
            Event::Arrive { from, to, packet } => self.arrive(from, to, packet),
            Event::Propose { member, life, view } => self.propose(member, life, view),
            Event::Judge {
                member,
                life,
                value,
                verdict,
            } => {
                if self.nodes[&member].life == life {
                    self.act(member, |vote, now, out| {
                        vote.validated(value, verdict, now, out);
                    });
                }
            }
            Event::Kill(number) => self.kill(number),
            Event::Restart(member) => self.restart(member),
            Event::SetClock(member, offset) => {
                // The clock may show the end of the slot by this alone.
                self.node(member).clock.set(offset);
                self.start(member);
            }
        }
    }

    fn node(&mut self, member: MemberIndex) -> &mut Node {
        self.nodes.get_mut(&member).unwrap()
    }

    fn start(&mut self, member: MemberIndex) {
        if self.nodes[&member].is_due(self.now) {
            self.act(member, |vote, now, out| vote.start(now, out));
        }
    }

    fn wake(&mut self, member: MemberIndex) {
        self.node(member).wake = None;
        self.act(member, |vote, now, out| vote.tick(now, out));
    }

    /// Does something with a member's vote, and carries out what it asks for.
    fn act(
        &mut self,
        member: MemberIndex,
        act: impl FnOnce(
            &mut sealbid_protocol::vote::Vote,
            sealbid_protocol::time::Clock,
            &mut Vec<Output>,
        ),
    ) {
        let now = self.now;
        let out = self.node(member).with_vote(now, act);
        let life = self.nodes[&member].life;
        // If it dies in one of these, the rest of them dies with it.
        for output in out {
            if self.nodes[&member].vote.is_none() || self.nodes[&member].life != life {
                return;
            }
            self.carry_out(member, output);
        }
        self.plan_wake(member);
    }

    fn plan_wake(&mut self, member: MemberIndex) {
        let node = &self.nodes[&member];
        let Some(vote) = node.vote.as_ref().filter(|_| node.disk.decided.is_none()) else {
            return;
        };
        if node.liar.is_none() {
            self.history.highest = self.history.highest.max(vote.view());
        }
        let clock = node.clock(self.now);
        let Some(due) = vote.wake_at(clock) else {
            return;
        };
        let wait = u64::try_from(due.since(clock.monotonic).as_millis()).unwrap();
        // A millisecond at least: what stays due must not stop the time.
        let due = self.now + wait.max(1);
        // Only an earlier wake replaces one. One that has become needless does no harm: a vote may
        // be asked at any time whether something is due.
        if node.wake.is_none_or(|planned| planned > due) {
            self.node(member).wake = Some(due);
            self.at(due, Event::Wake(member));
        }
    }

    fn carry_out(&mut self, member: MemberIndex, output: Output) {
        match output {
            Output::Persist(state) => {
                self.perform(member, |world| world.node(member).disk.write(&state));
            }
            Output::Broadcast(message) => self.broadcast(member, &message),
            Output::Propose { view } => {
                // An honest member has to make its close first (line 18 of the paper); a lie is at
                // hand.
                let delay = if self.nodes[&member].liar.is_some() {
                    0
                } else {
                    self.draws.below(80)
                };
                let life = self.nodes[&member].life;
                self.after(delay, Event::Propose { member, life, view });
            }
            Output::Validate { value, .. } => self.judge_later(member, &value),
            // What a liar says of others is nobody's concern: the vote of an honest member is
            // judged by what that member finds.
            Output::Evidence(evidence) => {
                if self.nodes[&member].liar.is_none() {
                    self.history.evidence.push((member, *evidence));
                }
            }
            Output::Decided(certified) => self.decide(member, *certified),
            Output::Abstains => _ = self.history.abstained.insert(member),
            Output::Forked { .. } => self.history.forked.push(member),
        }
    }

    fn decide(&mut self, member: MemberIndex, certified: Certified) {
        self.perform(member, |world| {
            if world.nodes[&member].liar.is_none() {
                world
                    .history
                    .decisions
                    .push((world.now, member, certified.clone()));
            }
            world.node(member).disk.decided = Some(certified);
        });
    }

    fn judge_later(&mut self, member: MemberIndex, value: &Value) {
        // Like a member that an envelope never reaches: absence is never a verdict, so it gives
        // none (docs/protocol.md 4.2).
        if self.scenario.blind == Some(member) {
            return;
        }
        let valid = is_valid(&self.scenario, value);
        let verdict = if valid {
            Verdict::Valid
        } else {
            Verdict::Invalid
        };
        let (life, value) = (self.nodes[&member].life, value.digest());
        // Longer than most messages take, so that verdicts come out of order and after votes of
        // others.
        let delay = self.draws.below(250);
        self.after(
            delay,
            Event::Judge {
                member,
                life,
                value,
                verdict,
            },
        );
    }

    fn propose(&mut self, member: MemberIndex, life: u64, view: View) {
        if self.nodes[&member].life != life {
            return;
        }
        // A clock that is off names a slot that the others find early or stale.
        let slot = schedule().newest_ended(self.nodes[&member].clock(self.now).wall);
        let close = close_named(&self.scenario, self.draws.bytes(), slot);
        self.act(member, |vote, now, out| vote.propose(view, close, now, out));
    }

    /// One write or send: where a crash may strike, on either side of it.
    fn perform(&mut self, member: MemberIndex, effect: impl FnOnce(&mut Self)) {
        let node = self.node(member);
        if node.vote.is_none() {
            return;
        }
        let action = node.actions;
        node.actions += 1;
        if self.crashes_at(member, action, Side::Before) {
            return;
        }
        effect(self);
        self.crashes_at(member, action, Side::After);
    }

    fn crashes_at(&mut self, member: MemberIndex, action: u64, side: Side) -> bool {
        // Or at the next one, if another crash took its place.
        let due = |c: &Crash| (c.member, c.side) == (member, side) && c.action <= action;
        let Some(found) = self.crashes.iter().position(due) else {
            return false;
        };
        let crash = self.crashes.swap_remove(found);
        self.die(member, crash.down);
        true
    }

    fn die(&mut self, member: MemberIndex, down: u64) {
        self.node(member).die();
        if self.scenario.forgets == Some(member) {
            // The oldest copy there can be: from before its first vote.
            self.node(member).disk = Default::default();
        }
        // A member that is down is a fault until it is back.
        self.last_fault = self.last_fault.max(self.now + down);
        self.after(down, Event::Restart(member));
    }

    fn kill(&mut self, number: usize) {
        let kill = self.scenario.kills[number].clone();
        let up = |(m, _): &(&MemberIndex, &u64)| self.nodes[*m].vote.is_some();
        let victims: Vec<_> = kill
            .members
            .iter()
            .filter(up)
            .map(|(m, d)| (*m, *d))
            .collect();
        if victims.is_empty() && !kill.members.is_empty() {
            // All of them are down already. A kill that befalls nobody would show nothing.
            self.after(100, Event::Kill(number));
            return;
        }
        self.kills_left -= 1;
        victims
            .into_iter()
            .for_each(|(member, down)| self.die(member, down));
    }

    fn restart(&mut self, member: MemberIndex) {
        let now = self.now;
        self.node(member).boot(now);
        self.start(member);
        // Unasked: what it had signed before it died may have reached nobody.
        self.send_again(member);
    }
}
