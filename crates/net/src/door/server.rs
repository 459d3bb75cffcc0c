//! The member's side of the front door. Anyone may knock, so each thing that a stranger can take is
//! bounded before it is given: connections (in all, of a peer), requests (open, a second), bytes,
//! and time. The committee's members have places and room beside the strangers', who take neither from
//! one that fetches what it has missed.

use core::fmt;
use core::future::Future;
use core::num::NonZeroU32;
use core::time::Duration;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use iroh::endpoint::{
    Connection, Endpoint, IdleTimeout, Incoming, QuicTransportConfig, RecvStream, SendStream,
    VarInt, presets,
};
use iroh::{RelayMode, SecretKey};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, sleep, timeout};
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use super::room::{Answers, Reader};
use super::{ALPN, DoorAddress, DoorRefusal, MAX_REQUEST, MAX_RESPONSE, Reply};
use crate::Cause;
use crate::bind::{BindAddresses, is_address_in_use};
use crate::frame::{self, FrameError};
use crate::places::{Most, Place, Places, Screened};
use crate::tally::{Held, Prefix, Tally};
use crate::{PeerId, install_crypto_provider};

/// How long a connection without any packet lives. Clients keep theirs alive.
const QUIET: Duration = Duration::from_secs(20);
/// Bytes that one connection may have on the way to us.
const RECEIVE_WINDOW: u32 = 1 << 20;
/// How often the rate limiter forgets peers that have not been seen.
const FORGET: Duration = Duration::from_secs(30);
/// How long a door that closes waits for its farewells to be heard.
const FAREWELL: Duration = Duration::from_secs(2);

/// What a door answers with.
pub trait Handler: Send + Sync + 'static {
    /// Answers one request of `peer`, whose key the transport has authenticated.
    ///
    /// The future is dropped when the peer's connection ends: what must be done anyway belongs in
    /// a task of its own.
    fn handle(&self, peer: PeerId, request: Bytes, reply: Reply)
    -> impl Future<Output = ()> + Send;
}

/// What a door allows.
#[derive(Debug, Clone)]
pub struct DoorLimits {
    /// Bytes of a request. Default 64 KiB.
    pub max_request: usize,
    /// Bytes of one frame of an answer. Default 16 MiB.
    pub max_response: usize,
    /// Connections in all, of strangers. Default 1024.
    pub connections: usize,
    /// Connections from each host of members, beside those. Default 16.
    pub connections_of_members: usize,
    /// Connections of one peer. Default 8.
    pub connections_per_peer: usize,
    /// Connections from one network: /24 of IPv4, /48 of IPv6, the host's own apart. Keys are free
    /// to make, addresses are not. Default 256.
    pub connections_per_prefix: usize,
    /// Requests of one connection that may be open at once. Default 64.
    pub streams_per_connection: u32,
    /// Requests of one peer a second, in the long run. Default 200.
    pub requests_per_second: NonZeroU32,
    /// Requests of one peer at once, after a pause. Default 400.
    pub burst: NonZeroU32,
    /// Requests from one network a second, in the long run, and at once. Default 2000.
    pub prefix_requests_per_second: NonZeroU32,
    /// Bytes of large answers in memory, in all. Default 96 MiB: the largest has room, and another.
    pub answers: usize,
    /// Bytes of large answers in memory that go to one network. Default 64 MiB.
    pub answers_per_prefix: usize,
    /// Bytes of large answers in memory that go to one member, beside those. Default 64 MiB: the
    /// largest has room.
    pub answers_per_member: usize,
    /// How long a handshake may take. Default 5 s.
    pub handshake: Duration,
    /// How long a request may take to arrive. Default 5 s.
    pub read: Duration,
    /// How long a peer may keep a piece of an answer (64 KiB) waiting. Default 10 s. Besides, it
    /// has to take a whole answer at 256 KiB a second.
    pub write: Duration,
    /// How long a connection may stay without a request. Default 60 s.
    pub idle: Duration,
}

