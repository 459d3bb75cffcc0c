//! What happens next: events, turns of engines, and faults.
//!
//! It stands for a member's engine thread (`node/src/engine.rs`), its gate's worker and its
//! clients. A step takes no time here, however much arithmetic it does: what only comes about
//! under load is not seen.

use sealbid_protocol::admission::Readable;
use sealbid_protocol::member::message::PeerMessage;
use sealbid_protocol::member::{Input, Options, Output, RequestId};
use sealbid_protocol::time::Clock;
use sealbid_types::codec::decode;
use sealbid_types::envelope::Envelope;
use sealbid_types::id::MemberIndex;

use super::process::{Beginning, Process};
use super::{Event, World, index};
use crate::house::invariants::{Checks, Heard, Violation};

/// The longest sleep of a member's process: a clock that jumps is noticed after this.
const LONGEST_SLEEP: u64 = 500;
/// After so many events what has to be looked at as a whole is looked at.
const LOOK_EVERY: u64 = 4_000;
/// The most inputs that an engine takes at a turn.
/// As in a member's process, but of all kinds together.
const BATCH: usize = 256;

/// One step of an engine.
pub(super) fn step(engine: &mut dyn Process, input: Input, at: Clock) -> Vec<Output> {
    engine.steps(vec![input], at)
}

/// How long it sleeps if nothing comes, in milliseconds.
pub(super) fn sleep(engine: &dyn Process, at: Clock) -> u64 {
    u64::try_from(engine.wake_at().since(at.monotonic).as_millis()).unwrap()
}

fn received(input: &Input) -> Option<(MemberIndex, PeerMessage)> {
    match input {
        Input::Received { from, bytes } => Some((*from, decode(bytes).ok()?)),
        _ => None,
    }
}

impl World {
    /// Runs until `done` holds, or so many simulated milliseconds have passed. Says whether it did.
    ///
    /// # Panics
    /// If something does not hold on the way.
    pub fn run_until(&mut self, limit: u64, done: impl Fn(&Self) -> bool) -> bool {
        let result = self.try_run_until(limit, done);
        result.unwrap_or_else(|found| panic!("{found}"))
    }

    /// The same.
    ///
    /// # Errors
    /// What does not hold, at the event after which it does not.
    pub fn try_run_until(
        &mut self,
        limit: u64,
        done: impl Fn(&Self) -> bool,
    ) -> Result<bool, Violation> {
        // Looking at disks takes longer than most steps: once every 100 ms will do.
        self.go(limit, 100, done)
    }

    /// The same as [`Self::run_until`], and stops at the very event after which `done` holds.
    ///
    /// # Panics
    /// If something does not hold on the way.
    pub fn run_to(&mut self, limit: u64, done: impl Fn(&Self) -> bool) -> bool {
        let result = self.go(limit, 0, done);
        result.unwrap_or_else(|found| panic!("{found}"))
    }

    /// Time ends at the limit, whatever is planned for later: that is kept, and comes when the run
    /// goes on.
    fn go(
        &mut self,
        limit: u64,
        every: u64,
        done: impl Fn(&Self) -> bool,
    ) -> Result<bool, Violation> {
        let end = self.now + limit;
        let mut looked_at = 0;
        loop {
            if self.now >= looked_at {
                if done(self) {
                    return Ok(true);
                }
                looked_at = self.now + every;
            }
            match self.events.first_key_value() {
                Some(((at, _), _)) if *at <= end => {}
                _ => break,
            }
            let Some(((time, _), event)) = self.events.pop_first() else {
                break;
            };
            self.now = self.now.max(time);
            self.happen(event);
            self.happened += 1;
            if self.happened.is_multiple_of(LOOK_EVERY) {
                self.look(&format!("{} ms", self.now), Checks::meanwhile);
            }
            if let Some(found) = self.watch.violation.clone() {
                return Err(found);
            }
        }
        self.now = end;
        Ok(done(self))
    }

