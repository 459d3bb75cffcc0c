//! Slots: when rounds may close.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::id::Slot;
use crate::time::Timestamp;

/// Slot k ends at `start + k * period`; its last `quote_window` belongs to quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// T0: the end of slot 0.
    pub start: Timestamp,
    /// The length of a slot, in milliseconds; at least 1.
    pub period_ms: u32,
    /// The quote window at each slot's end, in milliseconds; less than the period.
    pub quote_window_ms: u32,
}

impl Schedule {
    /// The usual lengths: slots of 5 s whose last 3 s take quotes, the request-for-quote window of
    /// NEAR Intents.
    #[must_use]
    pub const fn usual(start: Timestamp) -> Self {
        Self {
            start,
            period_ms: 5_000,
            quote_window_ms: 3_000,
        }
    }

    /// When `slot` ends: its cut, and the closing time of a round that names it.
    #[must_use]
    pub fn end_of(&self, slot: Slot) -> Timestamp {
        let passed = u64::from(self.period_ms).saturating_mul(slot.0);
        self.start.plus(Duration::from_millis(passed))
    }

    /// When the quote window of `slot` begins.
    #[must_use]
    pub fn quotes_from(&self, slot: Slot) -> Timestamp {
        Timestamp(
            self.end_of(slot)
                .0
                .saturating_sub(u64::from(self.quote_window_ms)),
        )
    }

    /// The newest slot that has ended by `now`; 0 before the start.
    #[must_use]
    pub fn newest_ended(&self, now: Timestamp) -> Slot {
        let passed = now.0.saturating_sub(self.start.0);
        Slot(passed.checked_div(u64::from(self.period_ms)).unwrap_or(0))
    }

    /// The slot that `now` lies in: the next to end.
    #[must_use]
    pub fn current(&self, now: Timestamp) -> Slot {
        self.newest_ended(now).next()
    }

    /// Whether the lengths make sense.
    #[must_use]
    pub const fn is_valid(&self) -> bool {
        self.quote_window_ms > 0 && self.quote_window_ms < self.period_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_slot_has_ended_from_its_end_on(start in 0u64..1 << 42, period in 2u32..100_000, slot in 1u64..1 << 20) {
            let schedule = Schedule { start: Timestamp(start), period_ms: period, quote_window_ms: 1 };
            let end = schedule.end_of(Slot(slot));
            prop_assert_eq!(schedule.newest_ended(end), Slot(slot));
            prop_assert_eq!(schedule.newest_ended(Timestamp(end.0 - 1)), Slot(slot - 1));
            prop_assert_eq!(schedule.current(end), Slot(slot + 1));
            prop_assert!(schedule.quotes_from(Slot(slot)) < end);
        }
    }
}
