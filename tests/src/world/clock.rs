//! The two clocks of a simulated member: the wall clock, which may be wrong and may jump, and the
//! monotonic one, which starts anew with the process.

use std::time::Duration;

use sealbid_protocol::time::{Clock, Monotonic};
use sealbid_types::time::Timestamp;

/// The clocks of one member.
#[derive(Debug, Clone, Copy)]
pub struct SeatClock {
    /// What the wall clock shows at the true time 0.
    origin: Timestamp,
    /// By how many milliseconds it is wrong.
    offset: i64,
    /// By how many millionths both clocks run fast.
    drift: i64,
    /// The true time at which the process started.
    started: u64,
    /// For how long the monotonic clock has stood still since then.
    slept: i64,
}

impl SeatClock {
    /// Clocks that are `offset` milliseconds ahead, and run `drift` millionths fast.
    #[must_use]
    pub const fn new(origin: Timestamp, offset: i64, drift: i64) -> Self {
        Self {
            origin,
            offset,
            drift,
            started: 0,
            slept: 0,
        }
    }

    /// What they show at the true time `now`, in milliseconds.
    #[must_use]
    pub fn read(&self, now: u64) -> Clock {
        let passed = self.passed(now).saturating_add(self.offset);
        let distance = Duration::from_millis(passed.unsigned_abs());
        let wall = if passed < 0 {
            Timestamp(self.origin.0.saturating_sub(passed.unsigned_abs()))
        } else {
            self.origin.plus(distance)
        };
        let monotonic = self.passed(now) - self.passed(self.started) - self.slept;
        Clock {
            wall,
            monotonic: Monotonic(u64::try_from(monotonic).unwrap_or(0)),
        }
    }

    fn passed(&self, now: u64) -> i64 {
        let now = i64::try_from(now).unwrap_or(i64::MAX);
        now.saturating_add(now.saturating_mul(self.drift) / 1_000_000)
    }

    /// The process starts: its monotonic clock begins at 0.
    pub const fn restart(&mut self, now: u64) {
        self.started = now;
        self.slept = 0;
    }

    /// The machine sleeps for so long: the monotonic clock stands still, and the wall clock does
    /// not. It is not read before that is over.
    pub fn suspend(&mut self, lasts: u64) {
        let lasts = i64::try_from(lasts).unwrap_or(i64::MAX);
        self.slept = self.slept.saturating_add(lasts);
    }

    /// Moves the wall clock by so many milliseconds, either way.
    pub const fn jump(&mut self, by: i64) {
        self.offset = self.offset.saturating_add(by);
    }

    /// Sets by how many milliseconds the wall clock is wrong.
    pub const fn set(&mut self, offset: i64) {
        self.offset = offset;
    }
}
