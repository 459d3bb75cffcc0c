//! Whose envelope a member checks next: those of all peers in turn, so that whoever sends many waits
//! behind its own, and last of all whoever sent what fails.
//!
//! To check an envelope is the dearest thing that a stranger can have done, and nobody knows before
//! whether it is worth it. Each peer waits in a line of its own; from the heads of the lines as many
//! are taken as are checked at once, in the order in which they came there. A peer whose envelope
//! failed by its bytes, which no honest client sends, is not taken before a pause is over. Meanwhile
//! what it sends stays unanswered, so that its transport lets it send no more.
//!
//! A key is free, but a new one costs its owner a handshake. So a peer has few envelopes under way until one
//! of them has passed, and twice as many with each that does: no more of it are checked before the first is
//! found to fail.

use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sealbid_net::PeerId;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep_until};

/// How many envelopes of clients are under way at once.
const AT_ONCE: usize = 128;
/// How many of them are of a peer of which none has passed, or none since one failed.
const UNKNOWN: usize = 4;
/// How long a peer is left waiting after its first envelope that fails, and at most. Each further one
/// doubles it.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(64);
/// How many envelopes of a peer wait during its pause.
const IN_PAUSE: usize = 2;
/// How many lines there are before those of peers that have gone are looked for.
const LINES: usize = 4096;

/// All lines.
#[derive(Debug)]
pub(crate) struct Turns {
    lines: Mutex<BTreeMap<PeerId, Arc<Line>>>,
    under_way: Arc<Semaphore>,
    waiting: AtomicUsize,
    most_waiting: usize,
}

/// The envelopes of one peer.
#[derive(Debug)]
struct Line {
    head: Semaphore,
    own: Mutex<Own>,
    waiting: AtomicUsize,
    pause: Mutex<Option<Pause>>,
    /// A pause has begun.
    paused: Notify,
}

/// How many envelopes of a peer may be under way.
#[derive(Debug)]
struct Own {
    permits: Arc<Semaphore>,
    most: usize,
}

/// For how long a peer is not listened to.
#[derive(Debug, Clone, Copy)]
struct Pause {
    ends: Instant,
    length: Duration,
}

/// A turn, until it is over or dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    line: Arc<Line>,
    under_way: Option<OwnedSemaphorePermit>,
    own: Option<OwnedSemaphorePermit>,
    counted_by: Arc<Semaphore>,
}

/// A place in a line, until it is dropped.
struct Waits<'a>(&'a AtomicUsize, &'a AtomicUsize);

impl Turns {
    /// At most so many may wait, and one of each peer beside them.
    pub(crate) fn new(most_waiting: usize) -> Self {
        Self {
            lines: Mutex::default(),
            under_way: Arc::new(Semaphore::new(AT_ONCE)),
            waiting: AtomicUsize::new(0),
            most_waiting,
        }
    }

    /// Waits for a peer's turn with `bytes`, which it gives back; none if too many wait. During a pause
    /// those that find no place are kept waiting all the same, without their bytes.
    pub(crate) async fn turn<T>(&self, peer: PeerId, bytes: T) -> Option<(Turn, T)> {
        let line = self.line(peer);
        let Some((own, under_way)) = self.permits(&line).await else {
            drop(bytes);
            line.pause_is_over().await;
            return None;
        };
        let turn = Turn {
            line,
            under_way: Some(under_way),
            counted_by: Arc::clone(own.semaphore()),
            own: Some(own),
        };
        Some((turn, bytes))
    }

    /// Waits in a line; none if there is no place in it, or not any more.
    async fn permits(&self, line: &Line) -> Option<(OwnedSemaphorePermit, OwnedSemaphorePermit)> {
        let _waits = self.wait(line)?;
        let (_head, own) = tokio::select! {
            own = line.own_permit() => own?,
            () = line.is_crowded() => return None,
        };
        line.pause_is_over().await;
        let under_way = Arc::clone(&self.under_way).acquire_owned().await.ok()?;
        Some((own, under_way))
    }

