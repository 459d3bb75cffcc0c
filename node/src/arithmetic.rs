//! The threads that do the arithmetic, and the processor time it takes.
//!
//! Gate and engine have threads of their own: a round that closes does not wait behind the gate's
//! envelopes, and what either takes can be told apart.

use core::time::Duration;

use nix::time::{ClockId, clock_gettime};
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::NodeError;

/// As many threads as there are cores.
#[derive(Debug)]
pub(crate) struct Arithmetic(ThreadPool);

impl Arithmetic {
    /// Starts the threads, which are named by their purpose.
    ///
    /// # Errors
    /// [`NodeError::System`] if the system gives none.
    pub(crate) fn start(purpose: &'static str) -> Result<Self, NodeError> {
        let name = move |number| format!("{purpose}-{number}");
        let builder = ThreadPoolBuilder::new().thread_name(name);
        let threads = builder.build();
        threads
            .map(Self)
            .map_err(|error| NodeError::system(format!("the system gives it no thread: {error}")))
    }

    /// Runs `work` on these threads.
    pub(crate) fn run<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        self.0.install(work)
    }

    /// The processor time that they have taken so far, all together. To ask wakes each of them: not
    /// for every step.
    pub(crate) fn spent(&self) -> Duration {
        self.0.broadcast(|_| of_this_thread()).into_iter().sum()
    }
}

/// The processor time of the calling thread; zero where the system has no such clock.
fn of_this_thread() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map_or(Duration::ZERO, Duration::from)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use std::time::Instant;

    #[test]
    fn waiting_is_not_work() {
        let arithmetic = Arithmetic::start("test").unwrap();
        let before = arithmetic.spent();
        arithmetic.run(|| std::thread::sleep(Duration::from_millis(60)));
        let waited = arithmetic.spent().saturating_sub(before);
        assert!(waited < Duration::from_millis(30), "{waited:?}");
        let work = || {
            let started = Instant::now();
            while started.elapsed() < Duration::from_millis(60) {
                core::hint::spin_loop();
            }
            7
        };
        let before = arithmetic.spent();
        assert_eq!(arithmetic.run(work), 7);
        assert!(arithmetic.spent() > before);
    }
}
