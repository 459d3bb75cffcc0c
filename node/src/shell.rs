//! What the engine asks for, carried out. Nothing here waits: the engine's thread goes on.
//!
//! What finds no room is dropped, and that is sound for each kind for a reason of its own: messages
//! are sent again until the round is certified or settled, envelopes are offered again until a
//! round lists them, records are fetched from another member, clients ask again, and relayers read
//! records. Only what is written must not be dropped, and that is the engine thread's own
//! ([`crate::engine`]).

use core::fmt::Display;
use std::sync::Arc;

use bytes::Bytes;
use sealbid_net::mesh::MeshHandle;
use sealbid_protocol::member::Stage;
use sealbid_protocol::member::io::{Notice, Output};
use sealbid_types::codec::encode;
use sealbid_types::door::{Event, PublicIntent, RoundSummary};
use sealbid_types::keys::Signed;
use sealbid_types::metadata::Disclosure;
use sealbid_types::settlement::SignedSettlement;
use tokio::runtime::Handle;
use tokio::sync::broadcast;

use crate::engine::now;
use crate::fetch::Fetcher;
use crate::gate_worker::GateQueue;
use crate::pool_bridge::PoolBridge;
use crate::records::Records;
use crate::requests::Requests;
use crate::timings::Timings;

/// Events that a slow watcher may be behind.
const EVENTS: usize = 1024;

/// Everything that outputs go to.
#[derive(Clone)]
pub(crate) struct Shell {
    pub(crate) runtime: Handle,
    pub(crate) mesh: MeshHandle,
    pub(crate) pool: PoolBridge,
    pub(crate) gate: GateQueue,
    pub(crate) requests: Requests,
    pub(crate) records: Records,
    pub(crate) fetcher: Fetcher,
    pub(crate) timings: Timings,
    pub(crate) events: Events,
}

/// What watchers see.
#[derive(Debug, Clone)]
pub(crate) struct Events(broadcast::Sender<Arc<Event>>);

impl Default for Events {
    fn default() -> Self {
        Self(broadcast::channel(EVENTS).0)
    }
}

impl Events {
    /// Tells everybody who watches.
    pub(crate) fn tell(&self, event: Event) {
        // An error says that nobody does.
        let _ = self.0.send(Arc::new(event));
    }

    /// Events from now on.
    pub(crate) fn watch(&self) -> broadcast::Receiver<Arc<Event>> {
        self.0.subscribe()
    }
}

impl Shell {
    /// Carries out one output. Writes and halts are the engine thread's own.
    pub(crate) fn carry_out(&self, output: Output) {
        match output {
            // Done by then, in the same step: nothing is carried out before it is on disk.
            Output::Write(_) | Output::Halt { .. } => {}
            // There is no house while it is being joined anew. What is lost then is lost as on any
            // other network: the engine sends again what still matters.
            Output::Send { to, bytes } => {
                let sent = self.mesh.send(to, &Bytes::from(bytes));
                tracing::trace!("to {to}: {sent:?}");
            }
            Output::Broadcast { bytes } => {
                self.mesh.broadcast(&Bytes::from(bytes));
            }
            Output::Offer(envelopes) => self.pool.offer(envelopes),
            Output::OfferAgain(envelopes) => self.pool.offer_again(envelopes),
            Output::ClearRound(cleared) => self.pool.clear(*cleared),
            Output::Check { origin, envelopes } => self.gate.check(origin, envelopes),
            Output::Reply { request, response } => self.requests.answer(request, *response),
            Output::Publish(intent) => self.publish(&intent),
            Output::Settled(settlement) => self.settled(&settlement),
            Output::Event(event) => self.tell(*event),
            Output::FetchRecord { round, from } => {
                // The engine's thread is not one of tokio's, and fetching begins a task.
                let _runtime = self.runtime.enter();
                self.fetcher.fetch(round, from);
            }
            Output::Reached { round, stage } => {
                tracing::debug!("round {round}: {stage:?}");
                self.timings.reached(round, stage, now());
            }
            Output::Notice(notice) => log(&notice),
        }
    }

    fn publish(&self, intent: &Signed<PublicIntent>) {
        // By its pair only what names both assets: solvers ask for pairs. The rest goes to those who
        // read all intents.
        let pair = match &intent.body.metadata.disclosure {
            Disclosure::Pair(pair) => Some((pair.give.as_str(), pair.want.as_str())),
            Disclosure::Nothing | Disclosure::Give(_) | Disclosure::Want(_) => None,
        };
        self.mesh.publish_intent(pair, &Bytes::from(encode(intent)));
    }

    /// Streams a settlement to relayers. They fetch the round's record all the same, so one that is
    /// lost here costs them a moment.
    fn settled(&self, settlement: &SignedSettlement) {
        self.timings
            .reached(settlement.settlement.round, Stage::Settled, now());
        self.mesh
            .publish_settlement(&Bytes::from(encode(settlement)));
    }

    fn tell(&self, event: Event) {
        // Kept before watchers hear of it: who asks for the round at once is answered from memory.
        if let Event::Settled(summary) = &event {
            log_settled(summary);
            warn_of(self.timings.settled(summary));
            self.records.keep(summary.clone());
        }
        self.events.tell(event);
    }
}

fn log_settled(summary: &RoundSummary) {
    let RoundSummary {
        round,
        intents,
        quotes,
        filled,
        unfilled,
        void,
        ..
    } = summary;
    tracing::info!(
        "round {round} settled: {}, {}, {filled} filled, {unfilled} not filled, {void} void",
        count(*intents, "intent"),
        count(*quotes, "quote"),
    );
}

fn count(n: u32, what: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{n} {what}{plural}")
}

/// The value, or a warning. For what a member can do without.
fn warn_of<T, E: Display>(result: Result<T, E>) -> Option<T> {
    result.inspect_err(|error| tracing::warn!("{error}")).ok()
}

fn log(notice: &Notice) {
    match notice {
        // Whoever is connected can bring it about as often as they like: it must not fill a log.
        Notice::Unusable { .. } => tracing::debug!("{notice}"),
        Notice::Alarm { .. } => tracing::error!("{notice}"),
        _ => tracing::warn!("{notice}"),
    }
}
