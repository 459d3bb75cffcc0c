//! Messages from member to member.
//!
//! For each ordered pair of members there is a stream. Its producer admits the one consumer whose
//! key the roster names, and its consumer reads from the one producer, so a message's sender is
//! who the transport has authenticated. Signs of life flow on every stream: they say who is
//! reachable, find connections that have died without a word, and bound what is under way.

use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use mosaik::StreamId;
use mosaik::streams::Producer;
use mosaik::streams::producer::BuilderError;
use sealbid_types::id::MemberIndex;
use tokio::sync::mpsc::{self, error::TrySendError};
use tokio::time::Instant;

use super::config::RosterEntry;
use super::frame::{Frame, MAX_ITEM};
use super::subscription::{ALIVE, Source, stream_id};
use super::{Context, Counters};
use crate::PeerId;

/// Bytes of a message from member to member.
pub const MAX_MEMBER_MESSAGE: usize = MAX_ITEM;

/// The name of the streams.
const STREAM: &str = "sealbid/1 2026-11 member stream";
/// Frames that wait for one member's connection.
const BUFFER: usize = 512;
/// Bytes under way to one member. More than that, and it does not keep up.
const WINDOW: u64 = 16 << 20;
/// After how long without a sign of life a member counts as not reachable.
const SILENCE: Duration = Duration::from_secs(3);

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// It is with the transport.
    Queued,
    /// Dropped: the member is not connected.
    Unreachable,
    /// Dropped: the member does not keep up.
    Full,
    /// Dropped: more than [`MAX_MEMBER_MESSAGE`] bytes.
    TooLarge,
    /// Dropped: not another member of the roster, or this node is none.
    UnknownMember,
}

/// The other members.
#[derive(Debug, Clone)]
pub(super) struct Members {
    peers: Arc<BTreeMap<MemberIndex, Peer>>,
    counters: Arc<Counters>,
}

#[derive(Debug)]
struct Peer {
    producer: Producer<Frame>,
    traffic: Mutex<Traffic>,
}

/// What went to and came from one member. All in bytes of messages.
#[derive(Debug, Default)]
struct Traffic {
    /// Sent since this node started.
    sent: u64,
    /// The last of those that the member has said to have seen.
    acknowledged: u64,
    /// The member's own `sent`, as far as it has arrived here.
    seen: u64,
    /// When anything came.
    heard: Option<Instant>,
}

impl Members {
    /// Opens the streams to and from every other member.
    pub(super) fn start(
        context: &Context,
        me: MemberIndex,
        incoming: &mpsc::Sender<(MemberIndex, Bytes)>,
    ) -> Self {
        let others = context.config.others();
        let peers = others
            .map(|entry| (entry.index, Peer::open(context, me, entry)))
            .collect();
        let members = Self {
            peers: Arc::new(peers),
            counters: Arc::clone(&context.counters),
        };
        for entry in context.config.others() {
            let source = Source {
                producer: entry.peer,
                stream: stream(context, entry.index, me),
                check: None,
            };
            let take = members.receiver(entry.index, incoming.clone());
            tokio::spawn(source.read(context.clone(), take));
        }
        tokio::spawn(members.clone().keep_alive(context.clone()));
        members
    }

    pub(super) fn send(&self, to: MemberIndex, message: &Bytes) -> Sent {
        let Some(peer) = self.peers.get(&to) else {
            return Sent::UnknownMember;
        };
        let sent = peer.send(message);
        match sent {
            Sent::Queued => Counters::add(&self.counters.sent),
            Sent::Unreachable => Counters::add(&self.counters.unreachable),
            Sent::Full => Counters::add(&self.counters.outgoing_full),
            Sent::TooLarge | Sent::UnknownMember => {
                tracing::error!(%to, bytes = message.len(), "message to a member is too large");
            }
        }
        sent
    }

    pub(super) fn broadcast(&self, message: &Bytes) -> usize {
        self.peers
            .keys()
            .filter(|to| self.send(**to, message) == Sent::Queued)
            .count()
    }

    pub(super) fn reachable(&self) -> Vec<MemberIndex> {
        let heard = |peer: &Peer| {
            peer.traffic()
                .heard
                .is_some_and(|at| at.elapsed() < SILENCE)
        };
        self.peers
            .iter()
            .filter(|(_, peer)| heard(peer))
            .map(|(index, _)| *index)
            .collect()
    }

