//! The guest's side of the conversation.

use core::convert::Infallible;
use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use iroh::endpoint::Connection;
use sealbid_types::bytes::{Blob, FixedBytes};
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::line::{Line, ask_news, ask_verdict};
use super::protocol::{Id, News, fixed};
use super::{MAX_MESSAGE, MAX_MESSAGES, MeetingError, MeetingEvent, Noticeboard, PostRefusal};

/// How long the guest asks the host to wait for news.
const WAIT: Duration = Duration::from_secs(10);
/// How long it pauses after an answer that came early and brought nothing.
const NOTHING: Duration = Duration::from_millis(250);
/// How long it pauses after the first failure; then twice as long each time.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// The longest of these pauses.
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// What the guest and its owner share.
pub(super) struct Shared {
    board: Arc<dyn Noticeboard>,
    pub(super) stop: CancellationToken,
    /// The owner has added to the board.
    announced: Notify,
    /// What the host holds, or has refused, as far as the guest knows.
    settled: watch::Sender<BTreeSet<Id>>,
}

impl core::fmt::Debug for Shared {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Shared")
    }
}

impl Shared {
    pub(super) fn new(board: Arc<dyn Noticeboard>, stop: CancellationToken) -> Self {
        Self {
            board,
            stop,
            announced: Notify::new(),
            settled: watch::Sender::default(),
        }
    }

    pub(super) fn announce(&self) {
        self.announced.notify_one();
    }

    pub(super) async fn delivered(&self) {
        let mut settled = self.settled.subscribe();
        loop {
            settled.mark_unchanged();
            let ids = self.at_board(|board| board.ids()).await;
            let all = {
                let known = settled.borrow();
                ids.iter().flatten().all(|id| known.contains(id))
            };
            // It cannot fail: this end holds the sender.
            if all || settled.changed().await.is_err() {
                return;
            }
        }
    }

    /// What `work` comes to, on a thread that may block.
    ///
    /// # Errors
    /// If it panics.
    async fn at_board<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Noticeboard) -> T + Send + 'static,
    ) -> Result<T, MeetingError> {
        let board = Arc::clone(&self.board);
        let done = tokio::task::spawn_blocking(move || work(board.as_ref())).await;
        done.map_err(|_| MeetingError::Board)
    }
}

/// A guest at work.
pub(super) struct Visit {
    line: Line,
    shared: Arc<Shared>,
    events: mpsc::Sender<MeetingEvent>,
    contact: Contact,
    /// Messages of the host's that the own board did not take.
    unwelcome: BTreeSet<Id>,
    /// Messages that the host's board did not take.
    declined: BTreeSet<Id>,
    /// What the owner has been told of these.
    reported: BTreeMap<Id, PostRefusal>,
}

enum Contact {
    Made,
    None {
        since: std::time::Instant,
        reported: Option<MeetingError>,
    },
}

impl Contact {
    fn none() -> Self {
        Self::None {
            since: std::time::Instant::now(),
            reported: None,
        }
    }
}

impl Visit {
    pub(super) fn new(line: Line, shared: Arc<Shared>, events: mpsc::Sender<MeetingEvent>) -> Self {
        Self {
            line,
            shared,
            events,
            contact: Contact::none(),
            unwelcome: BTreeSet::new(),
            declined: BTreeSet::new(),
            reported: BTreeMap::new(),
        }
    }

    /// Keeps the boards in step until it is told to stop.
    pub(super) async fn run(mut self) {
        let stop = self.shared.stop.clone();
        stop.run_until_cancelled(self.persist()).await;
        self.line.close().await;
    }

