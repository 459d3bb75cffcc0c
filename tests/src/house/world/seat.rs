//! One member's place in a run: its process, its disk and its clocks.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use sealbid_protocol::admission::gate::Gate;
use sealbid_protocol::member::{Honest, Input};
use sealbid_types::id::{EnvelopeId, MemberIndex};

use super::PoolKey;
use super::process::{Begin, Process, begin};
use crate::house::adversary::Liar;
use crate::house::faults::Faults;
use crate::house::fixture::{Fixture, START};
use crate::world::{Disk, Draws, SeatClock};

/// One member's place: what is there while its process runs, and what outlives it.
pub(super) struct Seat {
    pub(super) engine: Option<Box<dyn Process>>,
    /// Which rules it is under.
    pub(super) begin: Begin,
    pub(super) gate: Arc<Gate>,
    pub(super) disk: Disk,
    /// The newest copy of the disk.
    pub(super) copy: Option<Disk>,
    pub(super) clock: SeatClock,
    pub(super) restored: bool,
    /// Counts its starts: what was meant for an earlier process does not reach a later one.
    pub(super) life: u64,
    /// What the pool has brought since the start.
    /// Nothing of it outlives a process, as nothing of a real node of the pool does.
    pub(super) pooled: BTreeSet<PoolKey>,
    /// What waits for the engine.
    pub(super) waiting: VecDeque<Input>,
    pub(super) has_turn: bool,
    pub(super) paused_until: u64,
    /// Until when its machine is suspended.
    pub(super) suspended_until: u64,
    /// Its disk is full at its next write, each time for so long.
    pub(super) fills: VecDeque<u64>,
    /// Until when its disk takes nothing more.
    pub(super) full_until: u64,
    /// It dies in its next step, each time for so long.
    pub(super) armed: VecDeque<u64>,
    pub(super) wakes_at: u64,
    pub(super) liar: Option<Liar>,
    /// Intents in rounds that it has settled.
    pub(super) settled: BTreeSet<EnvelopeId>,
}

impl Seat {
    pub(super) fn new(
        house: &Fixture,
        index: MemberIndex,
        faults: &Faults,
        draws: &mut Draws,
    ) -> Self {
        let gate = Arc::new(Gate::new(
            house.committee.clone(),
            house.keys.clone(),
            house.share(index),
            draws.bytes(),
        ));
        let offset = i64::try_from(draws.below(2 * faults.skew + 1)).unwrap();
        let offset = offset - i64::try_from(faults.skew).unwrap();
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
            suspended_until: 0,
            fills: VecDeque::new(),
            full_until: 0,
            armed: VecDeque::new(),
            wakes_at: u64::MAX,
            liar: None,
            settled: BTreeSet::new(),
        }
    }

    /// It stands still until then; a shorter pause within a longer one ends nothing.
    pub(super) fn pause(&mut self, until: u64) {
        self.paused_until = self.paused_until.max(until);
    }
}