impl Default for DoorLimits {
    fn default() -> Self {
        Self {
            max_request: MAX_REQUEST,
            max_response: MAX_RESPONSE,
            connections: 1024,
            connections_of_members: 16,
            connections_per_peer: 8,
            connections_per_prefix: 256,
            streams_per_connection: 64,
            requests_per_second: NonZeroU32::new(200).unwrap_or(NonZeroU32::MIN),
            burst: NonZeroU32::new(400).unwrap_or(NonZeroU32::MIN),
            prefix_requests_per_second: NonZeroU32::new(2000).unwrap_or(NonZeroU32::MIN),
            answers: 96 << 20,
            answers_per_prefix: MAX_RESPONSE,
            answers_per_member: MAX_RESPONSE,
            handshake: Duration::from_secs(5),
            read: Duration::from_secs(5),
            write: Duration::from_secs(10),
            idle: Duration::from_secs(60),
        }
    }
}

/// How a door is opened.
pub struct DoorConfig {
    /// The endpoint's ed25519 secret.
    pub secret: Zeroizing<[u8; 32]>,
    /// Where it listens.
    pub bind: BindAddresses,
    /// What it allows.
    pub limits: DoorLimits,
    /// The committee's members, by the keys and addresses of their doors: a member asks another by
    /// its door's key. None if all that come are strangers.
    pub members: Vec<DoorAddress>,
}

impl fmt::Debug for DoorConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DoorConfig")
            .field("bind", &self.bind)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// Why a door did not open.
#[derive(Debug, Clone, thiserror::Error)]
pub enum DoorBindError {
    /// Another process listens there.
    #[error("the front door's port is in use: {address}")]
    PortInUse {
        /// The UDP address.
        address: SocketAddr,
    },
    /// Anything else.
    #[error("the front door did not open: {reason}")]
    Failed {
        /// What the transport said.
        #[source]
        reason: Cause,
    },
}

/// An open front door.
#[derive(Debug)]
pub struct Door {
    endpoint: Endpoint,
    shared: Arc<Shared>,
}

/// What all connections of a door share.
#[derive(Debug)]
struct Shared {
    limits: DoorLimits,
    closing: CancellationToken,
    members: BTreeSet<PeerId>,
    /// Places for connections, taken before the handshake, when nobody knows yet who it is.
    places: Places,
    /// Connections of each peer, counted after the handshake. A key costs nothing, so this is no
    /// bound on a stranger with many of them; `places` are.
    peers: Arc<Tally<PeerId>>,
    requests: DefaultKeyedRateLimiter<PeerId>,
    prefix_requests: DefaultKeyedRateLimiter<Prefix>,
    answers: Answers,
}

impl Door {
    /// Opens a door. It listens when this returns, and answers once [`Self::serve`] is called.
    ///
    /// # Errors
    /// [`DoorBindError`].
    pub async fn bind(config: DoorConfig) -> Result<Self, DoorBindError> {
        install_crypto_provider();
        let DoorConfig {
            secret,
            bind,
            limits,
            members,
        } = config;
        let failed = |reason: Cause| DoorBindError::Failed { reason };
        let builder = Endpoint::builder(presets::Minimal)
            .relay_mode(RelayMode::Disabled)
            .secret_key(SecretKey::from_bytes(&secret))
            .alpns(vec![ALPN.to_vec()])
            .transport_config(transport(&limits));
        let builder = bind
            .apply(builder)
            .map_err(|error| failed(Cause::of(error)))?;
        let endpoint = Box::pin(builder.bind()).await.map_err(|error| {
            match bind.taken().filter(|_| is_address_in_use(&error)) {
                Some(address) => DoorBindError::PortInUse { address },
                None => failed(Cause::of(error)),
            }
        })?;
        Ok(Self::over(endpoint, limits, &members))
    }

    /// A door over an endpoint that is bound already, with the [`transport`] of these limits.
    pub(crate) fn over(endpoint: Endpoint, limits: DoorLimits, members: &[DoorAddress]) -> Self {
        Self {
            endpoint,
            shared: Arc::new(Shared::new(limits, members)),
        }
    }

