//! The house network: members, solvers and relayers on one mosaik network.
//!
//! What travels here:
//!
//! - messages from member to member ([`HouseHandle::send`]): a stream for each ordered pair, both
//!   ends pinned to the roster's keys, so that the sender is who the channel says;
//! - the pool ([`PoolHandle`]): a group of the members, replicated, best effort;
//! - intents and settlements ([`HouseHandle::publish_intent`] and so on): streams from members to
//!   whoever holds a ticket for them.
//!
//! All of it is at most once. What must arrive is sent again by those who need it.

mod acquaintance;
mod config;
mod error;
mod frame;
mod lookup;
mod members;
mod pool;
mod rendezvous;
mod streams;
mod subscription;
mod tickets;

use core::fmt;
use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use mosaik::discovery;
use mosaik::{Network, NetworkId, Tag};
use sealbid_types::id::MemberIndex;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

pub use config::{BindAddresses, ClearingCheck, HouseConfig, RosterEntry, Seat};
pub use error::HouseError;
pub use members::{MAX_MEMBER_MESSAGE, Sent};
pub use pool::{PoolDelivery, PoolError, PoolHandle};

use self::acquaintance::Acquaintances;
use self::config::Checked;
use self::members::Members;
use self::streams::Streams;
use crate::relay::EmbeddedRelay;
use crate::ticket::Ticket;
use crate::{PeerId, install_crypto_provider};

/// How often a node says that it is there.
const ANNOUNCE: Duration = Duration::from_secs(3);
/// After how long without that it is forgotten.
const PURGE: Duration = Duration::from_secs(60);
/// How long a node that leaves waits for its farewells to be heard.
const FAREWELL: Duration = Duration::from_secs(1);
/// Member messages that wait to be taken.
const INCOMING: usize = 4096;

/// A node's place in the house.
#[derive(Debug)]
pub struct House {
    /// What is done with it, from anywhere.
    pub handle: HouseHandle,
    /// Messages of other members. The sender is authenticated by the channel. Members only; for
    /// the others nothing ever comes.
    pub incoming: mpsc::Receiver<(MemberIndex, Bytes)>,
    /// Envelopes as they first appear in the pool. Members only.
    pub pool_deliveries: mpsc::Receiver<PoolDelivery>,
}

/// A handle to the house. The house is left when the last one is dropped.
#[derive(Clone)]
pub struct HouseHandle(Arc<Inner>);

struct Inner {
    peer: PeerId,
    network: Arc<Network>,
    members: Option<Members>,
    pool: Option<PoolHandle>,
    streams: Streams,
    counters: Arc<Counters>,
    leaving: CancellationToken,
    terminated: CancellationToken,
    relay: Mutex<Option<EmbeddedRelay>>,
}

/// What was dropped, and what was not, since the house was joined.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HouseCounters {
    /// Member messages handed to the transport.
    pub sent: u64,
    /// Member messages dropped because the member was not connected.
    pub unreachable: u64,
    /// Member messages dropped because the member does not keep up.
    pub outgoing_full: u64,
    /// Member messages that arrived.
    pub received: u64,
    /// Member messages dropped because nobody took them from [`House::incoming`].
    pub incoming_full: u64,
    /// Pool deliveries dropped because nobody took them from [`House::pool_deliveries`].
    pub deliveries_full: u64,
    /// Stream items dropped, published or received.
    pub stream_full: u64,
    /// How often the pool's group had to be joined anew.
    pub pool_rejoined: u64,
}

#[derive(Debug, Default)]
struct Counters {
    sent: AtomicU64,
    unreachable: AtomicU64,
    outgoing_full: AtomicU64,
    received: AtomicU64,
    incoming_full: AtomicU64,
    deliveries_full: AtomicU64,
    stream_full: AtomicU64,
    pool_rejoined: AtomicU64,
}

impl Counters {
    fn add(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    fn read(&self) -> HouseCounters {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        HouseCounters {
            sent: read(&self.sent),
            unreachable: read(&self.unreachable),
            outgoing_full: read(&self.outgoing_full),
            received: read(&self.received),
            incoming_full: read(&self.incoming_full),
            deliveries_full: read(&self.deliveries_full),
            stream_full: read(&self.stream_full),
            pool_rejoined: read(&self.pool_rejoined),
        }
    }
}

/// What the tasks of a house share.
#[derive(Clone)]
struct Context {
    network: Arc<Network>,
    config: Arc<Checked>,
    counters: Arc<Counters>,
    acquaintances: Arc<Acquaintances>,
    leaving: CancellationToken,
}

impl House {
    /// Joins the house: starts the relay if the seat has one, comes up on the network, and starts
    /// everything that the seat is for. Others may join later; nobody is waited for.
    ///
    /// # Errors
    /// [`HouseError`]. Nothing is left running.
    pub async fn join(config: HouseConfig) -> Result<Self, HouseError> {
        install_crypto_provider();
        let mut config = Checked::new(config)?;
        let relay = match config.relay_bind {
            Some(address) => Some(Box::pin(EmbeddedRelay::spawn(address)).await?),
            None => None,
        };
        config.add_relay(relay.as_ref());
        let network = match build(&config).await {
            Ok(network) => Arc::new(network),
            Err(error) => {
                stop(relay).await;
                return Err(error);
            }
        };
        let config = Arc::new(config);
        lookup::stay_inside(&network, &config);
        network
            .discovery()
            .add_ticket(tickets::wrap(&config.ticket));
        let context = Context {
            network,
            config,
            counters: Arc::default(),
            acquaintances: Arc::default(),
            leaving: CancellationToken::new(),
        };
        Ok(Self::furnish(context, relay))
    }

