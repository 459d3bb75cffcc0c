//! The solver at work: it hears of intents in the mesh, of rounds at the front doors, and
//! submits its quotes there.
//!
//! A solver that misses a quote window has lost that round's trade and nothing else. So its quotes
//! are not written down, as those of `sealbid quote` are: one that starts again quotes the rounds
//! that come.

use core::convert::Infallible;
use core::pin::Pin;
use core::time::Duration;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use sealbid_client::{Client, Solver};
use sealbid_net::PeerId;
use sealbid_net::mesh::Mesh;
use sealbid_types::codec::decode;
use sealbid_types::door::{Event, PublicIntent};
use sealbid_types::id::Round;
use sealbid_types::keys::Signed;
use sealbid_types::metadata::Pair;
use sealbid_types::time::Timestamp;
use tokio::sync::mpsc;

use super::book::Book;
use super::desk::Desk;
use crate::exit::Failure;
use crate::guest::Guest;
use crate::stop::Stop;

/// How often the solver asks the members.
const ASK: Duration = Duration::from_secs(1);
/// Events that wait for the desk.
const EVENTS: usize = 256;

/// Everything a quote is made from.
pub(crate) struct Quoting(Arc<Shared>);

/// What the desk and the quotes under way have in common.
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
        guest: &Guest,
        ready: impl FnOnce() + Send,
        mut stop: Pin<&mut (impl Future<Output = Stop> + Send)>,
    ) -> Result<Stop, Failure> {
        let Self(shared) = self;
        let pairs = shared.book.pairs().count();
        tracing::info!(
            "quoting as {} on {pairs} pairs",
            shared.solver.account().id()
        );
        let mut desk = Desk::new(shared.book.pairs());
        // Before it joins, so that the rounds are known when the first intent comes.
        let mut events = follow(&shared.client);
        let mesh = tokio::select! {
            mesh = guest.join(shared.client.committee()) => mesh?,
            stopped = &mut stop => return Ok(stopped),
        };
        tracing::info!("joined the house as {:?}", mesh.handle.peer());
        ready();
        let stopped = tokio::select! {
            never = serve(&shared, &mut desk, &mut events, &mesh) => match never {},
            never = guest.renew(&mesh.handle) => match never {},
            stopped = &mut stop => stopped,
        };
        mesh.handle.leave().await;
        Ok(stopped)
    }
}

/// Works at the desk. Does not end.
async fn serve(
    shared: &Arc<Shared>,
    desk: &mut Desk,
    events: &mut mpsc::Receiver<Event>,
    mesh: &Mesh,
) -> Infallible {
    let text = |pair: &Pair| (pair.give.to_string(), pair.want.to_string());
    let pairs: Vec<_> = shared.book.pairs().map(text).collect();
    // By the book's pairs: what shows none of them is not sent here.
    let mut intents = mesh.handle.subscribe_intents(&pairs);
    loop {
        let due = tokio::select! {
            Some(item) = intents.recv() => {
                intent(shared, desk, &item).map(|intent| desk.intent(&intent))
            }
            Some(event) = events.recv() => Some(on_event(desk, &event)),
        };
        for pair in due.into_iter().flatten() {
            // Each on a task of its own: sealing one must not hold up the next intent.
            let (shared, round) = (Arc::clone(shared), desk.round());
            tokio::spawn(async move { shared.quote(round, pair).await });
        }
    }
}

/// What a member told at its front door. Intents come this way too: the streams promise nothing.
fn on_event(desk: &mut Desk, event: &Event) -> Vec<Pair> {
    match event {
        Event::Phase(head) => desk.phase(head.round, head.phase),
        // On the word of the member at that door: at worst it costs a quote that nobody has asked
        // for.
        Event::Intent(intent) => desk.intent(intent),
        Event::Settled(_) => Vec::new(),
    }
}

/// The intent in a stream's item, if it is news to the desk and a member has signed it. Every
/// member sends every intent: most are none, and need no look at their signature.
fn intent(shared: &Shared, desk: &Desk, (peer, item): &(PeerId, Bytes)) -> Option<PublicIntent> {
    let committee = shared.client.committee();
    let signed: Signed<PublicIntent> = decode(item).ok()?;
    if !desk.is_news(&signed.body) {
        return None;
    }
    // By the roster's identity key and not by who has sent it: the feed carries a member's
    // signature.
    let member = committee.member(signed.member)?;
    // Of this auction: a member's key may sign in another one too.
    let is_good =
        signed.body.auction == committee.auction && signed.verify(&member.identity).is_ok();
    if !is_good {
        tracing::debug!("{peer:?} sent an intent that no member has signed");
    }
    is_good.then_some(signed.body)
}

/// What members tell of the rounds: the events of one of them, and now and then the word of all.
fn follow(client: &Arc<Client>) -> mpsc::Receiver<Event> {
    let (sender, events) = mpsc::channel(EVENTS);
    tokio::spawn(ask_on(Arc::clone(client), sender.clone()));
    tokio::spawn(listen(Arc::clone(client), sender));
    events
}

/// Events as they happen, until nobody takes them.
async fn listen(client: Arc<Client>, sender: mpsc::Sender<Event>) {
    let mut watch = client.watch();
    loop {
        match watch.next().await {
            Ok(event) => {
                if sender.send(event).await.is_err() {
                    return;
                }
            }
            Err(error) => {
                tracing::debug!("listening at the front doors: {error}");
                // It goes on with whichever member answers then.
                tokio::time::sleep(ASK).await;
            }
        }
    }
}

/// Where the members stand, asked again and again: a member that is listened to may lag, or go.
async fn ask_on(client: Arc<Client>, sender: mpsc::Sender<Event>) {
    loop {
        // If nobody answers, the next time will do.
        let heads = client.standing().await.map(|standing| standing.heads);
        for head in heads.unwrap_or_default().into_values() {
            if sender.send(Event::Phase(head)).await.is_err() {
                return;
            }
        }
        tokio::time::sleep(ASK).await;
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
        let (committee, keys) = (self.client.committee(), self.client.keys());
        let schedule = &committee.schedule;
        // The slot under way, by this machine's clock. A round that closes in a later one has the
        // book's `valid_for` to spare.
        let closes = schedule.end_of(schedule.current(Timestamp::from(SystemTime::now())));
        let offer = self.book.offer(pair, round, closes)?;
        let signed = self.solver.quote(committee, offer);
        Some(signed.and_then(|quote| self.solver.seal(committee, keys, &quote)))
    }
}