    /// The door's key.
    #[must_use]
    pub fn peer(&self) -> PeerId {
        self.endpoint.id().into()
    }

    /// Where it listens.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.endpoint.bound_sockets()
    }

    /// Resolves once a relay is reached.
    pub(crate) async fn online(&self) {
        self.endpoint.online().await;
    }

    /// Answers requests with `handler`, in the background, until the door is closed or dropped.
    pub fn serve<H: Handler>(&self, handler: Arc<H>) {
        let (endpoint, shared) = (self.endpoint.clone(), Arc::clone(&self.shared));
        tokio::spawn(accept(endpoint, shared, handler));
    }

    /// Stops answering, tells the peers, and frees the port.
    pub async fn close(self) {
        self.shared.closing.cancel();
        // Peers that do not hear it find out by themselves.
        let _ = timeout(FAREWELL, self.endpoint.close()).await;
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.shared.closing.cancel();
    }
}

/// What a door's endpoint allows its peers.
pub(crate) fn transport(limits: &DoorLimits) -> QuicTransportConfig {
    let window = VarInt::from_u32(RECEIVE_WINDOW);
    QuicTransportConfig::builder()
        .max_concurrent_bidi_streams(VarInt::from_u32(limits.streams_per_connection))
        // Nobody reads them: each would only hold bytes of a stranger's.
        .max_concurrent_uni_streams(VarInt::from_u32(0))
        // Of the connection as well: by the stream alone, a stranger could have as many windows
        // filled here as it may open streams.
        .stream_receive_window(window)
        .receive_window(window)
        .max_idle_timeout(IdleTimeout::try_from(QUIET).ok())
        .build()
}

impl Shared {
    fn new(limits: DoorLimits, members: &[DoorAddress]) -> Self {
        let quota = Quota::per_second(limits.requests_per_second).allow_burst(limits.burst);
        let most = Most {
            member_host: limits.connections_of_members,
            strangers: limits.connections,
            network: limits.connections_per_prefix,
        };
        let hosts = members.iter().flat_map(|door| &door.addresses).copied();
        Self {
            closing: CancellationToken::new(),
            members: members.iter().map(|door| door.peer).collect(),
            places: Places::new(most, hosts),
            peers: Arc::default(),
            requests: RateLimiter::keyed(quota),
            prefix_requests: RateLimiter::keyed(Quota::per_second(
                limits.prefix_requests_per_second,
            )),
            answers: Answers::new(
                limits.answers,
                limits.answers_per_prefix,
                limits.answers_per_member,
            ),
            limits,
        }
    }

    /// Who has come, now that its key is known, and what it holds as long as it stays. None if
    /// there is no place for it.
    fn admit(&self, peer: PeerId, place: Place) -> Option<(Reader, (Place, Held<PeerId>))> {
        let (reader, place) = if self.members.contains(&peer) {
            (Reader::Member(peer), place)
        } else {
            let place = self.places.as_stranger(place)?;
            (Reader::Stranger(place.network()), place)
        };
        let of_peer = self.peers.hold(peer, 1, self.limits.connections_per_peer)?;
        Some((reader, (place, of_peer)))
    }

    /// Whether a request may be read now, of this peer and from where it comes.
    fn may_ask(&self, peer: PeerId, reader: Reader) -> bool {
        let of_network = match reader {
            Reader::Stranger(Some(prefix)) => self.prefix_requests.check_key(&prefix).is_ok(),
            Reader::Stranger(None) | Reader::Member(_) => true,
        };
        of_network && self.requests.check_key(&peer).is_ok()
    }
}

async fn accept<H: Handler>(endpoint: Endpoint, shared: Arc<Shared>, handler: Arc<H>) {
    let mut forget = tokio::time::interval(FORGET);
    // To forget once is as good as to forget as often as was missed.
    forget.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = shared.closing.cancelled() => return,
            // Keys are free, so what is kept of each must not stay.
            _ = forget.tick() => {
                shared.requests.retain_recent();
                shared.prefix_requests.retain_recent();
            }
            incoming = endpoint.accept() => {
                let Some(incoming) = incoming else { return };
                if let Some((incoming, place)) = screen(incoming, &shared) {
                    tokio::spawn(connection(incoming, place, Arc::clone(&shared), Arc::clone(&handler)));
                }
            }
        }
    }
}

