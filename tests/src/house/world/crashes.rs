//! Crashes in a step: before or after its writes, and before or after each message that it sends.

use sealbid_protocol::disk::Write;
use sealbid_protocol::member::Output;
use sealbid_types::id::MemberIndex;

use super::{World, index};
use crate::house::faults::{Counts, Fault};

/// What a process does at once. What it does of the rest of a step is done one by one.
pub(super) enum Part {
    /// One transaction, of however many inputs: all of it or nothing is what a crash leaves.
    Writes(Vec<Write>),
    /// One of the other outputs.
    Output(Output),
}

/// A crash that is to come in a step.
#[derive(Debug, Clone, Copy)]
pub(super) struct Crash {
    /// After so many acts of the step: a commit, a message to one member, another output.
    pub(super) after: usize,
    /// When the process starts again.
    back: u64,
    is_planned: bool,
    /// Where it comes, in a few words.
    place: &'static str,
}

/// What lies on either side of a crash.
const fn place(before: Option<&Part>, after: Option<&Part>) -> &'static str {
    let [after_writes, before_writes, without_writes, between, end] = Counts::CRASHES;
    match (before, after) {
        (Some(Part::Writes(_)), _) => after_writes,
        (_, Some(Part::Writes(_))) => before_writes,
        (None, Some(Part::Output(_))) => without_writes,
        (Some(Part::Output(_)), Some(Part::Output(_))) => between,
        (_, None) => end,
    }
}

impl World {
    /// What a step comes to, in the order in which it is done: its writes first, all together.
    pub(super) fn parts(&self, out: Vec<Output>) -> Vec<Part> {
        let (mut writes, mut parts) = (Vec::new(), Vec::new());
        for output in out {
            match output {
                Output::Write(write) => writes.push(write),
                other => parts.push(Part::Output(other)),
            }
        }
        if !writes.is_empty() {
            let at = if self.bugs.sends_first {
                parts.len()
            } else {
                0
            };
            parts.insert(at, Part::Writes(writes));
        }
        parts
    }

    /// How many acts a part is: a message to all is one to each.
    pub(super) fn acts(&self, part: &Part) -> usize {
        match part {
            Part::Output(Output::Broadcast { .. }) => self.seats.len() - 1,
            _ => 1,
        }
    }

    /// The crash that comes in this step, if one does: the next that is planned, or one by chance.
    /// A step that does nothing has no sides, and leaves a planned one to the next.
    pub(super) fn crash_in(&mut self, from: usize, parts: &[Part]) -> Option<Crash> {
        if parts.is_empty() {
            return None;
        }
        let planned = self.seats[from].armed.front().copied();
        // Otherwise a run with crashes might never come to rest.
        let may_crash = self.counts.crashed < self.faults.most_crashes;
        let back = match planned {
            Some(back) => back,
            None if may_crash && self.draws.permille(self.faults.crash) => {
                200 + self.draws.below(3_000)
            }
            None => return None,
        };
        // All acts of a step, spread out: who does the one before, and the one after.
        let acts: Vec<&Part> = parts
            .iter()
            .flat_map(|part| core::iter::repeat_n(part, self.acts(part)))
            .collect();
        let after = self.draws.below(acts.len() as u64 + 1);
        let after = usize::try_from(after).unwrap();
        let before = after.checked_sub(1).map(|before| acts[before]);
        Some(Crash {
            after,
            back,
            is_planned: planned.is_some(),
            place: place(before, acts.get(after).copied()),
        })
    }

    /// The process dies. Says that it does not live.
    pub(super) fn crash(&mut self, seat: usize, crash: Crash) -> bool {
        self.counts.crashed += 1;
        *self.counts.crashes.entry(crash.place).or_default() += 1;
        if crash.is_planned {
            self.seats[seat].armed.pop_front();
            self.happened(Fault::CRASH_IN_STEP);
        }
        self.stop(seat, Some(crash.back));
        false
    }

    /// Those that a message to all still reaches if its sender dies after so many: any of them.
    pub(super) fn reached(&mut self, from: usize, most: usize) -> Vec<MemberIndex> {
        let me = index(from);
        let mut others: Vec<_> = self.house.members().filter(|to| *to != me).collect();
        let first = self.draws.below(others.len() as u64);
        others.rotate_left(usize::try_from(first).unwrap());
        others.truncate(most);
        others
    }
}
