//! What goes wrong in a run, and what did.

use std::collections::{BTreeMap, BTreeSet};

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
    /// It dies in the middle of its next step: before its writes, or after some of the rest.
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
    /// A client submits one envelope that is known, so many times.
    Flood {
        /// Whom it befalls.
        member: MemberIndex,
        /// How often.
        times: u64,
    },
}

impl Fault {
    /// Its name, for counts.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Kill { .. } => "kill",
            Self::CrashInStep { .. } => "crash in a step",
            Self::LostSyncs { .. } => "lost syncs",
            Self::Copy { .. } => "copy of a disk",
            Self::Restore { said: true, .. } => "old disk, and said so",
            Self::Restore { said: false, .. } => "old disk",
            Self::Jump { by: 0.., .. } => "clock ahead",
            Self::Jump { .. } => "clock back",
            Self::Pause { .. } => "pause",
            Self::Flood { .. } => "flood",
        }
    }
}

/// What goes wrong in a run. Chances are in thousandths, times in milliseconds.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    /// What becomes of messages.
    pub links: Links,
    /// A member crashes while it carries out a step: before its writes, or after so many outputs.
    pub crash: u64,
    /// How many such crashes there are at most.
    pub most_crashes: u64,
    /// The most that a clock is wrong at the start, ahead.
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
    /// Members to whom the pool brings nothing.
    pub without_pool: BTreeSet<MemberIndex>,
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
    /// Messages lost.
    pub lost: u64,
    /// Messages that came twice.
    pub doubled: u64,
    /// Members crashed in a step.
    pub crashed: u64,
    /// Messages that a cut swallowed.
    pub cut: u64,
    /// Messages for which there was no room in a queue.
    pub crowded_out: u64,
    /// Turns in which an engine took several inputs together.
    pub batches: u64,
    /// Verdicts of the gate that came later than what came after them.
    pub late_verdicts: u64,
    /// Things that adversaries did otherwise than an honest member.
    pub lies: u64,
    /// Faults of the plan that happened, by name.
    pub faults: BTreeMap<&'static str, u64>,
    /// Records asked for, by the member that asks.
    pub fetches: BTreeMap<MemberIndex, u64>,
    /// Envelopes of peers that engines had checked.
    pub checks: u64,
    /// Messages of envelopes that were sent to one member, by that member.
    pub served: BTreeMap<MemberIndex, u64>,
}
