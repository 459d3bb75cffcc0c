//! A member's side of the feed: who may read, and what it is sent.
//!
//! A guest holds up nobody. It says one thing, once; each has a task of its own; and what it does
//! not take in time it loses, or is cut off.

use core::time::Duration;
use std::sync::Arc;

use iroh::endpoint::{Connection, SendStream};
use sealbid_types::id::MemberIndex;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::super::config::{Checked, now_ms};
use super::super::members::ALIVE;
use super::super::message::Frame;
use super::{MAX_SUBSCRIPTION, MOST_PAIRS, Publisher, Subscription, Topic};
use crate::PeerId;
use crate::frame;
use crate::places::Place;
use crate::tally::{Held, Tally};
use crate::ticket::Ticket;

/// How long a guest may take to say what it wants.
const SUBSCRIBE: Duration = Duration::from_secs(5);
/// How long it may keep one item waiting.
const WRITE: Duration = Duration::from_secs(10);
/// The longest that a ticket is believed without another look, so that a clock that is put right
/// is heeded: the guest then shows its ticket again.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// Guests at once, in equal parts by the members that issued their tickets: a lying member can
/// issue as many as it likes. And of one key, which has one connection to a member.
const GUESTS: usize = 256;
const GUESTS_A_PEER: usize = 4;

/// Serves guests.
pub(in crate::mesh) struct FeedServer {
    config: Arc<Checked>,
    publisher: Arc<Publisher>,
    leaving: CancellationToken,
    guests: Guests,
}

/// Who reads the feed.
#[derive(Debug)]
struct Guests {
    of_issuers: Arc<Tally<MemberIndex>>,
    of_peers: Arc<Tally<PeerId>>,
    /// How many may read by the tickets of one member.
    most: usize,
}

impl Guests {
    fn new(members: usize) -> Self {
        Self {
            of_issuers: Arc::default(),
            of_peers: Arc::default(),
            most: GUESTS / members.max(1),
        }
    }

    /// A place for a guest whose ticket is right, until it is dropped.
    fn admit(
        &self,
        issuer: MemberIndex,
        peer: PeerId,
    ) -> Option<(Held<PeerId>, Held<MemberIndex>)> {
        Some((
            self.of_peers.hold(peer, 1, GUESTS_A_PEER)?,
            self.of_issuers.hold(issuer, 1, self.most)?,
        ))
    }
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
            guests: Guests::new(config.roster.len()),
        }
    }

    /// Serves one guest, until its connection or its ticket ends. It has the place of a newcomer
    /// until its ticket has been seen.
    pub(in crate::mesh) async fn serve(
        &self,
        connection: &Connection,
        peer: PeerId,
        newcomer: Place,
    ) {
        let Ok(Some((stream, topic, ticket))) =
            timeout(SUBSCRIBE, self.subscription(connection, peer)).await
        else {
            return;
        };
        let Some(_place) = self.guests.admit(ticket.signer, peer) else {
            tracing::debug!(?peer, "no place for one more guest of {}", ticket.signer);
            return;
        };
        drop(newcomer);
        let left = Duration::from_millis(ticket.expires_ms.saturating_sub(now_ms()));
        let life = left.min(LONGEST);
        tokio::select! {
            () = self.feed(stream, &topic) => {}
            () = sleep(life) => {}
            _ = connection.closed() => {}
            () = self.leaving.cancelled() => {}
        }
    }

    /// What a guest reads, and the ticket that lets it.
    async fn subscription(
        &self,
        connection: &Connection,
        peer: PeerId,
    ) -> Option<(SendStream, Topic, Ticket)> {
        let (send, mut receive) = connection.accept_bi().await.ok()?;
        let bytes = frame::read(&mut receive, MAX_SUBSCRIPTION).await.ok()??;
        let Subscription { ticket, topic } = postcard::from_bytes(&bytes).ok()?;
        // The size of a subscription bounds the pairs too, but less: each is compared with every
        // item.
        if matches!(&topic, Topic::Pairs(pairs) if pairs.len() > MOST_PAIRS) {
            return None;
        }
        let ticket = Ticket::from_bytes(&ticket).ok()?;
        let verified = ticket.verify(&self.config.network, &self.config.roster, peer, now_ms());
        if verified.is_err() || !topic.roles().contains(&ticket.role) {
            tracing::debug!(?peer, ?topic, ?verified, "a guest is turned away");
            return None;
        }
        Some((send, topic, ticket))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guests_of_one_member_keep_out_nobody_elses() {
        let guests = Guests::new(4);
        let peer = |n: u8| PeerId::of_secret(&[n; 32]);
        let (liar, honest) = (MemberIndex(1), MemberIndex(2));
        let many: Vec<_> = (0..=255)
            .filter_map(|n| guests.admit(liar, peer(n)))
            .collect();
        assert_eq!(many.len(), GUESTS / 4);
        assert!(guests.admit(honest, peer(0)).is_some());
        let own: Vec<_> = (0..20)
            .filter_map(|_| guests.admit(honest, peer(1)))
            .collect();
        // One of them it has by the liar's ticket.
        assert_eq!(own.len(), GUESTS_A_PEER - 1);
        drop(many);
        assert!(guests.admit(liar, peer(9)).is_some());
    }
}
