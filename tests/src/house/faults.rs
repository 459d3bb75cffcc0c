//! What goes wrong in a run, and what did.

use std::collections::{BTreeMap, BTreeSet};

use sealbid_protocol::member::Limits;
use sealbid_types::id::MemberIndex;

use crate::world::Links;

/// Something that happens to one member at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The process dies now, and starts again after so many milliseconds, if at all.
    Kill {
        /// Whom it befalls.
        member: MemberIndex,
        /// When it starts again.
        back: Option<u64>,
    },
    /// It dies in its next step: before or after its writes, or any of the messages that it sends.
    CrashInStep {
        /// Whom it befalls.
        member: MemberIndex,
        /// When it starts again.
        back: u64,
    },
    /// It dies, and its disk has lost the newest transactions, which it had said were synced.
    LostSyncs {
        /// Whom it befalls.
        member: MemberIndex,
        /// How many.
        transactions: usize,
        /// When it starts again.
        back: u64,
    },
    /// A copy of its disk is made.
    Copy {
        /// Whose.
        member: MemberIndex,
    },
    /// It dies, and starts again from the newest copy.
    Restore {
        /// Whom it befalls.
        member: MemberIndex,
        /// Whether the operator says so, with `--restored`.
        said: bool,
        /// When it starts again.
        back: u64,
    },
    /// Its wall clock jumps by so many milliseconds.
    Jump {
        /// Whom it befalls.
        member: MemberIndex,
        /// Ahead, or back.
        by: i64,
    },
    /// It stands still for so many milliseconds: what comes waits.
    Pause {
        /// Whom it befalls.
        member: MemberIndex,
        /// For how long.
        lasts: u64,
    },
    /// It stands still, and so does its monotonic clock: a laptop that is shut.
    Suspend {
        /// Whom it befalls.
        member: MemberIndex,
        /// For how long.
        lasts: u64,
    },
    /// Its disk does not take its next write, and its process ends.
    FullDisk {
        /// Whom it befalls.
        member: MemberIndex,
        /// How long the disk takes none, from that write on.
        lasts: u64,
    },
    /// A client submits one envelope that is known, so many times.
    Flood {
        /// Whom it befalls.
        member: MemberIndex,
        /// How often.
        times: u64,
    },
}

impl Fault {
    /// The name of a crash in a step.
    pub const CRASH_IN_STEP: &'static str = "crash in a step";
    /// The name of a full disk.
    pub const FULL_DISK: &'static str = "full disk";

    /// Its name, for counts.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Kill { .. } => "kill",
            Self::CrashInStep { .. } => Self::CRASH_IN_STEP,
            Self::LostSyncs { .. } => "lost syncs",
            Self::Copy { .. } => "copy of a disk",
            Self::Restore { said: true, .. } => "old disk, and said so",
            Self::Restore { said: false, .. } => "old disk",
            Self::Jump { by: 0.., .. } => "clock ahead",
            Self::Jump { .. } => "clock back",
            Self::Pause { .. } => "pause",
            Self::Suspend { .. } => "suspend",
            Self::FullDisk { .. } => Self::FULL_DISK,
            Self::Flood { .. } => "flood",
        }
    }
}

/// What goes wrong in a run. Chances are in thousandths, times in milliseconds.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    /// What becomes of messages.
    pub links: Links,
    /// A member crashes while it carries out a step, on either side of its writes or of any message.
    pub crash: u64,
    /// How many such crashes there are at most.
    pub most_crashes: u64,
    /// The most that a clock is wrong at the start, ahead or behind.
    pub skew: u64,
    /// The most that a clock drifts, in millionths, either way.
    pub drift: u64,
    /// The longest that the gate takes: its verdicts come later, and not in order.
    pub gate: u64,
    /// The longest that an input waits for the engine, so that several are taken together.
    pub turn: u64,
    /// How many messages of peers wait for an engine at most; what comes then is lost. 0 is as
    /// many as come.
    pub queue: usize,
    /// What members are held to.
    pub limits: Limits,
    /// Members to whom the pool brings nothing.
    pub without_pool: BTreeSet<MemberIndex>,
    /// Members whose copy of the pool lacks every other envelope.
    pub forked_pool: BTreeSet<MemberIndex>,
    /// What happens when.
    pub plan: Vec<(u64, Fault)>,
}

impl Faults {
    /// Links that delay messages by at most so many milliseconds, and nothing else.
    #[must_use]
    pub fn delay(delay: u64) -> Self {
        Self {
            links: Links {
                delay,
                ..Links::default()
            },
            ..Self::default()
        }
    }
}

/// What a run did, so that a run that did nothing cannot pass.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Messages that could have been lost: sent over links that lose some, and not cut off.
    pub at_risk: u64,
    /// Messages lost.
    pub lost: u64,
    /// Messages that came twice.
    pub doubled: u64,
    /// Members crashed in a step.
    pub crashed: u64,
    /// The same by place: before what, and after what.
    pub crashes: BTreeMap<&'static str, u64>,
    /// Messages that a cut swallowed.
    pub cut: u64,
    /// Messages for which there was no room in a queue.
    pub crowded_out: u64,
    /// Turns in which an engine took several inputs together.
    pub batches: u64,
    /// Processes that ended because their disk was full.
    pub full_disks: u64,
    /// Clients that were refused, by what bound.
    pub refused: BTreeMap<&'static str, u64>,
    /// Verdicts of the gate that came later than what came after them.
    pub late_verdicts: u64,
    /// Things that adversaries did otherwise than an honest member.
    pub lies: u64,
    /// Faults of the plan that happened, by name: each when it did, and not when it was set up.
    pub faults: BTreeMap<&'static str, u64>,
    /// Records asked for, by the member that asks.
    pub fetches: BTreeMap<MemberIndex, u64>,
    /// Envelopes of peers that engines had checked.
    pub checks: u64,
    /// Messages of envelopes that were sent to one member, by that member.
    pub served: BTreeMap<MemberIndex, u64>,
}

impl Counts {
    /// What lies on either side of a crash in a step: writes before it, writes after it, neither at
    /// the step's beginning, messages on both sides, the step's end.
    pub const CRASHES: [&'static str; 5] = [
        "crashes after writes",
        "crashes before writes",
        "crashes before a step without writes",
        "crashes between sends",
        "crashes after a step",
    ];
    /// Processes that a full disk has ended.
    pub const ENDED_BY_FULL_DISK: &'static str = "processes ended by a full disk";
    /// Clients that one submitter's quota refuses.
    pub const REFUSED_BY_QUOTA: &'static str = "clients refused by a quota";
    /// Clients for whom a round has no place.
    pub const REFUSED_BY_PLACES: &'static str = "clients refused by a full round";
    /// What faults and strangers are there to bring about, by name: many runs that lack one of them
    /// have not tried it.
    pub const TO_BE_SEEN: [&'static str; 8] = {
        let [after, before, without, between, end] = Self::CRASHES;
        let (disk, quota) = (Self::ENDED_BY_FULL_DISK, Self::REFUSED_BY_QUOTA);
        [
            after,
            before,
            without,
            between,
            end,
            disk,
            quota,
            Self::REFUSED_BY_PLACES,
        ]
    };
}