    /// How many more may be under way.
    #[cfg(test)]
    pub(crate) fn free(&self) -> usize {
        self.under_way.available_permits()
    }

    fn line(&self, peer: PeerId) -> Arc<Line> {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() >= LINES && !lines.contains_key(&peer) {
            // Keys are free to make: what is kept of each must not stay.
            let now = Instant::now();
            let is_here = |line: &Arc<Line>| Arc::strong_count(line) > 1;
            lines.retain(|_, line| is_here(line) || line.is_remembered(now));
            // Nor are so many remembered that they would take its memory: whoever makes them has paid
            // with a handshake and a check for each.
            if lines.len() >= LINES {
                lines.retain(|_, line| is_here(line));
            }
        }
        Arc::clone(lines.entry(peer).or_default())
    }

    /// The first of a peer always has a place: others cannot take it by sending many.
    fn wait<'a>(&'a self, line: &'a Line) -> Option<Waits<'a>> {
        let waits = Waits(&self.waiting, &line.waiting);
        let of_all = self.waiting.fetch_add(1, Ordering::Relaxed);
        let of_line = line.waiting.fetch_add(1, Ordering::Relaxed);
        let most = if line.is_paused() {
            IN_PAUSE
        } else {
            usize::MAX
        };
        let has_place = of_line == 0 || of_all < self.most_waiting && of_line < most;
        has_place.then_some(waits)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
        self.1.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Default for Own {
    fn default() -> Self {
        Self {
            permits: Arc::new(Semaphore::new(UNKNOWN)),
            most: UNKNOWN,
        }
    }
}

impl Default for Line {
    fn default() -> Self {
        Self {
            head: Semaphore::new(1),
            own: Mutex::default(),
            waiting: AtomicUsize::new(0),
            pause: Mutex::new(None),
            paused: Notify::new(),
        }
    }
}

impl Line {
    /// At the head of the line, once there are not too many under way of it.
    async fn own_permit(&self) -> Option<(SemaphorePermit<'_>, OwnedSemaphorePermit)> {
        // An error would say that a semaphore is closed, which none is.
        let head = self.head.acquire().await.ok()?;
        let permits = Arc::clone(&self.own().permits);
        Some((head, permits.acquire_owned().await.ok()?))
    }

    fn own(&self) -> MutexGuard<'_, Own> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pause(&self) -> MutexGuard<'_, Option<Pause>> {
        self.pause.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Resolves when a pause begins in which more wait than may.
    async fn is_crowded(&self) {
        loop {
            self.paused.notified().await;
            if self.waiting.load(Ordering::Relaxed) > IN_PAUSE {
                return;
            }
        }
    }

    /// Another one that was under way may fail meanwhile.
    async fn pause_is_over(&self) {
        loop {
            let ends = self.pause().map(|pause| pause.ends);
            match ends {
                Some(ends) if ends > Instant::now() => sleep_until(ends).await,
                _ => return,
            }
        }
    }

    fn is_paused(&self) -> bool {
        self.pause()
            .is_some_and(|pause| pause.ends > Instant::now())
    }

    /// Whether it is known yet that the peer sent what fails: for as long again as it was left waiting.
    fn is_remembered(&self, now: Instant) -> bool {
        self.pause()
            .is_some_and(|pause| pause.ends + pause.length > now)
    }

    /// Twice as many from now on, unless one has failed since: `permits` are those that it was counted by.
    fn passed(&self, permits: &Arc<Semaphore>) {
        let mut own = self.own();
        if Arc::ptr_eq(&own.permits, permits) && own.most <= AT_ONCE {
            own.permits.add_permits(own.most);
            own.most *= 2;
        }
    }

    fn failed(&self, now: Instant) {
        // What is under way goes on, and counts no more.
        *self.own() = Own::default();
        let mut pause = self.pause();
        let length = match *pause {
            // It was sent before the peer was left waiting.
            Some(Pause { ends, .. }) if ends > now => return,
            Some(Pause { ends, length }) if ends + length > now => (length * 2).min(LONGEST_PAUSE),
            _ => FIRST_PAUSE,
        };
        *pause = Some(Pause {
            ends: now + length,
            length,
        });
        self.paused.notify_waiters();
    }
}

impl Turn {
    /// The envelope is under way elsewhere, and takes no more of this member's time: somebody else has
    /// a turn.
    pub(crate) fn is_over(&mut self) {
        self.under_way = None;
        self.own = None;
    }

    /// The envelope passed all checks.
    pub(crate) fn passed(&self) {
        self.line.passed(&self.counted_by);
    }

    /// The envelope failed by its bytes.
    pub(crate) fn failed(&self) {
        self.line.failed(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use futures::FutureExt as _;

    use super::*;

    async fn turn(turns: &Turns, peer: PeerId) -> Option<Turn> {
        let (turn, ()) = turns.turn(peer, ()).await?;
        Some(turn)
    }

    fn peer(number: u8) -> PeerId {
        PeerId::of_secret(&[number; 32])
    }

    /// One of many.
    fn numbered(number: usize) -> PeerId {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&number.to_le_bytes());
        PeerId(key)
    }

    /// All that may be under way are one peer's.
    async fn flooded(turns: &Turns) -> Vec<Turn> {
        let mut under_way: Vec<Turn> = Vec::new();
        while under_way.len() < AT_ONCE {
            under_way.iter().for_each(Turn::passed);
            under_way.push(turn(turns, peer(1)).await.unwrap());
            // Tokio lets a task do only so much at a time.
            tokio::task::yield_now().await;
        }
        under_way
    }

    #[tokio::test]
    async fn who_sends_many_waits_behind_its_own() {
        let turns = Turns::new(16);
        let mut under_way = flooded(&turns).await;
        let mut flood: Vec<_> = (0..16).map(|_| Box::pin(turn(&turns, peer(1)))).collect();
        for one in &mut flood {
            assert!(one.now_or_never().is_none());
        }
        // There is no room for more of it, and room for one of another.
        assert!(turn(&turns, peer(1)).now_or_never().unwrap().is_none());
        let mut other = Box::pin(turn(&turns, peer(2)));
        assert!((&mut other).now_or_never().is_none());
        // The head of the flood's line came first, and the other is next.
        under_way.pop();
        let mut first = flood.remove(0);
        let _first = (&mut first).now_or_never().unwrap().unwrap();
        under_way.pop();
        assert!((&mut flood.remove(0)).now_or_never().is_none());
        assert!((&mut other).now_or_never().unwrap().is_some());
    }

    /// Its first ones are checked before more of it are.
    #[tokio::test]
    async fn of_a_peer_that_nobody_knows_few_are_under_way() {
        let turns = Turns::new(16);
        let mut under_way = Vec::new();
        while let Some(turn) = turn(&turns, peer(1)).now_or_never() {
            under_way.push(turn.unwrap());
        }
        assert_eq!(under_way.len(), UNKNOWN);
        assert!(turn(&turns, peer(2)).now_or_never().unwrap().is_some());
        let mut next = Box::pin(turn(&turns, peer(1)));
        assert!((&mut next).now_or_never().is_none());
        under_way[0].passed();
        under_way.push((&mut next).await.unwrap());
        while let Some(turn) = turn(&turns, peer(1)).now_or_never() {
            under_way.push(turn.unwrap());
        }
        assert_eq!(under_way.len(), 2 * UNKNOWN);
        // Once one has failed, nobody knows it any more, whatever passes of what was under way.
        under_way[1].failed();
        under_way[2].passed();
        drop(under_way);
        tokio::time::pause();
        tokio::time::sleep(FIRST_PAUSE).await;
        let mut again = Vec::new();
        while let Some(turn) = turn(&turns, peer(1)).now_or_never() {
            again.push(turn.unwrap());
        }
        assert_eq!(again.len(), UNKNOWN);
    }

    #[tokio::test]
    async fn what_is_over_or_has_gone_makes_room() {
        let turns = Turns::new(1);
        let mut under_way = flooded(&turns).await;
        {
            let mut waits = Box::pin(turn(&turns, peer(1)));
            assert!((&mut waits).now_or_never().is_none());
            assert!(turn(&turns, peer(1)).now_or_never().unwrap().is_none());
        }
        under_way.first_mut().unwrap().is_over();
        assert!(turn(&turns, peer(1)).now_or_never().unwrap().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn who_sent_what_fails_waits_and_nobody_else_does() {
        let turns = Turns::new(16);
        let began = Instant::now();
        for (pause, until) in [(1, 1), (2, 3), (4, 7)] {
            let together = [
                turn(&turns, peer(1)).await.unwrap(),
                turn(&turns, peer(1)).await.unwrap(),
            ];
            for turn in together {
                turn.failed();
            }
            assert!(turn(&turns, peer(2)).now_or_never().unwrap().is_some());
            drop(turn(&turns, peer(1)).await.unwrap());
            assert_eq!(began.elapsed().as_secs(), until, "a pause of {pause} s");
        }
        // What is long over is forgotten.
        tokio::time::sleep(Duration::from_secs(5)).await;
        turn(&turns, peer(1)).await.unwrap().failed();
        let began = Instant::now();
        drop(turn(&turns, peer(1)).await.unwrap());
        assert_eq!(began.elapsed().as_secs(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn of_a_peer_in_its_pause_little_is_kept() {
        let turns = Turns::new(16);
        turn(&turns, peer(1)).await.unwrap().failed();
        let kept = Arc::new(());
        let mut all: Vec<_> = (0..9)
            .map(|_| Box::pin(turns.turn(peer(1), Arc::clone(&kept))))
            .collect();
        for one in &mut all {
            assert!(one.now_or_never().is_none());
        }
        assert_eq!(Arc::strong_count(&kept), 1 + IN_PAUSE);
        let began = Instant::now();
        let answers = futures::future::join_all(all).await;
        assert_eq!(answers.iter().flatten().count(), IN_PAUSE);
        assert_eq!(began.elapsed().as_secs(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn what_waited_before_the_pause_is_not_kept_through_it() {
        let turns = Turns::new(16);
        let under_way = flooded(&turns).await;
        let kept = Arc::new(());
        let mut all: Vec<_> = (0..9)
            .map(|_| Box::pin(turns.turn(peer(1), Arc::clone(&kept))))
            .collect();
        for one in &mut all {
            assert!(one.now_or_never().is_none());
        }
        assert_eq!(Arc::strong_count(&kept), 1 + 9);
        under_way.first().unwrap().failed();
        for one in &mut all {
            assert!(one.now_or_never().is_none());
        }
        assert_eq!(Arc::strong_count(&kept), 1 + IN_PAUSE);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_stays_of_peers_that_have_gone() {
        let turns = Turns::new(16);
        for number in 0..LINES {
            let turn = turn(&turns, numbered(number)).await.unwrap();
            if number == 7 {
                turn.failed();
            }
        }
        let _stays = turn(&turns, peer(1)).await.unwrap();
        drop(turn(&turns, peer(2)).await.unwrap());
        assert_eq!(turns.lines.lock().unwrap().len(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn not_even_what_failed_is_remembered_without_end() {
        let turns = Turns::new(16);
        let here = turn(&turns, peer(1)).await.unwrap();
        for number in 0..3 * LINES {
            turn(&turns, numbered(number)).await.unwrap().failed();
            assert!(turns.lines.lock().unwrap().len() <= LINES);
        }
        let lines = turns.lines.lock().unwrap();
        assert!(Arc::ptr_eq(&lines[&peer(1)], &here.line));
    }
}
