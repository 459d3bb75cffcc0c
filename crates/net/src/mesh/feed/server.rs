//! A member's side of the feed: who may read, and what it is sent.
//!
//! A guest holds up nobody. It says one thing, once; each has a task of its own; and what it does
//! not take in time it loses, or is cut off.

use core::time::Duration;
use std::sync::Arc;

use iroh::endpoint::{Connection, SendStream};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::super::config::{Checked, now_ms};
use super::super::members::ALIVE;
use super::super::message::Frame;
use super::{MAX_SUBSCRIPTION, MOST_PAIRS, Publisher, Subscription, Topic};
use crate::PeerId;
use crate::frame;
use crate::ticket::Ticket;

/// How long a guest may take to say what it wants.
const SUBSCRIBE: Duration = Duration::from_secs(5);
/// How long it may keep one item waiting.
const WRITE: Duration = Duration::from_secs(10);
/// The longest that a ticket is believed without another look, so that a clock that is put right
/// is heeded: the guest then shows its ticket again.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// Serves guests.
pub(in crate::mesh) struct FeedServer {
    config: Arc<Checked>,
    publisher: Arc<Publisher>,
    leaving: CancellationToken,
}

impl FeedServer {
    pub(in crate::mesh) fn new(
        config: &Arc<Checked>,
        publisher: &Arc<Publisher>,
        leaving: &CancellationToken,
    ) -> Self {
        Self {
            config: Arc::clone(config),
            publisher: Arc::clone(publisher),
            leaving: leaving.clone(),
        }
    }

    /// Serves one guest, until its connection or its ticket ends.
    pub(in crate::mesh) async fn serve(&self, connection: &Connection, peer: PeerId) {
        let Ok(Some((stream, topic, life))) =
            timeout(SUBSCRIBE, self.subscription(connection, peer)).await
        else {
            return;
        };
        tokio::select! {
            () = self.feed(stream, &topic) => {}
            () = sleep(life) => {}
            _ = connection.closed() => {}
            () = self.leaving.cancelled() => {}
        }
    }

    /// What a guest may read, and for how long.
    async fn subscription(
        &self,
        connection: &Connection,
        peer: PeerId,
    ) -> Option<(SendStream, Topic, Duration)> {
        let (send, mut receive) = connection.accept_bi().await.ok()?;
        let bytes = frame::read(&mut receive, MAX_SUBSCRIPTION).await.ok()??;
        let Subscription { ticket, topic } = postcard::from_bytes(&bytes).ok()?;
        // The size of a subscription bounds the pairs too, but less: each is compared with every
        // item.
        if matches!(&topic, Topic::Pairs(pairs) if pairs.len() > MOST_PAIRS) {
            return None;
        }
        let now = now_ms();
        let ticket = Ticket::from_bytes(&ticket).ok()?;
        let verified = ticket.verify(&self.config.network, &self.config.roster, peer, now);
        if verified.is_err() || !topic.roles().contains(&ticket.role) {
            tracing::debug!(?peer, ?topic, ?verified, "a guest is turned away");
            return None;
        }
        let left = Duration::from_millis(ticket.expires_ms.saturating_sub(now));
        Some((send, topic, left.min(LONGEST)))
    }

    /// Writes what comes, until the guest no longer takes it.
    async fn feed(&self, mut stream: SendStream, topic: &Topic) {
        let (recent, mut coming) = self.publisher.subscribe(topic);
        for publication in recent {
            if !write(&mut stream, &Frame::Item(publication.item().clone())).await {
                return;
            }
        }
        let mut alive = interval(ALIVE);
        alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let next = tokio::select! {
                publication = coming.recv() => match publication {
                    Ok(publication) if publication.is_of(topic) => {
                        Frame::Item(publication.item().clone())
                    }
                    Ok(_) => continue,
                    // The oldest are gone. Other members feed the guest the same.
                    Err(RecvError::Lagged(lost)) => {
                        self.publisher.lost(lost);
                        continue;
                    }
                    Err(RecvError::Closed) => return,
                },
                // Else a member that has nothing to say would look like one that is gone.
                _ = alive.tick() => Frame::Alive,
            };
            if !write(&mut stream, &next).await {
                return;
            }
        }
    }
}

async fn write(stream: &mut SendStream, next: &Frame) -> bool {
    let written = timeout(WRITE, frame::write(stream, next.encode())).await;
    matches!(written, Ok(Ok(())))
}
