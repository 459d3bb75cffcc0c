//! One thing that goes wrong in a run.

use core::fmt;

use sealbid_types::id::MemberIndex;

use super::{Strangers, Way};
use crate::house::faults::{Fault, Faults};
use crate::world::Cut;

/// One thing that goes wrong in a run. Chances are in thousandths, times in milliseconds.
#[derive(Debug, Clone)]
pub enum Ingredient {
    /// Messages are lost.
    Loss(u64),
    /// Messages come twice.
    Duplication(u64),
    /// Some members are not heard by some others for a while.
    Cuts(Vec<Cut>),
    /// Verdicts of the gates are late.
    SlowGates(u64),
    /// Inputs wait for engines, which take several together.
    SlowTurns(u64),
    /// Clocks are wrong from the start, either way.
    Skew(u64),
    /// Clocks drift, in millionths.
    Drift(u64),
    /// Queues of messages are short.
    ShortQueues(usize),
    /// Members have so few places for intents and quotes of a round.
    FewPlaces(u32, u32),
    /// So few intents and quotes of one submitter may wait at a member.
    SmallQuotas(usize, usize),
    /// The pool brings a member nothing.
    NoPool(MemberIndex),
    /// A member's copy of the pool lacks every other envelope for good.
    ForkedPool(MemberIndex),
    /// Something that happens to one member, with what goes before or comes after it.
    Planned(Vec<(u64, Fault)>),
    /// A member's disk is not what it says, and nobody tells the member.
    LyingDisk(MemberIndex, Vec<(u64, Fault)>),
    /// A member lies.
    Lie(MemberIndex, Way),
    /// Clients with keys of no account come, from then on.
    Strangers(Strangers, u64),
}

impl Ingredient {
    /// Adds it to what goes wrong in a run of so many members.
    pub(super) fn add_to(&self, faults: &mut Faults, members: u8) {
        match self {
            Self::Loss(chance) => faults.links.loss = *chance,
            Self::Duplication(chance) => faults.links.duplication = *chance,
            Self::Cuts(cuts) => faults.links.cuts.extend(cuts.iter().cloned()),
            Self::SlowGates(most) => faults.gate = *most,
            Self::SlowTurns(most) => faults.turn = *most,
            Self::Skew(most) => faults.skew = *most,
            Self::Drift(most) => faults.drift = *most,
            Self::ShortQueues(most) => faults.queue = *most,
            Self::SmallQuotas(intents, quotes) => {
                faults.limits.intents_per_submitter = *intents;
                faults.limits.quotes_per_submitter = *quotes;
            }
            Self::NoPool(member) => _ = faults.without_pool.insert(*member),
            Self::ForkedPool(member) => _ = faults.forked_pool.insert(*member),
            Self::Planned(plan) | Self::LyingDisk(_, plan) => {
                faults.plan.extend(plan.iter().copied());
            }
            Self::Lie(member, _) => debug_assert!(member.0 < members),
            Self::FewPlaces(..) | Self::Strangers(..) => {}
        }
    }

    /// Its name, for counts: faults of a plan are counted as they happen.
    #[must_use]
    pub const fn name(&self) -> Option<&'static str> {
        Some(match self {
            Self::Loss(_) => "loss",
            Self::Duplication(_) => "duplication",
            Self::Cuts(_) => "cut",
            Self::SlowGates(_) => "slow gates",
            Self::SlowTurns(_) => "batches",
            Self::Skew(_) => "skewed clocks",
            Self::Drift(_) => "drifting clocks",
            Self::ShortQueues(_) => "short queues",
            Self::FewPlaces(..) => "few places",
            Self::SmallQuotas(..) => "small quotas",
            Self::NoPool(_) => "no pool",
            Self::ForkedPool(_) => "forked pool",
            Self::Planned(_) | Self::LyingDisk(..) | Self::Lie(..) => return None,
            Self::Strangers(strangers, _) => strangers.name(),
        })
    }
}

impl fmt::Display for Ingredient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Loss(chance) => write!(f, "{chance} ‰ of messages are lost"),
            Self::Duplication(chance) => write!(f, "{chance} ‰ of messages come twice"),
            Self::Cuts(cuts) => {
                for cut in cuts {
                    let side = |members: &std::collections::BTreeSet<MemberIndex>| {
                        let names: Vec<_> = members.iter().map(ToString::to_string).collect();
                        names.join(" ")
                    };
                    let (begin, end) = (cut.begin, cut.end);
                    let (from, to) = (side(&cut.from), side(&cut.to));
                    write!(f, "{begin} to {end} ms: [{from}] not heard by [{to}]")?;
                    if let Some(every) = cut.flaps {
                        write!(f, ", on and off every {every} ms")?;
                    }
                    f.write_str("; ")?;
                }
                Ok(())
            }
            Self::SlowGates(most) => write!(f, "verdicts of gates take up to {most} ms"),
            Self::SlowTurns(most) => write!(f, "inputs wait up to {most} ms for their engine"),
            Self::Skew(most) => write!(f, "clocks are up to {most} ms off"),
            Self::Drift(most) => write!(f, "clocks drift by up to {most} ppm"),
            Self::ShortQueues(most) => write!(f, "{most} messages wait for an engine at most"),
            Self::FewPlaces(intents, quotes) => {
                write!(f, "{intents} places for intents, {quotes} for quotes")
            }
            Self::SmallQuotas(intents, quotes) => {
                write!(f, "quotas of {intents} intents, {quotes} quotes")
            }
            Self::NoPool(member) => write!(f, "the pool brings {member} nothing"),
            Self::ForkedPool(member) => write!(f, "the pool brings {member} every other envelope"),
            Self::Planned(plan) | Self::LyingDisk(_, plan) => {
                for (at, fault) in plan {
                    write!(f, "{at} ms: {fault:?}; ")?;
                }
                Ok(())
            }
            Self::Lie(member, way) => write!(f, "{member} {}", way.name()),
            Self::Strangers(strangers, at) => write!(f, "{at} ms: {}", strangers.name()),
        }
    }
}
