//! How often something may happen: so often at once, and then once in a while.

use core::time::Duration;

use tokio::time::Instant;

/// A budget that refills with the time that passes on this host, and with nothing else.
#[derive(Debug)]
pub(super) struct Budget {
    left: u32,
    most: u32,
    refill: Duration,
    counted: Instant,
    /// What was spent since it was made.
    spent: u32,
}

impl Budget {
    /// A full budget of `most`, which gets one back every `refill`.
    pub(super) fn new(most: u32, refill: Duration) -> Self {
        Self {
            left: most,
            most,
            refill,
            counted: Instant::now(),
            spent: 0,
        }
    }

    /// Takes one, if there is one.
    pub(super) fn take(&mut self) -> bool {
        let refills = self.counted.elapsed().div_duration_f64(self.refill);
        if refills >= 1.0 {
            // Truncated: a part of a refill goes with the old count, to the loss of who spends.
            let more = if refills >= f64::from(self.most) {
                self.most
            } else {
                refills as u32
            };
            self.left = self.left.saturating_add(more).min(self.most);
            self.counted = Instant::now();
        }
        let Some(left) = self.left.checked_sub(1) else {
            return false;
        };
        self.left = left;
        self.spent = self.spent.saturating_add(1);
        true
    }

    /// What was spent in all.
    pub(super) const fn spent(&self) -> u32 {
        self.spent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn refills_with_time_up_to_what_it_was() {
        let mut budget = Budget::new(3, Duration::from_secs(10));
        assert_eq!([(); 4].map(|()| budget.take()), [true, true, true, false]);
        tokio::time::advance(Duration::from_secs(25)).await;
        assert_eq!([(); 3].map(|()| budget.take()), [true, true, false]);
        tokio::time::advance(Duration::from_secs(3600)).await;
        assert_eq!([(); 4].map(|()| budget.take()), [true, true, true, false]);
        assert_eq!(budget.spent(), 8);
    }
}
