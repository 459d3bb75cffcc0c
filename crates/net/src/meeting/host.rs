//! The host's side of a meeting: a door at which guests read its board and post to it.

use core::fmt;
use core::num::NonZeroU32;
use core::time::Duration;
use std::net::SocketAddr;
use std::sync::Arc;

use iroh::SecretKey;
use iroh::endpoint::{Endpoint, presets};
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::line::relay_mode;
use super::protocol::{MAX_REQUEST, MAX_RESPONSE};
use super::service::Service;
use super::{ALPN, HostError, MeetingAddress, Noticeboard};
use crate::Cause;
use crate::bind::{BindAddresses, is_address_in_use};
use crate::door::{self, Door, DoorLimits};
use crate::relay::EmbeddedRelay;
use crate::{PeerId, install_crypto_provider};

/// How long a host that closes waits for its relay to end.
const FAREWELL: Duration = Duration::from_secs(2);

/// The relay through which guests may come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostRelay {
    /// None: guests dial the host's addresses.
    None,
    /// One of the host's own, inside its process, on this TCP address. `[::]` takes IPv4 as well,
    /// where the system's default is left as it is. Guests dial `http://ADDRESS:PORT`, with an
    /// address at which the host is reached from outside.
    Embedded(SocketAddr),
    /// Another's, at this URL.
    Url(String),
}

/// How a meeting is hosted.
pub struct HostConfig {
    /// The host's ed25519 secret. Guests are told its public key.
    pub secret: Zeroizing<[u8; 32]>,
    /// Where it listens (UDP). Default: loopback, any port.
    pub bind: BindAddresses,
    /// Default: none.
    pub relay: HostRelay,
    /// What it allows.
    pub limits: MeetingLimits,
}

impl HostConfig {
    /// A host on loopback, without a relay.
    #[must_use]
    pub fn new(secret: Zeroizing<[u8; 32]>) -> Self {
        Self {
            secret,
            bind: BindAddresses::default(),
            relay: HostRelay::None,
            limits: MeetingLimits::default(),
        }
    }
}

impl fmt::Debug for HostConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostConfig")
            .field("bind", &self.bind)
            .field("relay", &self.relay)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// What a host allows.
#[derive(Debug, Clone)]
pub struct MeetingLimits {
    /// Connections in all. Default 64.
    pub connections: usize,
    /// Connections of one peer. Default 4.
    pub connections_per_peer: usize,
    /// Requests of one peer a second, in the long run. Default 20.
    pub requests_per_second: NonZeroU32,
    /// Requests of one peer at once, after a pause: a whole board has room. Default 512.
    pub burst: NonZeroU32,
    /// How long a guest may wait for news. Default 10 s.
    pub longest_wait: Duration,
}

impl Default for MeetingLimits {
    fn default() -> Self {
        Self {
            connections: 64,
            connections_per_peer: 4,
            requests_per_second: NonZeroU32::new(20).unwrap_or(NonZeroU32::MIN),
            burst: NonZeroU32::new(512).unwrap_or(NonZeroU32::MIN),
            longest_wait: Duration::from_secs(10),
        }
    }
}

impl MeetingLimits {
    fn door(&self) -> DoorLimits {
        DoorLimits {
            max_request: MAX_REQUEST,
            max_response: MAX_RESPONSE,
            connections: self.connections,
            connections_per_peer: self.connections_per_peer,
            streams_per_connection: 8,
            requests_per_second: self.requests_per_second,
            burst: self.burst,
            handshake: Duration::from_secs(5),
            read: Duration::from_secs(20),
            write: Duration::from_secs(20),
            idle: Duration::from_secs(30),
            ..DoorLimits::default()
        }
    }
}

/// A guest, as its host knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guest {
    /// Its key in the meeting.
    pub peer: PeerId,
    /// How many of the board's messages it lacked when it last asked.
    pub lacks: usize,
}

/// A meeting, open to guests. Dropping it ends it without a word.
#[derive(Debug)]
pub struct MeetingHost {
    door: Door,
    relay: Option<EmbeddedRelay>,
    relay_url: Option<String>,
    service: Arc<Service>,
}

