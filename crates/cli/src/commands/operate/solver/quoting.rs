//! The solver at work: it hears of intents in the mesh, of rounds at the front doors, and
//! submits its quotes there.
//!
//! A solver that misses a quote window has lost that round's trade and nothing else. So its quotes
//! are not written down, as those of `sealbid quote` are: one that starts again quotes the rounds
//! that come.

use core::convert::Infallible;
use core::pin::Pin;
use core::time::Duration;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use sealbid_client::guest::{EndpointKey, GuestRole, GuestSession};
use sealbid_client::{Client, Solver};
use sealbid_types::door::{Event, Head, PublicIntent};
use sealbid_types::id::{MemberIndex, Round};
use sealbid_types::metadata::Pair;
use sealbid_types::time::Timestamp;
use tokio::sync::{mpsc, watch};

use super::book::Book;
use super::scheduler::QuoteScheduler;
use crate::commands::operate::guest;
use crate::exit::Failure;
use crate::stop::Stop;

/// How often each member is asked where it stands. A quote window is open for a second or more, and
/// for the solver once most members say so.
const ASK: Duration = Duration::from_millis(250);
/// It is asked no sooner, however often another member says that something has changed.
const SOONEST: Duration = Duration::from_millis(50);
/// How long the solver waits when nobody can be listened to.
const PAUSE: Duration = Duration::from_secs(1);
/// What was heard and waits for the scheduler.
const HEARD: usize = 256;

/// What is heard at the front doors.
enum Heard {
    /// Where a member says it stands, if it answers.
    Head(MemberIndex, Option<Head>),
    /// An intent, on one member's word.
    Intent(PublicIntent),
}

/// Everything a quote is made from.
pub(crate) struct Quoting(Arc<Shared>);

/// What the scheduler and the quotes under way have in common.
struct Shared {
    client: Arc<Client>,
    solver: Solver,
    book: Book,
}

impl Quoting {
    pub(crate) fn new(client: Arc<Client>, solver: Solver, book: Book) -> Self {
        Self(Arc::new(Shared {
            client,
            solver,
            book,
        }))
    }

    /// Quotes until it is told to stop; says once when it is `ready` to.
    ///
    /// # Errors
    /// Authentication, if the house does not admit the solver.
    pub(crate) async fn run(
        self,
        key: EndpointKey,
        ticket: &Path,
        ready: impl FnOnce() + Send,
        mut stop: Pin<&mut (impl Future<Output = Stop> + Send)>,
    ) -> Result<Stop, Failure> {
        let Self(shared) = self;
        let pairs = shared.book.pairs().count();
        tracing::info!(
            "quoting as {} on {pairs} pairs",
            shared.solver.account().id()
        );
        let quorum = shared.client.committee().quorum();
        let mut scheduler = QuoteScheduler::new(quorum, shared.book.pairs());
        // Before it joins, so that the rounds are known when the first intent comes.
        let mut heard = follow(&shared.client);
        let session = tokio::select! {
            session = guest::join(GuestRole::Solver, key, ticket, &*shared.client) => session?,
            stopped = &mut stop => return Ok(stopped),
        };
        tracing::info!("joined the house as {:?}", session.peer());
        ready();
        let stopped = tokio::select! {
            never = serve(&shared, &mut scheduler, &mut heard, &session) => match never {},
            stopped = &mut stop => stopped,
        };
        session.leave().await;
        Ok(stopped)
    }
}

/// Makes the quotes that the scheduler asks for. Does not end.
async fn serve(
    shared: &Arc<Shared>,
    scheduler: &mut QuoteScheduler,
    heard: &mut mpsc::Receiver<Heard>,
    session: &GuestSession,
) -> Infallible {
    let pairs: Vec<_> = shared.book.pairs().cloned().collect();
    // By the book's pairs: what shows none of them is not sent here.
    let mut intents = session.intents(&*shared.client, &pairs);
    loop {
        let due = tokio::select! {
            // Every member sends every intent: most are none, and need no look at their signature.
            Some(intent) = intents.next(|intent| scheduler.is_news(intent)) => {
                Some(scheduler.intent(&intent))
            }
            Some(heard) = heard.recv() => Some(on_heard(scheduler, heard)),
        };
        for pair in due.into_iter().flatten() {
            // Each on a task of its own: sealing one must not hold up the next intent.
            let (shared, round) = (Arc::clone(shared), scheduler.round());
            tokio::spawn(async move { shared.quote(round, pair).await });
        }
    }
}

