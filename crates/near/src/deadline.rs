//! Deadlines as the Verifier reads them: RFC 3339 to the nanosecond, by the crate that it reads
//! them with.
//!
//! The grammar is that of RFC 3339, section 5.6, with any offset, small letters, a space between
//! date and time, and as many digits of a fraction as one likes: those after the ninth say nothing.
//! A leap second is the nanosecond before it, and stands at the end of a month only.

use core::fmt;
use core::str::FromStr;

use sealbid_types::time::Timestamp;
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

pub(crate) const NANOS_PER_MILLI: i128 = 1_000_000;

/// Where date and time meet.
const SEPARATOR: usize = "2030-01-31".len();

/// A moment of the years 0 to 9999 in UTC, to the nanosecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Deadline(OffsetDateTime);

/// A text that is not a deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a time in RFC 3339, such as 2030-01-31T12:00:00.250Z")]
pub struct NotADeadline;

impl Deadline {
    /// Nanoseconds since the Unix epoch.
    #[must_use]
    pub const fn nanos(self) -> i128 {
        self.0.unix_timestamp_nanos()
    }

    /// Whole seconds since the Unix epoch, rounded down.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0.unix_timestamp()
    }

    /// The millisecond in which it lies, so that nothing is held valid for longer than the chain
    /// holds it. None before 1970.
    #[must_use]
    pub fn rounded_down(self) -> Option<Timestamp> {
        let millis = self.nanos().div_euclid(NANOS_PER_MILLI);
        u64::try_from(millis).ok().map(Timestamp)
    }

    /// Whether it has passed at `now`. At its very nanosecond it has not.
    #[must_use]
    pub fn has_passed(self, now: Timestamp) -> bool {
        self.nanos() < i128::from(now.0) * NANOS_PER_MILLI
    }
}

impl FromStr for Deadline {
    type Err = NotADeadline;

    fn from_str(text: &str) -> Result<Self, NotADeadline> {
        // The reader passes over whatever byte stands here, the Verifier's too: no wallet needs it.
        if !matches!(text.as_bytes().get(SEPARATOR), Some(b'T' | b't' | b' ')) {
            return Err(NotADeadline);
        }
        let time = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| NotADeadline)?;
        let utc = time
            .checked_to_offset(UtcOffset::UTC)
            .filter(|utc| utc.year() >= 0)
            .ok_or(NotADeadline)?;
        Ok(Self(utc))
    }
}

impl fmt::Display for Deadline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Never an error: the years are those that the format can write.
        f.write_str(&self.0.format(&Rfc3339).map_err(|_| fmt::Error)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_first_and_the_last_moment_are_written_and_none_beyond() {
        for text in ["0000-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z"] {
            let deadline: Deadline = text.parse().unwrap();
            assert_eq!(deadline.to_string(), text);
        }
        for text in ["0000-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01"] {
            assert_eq!(text.parse::<Deadline>(), Err(NotADeadline), "{text}");
        }
    }

    #[test]
    fn a_deadline_is_met_until_its_nanosecond_has_passed() {
        let deadline: Deadline = "1970-01-01T00:00:01.000000001Z".parse().unwrap();
        assert!(!deadline.has_passed(Timestamp(1_000)));
        assert!(deadline.has_passed(Timestamp(1_001)));
        let before: Deadline = "1969-12-31T23:59:59.5Z".parse().unwrap();
        assert_eq!((before.rounded_down(), before.seconds()), (None, -1));
    }

    proptest! {
        #[test]
        fn what_we_write_is_read_by_the_verifier(millis in 0..=sealbid_types::time::LAST.0) {
            let deadline: Deadline = Timestamp(millis).to_string().parse().unwrap();
            prop_assert_eq!(deadline.rounded_down(), Some(Timestamp(millis)));
            prop_assert_eq!(deadline.to_string().parse::<Deadline>(), Ok(deadline));
        }
    }
}