    /// Runs on for so many milliseconds.
    pub fn run(&mut self, millis: u64) {
        self.run_until(millis, |_| false);
    }

    fn lives(&self, to: usize, life: u64) -> bool {
        self.seats[to].engine.is_some() && self.seats[to].life == life
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Wake { to } => {
                // A process that has died sleeps no more, and the next one begins a sleep of its own.
                let seat = &self.seats[to];
                if seat.engine.is_some() && seat.wakes_at <= self.now {
                    self.turn(to);
                }
            }
            Event::Turn { to, life } => {
                if self.lives(to, life) {
                    self.turn(to);
                }
            }
            Event::Message { to, from, bytes } => {
                if self.seats[to].engine.is_some() {
                    // A liar answers at once, before its engine has read the message.
                    self.hear(to, from, &bytes);
                    self.bring(to, Input::Received { from, bytes });
                }
            }
            Event::Pool { to, life, bytes } => {
                if self.lives(to, life)
                    && let Ok(envelope) = Readable::new(&self.house.committee, bytes)
                {
                    let envelopes = vec![envelope];
                    self.bring(to, Input::Found { envelopes });
                }
            }
            Event::PoolSync => self.sync_pool(),
            Event::Check {
                to,
                life,
                envelopes,
            } => {
                if self.lives(to, life) {
                    self.judge(to, envelopes);
                }
            }
            Event::Verdicts { to, life, input } => {
                if self.lives(to, life) {
                    self.bring(to, input);
                }
            }
            Event::Submit { to, bytes } => self.take_submission(to, bytes),
            Event::Record {
                to,
                life,
                from,
                round,
                bytes,
            } => {
                if self.lives(to, life) {
                    // Where a process takes a thread of its own: what it comes to is the same.
                    let checked = self.seats[to].gate.check_record(round, &bytes);
                    let checked = checked.map(Box::new);
                    self.bring(to, Input::Record { from, checked });
                }
            }
            Event::NoRecord { to, life, from } => {
                if self.lives(to, life) {
                    self.bring(to, Input::NoRecord { from });
                }
            }
            Event::Restart { to } => {
                if self.seats[to].engine.is_none() {
                    self.start(to);
                }
            }
            Event::Fault(fault) => self.suffer(fault),
        }
    }

    pub(super) fn start(&mut self, to: usize) {
        let options = Options {
            restored: self.seats[to].restored && !self.bugs.ignores_restored,
            ..self.options.clone()
        };
        let entropy = self.draws.bytes();
        let seat = &mut self.seats[to];
        seat.pooled.clear();
        seat.clock.restart(self.now);
        seat.life += 1;
        let at = self.bugs.read(seat.clock.read(self.now));
        let beginning = Beginning {
            committee: self.house.committee.clone(),
            keys: self.house.keys.clone(),
            secrets: self.house.secrets(index(to)),
            options,
            disk: &seat.disk,
            entropy,
            at,
        };
        let (member, out) = (seat.begin)(beginning)
            .unwrap_or_else(|error| panic!("{} does not start: {error}", index(to)));
        // Shares are never written: they are made again from these.
        let stored = member.stored_envelopes();
        seat.engine = Some(member);
        self.watch.runs(index(to), self.now);
        if self.carry_out(to, out) {
            self.judge(to, stored);
            // One that nothing comes to wakes by itself.
            self.fall_asleep(to);
        }
    }

    /// Something comes for an engine, which takes it at its next turn.
    pub(super) fn bring(&mut self, to: usize, input: Input) {
        // Crueler than a process, where each member has a queue of its own: here a flood by one
        // crowds out the messages of all.
        let queue = self.faults.queue;
        let seat = &mut self.seats[to];
        // Verdicts, records and clients are not crowded out: they have queues of their own.
        let is_message = matches!(input, Input::Received { .. });
        if is_message && queue > 0 && seat.waiting.len() >= queue {
            self.counts.crowded_out += 1;
            return;
        }
        seat.waiting.push_back(input);
        if seat.has_turn {
            return;
        }
        let (life, paused) = (seat.life, seat.paused_until);
        let wait = match self.faults.turn {
            0 => 0,
            turn => self.draws.below(turn + 1),
        };
        let at = (self.now + wait).max(paused);
        if at == self.now {
            self.turn(to);
        } else {
            self.seats[to].has_turn = true;
            self.schedule(at, Event::Turn { to, life });
        }
    }

    /// Turns of an engine, until nothing waits for it. One after the other, and not each within the one
    /// before: after a long pause in a flood there are thousands.
    fn turn(&mut self, to: usize) {
        while self.take_turn(to) {}
    }

    /// As a member's process does it: what can wait is taken together, then the rest one by one,
    /// and while a round closes what each makes leaves at once; then what is due. Says whether more
    /// waits.
    fn take_turn(&mut self, to: usize) -> bool {
        let at = self.reading(to);
        self.watch.shows(index(to), at.wall);
        let seat = &mut self.seats[to];
        if seat.paused_until > self.now {
            let (at, life) = (seat.paused_until, seat.life);
            seat.has_turn = true;
            self.schedule(at, Event::Turn { to, life });
            return false;
        }
        seat.has_turn = false;
        self.watch.runs(index(to), self.now);
        let seat = &mut self.seats[to];
        let taken = seat.waiting.len().min(BATCH);
        let inputs: Vec<_> = seat.waiting.drain(..taken).collect();
        let heard: Vec<_> = inputs.iter().filter_map(received).collect();
        let Some(engine) = seat.engine.as_deref_mut() else {
            return false;
        };
        if inputs.len() > 1 {
            self.counts.batches += 1;
        }
        let (together, single): (Vec<_>, Vec<_>) = inputs.into_iter().partition(Input::can_wait);
        let mut out = engine.steps(together, at);
        for input in single {
            let Some(engine) = self.seats[to].engine.as_deref_mut() else {
                return false;
            };
            out.extend(step(engine, input, at));
            if engine.is_closing() && !self.carry_out(to, core::mem::take(&mut out)) {
                return false;
            }
        }
        let Some(engine) = self.seats[to].engine.as_deref_mut() else {
            return false;
        };
        // After the inputs, which may have done what was due or put it off.
        if sleep(engine, at) == 0 {
            out.extend(step(engine, Input::Tick, at));
        }
        if !self.carry_out(to, out) {
            return false;
        }
        for (from, message) in &heard {
            self.watch.heard(index(to), *from, self.now, message);
            self.watch.took(&Heard {
                to: index(to),
                now: self.now,
                message,
                disk: &self.seats[to].disk,
            });
        }
        self.speak_unasked(to);
        self.fall_asleep(to);
        !self.seats[to].waiting.is_empty() && !self.seats[to].has_turn
    }

    fn fall_asleep(&mut self, to: usize) {
        let reading = self.reading(to);
        let Some(engine) = self.seats[to].engine.as_deref() else {
            return;
        };
        // A millisecond at least: what stays due must not stop the time.
        let at = self.now + sleep(engine, reading).clamp(1, LONGEST_SLEEP);
        self.seats[to].wakes_at = at;
        self.schedule(at, Event::Wake { to });
    }

    fn take_submission(&mut self, to: usize, bytes: Vec<u8>) {
        if self.seats[to].engine.is_none() {
            // What a client does whose member is down: it tries the next one.
            let to = (to + 1) % self.seats.len();
            return self.schedule(self.now + 50, Event::Submit { to, bytes });
        }
        let envelope = decode::<Envelope>(&bytes).unwrap();
        let id = envelope.id();
        if let Some(liar) = self.seats[to].liar.as_mut() {
            liar.sees(envelope);
        }
        self.count += 1;
        let request = RequestId(self.count);
        match Readable::new(&self.house.committee, bytes).map(Box::new) {
            Ok(envelope) => {
                self.requests.insert(request, id);
                self.bring(to, Input::Submit { request, envelope });
            }
            Err(wrong) => self.refuse(id, wrong.refusal),
        }
    }
}
