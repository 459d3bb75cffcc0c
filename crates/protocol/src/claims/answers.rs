//! How much is answered to each member. What a question costs its asker is nothing, and an answer is
//! up to a megabyte: without a bound, a liar that asks all the time takes the whole of this
//! member's time and line.

use core::time::Duration;

use crate::time::Monotonic;

/// Within what time answers to a member are counted, and how many requests for reports and
/// envelopes, and how many questions of a start, are answered in it. An honest member sends ten
/// and one.
const COUNTED: Duration = Duration::from_secs(1);
const MOST_WANTS: u32 = 10;
const MOST_QUESTIONS: u32 = 2;
const MOST_CERTIFICATES: u32 = 4;

/// What has been answered to a member lately.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Answered {
    since: Monotonic,
    wants: u32,
    questions: u32,
    certificates: u32,
}

/// What a member asks of this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Reports and envelopes.
    Want,
    /// What is held of its signatures.
    Question,
    /// To look at a certificate, or to show one.
    Certificate,
}

impl Answered {
    /// Counts an answer, if there is still one to give.
    pub(super) fn count(&mut self, what: Asked, now: Monotonic) -> bool {
        if now.since(self.since) >= COUNTED {
            *self = Self {
                since: now,
                ..Self::default()
            };
        }
        let (count, most) = match what {
            Asked::Want => (&mut self.wants, MOST_WANTS),
            Asked::Question => (&mut self.questions, MOST_QUESTIONS),
            Asked::Certificate => (&mut self.certificates, MOST_CERTIFICATES),
        };
        *count = count.saturating_add(1);
        *count <= most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_all_the_time_is_answered_some_times_a_second() {
        let mut answered = Answered::default();
        let mut answers = |what, from: u64| {
            let times = (0..1_000).map(|millis| Monotonic(from + millis));
            times.filter(|now| answered.count(what, *now)).count()
        };
        assert_eq!(answers(Asked::Want, 5_000), 10);
        assert_eq!(answers(Asked::Want, 6_000), 10);
        assert_eq!(answers(Asked::Question, 7_000), 2);
    }
}
