//! Bugs that a sabotage puts around all engines of a run: in what is written, when, and by which
//! clock.

use sealbid_protocol::disk::Write;
use sealbid_protocol::time::{Clock, Monotonic};
use sealbid_types::id::MemberIndex;

use super::World;
use crate::house::adversary::{Adversary, Liar};
use crate::house::fixture::START;

/// Whether a write is lost.
type Lost = dyn Fn(&Write) -> bool;

/// What is wrong with the processes of all members.
#[derive(Default)]
pub(super) struct Bugs {
    /// Writes that never reach the disk.
    pub(super) loses: Option<Box<Lost>>,
    /// What a step makes leaves before its writes.
    pub(super) sends_first: bool,
    /// Nobody tells an engine that its disk is an old copy.
    pub(super) ignores_restored: bool,
    /// What the pool has is kept on no disk.
    pub(super) leaves_to_pool: bool,
    /// Timers go by the wall clock.
    pub(super) times_by_wall: bool,
}

impl Bugs {
    pub(super) fn read(&self, clock: Clock) -> Clock {
        if !self.times_by_wall {
            return clock;
        }
        let passed = clock.wall.0.saturating_sub(START.0);
        Clock {
            monotonic: Monotonic(passed),
            ..clock
        }
    }
}

impl World {
    /// Disks take none of these writes, and say that they do.
    pub fn lose_writes(&mut self, which: impl Fn(&Write) -> bool + 'static) {
        self.bugs.loses = Some(Box::new(which));
    }

    /// Processes send what a step makes before they write.
    pub fn send_first(&mut self) {
        self.bugs.sends_first = true;
    }

    /// Operators do not say that a disk is an old copy, though the run counts on it.
    pub fn ignore_restored(&mut self) {
        self.bugs.ignores_restored = true;
    }

    /// Disks forget an envelope, and what was promised of it, once the pool has taken it.
    pub fn leave_to_pool(&mut self) {
        self.bugs.leaves_to_pool = true;
    }

    /// Engines are given the wall clock for the monotonic one.
    pub fn time_by_the_wall(&mut self) {
        self.bugs.times_by_wall = true;
    }

    /// Makes a member lie, and goes on trusting it. One that lies already is left as it is.
    pub fn let_lie(&mut self, member: MemberIndex, way: Box<dyn Adversary>) {
        let (house, seed) = (self.house.clone(), self.seed);
        let seat = &mut self.seats[member.as_usize()];
        if seat.liar.is_none() {
            seat.liar = Some(Liar::new(house, member, seed, vec![way]));
        }
    }
}
