//! Which processes of a demo's house may end, and which of them have.

use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::{Instant, sleep};

use crate::exit::Failure;

/// How long a process that was killed may take to be gone.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often that is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// By name, whether it has ended.
#[derive(Debug, Default)]
pub(super) struct Fallen(Mutex<BTreeMap<String, bool>>);

impl Fallen {
    /// This one may end from now on.
    pub(super) fn expect(&self, name: &str) {
        self.lock().insert(name.to_owned(), false);
    }

    /// One has ended; says whether it may.
    pub(super) fn note(&self, name: &str) -> bool {
        let mut fallen = self.lock();
        let known = fallen.get_mut(name);
        known.map(|ended| *ended = true).is_some()
    }

    /// Waits until one that may end has.
    ///
    /// # Errors
    /// Timeout.
    pub(super) async fn has_ended(&self, name: &str) -> Result<(), Failure> {
        let deadline = Instant::now() + PATIENCE;
        while self.lock().get(name) != Some(&true) {
            if Instant::now() >= deadline {
                return Err(Failure::timeout(format!("{name} was killed and runs on")));
            }
            sleep(LOOK).await;
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, bool>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_those_that_may_end_are_no_failure() {
        let fallen = Fallen::default();
        fallen.expect("member-3");
        assert!(!fallen.note("member-1"));
        assert!(fallen.note("member-3"));
        fallen.has_ended("member-3").await.unwrap();
    }
}
