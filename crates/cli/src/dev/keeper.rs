//! Keeps a process of a house alive: it is started again when it ends, with growing pauses, until
//! that is hopeless.
//!
//! Each process has a task of its own here, which tells whoever runs the house what becomes of it.

use core::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBackoff, ExponentialBuilder};
use sealbid_keygen::Exit;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::dev::house_process::{HouseProcess, ProcessSpec};
use crate::exit::Failure;

/// The first pause before a process is started again. Each one after it is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// How often a process is started again that does not run for [`STEADY`] in between.
const TIMES: usize = 5;
/// A process that has run for so long begins with the first pause again.
const STEADY: Duration = Duration::from_secs(60);

/// What becomes of a process that ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keeping {
    /// It is started again.
    Again,
    /// It is left as it is.
    Once,
}

/// What has become of a process.
#[derive(Debug)]
pub(crate) enum Change {
    /// It runs, and has said that it is ready.
    Ready,
    /// It has ended, and is started again after a pause.
    Again {
        /// How it ended.
        failure: Failure,
        /// How long nothing is done about it.
        pause: Duration,
    },
    /// It has ended or could not be started, and is left as it is.
    Left {
        /// How it ended.
        failure: Failure,
        /// Why it is not started again.
        why: Why,
    },
}

/// Why a process is not started again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// Nobody asked for that.
    Once,
    /// A member that halted must not go on by itself.
    Halted,
    /// It would end in the same way, until somebody mends a file.
    Hopeless,
    /// It was started again often enough.
    TooOften,
}

/// What has become of which process.
#[derive(Debug)]
pub(crate) struct Notice {
    /// Its place among the house's processes.
    pub(crate) at: usize,
    /// What became of it.
    pub(crate) change: Change,
}

/// Runs a process until `stop`, and starts it again as `keeping` says. Ends when the process is
/// stopped, or left as it is.
pub(crate) async fn keep(
    at: usize,
    spec: ProcessSpec,
    keeping: Keeping,
    notices: mpsc::UnboundedSender<Notice>,
    stop: CancellationToken,
) {
    // An error says that nobody runs the house any more: then `stop` comes.
    let tell = |change| drop(notices.send(Notice { at, change }));
    let mut restarts = Restarts::new(keeping);
    let mut process = HouseProcess::start(&spec);
    loop {
        let started = Instant::now();
        let failure = match process {
            Ok(process) => match until_it_ends(process, &stop, || tell(Change::Ready)).await {
                Some(failure) => failure,
                None => return,
            },
            // It has no directory, or the system gives no process.
            Err(failure) => {
                let why = restarts.why_not(&failure).unwrap_or(Why::Hopeless);
                return tell(Change::Left { failure, why });
            }
        };
        match restarts.next(&failure, started.elapsed()) {
            Ok(pause) => {
                tell(Change::Again { failure, pause });
                tokio::select! {
                    () = sleep(pause) => {}
                    () = stop.cancelled() => return,
                }
            }
            Err(why) => return tell(Change::Left { failure, why }),
        }
        process = HouseProcess::start_again(&spec);
    }
}

/// How the process has ended by itself; none if it was stopped.
async fn until_it_ends(
    mut process: HouseProcess,
    stop: &CancellationToken,
    mut ready: impl FnMut(),
) -> Option<Failure> {
    let running = async {
        // A process that ends before it is ready has ended all the same.
        process.ready().await?;
        ready();
        Err(process.ended().await)
    };
    let ended: Result<(), Failure> = tokio::select! {
        ended = running => ended,
        () = stop.cancelled() => Ok(()),
    };
    match ended {
        Err(failure) => Some(failure),
        Ok(()) => {
            process.stop().await;
            None
        }
    }
}

/// When a process is started again.
#[derive(Debug)]
struct Restarts {
    keeping: Keeping,
    pauses: ExponentialBackoff,
}

impl Restarts {
    fn new(keeping: Keeping) -> Self {
        Self {
            keeping,
            pauses: pauses(),
        }
    }

    /// How long to wait before a process is started again that has ended like this after it ran for
    /// `ran`; why it is not, if it is not.
    fn next(&mut self, failure: &Failure, ran: Duration) -> Result<Duration, Why> {
        if let Some(why) = self.why_not(failure) {
            return Err(why);
        }
        if ran >= STEADY {
            self.pauses = pauses();
        }
        self.pauses.next().ok_or(Why::TooOften)
    }

    fn why_not(&self, failure: &Failure) -> Option<Why> {
        match failure.kind() {
            // A member that saw the committee contradict itself: going on is for its operator to
            // decide, whatever `keeping` says.
            Exit::Halted => Some(Why::Halted),
            _ if self.keeping == Keeping::Once => Some(Why::Once),
            Exit::Usage | Exit::Authentication | Exit::Key => Some(Why::Hopeless),
            // The disk may have room again, a port may be let go of, and a kill was no fault of its.
            _ => None,
        }
    }
}

fn pauses() -> ExponentialBackoff {
    ExponentialBuilder::new()
        .with_min_delay(FIRST_PAUSE)
        .with_max_times(TIMES)
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(exit: Exit) -> Failure {
        Failure::new(exit, "it ended")
    }

    #[test]
    fn pauses_grow_and_come_to_an_end() {
        let mut restarts = Restarts::new(Keeping::Again);
        let ended = failed(Exit::Work);
        let next = |restarts: &mut Restarts| restarts.next(&ended, Duration::ZERO);
        let said: Vec<_> = (0..6).map(|_| next(&mut restarts)).collect();
        let seconds = |number| Ok(Duration::from_secs(number));
        let expected = [1, 2, 4, 8, 16].map(seconds);
        assert_eq!(
            said.split_last(),
            Some((&Err(Why::TooOften), &expected[..]))
        );
        // One that has run for long is no hopeless one.
        assert_eq!(restarts.next(&ended, STEADY), seconds(1));
    }

    #[test]
    fn a_member_that_halted_is_never_started_again() {
        for keeping in [Keeping::Again, Keeping::Once] {
            let mut restarts = Restarts::new(keeping);
            let next = restarts.next(&failed(Exit::Halted), 2 * STEADY);
            assert_eq!(next, Err(Why::Halted));
        }
    }

    #[test]
    fn what_a_file_is_wrong_about_is_not_tried_again_and_what_may_pass_is() {
        for exit in Exit::ALL {
            let hopeless = matches!(
                exit,
                Exit::Usage | Exit::Authentication | Exit::Key | Exit::Halted
            );
            let next = Restarts::new(Keeping::Again).next(&failed(*exit), Duration::ZERO);
            assert_eq!(next.is_err(), hopeless, "{exit:?}");
            let next = Restarts::new(Keeping::Once).next(&failed(*exit), Duration::ZERO);
            assert!(next.is_err(), "{exit:?}");
        }
    }
}
