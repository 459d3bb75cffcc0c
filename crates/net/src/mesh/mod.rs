//! The mesh: members, solvers and relayers of one house.
//!
//! What travels here:
//!
//! - messages from member to member ([`MeshHandle::send`]): a connection for each ordered pair,
//!   both ends pinned to the roster's keys, so that the sender is who the channel says;
//! - the feed ([`MeshHandle::publish_intent`] and so on): from members to whoever holds a ticket
//!   for it;
//! - the pool ([`PoolHandle`]): a mosaik group of the members, replicated, best effort.
//!
//! All of it is at most once. What must arrive is sent again by those who need it.
//!
//! The first two are protocols of this crate on an iroh endpoint of its own, and do not know that
//! there is a third. mosaik has the pool and nothing else: its nodes are told of each other over
//! the members' connections, and whatever becomes of them, members go on speaking, and envelopes
//! go from member to member directly. `docs/protocol.md`, section 7, says why.

mod config;
mod counters;
mod endpoint;
mod error;
mod feed;
mod inbox;
mod members;
mod message;
mod pool;

use core::fmt;
use core::time::Duration;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use iroh::endpoint::Endpoint;
use sealbid_types::id::MemberIndex;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

pub use config::{BindAddresses, ClearingCheck, MeshConfig, RosterEntry, Seat, network_id};
pub use counters::MeshCounters;
pub use error::MeshError;
pub use inbox::Inbox;
pub use members::{MAX_MEMBER_MESSAGE, Sent};
pub use pool::{PoolDelivery, PoolError, PoolHandle};

use self::config::Checked;
use self::counters::Counters;
use self::endpoint::Reception;
use self::feed::{FeedServer, Publisher, Subscriber, Topic};
use self::members::{Members, Own};
use self::pool::{PoolParts, PoolPeers};
use crate::relay::EmbeddedRelay;
use crate::ticket::Ticket;
use crate::{PeerId, install_crypto_provider};

/// How long the endpoint, and then the relay, may take to close.
const CLOSE: Duration = Duration::from_secs(1);
/// Pool deliveries that wait to be taken.
const DELIVERIES: usize = 4096;

/// A node's place in the mesh.
#[derive(Debug)]
pub struct Mesh {
    /// What is done with it, from anywhere.
    pub handle: MeshHandle,
    /// Messages of other members. The sender is authenticated by the channel. Members only; for
    /// the others nothing ever comes.
    pub incoming: Inbox,
    /// Envelopes as they first appear in the pool. Members only.
    pub pool_deliveries: mpsc::Receiver<PoolDelivery>,
}

/// A handle to the mesh. The mesh is left when the last one is dropped.
#[derive(Clone)]
pub struct MeshHandle(Arc<Inner>);

struct Inner {
    peer: PeerId,
    endpoint: Endpoint,
    counters: Arc<Counters>,
    /// Members only.
    member: Option<MemberParts>,
    subscriber: Subscriber,
    ticket: watch::Sender<Ticket>,
    leaving: CancellationToken,
    relay: Mutex<Option<EmbeddedRelay>>,
}

/// What only members have.
struct MemberParts {
    members: Members,
    publisher: Arc<Publisher>,
    pool: PoolHandle,
}

impl Mesh {
    /// Joins the mesh: binds the endpoint, starts the relay if the seat has one, and starts
    /// everything that the seat is for. Others may join later; nobody is waited for.
    ///
    /// # Errors
    /// [`MeshError`]. Nothing is left running.
    pub async fn join(config: MeshConfig) -> Result<Self, MeshError> {
        install_crypto_provider();
        let mut config = Checked::new(config)?;
        // Before the relay: a port that is taken is found out without anything to stop.
        let endpoint = endpoint::bind(&config).await?;
        let relay = match config.relay_bind {
            Some(address) => match Box::pin(EmbeddedRelay::spawn(address)).await {
                Ok(relay) => Some(relay),
                Err(error) => {
                    close(&endpoint, None).await;
                    return Err(error.into());
                }
            },
            None => None,
        };
        config.add_relay(relay.as_ref());
        if config.member().is_some()
            && let Err(error) = config.relay_mode()
        {
            close(&endpoint, relay).await;
            return Err(error);
        }
        Ok(Self::assemble(&Arc::new(config), endpoint, relay))
    }

