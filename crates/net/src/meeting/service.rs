//! How the host answers.
//!
//! Whoever knows the host's address may ask. What a message is worth the board says; how large and
//! how many they are is bounded here.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use sealbid_types::bytes::{Blob, FixedBytes};
use sealbid_types::codec::{decode, encode};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep_until};

use super::host::Guest;
use super::protocol::{BATCH, Id, News, Request, Response, Verdict, fixed};
use super::{MAX_BOARD, MAX_MESSAGE, MAX_MESSAGES, Noticeboard, PostRefusal};
use crate::PeerId;
use crate::door::{DoorRefusal, Handler, Reply};

/// Guests of which the host keeps in mind what they hold.
/// Keys are free, so there may be any number of guests. Those beyond are served, and not shown.
const REMEMBERED: usize = 256;

/// The host's side of all conversations.
pub(super) struct Service {
    state: Arc<ServiceState>,
    longest_wait: Duration,
}

/// What the answers need, from threads that may block.
struct ServiceState {
    board: Arc<dyn Noticeboard>,
    /// The bytes of the messages seen on the board. Held through a post, so that two posts do not
    /// together exceed what one may not.
    sizes: Mutex<BTreeMap<Id, usize>>,
    /// What each guest held of the board when it last asked.
    guests: Mutex<BTreeMap<PeerId, BTreeSet<Id>>>,
    /// Marks each change of the board.
    revision: watch::Sender<()>,
    /// Marks each change of what guests hold.
    heard: watch::Sender<()>,
    /// Guests have posted something new.
    posted: Notify,
}

impl core::fmt::Debug for Service {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Service")
    }
}

impl Handler for Service {
    async fn handle(&self, peer: PeerId, request: Bytes, reply: Reply) {
        match decode(&request) {
            Ok(Request::Sync { held, wait_ms }) if held.len() <= MAX_MESSAGES => {
                let held = held.into_iter().map(|id| id.0).collect();
                // A guest that waits keeps a place at the door: for how long is the host's to say.
                let wait = Duration::from_millis(wait_ms.into()).min(self.longest_wait);
                self.sync(peer, held, wait, reply).await;
            }
            Ok(Request::Post(message)) => self.post(message.0.into(), reply).await,
            _ => reply.refuse(DoorRefusal::Malformed),
        }
    }
}

impl Service {
    pub(super) fn new(board: Arc<dyn Noticeboard>, longest_wait: Duration) -> Self {
        let state = ServiceState {
            board,
            sizes: Mutex::default(),
            guests: Mutex::default(),
            revision: watch::Sender::new(()),
            heard: watch::Sender::new(()),
            posted: Notify::new(),
        };
        Self {
            state: Arc::new(state),
            longest_wait,
        }
    }

    pub(super) fn announce(&self) {
        self.state.revision.send_replace(());
    }

    pub(super) async fn changed(&self) {
        self.state.posted.notified().await;
    }

    pub(super) fn guests(&self) -> Vec<Guest> {
        self.state.guests()
    }

    /// Resolves once so many guests hold the whole board.
    pub(super) async fn delivered(&self, guests: usize) {
        let mut heard = self.state.heard.subscribe();
        loop {
            heard.mark_unchanged();
            let known = self.at_desk(ServiceState::guests).await.unwrap_or_default();
            let complete = known.iter().filter(|guest| guest.lacks == 0).count();
            // It cannot fail: the state outlives its services.
            if complete >= guests || heard.changed().await.is_err() {
                return;
            }
        }
    }

    /// Answers with news, as soon as there are any, or when the wait is over.
    async fn sync(&self, peer: PeerId, held: BTreeSet<Id>, wait: Duration, reply: Reply) {
        let until = Instant::now() + wait;
        let mut revision = self.state.revision.subscribe();
        let held = Arc::new(held);
        loop {
            // Before the comparison: a change that comes during it ends the wait at once.
            revision.mark_unchanged();
            let theirs = Arc::clone(&held);
            let compared = self
                .at_desk(move |state| state.compare(peer, &theirs))
                .await;
            let Some(news) = compared else {
                return reply.refuse(DoorRefusal::Failed);
            };
            if !news.is_empty() || Instant::now() >= until {
                return answer(reply, &Response::News(news)).await;
            }
            tokio::select! {
                // It cannot fail: the state outlives its services.
                _ = revision.changed() => {}
                () = sleep_until(until) => {}
                () = reply.gone() => return,
            }
        }
    }

