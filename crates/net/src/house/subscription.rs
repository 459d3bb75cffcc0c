//! Reading one stream of one member, for as long as the house lasts.

use core::pin::pin;
use core::time::Duration;
use std::sync::Arc;

use mosaik::StreamId;
use mosaik::discovery::{Catalog, PeerEntry};
use mosaik::streams::Consumer;
use tokio::sync::watch::Receiver;
use tokio::time::{Instant, sleep};

use super::Context;
use super::frame::Frame;
use super::tickets::TicketCheck;
use crate::PeerId;

/// How often a stream shows that it is alive.
pub(super) const ALIVE: Duration = Duration::from_millis(500);

/// After how long without a frame a stream is subscribed to anew. What usually says that a
/// connection is dead is its producer's announcement that it has started again; this is for the
/// rest. It is long, for on a machine that is starved a new connection makes matters worse.
const SILENCE: Duration = Duration::from_secs(12);
/// How much longer than the first time a connection is waited for.
const SLOWEST: u32 = 4;

/// Why a subscription ended.
enum Ended {
    /// Nobody wants it any more.
    Over,
    /// Nothing came for too long.
    Silent {
        /// Whether anything had come before.
        heard: bool,
    },
    /// The producer's process is another one: what there was of a connection is dead.
    Restarted,
}

/// One stream of one member.
#[derive(Debug, Clone)]
pub(super) struct Source {
    /// Who produces it: others that claim to are not listened to.
    pub(super) producer: PeerId,
    /// The stream.
    pub(super) stream: StreamId,
    /// What the producer must hold.
    pub(super) check: Option<TicketCheck>,
}

impl Source {
    /// Hands every frame to `take`, until the house is left or `take` says that it is enough.
    pub(super) async fn read(self, context: Context, mut take: impl FnMut(Frame) -> bool + Send) {
        let mut patience = SILENCE;
        loop {
            match self.read_once(&context, patience, &mut take).await {
                Ended::Over => return,
                Ended::Silent { heard: true } | Ended::Restarted => patience = SILENCE,
                // On a slow machine a connection may take longer than that.
                Ended::Silent { heard: false } => {
                    patience = (patience * 2).min(SILENCE * SLOWEST);
                }
            }
        }
    }

    /// Subscribes, and reads until nothing has come for a while. Dropping the consumer closes
    /// what is left of the connection.
    async fn read_once(
        &self,
        context: &Context,
        patience: Duration,
        take: &mut (impl FnMut(Frame) -> bool + Send),
    ) -> Ended {
        let mut catalog = context.network.discovery().catalog_watch();
        let beginning = context.leaving.run_until_cancelled(async {
            self.announced(&mut catalog).await?;
            let acquaintances = &context.acquaintances;
            let build = || self.subscribe(context);
            Some(acquaintances.in_turn(self.producer, build).await)
        });
        let Some(Some(mut consumer)) = beginning.await else {
            return Ended::Over;
        };
        let started = self.started(&catalog.borrow_and_update());
        let mut heard = false;
        let mut quiet = pin!(sleep(patience));
        loop {
            tokio::select! {
                () = context.leaving.cancelled() => return Ended::Over,
                () = &mut quiet => return Ended::Silent { heard },
                frame = consumer.recv() => {
                    // Without one, the network has ended.
                    if !frame.is_some_and(&mut *take) {
                        return Ended::Over;
                    }
                    heard = true;
                    quiet.as_mut().reset(Instant::now() + SILENCE);
                }
                changed = catalog.changed() => {
                    let now = self.started(&catalog.borrow_and_update());
                    match changed {
                        Err(_) => return Ended::Over,
                        Ok(()) if started.is_some() && now.is_some() && now != started => {
                            return Ended::Restarted;
                        }
                        Ok(()) => {}
                    }
                }
            }
        }
    }

    /// Waits until the producer has announced itself; none if the network ends.
    async fn announced(&self, catalog: &mut Receiver<Catalog>) -> Option<()> {
        while self.started(&catalog.borrow_and_update()).is_none() {
            catalog.changed().await.ok()?;
        }
        Some(())
    }

    /// When the producer's process started, as it announces.
    fn started(&self, catalog: &Catalog) -> Option<impl PartialEq + use<>> {
        let producer = self.producer.endpoint_id()?;
        catalog.get(&producer).map(PeerEntry::started_at)
    }

    fn subscribe(&self, context: &Context) -> Consumer<Frame> {
        let producer = self.producer;
        let streams = context.network.streams();
        let builder = streams.consumer::<Frame>().with_stream_id(self.stream);
        let acquaintances = Arc::clone(&context.acquaintances);
        let builder = builder.require(move |peer| {
            let peer = PeerId::from(*peer.id());
            acquaintances.meet(peer);
            peer == producer
        });
        match &self.check {
            Some(check) => builder.require_ticket(check.clone()).build(),
            None => builder.build(),
        }
    }
}

/// The id of a stream: a name with its version, and what it is about.
pub(super) fn stream_id(name: &'static str, parts: &[&[u8]]) -> StreamId {
    let mut hasher = blake3::Hasher::new_derive_key(name);
    for part in parts {
        // A length before each part, so that no two lists of parts run together.
        hasher
            .update(&(part.len() as u64).to_le_bytes())
            .update(part);
    }
    StreamId::from_bytes(*hasher.finalize().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_together() {
        let a = stream_id("name", &[b"ab", b"c"]);
        assert_ne!(a, stream_id("name", &[b"a", b"bc"]));
        assert_ne!(a, stream_id("other", &[b"ab", b"c"]));
        assert_eq!(a, stream_id("name", &[b"ab", b"c"]));
    }
}
