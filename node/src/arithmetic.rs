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
            .map_err(|error| NodeError::System(format!("the system gives it no thread: {error}")))
    }

    /// Runs `work` on these threads. Tells what processor time they took for it, all together.
    pub(crate) fn run<T: Send>(&self, work: impl FnOnce() -> T + Send) -> (T, Duration) {
        let before = self.spent();
        let done = self.0.install(work);
        (done, self.spent().saturating_sub(before))
    }

    fn spent(&self) -> Duration {
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
        let (_, waited) = arithmetic.run(|| std::thread::sleep(Duration::from_millis(60)));
        assert!(waited < Duration::from_millis(30), "{waited:?}");
        let work = || {
            let started = Instant::now();
            while started.elapsed() < Duration::from_millis(60) {
                core::hint::spin_loop();
            }
            7
        };
        let (answer, worked) = arithmetic.run(work);
        assert_eq!(answer, 7);
        assert!(worked > Duration::ZERO);
    }
}