    /// Goes back to the host whenever it is lost.
    async fn persist(&mut self) {
        let mut pause = FIRST_PAUSE;
        loop {
            let why = match self.visit(&mut pause).await {
                Ok(never) => match never {},
                Err(why) => why,
            };
            self.lost(why).await;
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// One connection, from its making to its end.
    async fn visit(&mut self, pause: &mut Duration) -> Result<Infallible, MeetingError> {
        let connection = self.line.dial().await?;
        // What either side refused in the last connection it may take by now.
        self.unwelcome.clear();
        self.declined.clear();
        let mut wait = Duration::ZERO;
        loop {
            let asked = Instant::now();
            let held = self.held().await?;
            let ask = ask_news(&connection, fixed(held.iter().copied()), wait);
            let news = tokio::select! {
                news = ask => news?,
                // What was asked is no longer all that the guest holds.
                () = self.shared.announced.notified() => continue,
            };
            let progress = self.exchange(&connection, &held, news).await?;
            self.met().await;
            if !progress && asked.elapsed() < wait {
                sleep(NOTHING).await;
            }
            *pause = FIRST_PAUSE;
            wait = WAIT;
        }
    }

    /// The ids of what the host need not send, and may have from here.
    async fn held(&self) -> Result<BTreeSet<Id>, MeetingError> {
        let ids = self.shared.at_board(|board| board.ids()).await?;
        let held: BTreeSet<Id> = ids
            .into_iter()
            .filter(|id| !self.declined.contains(id))
            .chain(self.unwelcome.iter().copied())
            .collect();
        match held.len() > MAX_MESSAGES {
            true => Err(MeetingError::BoardTooLarge),
            false => Ok(held),
        }
    }

    /// Takes what the host sent and gives what it wants; says whether either board has grown.
    async fn exchange(
        &mut self,
        connection: &Connection,
        held: &BTreeSet<Id>,
        news: News,
    ) -> Result<bool, MeetingError> {
        let News { posts, wanted } = news;
        let wanted: Vec<Id> = wanted.into_iter().map(|id| id.0).collect();
        let mut theirs: BTreeSet<Id> = posts.iter().map(|(id, _)| id.0).collect();
        // What the guest holds and the host does not want, the host has.
        theirs.extend(held.iter().filter(|id| !wanted.contains(id)));
        let new = self.take(posts).await?;
        // Nothing but what it was told of: it may ask for any id.
        let wanted = wanted.into_iter().filter(|id| held.contains(id)).collect();
        let given = self.give(connection, wanted).await?;
        let progress = new > 0 || !given.is_empty();
        theirs.extend(given);
        theirs.extend(&self.declined);
        self.shared.settled.send_replace(theirs);
        Ok(progress)
    }

    /// Puts the host's messages on the own board; says how many are new.
    async fn take(&mut self, posts: Vec<(FixedBytes<32>, Blob)>) -> Result<usize, MeetingError> {
        if posts.is_empty() {
            return Ok(0);
        }
        let sent: Vec<Id> = posts.iter().map(|(id, _)| id.0).collect();
        let post = |board: &dyn Noticeboard| (post_all(board, posts), board.ids());
        let (new, ids) = self.shared.at_board(post).await?;
        if new > 0 {
            // What either board did not take, it may take now.
            self.unwelcome.clear();
            self.declined.clear();
            self.tell(MeetingEvent::Changed { new }).await;
        }
        let unwelcome = sent.into_iter().filter(|id| !ids.contains(id));
        self.unwelcome.extend(unwelcome);
        Ok(new)
    }

    /// Posts messages to the host until it takes no more of them; says which it holds now.
    async fn give(
        &mut self,
        connection: &Connection,
        wanted: Vec<Id>,
    ) -> Result<Vec<Id>, MeetingError> {
        let (mut given, mut left) = (Vec::new(), wanted);
        let mut refusals = BTreeMap::new();
        loop {
            let before = given.len();
            for id in core::mem::take(&mut left) {
                match self.offer(connection, id).await? {
                    Ok(_) => given.push(id),
                    Err(refusal) => {
                        refusals.insert(id, refusal);
                        left.push(id);
                    }
                }
            }
            // A message may need another before it.
            if left.is_empty() || given.len() == before {
                break;
            }
        }
        if !given.is_empty() {
            self.declined.clear();
        }
        self.declined.extend(&left);
        refusals.retain(|id, _| left.contains(id));
        self.report(refusals).await;
        Ok(given)
    }

    async fn offer(
        &self,
        connection: &Connection,
        id: Id,
    ) -> Result<Result<bool, PostRefusal>, MeetingError> {
        let message = self.shared.at_board(move |board| board.message(&id));
        let message = message.await?.unwrap_or_default();
        if message.len() > MAX_MESSAGE {
            let text = format!("a message has at most {MAX_MESSAGE} bytes");
            return Ok(Err(PostRefusal::new(PostRefusal::TOO_LARGE, text)));
        }
        ask_verdict(connection, message).await
    }

    async fn report(&mut self, refusals: BTreeMap<Id, PostRefusal>) {
        for (id, refusal) in refusals {
            let before = self.reported.insert(id, refusal.clone());
            if before.as_ref() != Some(&refusal) {
                self.tell(MeetingEvent::Refused { id, refusal }).await;
            }
        }
    }

    async fn met(&mut self) {
        if matches!(self.contact, Contact::None { .. }) {
            self.contact = Contact::Made;
            self.tell(MeetingEvent::Connected).await;
        }
    }

    async fn lost(&mut self, why: MeetingError) {
        if matches!(self.contact, Contact::Made) {
            self.contact = Contact::none();
        }
        let Contact::None { since, reported } = &mut self.contact else {
            return;
        };
        if reported.as_ref() != Some(&why) {
            *reported = Some(why.clone());
            let since = *since;
            self.tell(MeetingEvent::Unreachable { since, why }).await;
        }
    }

    async fn tell(&self, event: MeetingEvent) {
        // An error says that nobody wants to know.
        let _ = self.events.send(event).await;
    }
}

/// Posts messages until the board takes no more of them, since one may need another before it;
/// says how many are new.
fn post_all(board: &dyn Noticeboard, mut left: Vec<(FixedBytes<32>, Blob)>) -> usize {
    let mut new = 0;
    loop {
        let before = new;
        left.retain(|(id, message)| match board.post(message.0.to_vec()) {
            Ok(fresh) => {
                new += usize::from(fresh);
                false
            }
            Err(refusal) => {
                tracing::debug!(%id, %refusal, "the host's message is not taken");
                true
            }
        });
        if left.is_empty() || new == before {
            return new;
        }
    }
}