impl MeetingHost {
    /// Opens a meeting around `board`. With a relay, it may take a second more until guests can
    /// come through it.
    ///
    /// # Errors
    /// [`HostError`].
    pub async fn open<B: Noticeboard>(
        config: HostConfig,
        board: Arc<B>,
    ) -> Result<Self, HostError> {
        install_crypto_provider();
        let relay = match &config.relay {
            HostRelay::Embedded(address) => Some(EmbeddedRelay::spawn(*address).await?),
            HostRelay::None | HostRelay::Url(_) => None,
        };
        let relay_url = match &config.relay {
            HostRelay::Url(url) => Some(url.clone()),
            HostRelay::None | HostRelay::Embedded(_) => relay.as_ref().map(local_url),
        };
        let limits = config.limits.door();
        let endpoint = bind(&config, relay_url.as_deref(), &limits).await?;
        let door = Door::over(endpoint, limits, &[]);
        let service = Arc::new(Service::new(board, config.limits.longest_wait));
        door.serve(Arc::clone(&service));
        Ok(Self {
            door,
            relay,
            relay_url,
            service,
        })
    }

    /// The host's key.
    #[must_use]
    pub fn peer(&self) -> PeerId {
        self.door.peer()
    }

    /// Where it is reached from this very machine. Guests elsewhere need its key, with addresses
    /// and a relay's URL that are right for them.
    #[must_use]
    pub fn local_address(&self) -> MeetingAddress {
        MeetingAddress {
            peer: self.peer(),
            addresses: self.door.addresses(),
            relay: self.relay_url.clone(),
        }
    }

    /// Resolves once the relay is reached: not before guests can come through it. Without a relay,
    /// and while it cannot be reached, it does not: the caller sets the limit.
    pub async fn relayed(&self) {
        self.door.online().await;
    }

    /// Tells the guests that the host has posted something to its own board.
    pub fn announce(&self) {
        self.service.announce();
    }

    /// Resolves once guests have posted something new since it last resolved. For one caller at a
    /// time; may be dropped and called again.
    pub async fn changed(&self) {
        self.service.changed().await;
    }

    /// The guests that have asked since the meeting was opened, whether or not they are still
    /// there.
    #[must_use]
    pub fn guests(&self) -> Vec<Guest> {
        self.service.guests()
    }

    /// Resolves once so many guests have said that they hold all that the host's board holds.
    ///
    /// A host that closes the meeting earlier leaves the others waiting for messages that only it
    /// could pass on. A guest may stay away for ever, so the caller sets a time limit.
    pub async fn delivered(&self, guests: usize) {
        self.service.delivered(guests).await;
    }

    /// Ends the meeting, tells the guests, and frees the port.
    pub async fn close(self) {
        self.door.close().await;
        if let Some(relay) = self.relay {
            // It is gone either way.
            let _ = timeout(FAREWELL, relay.shutdown()).await;
        }
    }
}

async fn bind(
    config: &HostConfig,
    relay: Option<&str>,
    limits: &DoorLimits,
) -> Result<Endpoint, HostError> {
    let failed = |reason: Cause| HostError::Failed { reason };
    let relay_mode = relay_mode(relay).ok_or_else(|| HostError::RelayUrl {
        url: relay.unwrap_or_default().to_owned(),
    })?;
    let builder = Endpoint::builder(presets::Minimal)
        .relay_mode(relay_mode)
        .secret_key(SecretKey::from_bytes(&config.secret))
        .alpns(vec![ALPN.to_vec()])
        .transport_config(door::transport(limits));
    let builder = config.bind.apply(builder);
    let builder = builder.map_err(|error| failed(Cause::of(error)))?;
    let bound = Box::pin(builder.bind()).await;
    bound.map_err(
        |error| match config.bind.taken().filter(|_| is_address_in_use(&error)) {
            Some(address) => HostError::PortInUse { address },
            None => failed(Cause::of(error)),
        },
    )
}

/// The URL at which the host reaches its own relay, whatever its address is from outside.
fn local_url(relay: &EmbeddedRelay) -> String {
    let mut address = relay.address();
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => core::net::Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => core::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    format!("http://{address}")
}
