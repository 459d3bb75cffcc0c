//! Two clocks, for two questions.
//!
//! *When does a slot end, has an envelope expired?* is asked of the **wall** clock, since members
//! and clients have to agree about it; it may be wrong, and may jump either way. *How long have I
//! waited?* is asked of the **monotonic** clock, which only runs forwards, is never stored, and
//! starts anew with the process. A timeout that went by the wall clock would end early or never
//! when an operator, or a time server, sets it.

use core::time::Duration;

use sealbid_types::time::Timestamp;

/// Milliseconds of a clock that only runs forwards, since a moment that nobody needs to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Monotonic(pub u64);

impl Monotonic {
    /// This moved on by `duration`.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(millis))
    }

    /// How long it is from `earlier` to this; zero if it is the other way about.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

/// What both clocks of a member show at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    /// UTC, as the host has it.
    pub wall: Timestamp,
    /// Time since the process started, or since whatever moment before that.
    pub monotonic: Monotonic,
}

impl Clock {
    /// Both clocks of a host whose wall clock never jumps.
    #[must_use]
    pub const fn steady(wall: Timestamp) -> Self {
        Self {
            wall,
            monotonic: Monotonic(wall.0),
        }
    }

    /// When the wall clock will show `time`, unless it is set before that; now if it has passed.
    #[must_use]
    pub fn when(&self, time: Timestamp) -> Monotonic {
        self.monotonic.plus(time.since(self.wall))
    }

    /// The later of two readings by the monotonic clock: what came in the wrong order, from two
    /// threads say, does not take time back.
    #[must_use]
    pub fn latest(self, other: Self) -> Self {
        if other.monotonic >= self.monotonic {
            other
        } else {
            self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_wall_time_is_as_far_off_by_either_clock(wall in 0u64..1 << 40, ahead in 0u64..1 << 40, mono in 0u64..1 << 40) {
            let clock = Clock { wall: Timestamp(wall), monotonic: Monotonic(mono) };
            let due = clock.when(Timestamp(wall + ahead));
            prop_assert_eq!(due.since(clock.monotonic), Duration::from_millis(ahead));
            prop_assert_eq!(clock.when(Timestamp(wall.saturating_sub(ahead))), clock.monotonic);
        }

        #[test]
        fn the_latest_reading_is_never_an_earlier_one(a in 0u64..100, b in 0u64..100) {
            let clock = |mono| Clock { wall: Timestamp(1_000 - mono), monotonic: Monotonic(mono) };
            prop_assert_eq!(clock(a).latest(clock(b)).monotonic, Monotonic(a.max(b)));
        }
    }
}
