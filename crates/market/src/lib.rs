//! Price schedules, matching, clearing rules and settlement.