    /// What takes the frames of one member.
    fn receiver(
        &self,
        from: MemberIndex,
        incoming: mpsc::Sender<(MemberIndex, Bytes)>,
    ) -> impl FnMut(Frame) -> bool + Send + use<> {
        let members = self.clone();
        move |frame| {
            let Some(peer) = members.peers.get(&from) else {
                return false;
            };
            peer.traffic().receive(&frame);
            if let Frame::Item(message) = frame {
                Counters::add(&members.counters.received);
                if let Err(TrySendError::Full(_)) = incoming.try_send((from, message)) {
                    Counters::add(&members.counters.incoming_full);
                }
            }
            true
        }
    }

    async fn keep_alive(self, context: Context) {
        let mut tick = tokio::time::interval(ALIVE);
        loop {
            tokio::select! {
                () = context.leaving.cancelled() => return,
                _ = tick.tick() => self.peers.values().for_each(Peer::show_alive),
            }
        }
    }
}

fn stream(context: &Context, from: MemberIndex, to: MemberIndex) -> StreamId {
    stream_id(STREAM, &[&context.config.auction, &[from.0], &[to.0]])
}

impl Peer {
    fn open(context: &Context, me: MemberIndex, entry: &RosterEntry) -> Self {
        let consumer = entry.peer;
        let streams = context.network.streams();
        let built = streams
            .producer::<Frame>()
            .with_stream_id(stream(context, me, entry.index))
            .with_buffer_size(BUFFER)
            .require(move |peer| PeerId::from(*peer.id()) == consumer)
            .build();
        let producer = match built {
            Ok(producer) | Err(BuilderError::AlreadyExists(producer)) => producer,
        };
        Self {
            producer,
            traffic: Mutex::default(),
        }
    }

    fn traffic(&self) -> MutexGuard<'_, Traffic> {
        self.traffic.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn send(&self, message: &Bytes) -> Sent {
        if message.len() > MAX_MEMBER_MESSAGE {
            return Sent::TooLarge;
        }
        if !self.producer.is_online() {
            return Sent::Unreachable;
        }
        // The lock is held while queueing: the count must have the order of the frames.
        let mut traffic = self.traffic();
        let sent = traffic.sent.saturating_add(message.len() as u64);
        if sent.saturating_sub(traffic.acknowledged) > WINDOW {
            return Sent::Full;
        }
        match self.producer.try_send(Frame::Item(message.clone())) {
            Ok(()) => {
                traffic.sent = sent;
                Sent::Queued
            }
            Err(mosaik::streams::producer::Error::Full(_)) => Sent::Full,
            Err(_) => Sent::Unreachable,
        }
    }

    fn show_alive(&self) {
        let traffic = self.traffic();
        let alive = Frame::Alive {
            sent: traffic.sent,
            seen: traffic.seen,
        };
        // Nobody there, or no room: the next one serves as well.
        let _ = self.producer.try_send(alive);
    }
}

impl Traffic {
    fn receive(&mut self, frame: &Frame) {
        self.heard = Some(Instant::now());
        match frame {
            Frame::Item(message) => self.seen = self.seen.saturating_add(message.len() as u64),
            Frame::Alive { sent, seen } => {
                // What was lost on the way counts as seen, or the window would close for ever.
                self.seen = *sent;
                // More than was sent is about an earlier run of this node.
                if *seen <= self.sent {
                    self.acknowledged = self.acknowledged.max(*seen);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alive(sent: u64, seen: u64) -> Frame {
        Frame::Alive { sent, seen }
    }

    #[test]
    fn what_was_lost_counts_as_seen() {
        let mut traffic = Traffic::default();
        traffic.receive(&Frame::Item(Bytes::from_static(b"123")));
        assert_eq!(traffic.seen, 3);
        traffic.receive(&alive(10, 0));
        assert_eq!(traffic.seen, 10);
    }

    #[test]
    fn restarts_on_either_side_do_not_close_the_window() {
        let mut traffic = Traffic {
            sent: 100,
            ..Traffic::default()
        };
        traffic.receive(&alive(0, 90));
        assert_eq!(traffic.acknowledged, 90);
        // The member has started again and has seen nothing yet.
        traffic.receive(&alive(0, 0));
        assert_eq!(traffic.acknowledged, 90);
        // This node has started again, and the member speaks of its earlier run.
        let mut traffic = Traffic {
            sent: 5,
            ..Traffic::default()
        };
        traffic.receive(&alive(0, 90));
        assert_eq!(traffic.acknowledged, 0);
        traffic.receive(&alive(0, 5));
        assert_eq!(traffic.acknowledged, 5);
    }
}
