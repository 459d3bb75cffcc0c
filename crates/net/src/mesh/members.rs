//! Messages from member to member.
//!
//! For each ordered pair of members there is a connection that the sender dials, with one stream
//! of frames. Both ends prove the keys that the roster names, so a message's sender is who the
//! transport has authenticated. Nothing here knows a clock: what is late is told by the time that
//! passes on this host alone, and a peer's word moves nothing but its own queue.

use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use iroh::EndpointAddr;
use iroh::endpoint::{Connection, Endpoint, VarInt};
use sealbid_types::id::MemberIndex;
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::config::RosterEntry;
use super::counters::Counters;
use super::inbox::InboxSender;
use super::message::{Frame, MAX_FRAME, MAX_ITEM};
use super::pool::PoolPeers;
use crate::PeerId;
use crate::frame;

/// Bytes of a message from member to member.
pub const MAX_MEMBER_MESSAGE: usize = MAX_ITEM;

/// Messages that wait for one member's connection.
const MESSAGES: usize = 4096;
/// Bytes that wait for it. More than that, and the member does not keep up.
const BYTES: usize = 16 << 20;
/// How often a member shows that it is alive.
pub(super) const ALIVE: Duration = Duration::from_millis(500);
/// After how long without a frame a member counts as not reachable.
const SILENCE: Duration = Duration::from_secs(3);
/// After how long without a frame its connection is given up. The transport's own idle time is
/// shorter: this is for a member that answers the transport and says nothing.
const GIVE_UP: Duration = Duration::from_secs(10);
/// How long it may take to connect, and to open the stream.
const CONNECT: Duration = Duration::from_secs(3);
/// Before a member is dialled again: at first, and at most, doubled in between. All of these are
/// waits after the last dial has ended, so a process that was stopped finds one dial to make when
/// it goes on, however long it was away.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// It is on its way.
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
    peers: Arc<BTreeMap<MemberIndex, Arc<Peer>>>,
    counters: Arc<Counters>,
    pool: PoolPeers,
    leaving: CancellationToken,
}

/// One other member.
#[derive(Debug)]
struct Peer {
    index: MemberIndex,
    id: PeerId,
    queue: mpsc::Sender<Bytes>,
    /// Bytes in the queue.
    queued: AtomicUsize,
    is_connected: AtomicBool,
    /// Wakes the task that dials: there is reason to do it anew, at once.
    redial: Notify,
    /// Its end of the inbox.
    inbox: InboxSender,
    heard: Mutex<Heard>,
}

/// What is known from the other direction.
#[derive(Debug, Default)]
struct Heard {
    /// When anything came.
    at: Option<Instant>,
    /// The number that the member's process has drawn.
    process: Option<u64>,
    /// Ends the reading of its latest connection.
    reading: CancellationToken,
}

impl Members {
    /// Starts dialling every other member.
    pub(super) fn start(
        endpoint: &Endpoint,
        others: &[RosterEntry],
        mut inboxes: BTreeMap<MemberIndex, InboxSender>,
        own: &Own,
        counters: &Arc<Counters>,
        leaving: &CancellationToken,
    ) -> Self {
        let (mut peers, mut queues) = (BTreeMap::new(), Vec::new());
        for entry in others {
            let (Some(address), Some(inbox)) = (entry.endpoint(), inboxes.remove(&entry.index))
            else {
                // Bytes that are no key: nobody can answer there.
                continue;
            };
            let (queue, messages) = mpsc::channel(MESSAGES);
            let peer = Arc::new(Peer {
                index: entry.index,
                id: entry.peer,
                queue,
                queued: AtomicUsize::new(0),
                is_connected: AtomicBool::new(false),
                redial: Notify::new(),
                inbox,
                heard: Mutex::default(),
            });
            peers.insert(entry.index, Arc::clone(&peer));
            queues.push((peer, address, messages));
        }
        let members = Self {
            peers: Arc::new(peers),
            counters: Arc::clone(counters),
            pool: own.pool.clone(),
            leaving: leaving.clone(),
        };
        for (peer, address, messages) in queues {
            let dialler = Dialler {
                peer,
                address,
                messages,
                endpoint: endpoint.clone(),
                alpn: own.alpn.clone(),
                process: own.process,
                card: own.pool.own_card(),
                leaving: leaving.clone(),
            };
            tokio::spawn(dialler.run());
        }
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
        self.peers
            .values()
            .filter(|peer| peer.is_heard())
            .map(|peer| peer.index)
            .collect()
    }

    /// Whether a member has been heard within the last seconds.
    pub(super) fn is_heard(&self, member: MemberIndex) -> bool {
        self.peers.get(&member).is_some_and(|peer| peer.is_heard())
    }

    fn find(&self, peer: PeerId) -> Option<&Arc<Peer>> {
        self.peers.values().find(|known| known.id == peer)
    }

    /// Reads what a member sends on a connection that it has dialled, until it ends. A newer
    /// connection of the same member takes its place: the member has started again, or has given
    /// the old one up.
    pub(super) async fn read(&self, connection: &Connection) {
        let Some(peer) = self.find(connection.remote_id().into()) else {
            return;
        };
        let mine = self.leaving.child_token();
        let older = core::mem::replace(&mut peer.heard().reading, mine.clone());
        older.cancel();
        mine.run_until_cancelled(self.read_frames(peer, connection))
            .await;
    }

