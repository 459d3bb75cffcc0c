//! Playing seeds on all cores.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::Tally;
use crate::house::{Failure, Outcome, Swarm};

/// A run that failed.
#[derive(Debug, Clone)]
pub struct Found {
    /// The mix.
    pub swarm: Swarm,
    /// What failed, in a few words.
    pub name: String,
    /// What was seen.
    pub what: String,
}

/// What failed in a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// In a few words.
    pub name: String,
    /// What was seen.
    pub what: String,
}

impl From<Failure> for Failed {
    fn from(failure: Failure) -> Self {
        Self {
            name: failure.name().to_owned(),
            what: failure.to_string(),
        }
    }
}

/// How a run is played.
pub type Player<'a> = &'a (dyn Fn(&Swarm) -> Result<Outcome, Failed> + Sync);

thread_local! {
    /// What the newest panic on this thread said, and where.
    static PANICKED: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Keeps what a panic says instead of printing it: a run that panics is reported like any other
/// that fails.
fn keep_panics() {
    std::panic::set_hook(Box::new(|info| {
        PANICKED.with(|said| *said.borrow_mut() = Some(info.to_string()));
    }));
}

fn words(payload: &(dyn Any + Send)) -> String {
    let kept = PANICKED.with(|said| said.borrow_mut().take());
    let text = || payload.downcast_ref::<&str>().map(ToString::to_string);
    let string = || payload.downcast_ref::<String>().cloned();
    kept.or_else(string).or_else(text).unwrap_or_default()
}

/// Plays one run. A panic is a failure: no input may cause one.
///
/// # Errors
/// [`Found`].
pub fn play(swarm: &Swarm, player: Player<'_>) -> Result<Outcome, Box<Found>> {
    let found = |failed: Failed| {
        Box::new(Found {
            swarm: swarm.clone(),
            name: failed.name,
            what: failed.what,
        })
    };
    match catch_unwind(AssertUnwindSafe(|| player(swarm))) {
        Ok(Ok(outcome)) => Ok(outcome),
        Ok(Err(failed)) => Err(found(failed)),
        Err(payload) => Err(found(Failed {
            name: "nothing panics".to_owned(),
            what: words(payload.as_ref()),
        })),
    }
}

/// Seeds to be played.
pub struct Campaign<'a> {
    /// The first seed.
    pub first: u64,
    /// How many.
    pub seeds: u64,
    /// How many threads play.
    pub threads: usize,
    /// How each is played.
    pub player: Player<'a>,
    /// Whether the first failure ends it.
    pub stop_at_first: bool,
    /// Told after each run: how many are over, and what it found.
    pub progress: &'a (dyn Fn(u64, Option<&Found>) + Sync),
    /// Set from outside to end it early.
    pub ended: &'a AtomicBool,
}

impl Campaign<'_> {
    /// Plays all of them. Failures come by seed.
    #[must_use]
    pub fn run(&self) -> (Tally, Vec<Found>) {
        keep_panics();
        let (next, over) = (AtomicU64::new(0), AtomicU64::new(0));
        let failed = AtomicBool::new(false);
        let result = Mutex::new((Tally::default(), Vec::new()));
        std::thread::scope(|scope| {
            for _ in 0..self.threads.max(1) {
                scope.spawn(|| {
                    // A pool of one: what a member would share out among cores stays on this one,
                    // and runs do not wait for each other.
                    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
                    pool.unwrap()
                        .install(|| self.work(&next, &over, &failed, &result));
                });
            }
        });
        drop(std::panic::take_hook());
        let (tally, mut found) = result.into_inner().unwrap();
        found.sort_by_key(|found| found.swarm.seed);
        (tally, found)
    }

    fn work(
        &self,
        next: &AtomicU64,
        over: &AtomicU64,
        failed: &AtomicBool,
        result: &Mutex<(Tally, Vec<Found>)>,
    ) {
        let mut own = Tally::default();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let is_over = self.ended.load(Ordering::Relaxed)
                || (self.stop_at_first && failed.load(Ordering::Relaxed));
            if number >= self.seeds || is_over {
                break;
            }
            let swarm = Swarm::draw(self.first + number);
            let played = play(&swarm, self.player);
            let over = over.fetch_add(1, Ordering::Relaxed) + 1;
            match played {
                Ok(outcome) => {
                    own.add(&outcome);
                    (self.progress)(over, None);
                }
                Err(found) => {
                    failed.store(true, Ordering::Relaxed);
                    own.seeds += 1;
                    (self.progress)(over, Some(&found));
                    result.lock().unwrap().1.push(*found);
                }
            }
        }
        result.lock().unwrap().0.join(own);
    }
}
