//! What members tell at their front doors: where they stand, intents, and settled rounds.

use core::time::Duration;
use std::collections::BTreeSet;
use std::sync::Arc;

use sealbid_client::{Client, VerifiedRound};
use sealbid_types::door::{Event, Head, PublicIntent};
use sealbid_types::id::{MemberIndex, Round};
use tokio::sync::{mpsc, watch};

/// How often each member is asked where it stands. A quote window is open for a second or more, and
/// for the solver once most members say so.
const ASK: Duration = Duration::from_millis(250);
/// It is asked no sooner, however often another member says that something has changed.
const SOONEST: Duration = Duration::from_millis(50);
/// How long the solver waits when nobody can be listened to.
const PAUSE: Duration = Duration::from_secs(1);
/// How often a round is asked for that nobody says is settled.
const LOOK: Duration = Duration::from_secs(2);
/// What was heard and waits for the solver.
const HEARD: usize = 256;

/// What is heard at the front doors.
pub(super) enum Heard {
    /// Where a member says it stands, if it answers.
    Head(MemberIndex, Option<Head>),
    /// An intent, on one member's word.
    Intent(PublicIntent),
    /// A round that was asked for, verified.
    Settled(Arc<VerifiedRound>),
}

/// What members tell: each where it stands, again and again, and one of them of intents.
pub(super) struct Listening {
    /// What they tell.
    pub(super) heard: mpsc::Receiver<Heard>,
    /// The rounds whose records are wanted.
    wanted: mpsc::UnboundedSender<Round>,
}

impl Listening {
    /// Begins to listen. It ends when this is dropped.
    pub(super) fn start(client: &Arc<Client>) -> Self {
        let (sender, heard) = mpsc::channel(HEARD);
        let (wanted, rounds) = mpsc::unbounded_channel();
        let (changed, _) = watch::channel(());
        // Each on a task of its own: one that does not answer holds up no other's word.
        for member in MemberIndex::all(client.committee().members()) {
            let (client, changed) = (Arc::clone(client), changed.subscribe());
            tokio::spawn(ask_on(client, member, changed, sender.clone()));
        }
        let settled = fetch(
            Arc::clone(client),
            rounds,
            changed.subscribe(),
            sender.clone(),
        );
        tokio::spawn(settled);
        tokio::spawn(listen(Arc::clone(client), changed, sender));
        Self { heard, wanted }
    }

    /// Has the record of a round fetched once it is settled.
    pub(super) fn want(&self, round: Round) {
        // The task ends with this.
        let _ = self.wanted.send(round);
    }
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

/// Fetches the records of the wanted rounds as they are settled.
async fn fetch(
    client: Arc<Client>,
    mut rounds: mpsc::UnboundedReceiver<Round>,
    mut changed: watch::Receiver<()>,
    sender: mpsc::Sender<Heard>,
) {
    let mut wanted = BTreeSet::new();
    loop {
        while let Some(round) = wanted.first().copied() {
            match client.round(round).await {
                Ok(record) => {
                    wanted.remove(&round);
                    if sender.send(Heard::Settled(record)).await.is_err() {
                        return;
                    }
                }
                // Not settled yet, and no later one then; or nobody answers. Both pass.
                Err(error) => {
                    tracing::debug!("round {round}: {error}");
                    break;
                }
            }
        }
        tokio::select! {
            round = rounds.recv() => match round {
                Some(round) => _ = wanted.insert(round),
                None => return,
            },
            Ok(()) = changed.changed(), if !wanted.is_empty() => {
                tokio::time::sleep(SOONEST).await;
            }
            () = tokio::time::sleep(LOOK), if !wanted.is_empty() => {}
        }
    }
}
