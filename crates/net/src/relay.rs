//! The relay inside every member.
//!
//! A mosaik node comes up only once it has reached a relay. So that a house needs nothing from
//! outside, and outlives any of its members, each member runs a relay of its own, and all of them
//! are in everybody's map. It serves plain HTTP: what it forwards is encrypted end to end, and its
//! clients prove their keys to it.

use core::num::NonZeroU32;
use std::net::SocketAddr;

use iroh_relay::server::{ClientRateLimit, RelayConfig, Server, ServerConfig};

use crate::Cause;
use crate::bind::is_address_in_use;

/// What one client may send through the relay, in bytes a second.
const CLIENT_BYTES_PER_SECOND: u32 = 16 << 20;

/// A running relay. Dropping it stops it.
#[derive(Debug)]
pub struct EmbeddedRelay {
    server: Server,
    address: SocketAddr,
}

/// Why a relay did not start.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RelayError {
    /// Another process listens there.
    #[error("the relay's port is in use: {address}")]
    PortInUse {
        /// The TCP address.
        address: SocketAddr,
    },
    /// Anything else.
    #[error("the relay did not start on {address}: {reason}")]
    Failed {
        /// The TCP address.
        address: SocketAddr,
        /// What the server said.
        #[source]
        reason: Cause,
    },
}

impl EmbeddedRelay {
    /// Starts a relay on a TCP address; port 0 takes any free port.
    ///
    /// # Errors
    /// [`RelayError`].
    pub async fn spawn(address: SocketAddr) -> Result<Self, RelayError> {
        let mut relay = RelayConfig::new(address);
        relay.limits.client_rx = NonZeroU32::new(CLIENT_BYTES_PER_SECOND).map(ClientRateLimit::new);
        let mut config = ServerConfig::default();
        config.relay = Some(relay);
        let failed = |reason: Cause| RelayError::Failed { address, reason };
        let server =
            Server::spawn(config)
                .await
                .map_err(|error| match is_address_in_use(&error) {
                    true => RelayError::PortInUse { address },
                    false => failed(Cause::of(error)),
                })?;
        let address = server
            .http_addr()
            .ok_or_else(|| failed("no address".into()))?;
        Ok(Self { server, address })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// What others put in their list of relays.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops it, and waits until it has stopped.
    pub async fn shutdown(self) {
        // Its tasks are gone either way.
        let _ = self.server.shutdown().await;
    }
}