    async fn read_frames(&self, peer: &Peer, connection: &Connection) {
        let Ok(Ok(mut stream)) = timeout(CONNECT, connection.accept_uni()).await else {
            return;
        };
        while let Ok(Ok(Some(bytes))) = timeout(GIVE_UP, frame::read(&mut stream, MAX_FRAME)).await
        {
            peer.heard().at = Some(Instant::now());
            match Frame::decode(&bytes) {
                Ok(Frame::Alive) => {}
                Ok(Frame::Hello(process)) => peer.meet(process),
                Ok(Frame::Card(card)) => self.pool.set_card(peer.index, card),
                Ok(Frame::Item(message)) => {
                    Counters::add(&self.counters.received);
                    if !peer.inbox.put(message).await {
                        return;
                    }
                }
                Err(error) => {
                    tracing::debug!(member = %peer.index, "{error}");
                    return;
                }
            }
        }
    }
}

/// What a member says of itself.
pub(super) struct Own {
    /// The protocol's name, with the network's id.
    pub(super) alpn: Vec<u8>,
    /// The number that this process has drawn.
    pub(super) process: u64,
    /// The pool's nodes: this member's and the others'.
    pub(super) pool: PoolPeers,
}

impl Peer {
    fn send(&self, message: &Bytes) -> Sent {
        if message.len() > MAX_MEMBER_MESSAGE {
            return Sent::TooLarge;
        }
        if !self.is_connected.load(Ordering::Relaxed) {
            return Sent::Unreachable;
        }
        let before = self.queued.fetch_add(message.len(), Ordering::Relaxed);
        let is_queued = before.saturating_add(message.len()) <= BYTES
            && self.queue.try_send(message.clone()).is_ok();
        if !is_queued {
            self.queued.fetch_sub(message.len(), Ordering::Relaxed);
            return Sent::Full;
        }
        Sent::Queued
    }

    fn taken(&self, message: &Bytes) {
        self.queued.fetch_sub(message.len(), Ordering::Relaxed);
    }

    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_heard(&self) -> bool {
        self.heard().at.is_some_and(|at| at.elapsed() < SILENCE)
    }

    /// Notes the member's process. If it is another one than before, the connection to the former
    /// is dead, and waiting for the transport to find out would cost seconds.
    fn meet(&self, process: u64) {
        let before = self.heard().process.replace(process);
        if before != Some(process) && (before.is_some() || !self.is_connected()) {
            self.redial.notify_one();
        }
    }

    fn is_connected(&self) -> bool {
        self.is_connected.load(Ordering::Relaxed)
    }
}

/// The task that keeps the connection to one member.
struct Dialler {
    peer: Arc<Peer>,
    address: EndpointAddr,
    messages: mpsc::Receiver<Bytes>,
    endpoint: Endpoint,
    alpn: Vec<u8>,
    process: u64,
    card: watch::Receiver<Option<Bytes>>,
    leaving: CancellationToken,
}

impl Dialler {
    async fn run(mut self) {
        let leaving = self.leaving.clone();
        leaving.run_until_cancelled(self.keep()).await;
        // Whoever sends from now on is told that nobody is there.
        self.peer.is_connected.store(false, Ordering::Relaxed);
    }

    async fn keep(&mut self) {
        let mut pause = FIRST_PAUSE;
        loop {
            let dial = self.endpoint.connect(self.address.clone(), &self.alpn);
            if let Ok(Ok(connection)) = timeout(CONNECT, dial).await {
                pause = FIRST_PAUSE;
                self.serve(&connection).await;
                connection.close(VarInt::from_u32(0), b"");
            }
            let peer = Arc::clone(&self.peer);
            tokio::select! {
                () = sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
                () = peer.redial.notified() => pause = FIRST_PAUSE,
            }
        }
    }

    /// Writes what there is to say, until the connection ends or there is reason to dial anew.
    async fn serve(&mut self, connection: &Connection) {
        let opened = timeout(CONNECT, connection.open_uni()).await;
        let Ok(Ok(mut stream)) = opened else {
            return;
        };
        let peer = Arc::clone(&self.peer);
        // A reason to dial that came before this connection stood is none any more.
        tokio::select! {
            biased;
            () = peer.redial.notified() => {}
            () = core::future::ready(()) => {}
        }
        let mut alive = interval(ALIVE);
        // One sign of life says as much as all that were missed while the process was stopped.
        alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
        self.card.mark_changed();
        let mut next = Frame::Hello(self.process);
        loop {
            let written = tokio::select! {
                written = frame::write(&mut stream, next.encode()) => written.is_ok(),
                // It may be waiting for a process that is no more.
                () = peer.redial.notified() => false,
            };
            if !written {
                break;
            }
            // Not before the first write: what is accepted must have a stream to go to.
            peer.is_connected.store(true, Ordering::Relaxed);
            next = tokio::select! {
                _ = connection.closed() => break,
                () = peer.redial.notified() => break,
                Some(message) = self.messages.recv() => {
                    peer.taken(&message);
                    Frame::Item(message)
                }
                Ok(()) = self.card.changed() => match &*self.card.borrow_and_update() {
                    Some(card) => Frame::Card(card.clone()),
                    None => Frame::Alive,
                },
                _ = alive.tick() => Frame::Alive,
            };
        }
        peer.is_connected.store(false, Ordering::Relaxed);
        // What waited for this connection is old by the time there is another: those who need it
        // send it again.
        while let Ok(message) = self.messages.try_recv() {
            peer.taken(&message);
        }
    }
}
