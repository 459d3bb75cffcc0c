//! When a round is frozen and when its report is due: the only part of a round that asks what time
//! it is, and it asks the wall clock.
//!
//! A slot's quote window is the time in which solvers quote for intents that can change no more. So
//! a member that holds an intent for the open round freezes it when a window begins, and reports at
//! the end of that slot; a window that was open already when the round began is skipped: solvers
//! would have less than a whole one.

use sealbid_types::id::Slot;
use sealbid_types::schedule::Schedule;
use sealbid_types::time::Timestamp;

/// The windows that this member has seen begin.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    /// The newest slot whose window began.
    seen: Slot,
}

impl Window {
    /// As of now: a window that is open already counts as seen.
    pub(crate) fn open(schedule: &Schedule, now: Timestamp) -> Self {
        let current = schedule.current(now);
        let has_begun = now >= schedule.quotes_from(current);
        Self {
            seen: if has_begun {
                current
            } else {
                schedule.newest_ended(now)
            },
        }
    }

    /// The slot whose quote window has begun since the last look, if one has.
    ///
    /// A wall clock that was set back makes the windows after it new again: waiting until time has
    /// caught up with what was seen would keep the member silent for as long as the clock was off.
    pub(crate) fn begun(&mut self, schedule: &Schedule, now: Timestamp) -> Option<Slot> {
        let current = schedule.current(now);
        self.seen = self.seen.min(current);
        if current <= self.seen || now < schedule.quotes_from(current) {
            return None;
        }
        self.seen = current;
        Some(current)
    }
}

/// The slot that a member without an intent of its own freezes for because another's report lists
/// one: the one that has just ended; the present one if its window has begun, since that is the
/// one that the reporter has closed, or if it waits for the parent's slot to pass.
pub(crate) fn slot_after_report(schedule: &Schedule, now: Timestamp, parent: Slot) -> Slot {
    let (current, ended) = (schedule.current(now), schedule.newest_ended(now));
    let in_window = now >= schedule.quotes_from(current);
    if in_window || ended <= parent {
        current
    } else {
        ended
    }
}

/// When the wall clock next brings something: a window's beginning, or the end of a slot.
pub(crate) fn next_event(schedule: &Schedule, frozen: Option<Slot>, now: Timestamp) -> Timestamp {
    let current = schedule.current(now);
    let windows = [current, current.next()].map(|slot| schedule.quotes_from(slot));
    let ends = [frozen.unwrap_or(current), current].map(|slot| schedule.end_of(slot));
    windows
        .into_iter()
        .chain(ends)
        .filter(|time| *time > now)
        .min()
        .unwrap_or_else(|| schedule.end_of(current.next()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEDULE: Schedule = Schedule::usual(Timestamp(1_000_000));

    fn at(millis: u64) -> Timestamp {
        Timestamp(SCHEDULE.start.0 + millis)
    }

    #[test]
    fn a_window_that_has_begun_is_let_pass() {
        let mut window = Window::open(&SCHEDULE, at(2_500));
        assert_eq!(window.begun(&SCHEDULE, at(4_900)), None);
        assert_eq!(window.begun(&SCHEDULE, at(6_999)), None);
        assert_eq!(window.begun(&SCHEDULE, at(7_000)), Some(Slot(2)));
        assert_eq!(window.begun(&SCHEDULE, at(7_001)), None, "once");
    }

    #[test]
    fn a_clock_that_was_ahead_and_is_set_right_sees_the_next_window() {
        let mut window = Window::open(&SCHEDULE, at(100));
        assert_eq!(window.begun(&SCHEDULE, at(602_500)), Some(Slot(121)));
        assert_eq!(
            window.begun(&SCHEDULE, at(3_000)),
            None,
            "it may have been seen"
        );
        assert_eq!(window.begun(&SCHEDULE, at(7_000)), Some(Slot(2)));
    }
}
