//! A member whose process runs is heard of: it sends all others a heartbeat every two seconds at
//! least, from its start to the end of the run, whatever becomes of its wall clock.
//!
//! What else it says does not count: votes would hide that its heartbeats have stopped. They are due
//! every second of the monotonic clock (`Times::heartbeat`); a process looks at its clocks twice a
//! second. Timers that went by a clock that may jump would wait as long as it had jumped. While a
//! process stands still or is down nothing is asked of it.

use std::collections::BTreeMap;

use sealbid_types::id::MemberIndex;

use super::{Invariant, Scene, Verdict};
use crate::house::world::World;

/// Milliseconds of true time. A heartbeat, the longest sleep, the longest wait for a turn, and drift.
const MOST_SILENCE: u64 = 2_000;

/// When each member that runs last sent a heartbeat, or else began to run.
#[derive(Default)]
pub(super) struct Heartbeats(BTreeMap<MemberIndex, u64>);

fn check(before: u64, now: u64) -> Verdict {
    let silence = now - before;
    if silence > MOST_SILENCE {
        return Err(format!("no heartbeat for {silence} ms"));
    }
    Ok(())
}

impl Invariant for Heartbeats {
    fn name(&self) -> &'static str {
        "a running member is heard of"
    }

    fn runs(&mut self, by: MemberIndex, now: u64) {
        self.0.entry(by).or_insert(now);
    }

    fn spoke(&mut self, by: MemberIndex, now: u64) -> Verdict {
        let before = self.0.insert(by, now);
        before.map_or(Ok(()), |before| check(before, now))
    }

    fn rested(&mut self, by: MemberIndex) {
        self.0.remove(&by);
    }

    /// One whose heartbeats have stopped for good sends none to be found out by.
    fn at_end(&mut self, scene: &Scene, world: &World) -> Verdict {
        let mut honest = self.0.iter().filter(|(by, _)| scene.trusts(**by));
        honest.try_for_each(|(by, before)| {
            check(*before, world.now()).map_err(|what| format!("{by}: {what}"))
        })
    }
}
