//! A member: its vote, its disk, its clock.

use sealbid_protocol::time::Clock;
use sealbid_protocol::vote::{
    Certified, Config, Output, Position, Signers, Subject, Vote, VoteState, VoteTimes,
};
use sealbid_types::codec::{decode, encode};
use sealbid_types::id::{AuctionId, Epoch, MemberIndex, Slot};
use sealbid_types::schedule::Schedule;
use sealbid_types::time::Timestamp;

use super::adversary::Liar;
use super::keys::signers;
use super::scenario::Scenario;
use crate::world::SeatClock;

/// The slot that ends at [`CUT`].
pub const SLOT: Slot = Slot(10);
/// When the slot ends, in virtual time.
/// More than any clock is ahead that is nearly right: no member but one that is far off begins at
/// time 0.
pub const CUT: u64 = 700;
/// What a right clock shows at virtual time 0: more than the worst wrong clock is slow by.
const EPOCH_MILLIS: u64 = 1_700_000_000_000;

/// The slots of every run.
#[must_use]
pub fn schedule() -> Schedule {
    let usual = Schedule::usual(Timestamp(0));
    let start = EPOCH_MILLIS + CUT - SLOT.0 * u64::from(usual.period_ms);
    Schedule::usual(Timestamp(start))
}

/// The auction of every run.
#[must_use]
pub fn auction() -> AuctionId {
    [7; 32].into()
}

/// The vote's configuration for a member.
#[must_use]
pub fn config(scenario: &Scenario, member: MemberIndex) -> Config {
    Config {
        auction: auction(),
        epoch: Epoch(3),
        round: scenario.round,
        member,
        members: scenario.members,
        quorum: scenario.quorum,
        schedule: schedule(),
        times: VoteTimes::default(),
        abstain: false,
        subject: Subject::Close,
        may_prevote: |is_free| is_free,
    }
}

/// What a member has written.
#[derive(Debug, Default)]
pub struct Disk {
    /// The vote's state, encoded.
    pub state: Option<Vec<u8>>,
    /// How far that state has come.
    pub position: Option<Position>,
    /// The certified close.
    pub decided: Option<Certified>,
}

impl Disk {
    /// The state, decoded.
    #[must_use]
    pub fn vote_state(&self) -> Option<VoteState> {
        let bytes = self.state.as_ref()?;
        Some(decode(bytes).expect("what was encoded decodes"))
    }

    /// Writes the state over the one before.
    pub fn write(&mut self, state: &VoteState) {
        self.state = Some(encode(state));
        self.position = state.position();
    }
}

/// A member of a run.
pub struct Node {
    /// Who.
    pub member: MemberIndex,
    /// Its vote; none while it is down.
    pub vote: Option<Vote>,
    /// Its disk.
    pub disk: Disk,
    /// Its clocks.
    pub clock: SeatClock,
    /// How many writes and sends it has come to.
    pub actions: u64,
    /// How often it has started. Answers to questions of an earlier life are void.
    pub life: u64,
    /// When it is to be woken, as far as is planned.
    pub wake: Option<u64>,
    /// What it does to be a liar.
    pub liar: Option<Liar>,
    keys: Signers,
    config: Config,
}

impl Node {
    /// A member that has never run.
    #[must_use]
    pub fn new(scenario: &Scenario, member: MemberIndex) -> Self {
        let (config, keys) = (config(scenario, member), signers(member, scenario.quorum));
        let lie = scenario.liars.get(&member);
        let offset = scenario.clocks.get(&member).copied().unwrap_or(0);
        let mut node = Self {
            member,
            vote: None,
            disk: Disk::default(),
            clock: SeatClock::new(Timestamp(EPOCH_MILLIS), offset, 0),
            actions: 0,
            life: 0,
            wake: None,
            liar: lie.map(|lie| Liar::new(*lie, scenario, member, keys.clone())),
            keys,
            config,
        };
        node.boot(0);
        node
    }

    /// What its clocks show.
    #[must_use]
    pub fn clock(&self, now: u64) -> Clock {
        self.clock.read(now)
    }

    /// Whether its clock says that the slot has ended.
    #[must_use]
    pub fn is_due(&self, now: u64) -> bool {
        self.config.schedule.newest_ended(self.clock(now).wall) >= SLOT
    }

    /// Starts the process, from what is on the disk. Its monotonic clock starts anew.
    pub fn boot(&mut self, now: u64) {
        self.life += 1;
        self.clock.restart(now);
        self.wake = None;
        let vote = match self.disk.vote_state() {
            Some(state) => Vote::restore(self.config.clone(), self.keys.clone(), state).unwrap(),
            None => Vote::new(self.config.clone(), self.keys.clone()).unwrap(),
        };
        self.vote = Some(vote);
    }

    /// Dies: what is not on the disk is gone.
    pub fn die(&mut self) {
        self.vote = None;
        self.wake = None;
    }

    /// Does something with the vote, if it is up and there is one to be had.
    pub fn with_vote(
        &mut self,
        now: u64,
        act: impl FnOnce(&mut Vote, Clock, &mut Vec<Output>),
    ) -> Vec<Output> {
        let (clock, mut out) = (self.clock(now), Vec::new());
        if let Some(vote) = self.vote.as_mut().filter(|_| self.disk.decided.is_none()) {
            act(vote, clock, &mut out);
        }
        out
    }
}