    fn assemble(config: &Arc<Checked>, endpoint: Endpoint, relay: Option<EmbeddedRelay>) -> Self {
        let (counters, leaving) = (Arc::<Counters>::default(), CancellationToken::new());
        let others: Vec<RosterEntry> = config.others().cloned().collect();
        let (ticket, shown) = watch::channel(config.ticket);
        let subscriber = Subscriber {
            endpoint: endpoint.clone(),
            alpn: endpoint::feed_alpn(&config.network),
            roster: others.clone(),
            ticket: shown,
            counters: Arc::clone(&counters),
            leaving: leaving.clone(),
        };
        let (deliveries, pool_deliveries) = mpsc::channel(DELIVERIES);
        let indices = others.iter().map(|entry| entry.index);
        let is_member = config.member().is_some();
        let (inboxes, incoming) = inbox::inbox(indices.filter(|_| is_member));
        let member = config.group_key().cloned().map(|group_key| {
            let peers = PoolPeers::default();
            let own = Own {
                alpn: endpoint::members_alpn(&config.network),
                process: fresh_number(),
                pool: peers.clone(),
            };
            let members = Members::start(&endpoint, &others, inboxes, &own, &counters, &leaving);
            let publisher = Arc::new(Publisher::new(&counters));
            let feed = Arc::new(FeedServer::new(config, &publisher, &leaving));
            let reception = Reception::new(
                endpoint.clone(),
                config,
                members.clone(),
                feed,
                leaving.clone(),
            );
            tokio::spawn(reception.run());
            let parts = PoolParts {
                config: Arc::clone(config),
                members: members.clone(),
                peers,
                deliveries,
                counters: Arc::clone(&counters),
                leaving: leaving.clone(),
            };
            let pool = pool::start(&group_key, parts);
            MemberParts {
                members,
                publisher,
                pool,
            }
        });
        let inner = Inner {
            peer: config.peer,
            endpoint,
            counters,
            member,
            subscriber,
            ticket,
            leaving,
            relay: Mutex::new(relay),
        };
        Self {
            handle: MeshHandle(Arc::new(inner)),
            incoming,
            pool_deliveries,
        }
    }
}

/// A number that tells this process from the one before it.
fn fresh_number() -> u64 {
    let mut bytes = [0; 8];
    // Without entropy, a peer finds out that the process is another one by the connection's end.
    let _ = getrandom::fill(&mut bytes);
    u64::from_le_bytes(bytes)
}

/// Closes the endpoint and stops the relay, and waits until their ports are free.
async fn close(endpoint: &Endpoint, relay: Option<EmbeddedRelay>) {
    // Peers that do not hear it find out by themselves.
    let _ = timeout(CLOSE, endpoint.close()).await;
    if let Some(relay) = relay {
        // One that does not stop in time is aborted.
        let _ = timeout(CLOSE, relay.shutdown()).await;
    }
}

impl MeshHandle {
    /// This node's key in the mesh.
    #[must_use]
    pub fn peer(&self) -> PeerId {
        self.0.peer
    }

    fn members(&self) -> Option<&Members> {
        self.0.member.as_ref().map(|parts| &parts.members)
    }

    fn publisher(&self) -> Option<&Publisher> {
        self.0.member.as_ref().map(|parts| &*parts.publisher)
    }

    /// Sends a message to a member, without waiting. Messages to one member arrive in their order
    /// or not at all.
    pub fn send(&self, to: MemberIndex, message: &Bytes) -> Sent {
        self.members()
            .map_or(Sent::UnknownMember, |members| members.send(to, message))
    }

    /// Sends a message to every other member; says to how many it is on its way.
    pub fn broadcast(&self, message: &Bytes) -> usize {
        self.members()
            .map_or(0, |members| members.broadcast(message))
    }

    /// The members heard within the last seconds.
    #[must_use]
    pub fn reachable(&self) -> Vec<MemberIndex> {
        self.members().map(Members::reachable).unwrap_or_default()
    }

    /// What was dropped, and what was not.
    #[must_use]
    pub fn counters(&self) -> MeshCounters {
        self.0.counters.read()
    }

    /// The pool, if this is a member.
    #[must_use]
    pub fn pool(&self) -> Option<&PoolHandle> {
        self.0.member.as_ref().map(|parts| &parts.pool)
    }

    /// Publishes the public part of an intent to the solvers that read everything and, if it
    /// reveals its directed pair, to those that read that pair. Never waits; members only.
    pub fn publish_intent(&self, pair: Option<(&str, &str)>, item: &Bytes) {
        if let Some(publisher) = self.publisher() {
            let pair = pair.map(|(asset_in, asset_out)| feed::pair(asset_in, asset_out));
            publisher.intent(pair, item);
        }
    }

    /// Publishes a settlement. Never waits; members only.
    pub fn publish_settlement(&self, item: &Bytes) {
        if let Some(publisher) = self.publisher() {
            publisher.settlement(item);
        }
    }

    /// Intents as members publish them, from some seconds ago on: of these directed pairs, or all
    /// if there are none. The same intent comes from several members.
    #[must_use]
    pub fn subscribe_intents(&self, pairs: &[(String, String)]) -> mpsc::Receiver<(PeerId, Bytes)> {
        self.0.subscriber.subscribe(&Topic::intents(pairs))
    }

    /// Settlements as members publish them, from some seconds ago on, each from several members.
    #[must_use]
    pub fn subscribe_settlements(&self) -> mpsc::Receiver<(PeerId, Bytes)> {
        self.0.subscriber.subscribe(&Topic::Settlements)
    }

    /// Shows another ticket from the next connection on.
    pub fn renew_ticket(&self, ticket: &Ticket) {
        self.0.ticket.send_replace(*ticket);
    }

    /// Leaves the mesh, whatever other handles there are: tells the others, closes the endpoint
    /// and stops the relay. Two seconds at most.
    pub async fn leave(self) {
        let relay = self.0.relay.lock();
        let relay = relay.unwrap_or_else(PoisonError::into_inner).take();
        self.0.leaving.cancel();
        close(&self.0.endpoint, relay).await;
    }
}

impl fmt::Debug for MeshHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MeshHandle").field(&self.0.peer).finish()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.leaving.cancel();
    }
}
