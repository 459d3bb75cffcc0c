//! The mesh's own endpoint: one UDP port, on which members and guests are told apart by the
//! protocol that they ask for, and by the keys that they prove.

use core::net::IpAddr;
use core::time::Duration;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;

use iroh::endpoint::{
    Connection, Endpoint, IdleTimeout, Incoming, IncomingAddr, QuicTransportConfig, VarInt, presets,
};
use iroh::{RelayMode, SecretKey};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::MeshError;
use super::config::Checked;
use super::feed::FeedServer;
use super::members::Members;
use crate::PeerId;
use crate::bind::describe;
use crate::tally::{Prefix, Tally};

/// How often a connection is kept alive.
const KEEP_ALIVE: Duration = Duration::from_secs(1);
/// After how long without any packet it is dead. A member that was stopped for longer is dialled
/// anew; one that has died is missed no longer than that.
const QUIET: Duration = Duration::from_secs(5);
/// Bytes that one connection may have on the way to us: a few of the largest items.
const RECEIVE_WINDOW: u32 = 4 << 20;
/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// Handshakes at once: of hosts that the roster names, of all others, and of one network of those.
const ROSTER_HANDSHAKES: usize = 64;
const HANDSHAKES: usize = 64;
const PREFIX_HANDSHAKES: usize = 8;
/// Connections of guests: in all, of one key, and of one network.
const GUESTS: usize = 256;
const GUESTS_A_PEER: usize = 8;
const GUESTS_A_PREFIX: usize = 64;

/// The names of the two protocols, before the network's id: nodes of other networks do not meet.
const MEMBERS: &[u8] = b"sealbid/members/1/";
const FEED: &[u8] = b"sealbid/feed/1/";

/// The members' protocol in this network.
pub(super) fn members_alpn(network: &[u8; 32]) -> Vec<u8> {
    [MEMBERS, network].concat()
}

/// The guests' protocol in this network.
pub(super) fn feed_alpn(network: &[u8; 32]) -> Vec<u8> {
    [FEED, network].concat()
}

/// Binds the endpoint. A guest's takes no connections.
pub(super) async fn bind(config: &Checked) -> Result<Endpoint, MeshError> {
    let alpns = match config.member() {
        Some(_) => vec![members_alpn(&config.network), feed_alpn(&config.network)],
        None => Vec::new(),
    };
    let builder = Endpoint::builder(presets::Minimal)
        .relay_mode(RelayMode::Disabled)
        .secret_key(SecretKey::from_bytes(&config.secret))
        .alpns(alpns)
        .transport_config(transport());
    let builder = config
        .bind
        .apply(builder)
        .map_err(|error| MeshError::failed(describe(&error)))?;
    Box::pin(builder.bind())
        .await
        .map_err(|error| MeshError::of_bind(&error, &config.bind))
}

fn transport() -> QuicTransportConfig {
    let window = VarInt::from_u32(RECEIVE_WINDOW);
    QuicTransportConfig::builder()
        // Neither protocol uses more than one: a guest's, or a member's.
        .max_concurrent_bidi_streams(VarInt::from_u32(1))
        .max_concurrent_uni_streams(VarInt::from_u32(1))
        .stream_receive_window(window)
        .receive_window(window)
        .keep_alive_interval(KEEP_ALIVE)
        .max_idle_timeout(IdleTimeout::try_from(QUIET).ok())
        .build()
}

/// A member's side that takes connections.
pub(super) struct Reception {
    pub(super) endpoint: Endpoint,
    pub(super) network: [u8; 32],
    pub(super) members: Members,
    pub(super) feed: Arc<FeedServer>,
    pub(super) leaving: CancellationToken,
    guests: Guests,
    /// Where the roster's members are: strangers cannot take the places of who comes from there.
    hosts: BTreeSet<IpAddr>,
}

/// Who has how many connections.
#[derive(Default)]
struct Guests {
    all: Arc<Tally<()>>,
    peers: Arc<Tally<PeerId>>,
    prefixes: Arc<Tally<Prefix>>,
    handshakes: Arc<Tally<Prefix>>,
}

impl Reception {
    pub(super) fn new(
        endpoint: Endpoint,
        config: &Checked,
        members: Members,
        feed: Arc<FeedServer>,
        leaving: CancellationToken,
    ) -> Self {
        let addresses = config.roster.iter().flat_map(|entry| &entry.addresses);
        Self {
            endpoint,
            network: config.network,
            members,
            feed,
            leaving,
            guests: Guests::default(),
            hosts: addresses.map(SocketAddr::ip).collect(),
        }
    }

    /// Takes connections until the mesh is left.
    pub(super) async fn run(self) {
        let leaving = self.leaving.clone();
        let this = Arc::new(self);
        let (of_roster, of_others) = (
            Arc::new(Semaphore::new(ROSTER_HANDSHAKES)),
            Arc::new(Semaphore::new(HANDSHAKES)),
        );
        let accept = async {
            while let Some(incoming) = this.endpoint.accept().await {
                let places = match this.is_of_roster(&incoming.remote_addr()) {
                    true => &of_roster,
                    false => &of_others,
                };
                Arc::clone(&this).screen(incoming, places);
            }
        };
        leaving.run_until_cancelled(accept).await;
    }

    fn is_of_roster(&self, address: &IncomingAddr) -> bool {
        match address {
            IncomingAddr::Ip(address) => self.hosts.contains(&address.ip().to_canonical()),
            _ => false,
        }
    }

    /// Begins a handshake if there is a place for it.
    fn screen(self: Arc<Self>, incoming: Incoming, places: &Arc<Semaphore>) {
        // When half of the places are taken, who comes must first show that its address is its own.
        if places.available_permits() * 2 <= HANDSHAKES && !incoming.remote_addr_validated() {
            // It comes again with a token, or not at all.
            let _ = incoming.retry();
            return;
        }
        let prefix = Prefix::of_incoming(&incoming.remote_addr());
        let handshakes = &self.guests.handshakes;
        let of_prefix = prefix.map(|prefix| handshakes.hold(prefix, 1, PREFIX_HANDSHAKES));
        let place = Arc::clone(places).try_acquire_owned();
        let (Ok(place), None | Some(Some(_))) = (place, &of_prefix) else {
            incoming.refuse();
            return;
        };
        tokio::spawn(async move {
            let Ok(Ok(connection)) = timeout(HANDSHAKE, incoming).await else {
                return;
            };
            // They are for handshakes, and this one is over.
            drop((place, of_prefix));
            self.serve(&connection, prefix).await;
            connection.close(VarInt::from_u32(0), b"");
        });
    }

    async fn serve(&self, connection: &Connection, prefix: Option<Prefix>) {
        let peer = PeerId::from(connection.remote_id());
        let is_of_members = connection.alpn() == members_alpn(&self.network);
        if is_of_members {
            // Nobody whom the roster does not name gets any further than this.
            self.members.read(connection).await;
            return;
        }
        let guests = &self.guests;
        let of_prefix = prefix.map(|prefix| guests.prefixes.hold(prefix, 1, GUESTS_A_PREFIX));
        let held = (
            guests.all.hold((), 1, GUESTS),
            guests.peers.hold(peer, 1, GUESTS_A_PEER),
        );
        if let ((Some(_), Some(_)), None | Some(Some(_))) = (&held, &of_prefix) {
            self.feed.serve(connection, peer).await;
        }
    }
}