    async fn post(&self, message: Vec<u8>, reply: Reply) {
        match self.at_desk(move |state| state.post(message)).await {
            Some(verdict) => answer(reply, &Response::Verdict(verdict)).await,
            None => reply.refuse(DoorRefusal::Failed),
        }
    }

    /// What `work` comes to, on a thread that may block, and whether or not the guest stays for
    /// it; `None` if it panics.
    async fn at_desk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&ServiceState) -> T + Send + 'static,
    ) -> Option<T> {
        let state = Arc::clone(&self.state);
        let done = tokio::task::spawn_blocking(move || work(&state));
        done.await.ok()
    }
}

impl ServiceState {
    fn guests(&self) -> Vec<Guest> {
        let ids = self.board.ids();
        let lacks = |held: &BTreeSet<Id>| ids.iter().filter(|id| !held.contains(*id)).count();
        let guests = lock(&self.guests);
        let guests = guests.iter().map(|(peer, held)| Guest {
            peer: *peer,
            lacks: lacks(held),
        });
        guests.collect()
    }

    fn compare(&self, peer: PeerId, held: &BTreeSet<Id>) -> News {
        let ids = self.board.ids();
        let ours: BTreeSet<Id> = ids.iter().copied().collect();
        // Only ids of this board: invented ones would fill the memory.
        self.remember(peer, held.intersection(&ours).copied().collect());
        let lacking = ids.into_iter().filter(|id| !held.contains(id));
        News {
            posts: self.batch(lacking),
            wanted: fixed(held.difference(&ours).copied()),
        }
    }

    /// As many of these messages, in their order, as one answer takes.
    fn batch(&self, ids: impl Iterator<Item = Id>) -> Vec<(FixedBytes<32>, Blob)> {
        let mut posts = Vec::new();
        let mut bytes = 0;
        for id in ids.take(MAX_MESSAGES) {
            let message = self.board.message(&id);
            let Some(message) = message.filter(|message| message.len() <= MAX_MESSAGE) else {
                continue;
            };
            bytes += message.len();
            if bytes > BATCH {
                break;
            }
            posts.push((FixedBytes(id), Blob::from(message)));
        }
        posts
    }

    fn remember(&self, peer: PeerId, held: BTreeSet<Id>) {
        let mut guests = lock(&self.guests);
        if guests.len() < REMEMBERED || guests.contains_key(&peer) {
            guests.insert(peer, held);
            drop(guests);
            self.heard.send_replace(());
        }
    }

    fn post(&self, message: Vec<u8>) -> Verdict {
        let posted = self.try_post(message);
        if posted == Ok(true) {
            self.revision.send_replace(());
            self.posted.notify_one();
        }
        posted.into()
    }

    fn try_post(&self, message: Vec<u8>) -> Result<bool, PostRefusal> {
        if message.len() > MAX_MESSAGE {
            return Err(PostRefusal::new(
                PostRefusal::TOO_LARGE,
                format!("a message has at most {MAX_MESSAGE} bytes"),
            ));
        }
        let mut sizes = lock(&self.sizes);
        // Its owner's own messages count as well.
        for id in self.board.ids() {
            let size = || self.board.message(&id).map_or(0, |message| message.len());
            sizes.entry(id).or_insert_with(size);
        }
        let bytes: usize = sizes.values().sum();
        if sizes.len() >= MAX_MESSAGES || bytes + message.len() > MAX_BOARD {
            let text = "the host's board is full";
            return Err(PostRefusal::new(PostRefusal::BOARD_FULL, text));
        }
        self.board.post(message)
    }
}

async fn answer(reply: Reply, response: &Response) {
    // An error says that the guest has gone, or does not read.
    let _ = reply.finish(Bytes::from(encode(response))).await;
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
