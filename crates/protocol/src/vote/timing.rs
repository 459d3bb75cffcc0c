//! Timeouts: how long they are. They go by the monotonic clock, so a wall clock that jumps ends none.

use core::time::Duration;

use sealbid_types::id::View;

use crate::time::Monotonic;

/// The vote's timeouts, in milliseconds. Each grows by `step` a view, up to `most`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VoteTimes {
    /// How long to wait for a proposal, its envelopes and their checks. Default 1500.
    pub propose: u64,
    /// How long to wait for a value's q prevotes once there are q of any kind. Default 700.
    pub prevote: u64,
    /// How long to wait for a value's q precommits once there are q of any kind. Default 700.
    pub precommit: u64,
    /// What each further view adds. Default 500.
    pub step: u64,
    /// Where growth ends, so that an outage is not followed by another as long. It must exceed
    /// what a message takes at the worst, or nothing may ever be decided. Default 4000.
    pub most: u64,
}

impl Default for VoteTimes {
    fn default() -> Self {
        Self {
            propose: 1_500,
            prevote: 700,
            precommit: 700,
            step: 500,
            most: 4_000,
        }
    }
}

impl VoteTimes {
    /// `timeoutPropose`, `timeoutPrevote` and `timeoutPrecommit` of the paper, from one of the
    /// bases above.
    const fn in_view(&self, base: u64, view: View) -> u64 {
        let grown = base.saturating_add(self.step.saturating_mul(view.0 as u64));
        // A base above the limit stays what it is: growth ends, nothing shrinks.
        let most = if self.most > base { self.most } else { base };
        if grown < most { grown } else { most }
    }

    pub(super) const fn propose_in(&self, view: View) -> u64 {
        self.in_view(self.propose, view)
    }

    /// How long to wait for a proposer that was silent in its last turn: enough for a message there
    /// and back, and not for the checks of a large close. If it speaks again it has its whole time in
    /// its next turn.
    pub(super) const fn propose_by_the_silent(&self) -> u64 {
        self.propose / 3
    }

    pub(super) const fn prevote_in(&self, view: View) -> u64 {
        self.in_view(self.prevote, view)
    }

    pub(super) const fn precommit_in(&self, view: View) -> u64 {
        self.in_view(self.precommit, view)
    }
}

/// One timeout that is running.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Timer {
    armed: Monotonic,
    millis: u64,
}

impl Timer {
    fn due(&self) -> Monotonic {
        self.armed.plus(Duration::from_millis(self.millis))
    }
}

/// A timeout of the current view: not armed, running, or run out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Timeout(Option<Timer>);

impl Timeout {
    /// Starts it, unless it has been started. Returns whether it did.
    pub(super) fn arm(&mut self, now: Monotonic, millis: u64) -> bool {
        let first = self.0.is_none();
        if first {
            self.0 = Some(Timer { armed: now, millis });
        }
        first
    }

    /// Whether it has run out.
    pub(super) fn has_run_out(&self, now: Monotonic) -> bool {
        self.due().is_some_and(|due| due <= now)
    }

    /// When it runs out.
    pub(super) fn due(&self) -> Option<Monotonic> {
        self.0.map(|timer| timer.due())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_grow_to_a_limit() {
        let times = VoteTimes {
            propose: 100,
            prevote: 10,
            precommit: 5,
            step: 20,
            most: 150,
        };
        let of = |view| times.propose_in(View(view));
        assert_eq!(
            [of(0), of(1), of(2), of(3), of(u32::MAX)],
            [100, 120, 140, 150, 150]
        );
        let short = VoteTimes { most: 0, ..times };
        assert_eq!(short.propose_in(View(9)), 100);
    }

    #[test]
    fn a_timeout_is_armed_once_and_runs_out_at_its_end() {
        let mut timeout = Timeout::default();
        assert!(!timeout.has_run_out(Monotonic(u64::MAX)));
        assert!(timeout.arm(Monotonic(1_000), 50));
        assert!(!timeout.arm(Monotonic(0), 1), "armed once");
        assert!(!timeout.has_run_out(Monotonic(1_049)));
        assert!(timeout.has_run_out(Monotonic(1_050)));
    }
}