/// What members told at their front doors. Intents come this way too: the streams promise nothing.
fn on_heard(scheduler: &mut QuoteScheduler, heard: Heard) -> Vec<Pair> {
    match heard {
        Heard::Head(member, head) => scheduler.head(member, head),
        // On the word of the member at that door: at worst it costs a quote that nobody has asked
        // for.
        Heard::Intent(intent) => scheduler.intent(&intent),
    }
}

/// What members tell: each where it stands, again and again, and one of them of intents.
fn follow(client: &Arc<Client>) -> mpsc::Receiver<Heard> {
    let (sender, heard) = mpsc::channel(HEARD);
    let (changed, _) = watch::channel(());
    // Each on a task of its own: one that does not answer holds up no other's word.
    for member in MemberIndex::all(client.committee().members()) {
        let (client, changed) = (Arc::clone(client), changed.subscribe());
        tokio::spawn(ask_on(client, member, changed, sender.clone()));
    }
    tokio::spawn(listen(Arc::clone(client), changed, sender));
    heard
}

/// Events of one member as they happen, until nobody takes them. Of its rounds and phases only that
/// something has `changed`: where the house stands is not for one member to say.
async fn listen(client: Arc<Client>, changed: watch::Sender<()>, sender: mpsc::Sender<Heard>) {
    let mut watch = client.watch();
    loop {
        match watch.next().await {
            Ok(Event::Intent(intent)) => {
                if sender.send(Heard::Intent(intent)).await.is_err() {
                    return;
                }
            }
            Ok(Event::Phase(_) | Event::Settled(_)) => {
                changed.send_replace(());
            }
            Err(error) => {
                tracing::debug!("listening at the front doors: {error}");
                // It goes on with whichever member answers then.
                tokio::time::sleep(PAUSE).await;
            }
        }
        if sender.is_closed() {
            return;
        }
    }
}

/// Where a member stands, asked again and again, and at once when another one says that something
/// has changed.
async fn ask_on(
    client: Arc<Client>,
    member: MemberIndex,
    mut changed: watch::Receiver<()>,
    sender: mpsc::Sender<Heard>,
) {
    loop {
        // One that does not answer has no voice until it does.
        let head = client.head_of(member).await.ok();
        if sender.send(Heard::Head(member, head)).await.is_err() {
            return;
        }
        tokio::time::sleep(SOONEST).await;
        // Either will do.
        let _ = tokio::time::timeout(ASK, changed.changed()).await;
    }
}

impl Shared {
    /// Makes, seals and submits the quote for a pair.
    async fn quote(self: Arc<Self>, round: Round, pair: Pair) {
        let shared = Arc::clone(&self);
        let named = pair.clone();
        let sealed = tokio::task::spawn_blocking(move || shared.sealed(round, &named)).await;
        let envelope = match sealed {
            Ok(Some(Ok(envelope))) => envelope,
            Ok(Some(Err(error))) => return tracing::warn!("no quote for {pair}: {error}"),
            // No such pair in the book, or the thread has panicked and said so itself.
            Ok(None) | Err(_) => return,
        };
        let id = envelope.id();
        match self.client.submit(&envelope).await {
            Ok(accepted) => {
                let round = accepted.round;
                tracing::info!("quoted {pair} in round {round}: {}", id.short());
            }
            // Told, and not tried again: a quote is for one round, and the next one has its own.
            Err(error) => tracing::warn!("the quote for {pair} in round {round}: {error}"),
        }
    }

    /// None if the book has no such pair.
    fn sealed(
        &self,
        round: Round,
        pair: &Pair,
    ) -> Option<Result<sealbid_types::envelope::Envelope, sealbid_client::ClientError>> {
        let schedule = &self.client.committee().schedule;
        // The slot under way, by this machine's clock. A round that closes in a later one has the
        // book's `valid_for` to spare.
        let closes = schedule.end_of(schedule.current(Timestamp::from(SystemTime::now())));
        let offer = self.book.offer(pair, round, closes)?;
        let signed = self.solver.quote(&*self.client, offer);
        Some(signed.and_then(|quote| self.solver.seal(&*self.client, &quote)))
    }
}
