//! A guest's side of the feed: one connection to each member, for as long as somebody reads.

use core::time::Duration;
use std::sync::Arc;

use bytes::Bytes;
use iroh::EndpointAddr;
use iroh::endpoint::{Connection, Endpoint, VarInt};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::super::config::RosterEntry;
use super::super::counters::Counters;
use super::super::message::{Frame, MAX_FRAME};
use super::{Subscription, Topic};
use crate::PeerId;
use crate::frame;
use crate::ticket::Ticket;

/// Items that wait to be taken.
/// What finds no room is dropped and counted; it may still come from another member.
const QUEUE: usize = 4096;
/// How long it may take to connect and to subscribe.
const CONNECT: Duration = Duration::from_secs(3);
/// After how long without a frame a member is dialled anew.
/// Many times what a member lets pass between two signs of life.
const GIVE_UP: Duration = Duration::from_secs(10);
/// Before a member is dialled again: at first, and at most, doubled in between.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What subscriptions are made with.
#[derive(Debug, Clone)]
pub(in crate::mesh) struct Subscriber {
    pub(in crate::mesh) endpoint: Endpoint,
    pub(in crate::mesh) alpn: Vec<u8>,
    /// The members that are read from.
    pub(in crate::mesh) roster: Vec<RosterEntry>,
    pub(in crate::mesh) ticket: watch::Receiver<Ticket>,
    pub(in crate::mesh) counters: Arc<Counters>,
    pub(in crate::mesh) leaving: CancellationToken,
}

impl Subscriber {
    /// Reads a topic of every member into one channel.
    pub(in crate::mesh) fn subscribe(&self, topic: &Topic) -> mpsc::Receiver<(PeerId, Bytes)> {
        let (items, receiver) = mpsc::channel(QUEUE);
        for entry in &self.roster {
            let Some(address) = entry.endpoint() else {
                continue;
            };
            let (this, items, topic) = (self.clone(), items.clone(), topic.clone());
            let peer = entry.peer;
            tokio::spawn(async move {
                let leaving = this.leaving.clone();
                let read = this.read(peer, address, topic, items);
                leaving.run_until_cancelled(read).await;
            });
        }
        receiver
    }

    /// Reads one member, again and again, until nobody takes the items.
    async fn read(
        self,
        peer: PeerId,
        address: EndpointAddr,
        topic: Topic,
        items: mpsc::Sender<(PeerId, Bytes)>,
    ) {
        let mut pause = FIRST_PAUSE;
        while !items.is_closed() {
            let dial = self.endpoint.connect(address.clone(), &self.alpn);
            if let Ok(Ok(connection)) = timeout(CONNECT, dial).await {
                let was_served = self
                    .read_connection(&connection, peer, &topic, &items)
                    .await;
                connection.close(VarInt::from_u32(0), b"");
                // One that takes connections and says nothing is dialled ever more rarely.
                if was_served {
                    pause = FIRST_PAUSE;
                }
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Whether anything came.
    async fn read_connection(
        &self,
        connection: &Connection,
        peer: PeerId,
        topic: &Topic,
        items: &mpsc::Sender<(PeerId, Bytes)>,
    ) -> bool {
        let subscription = Subscription {
            // The newest: it may have been renewed since the last dial.
            ticket: self.ticket.borrow().to_bytes(),
            topic: topic.clone(),
        };
        let Ok(subscription) = postcard::to_stdvec(&subscription) else {
            return false;
        };
        let subscribe = async {
            let (mut send, receive) = connection.open_bi().await.ok()?;
            frame::write(&mut send, subscription.into()).await.ok()?;
            // Kept: dropping it would finish the stream.
            Some((send, receive))
        };
        let Ok(Some((_send, mut receive))) = timeout(CONNECT, subscribe).await else {
            return false;
        };
        let mut was_served = false;
        while let Ok(Ok(Some(bytes))) = timeout(GIVE_UP, frame::read(&mut receive, MAX_FRAME)).await
        {
            was_served = true;
            if let Ok(Frame::Item(item)) = Frame::decode(&bytes) {
                match items.try_send((peer, item)) {
                    Ok(()) => {}
                    Err(TrySendError::Full(_)) => Counters::add(&self.counters.feed_full),
                    Err(TrySendError::Closed(_)) => break,
                }
            }
            // Asked at signs of life too: a reader that has gone is noticed without an item.
            if items.is_closed() {
                break;
            }
        }
        was_served
    }
}