/// Takes a place for an incoming connection, or turns it away.
fn screen(incoming: Incoming, shared: &Shared) -> Option<(Incoming, Place)> {
    let is_shown = incoming.remote_addr_validated();
    match shared.places.screen(&incoming.remote_addr(), is_shown) {
        Screened::Taken(place) => return Some((incoming, place)),
        // An honest client's transport comes back with the token by itself.
        Screened::ShowsAddress => drop(incoming.retry()),
        Screened::Full => incoming.refuse(),
    }
    None
}

async fn connection<H: Handler>(
    incoming: Incoming,
    place: Place,
    shared: Arc<Shared>,
    handler: Arc<H>,
) {
    let Ok(Ok(connection)) = timeout(shared.limits.handshake, incoming).await else {
        return;
    };
    let peer = PeerId::from(connection.remote_id());
    let refusal = match shared.admit(peer, place) {
        // Held until it ends: a connection takes its place for as long as it can cost anything.
        Some((reader, _held)) => requests(&connection, (peer, reader), &shared, &handler).await,
        None => DoorRefusal::Busy,
    };
    connection.close(refusal.code(), b"");
}

/// Serves a connection's requests; says why it is to be closed.
async fn requests<H: Handler>(
    connection: &Connection,
    peer: (PeerId, Reader),
    shared: &Arc<Shared>,
    handler: &Arc<H>,
) -> DoorRefusal {
    // Dropped with this function, and with it every handler of the connection: nobody works for a
    // client that has gone.
    let mut open = JoinSet::new();
    loop {
        tokio::select! {
            () = shared.closing.cancelled() => return DoorRefusal::ShuttingDown,
            _ = open.join_next(), if !open.is_empty() => {}
            // A watcher asks once and listens for hours: an open request is no idleness.
            () = sleep(shared.limits.idle), if open.is_empty() => return DoorRefusal::Idle,
            stream = connection.accept_bi() => {
                let Ok((send, receive)) = stream else { return DoorRefusal::Failed };
                open.spawn(request(send, receive, peer, Arc::clone(shared), Arc::clone(handler)));
            }
        }
    }
}

async fn request<H: Handler>(
    send: SendStream,
    mut receive: RecvStream,
    (peer, reader): (PeerId, Reader),
    shared: Arc<Shared>,
    handler: Arc<H>,
) {
    let limits = &shared.limits;
    let room = shared.answers.of(reader);
    let reply = Reply::new(send, limits.max_response, limits.write, room);
    // Before a byte is read: what is over the rate costs a stream and nothing more. By the peer and
    // not by its connection, of which it may have several.
    let request = if shared.may_ask(peer, reader) {
        read(&mut receive, limits).await
    } else {
        Err(DoorRefusal::RateLimited)
    };
    match request {
        Ok(request) => handler.handle(peer, request, reply).await,
        Err(refusal) => {
            tracing::debug!(?peer, %refusal, "request refused");
            // An error says that the stream has ended.
            // Both ways: whoever is still sending is to stop, whoever waits for an answer to know.
            let _ = receive.stop(refusal.code());
            reply.refuse(refusal);
        }
    }
}

/// Reads a request, within its size and its time.
async fn read(receive: &mut RecvStream, limits: &DoorLimits) -> Result<Bytes, DoorRefusal> {
    match timeout(limits.read, frame::read(receive, limits.max_request)).await {
        Ok(Ok(Some(request))) => Ok(request),
        Ok(Err(FrameError::TooLarge(_))) => Err(DoorRefusal::TooLarge),
        Ok(Ok(None) | Err(FrameError::Truncated | FrameError::Read(_))) => {
            Err(DoorRefusal::Malformed)
        }
        Err(_) => Err(DoorRefusal::TimedOut),
    }
}
