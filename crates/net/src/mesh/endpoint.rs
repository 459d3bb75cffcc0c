//! The mesh's own endpoint: one UDP port, on which members and guests are told apart by the
//! protocol that they ask for, and by the keys that they prove.

use core::time::Duration;
use std::sync::Arc;

use iroh::endpoint::{
    Connection, Endpoint, IdleTimeout, Incoming, IncomingAddr, QuicTransportConfig, VarInt, presets,
};
use iroh::{RelayMode, SecretKey};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::MeshError;
use super::config::Checked;
use super::feed::FeedServer;
use super::members::Members;
use crate::Cause;
use crate::PeerId;
use crate::places::{Most, Places, Screened};

/// How often a connection is kept alive.
const KEEP_ALIVE: Duration = Duration::from_secs(1);
/// After how long without any packet it is dead. A member that was stopped for longer is dialled
/// anew; one that has died is missed no longer than that.
const QUIET: Duration = Duration::from_secs(5);
/// Bytes that one connection may have on the way to us: a few of the largest items.
const RECEIVE_WINDOW: u32 = 4 << 20;
/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// Handshakes at once.
const HANDSHAKES: Most = Most {
    member_host: 16,
    strangers: 64,
    network: 8,
};
/// Connections that have not shown a ticket yet. Each may take `feed::SUBSCRIBE` for that.
const NEWCOMERS: Most = Most {
    member_host: 16,
    strangers: 256,
    network: 32,
};

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
        .map_err(|error| MeshError::failed(Cause::of(error)))?;
    Box::pin(builder.bind())
        .await
        .map_err(|error| MeshError::of_bind(error, &config.bind))
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
    handshakes: Places,
    newcomers: Places,
}

impl Reception {
    pub(super) fn new(
        endpoint: Endpoint,
        config: &Checked,
        members: Members,
        feed: Arc<FeedServer>,
        leaving: CancellationToken,
    ) -> Self {
        let addresses = || {
            let entries = config.roster.iter();
            entries.flat_map(|entry| entry.addresses.iter().copied())
        };
        Self {
            endpoint,
            network: config.network,
            members,
            feed,
            leaving,
            handshakes: Places::new(HANDSHAKES, addresses()),
            newcomers: Places::new(NEWCOMERS, addresses()),
        }
    }

    /// Takes connections until the mesh is left.
    pub(super) async fn run(self) {
        let leaving = self.leaving.clone();
        let this = Arc::new(self);
        let accept = async {
            while let Some(incoming) = this.endpoint.accept().await {
                Arc::clone(&this).screen(incoming);
            }
        };
        leaving.run_until_cancelled(accept).await;
    }

    /// Begins a handshake if there is a place for it.
    fn screen(self: Arc<Self>, incoming: Incoming) {
        let address = incoming.remote_addr();
        let place = match self
            .handshakes
            .screen(&address, incoming.remote_addr_validated())
        {
            Screened::Taken(place) => place,
            Screened::ShowsAddress => {
                // It comes again with a token, or not at all.
                let _ = incoming.retry();
                return;
            }
            Screened::Full => return incoming.refuse(),
        };
        tokio::spawn(async move {
            let Ok(Ok(connection)) = timeout(HANDSHAKE, incoming).await else {
                return;
            };
            // They are for handshakes, and this one is over.
            drop(place);
            self.serve(&connection, &address).await;
            connection.close(VarInt::from_u32(0), b"");
        });
    }

    async fn serve(&self, connection: &Connection, address: &IncomingAddr) {
        let is_of_members = connection.alpn() == members_alpn(&self.network);
        if is_of_members {
            // Nobody whom the roster does not name gets any further than this.
            self.members.read(connection).await;
            return;
        }
        // A handshake has shown the address.
        if let Screened::Taken(newcomer) = self.newcomers.screen(address, true) {
            let peer = PeerId::from(connection.remote_id());
            self.feed.serve(connection, peer, newcomer).await;
        }
    }
}