    fn furnish(context: Context, relay: Option<EmbeddedRelay>) -> Self {
        let (incoming_tx, incoming) = mpsc::channel(INCOMING);
        let (deliveries_tx, pool_deliveries) = mpsc::channel(INCOMING);
        let config = Arc::clone(&context.config);
        let members = config
            .member()
            .map(|me| Members::start(&context, me, &incoming_tx));
        let pool = config
            .group_key()
            .map(|key| pool::start(&context, key, deliveries_tx));
        let streams = Streams::start(&context);
        let terminated = rendezvous::start(&context, members.clone());
        let inner = Inner {
            peer: config.peer,
            network: context.network,
            members,
            pool,
            streams,
            counters: context.counters,
            leaving: context.leaving,
            terminated,
            relay: Mutex::new(relay),
        };
        Self {
            handle: HouseHandle(Arc::new(inner)),
            incoming,
            pool_deliveries,
        }
    }
}

/// Stops a relay, and waits until its port is free.
async fn stop(relay: Option<EmbeddedRelay>) {
    if let Some(relay) = relay {
        // One that does not stop in time is aborted.
        let _ = timeout(FAREWELL, relay.shutdown()).await;
    }
}

/// Comes up on the network.
async fn build(config: &Checked) -> Result<Network, HouseError> {
    let discovery = discovery::Config::builder()
        .no_dht_bootstrap()
        .with_announce_interval(ANNOUNCE)
        .with_purge_after(PURGE)
        .with_tags(Tag::from(config.role.tag()))
        .with_bootstrap(
            config
                .others()
                .filter_map(RosterEntry::endpoint)
                .collect::<Vec<_>>(),
        );
    let build = Network::builder(NetworkId::from_bytes(config.network))
        .with_secret_key(iroh::SecretKey::from_bytes(&config.secret))
        .with_relay_mode(config.relay_mode()?)
        .with_addresses(config.bind.all().collect::<std::collections::BTreeSet<_>>())
        .with_discovery(discovery)
        .build();
    // On the heap: it is large enough to overflow a test's stack.
    match timeout(config.join_timeout, Box::pin(build)).await {
        Ok(Ok(network)) => Ok(network),
        Ok(Err(error)) => Err(HouseError::of_build(&error, &config.bind)),
        Err(_) => Err(HouseError::NoRelay {
            waited: config.join_timeout,
        }),
    }
}

impl HouseHandle {
    /// This node's key in the house.
    #[must_use]
    pub fn peer(&self) -> PeerId {
        self.0.peer
    }

    /// Sends a message to a member, without waiting. Messages to one member arrive in their order
    /// or not at all.
    pub fn send(&self, to: MemberIndex, message: &Bytes) -> Sent {
        match &self.0.members {
            Some(members) => members.send(to, message),
            None => Sent::UnknownMember,
        }
    }

    /// Sends a message to every other member; says to how many it is on its way.
    pub fn broadcast(&self, message: &Bytes) -> usize {
        self.0
            .members
            .as_ref()
            .map_or(0, |members| members.broadcast(message))
    }

    /// The members heard within the last seconds.
    #[must_use]
    pub fn reachable(&self) -> Vec<MemberIndex> {
        self.0
            .members
            .as_ref()
            .map(Members::reachable)
            .unwrap_or_default()
    }

    /// What was dropped, and what was not.
    #[must_use]
    pub fn counters(&self) -> HouseCounters {
        self.0.counters.read()
    }

    /// The pool, if this is a member.
    #[must_use]
    pub fn pool(&self) -> Option<&PoolHandle> {
        self.0.pool.as_ref()
    }

    /// Publishes the public part of an intent to the solvers that read everything and, if it
    /// reveals its directed pair, to those that read that pair. Never waits; members only.
    pub fn publish_intent(&self, pair: Option<(&str, &str)>, item: &Bytes) {
        self.0.streams.publish_intent(pair, item);
    }

    /// Publishes a settlement. Never waits; members only.
    pub fn publish_settlement(&self, item: &Bytes) {
        self.0.streams.publish_settlement(item);
    }

    /// Intents as members publish them from now on: of these directed pairs, or all if there are
    /// none. The same intent comes from several members.
    #[must_use]
    pub fn subscribe_intents(&self, pairs: &[(String, String)]) -> mpsc::Receiver<(PeerId, Bytes)> {
        self.0.streams.subscribe_intents(pairs)
    }

    /// Settlements as members publish them from now on, each from several members.
    #[must_use]
    pub fn subscribe_settlements(&self) -> mpsc::Receiver<(PeerId, Bytes)> {
        self.0.streams.subscribe_settlements()
    }

    /// Shows another ticket from now on.
    pub fn renew_ticket(&self, ticket: &Ticket) {
        self.0
            .network
            .discovery()
            .replace_ticket(tickets::wrap(ticket));
    }

    /// Resolves when the network has given up on its own. Then the house must be joined anew.
    pub async fn terminated(&self) {
        self.0.terminated.cancelled().await;
    }

    /// Leaves the house, whatever other handles there are: tells the others, closes the endpoint
    /// and stops the relay. Takes a second, three at most.
    pub async fn leave(self) {
        let endpoint = self.0.network.local().endpoint().clone();
        let relay = self
            .0
            .relay
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        self.0.leaving.cancel();
        drop(self);
        tokio::time::sleep(FAREWELL).await;
        // Peers that do not hear it find out by themselves.
        let _ = timeout(FAREWELL, endpoint.close()).await;
        stop(relay).await;
    }
}

impl fmt::Debug for HouseHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HouseHandle").field(&self.0.peer).finish()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.leaving.cancel();
    }
}
