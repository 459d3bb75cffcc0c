//! The mesh and the front door: the only crate that names mosaik and iroh.
//!
//! - [`mesh`]: members, solvers and relayers. Members speak to each other over it, share the pool,
//!   and publish what solvers and relayers read.
//! - [`door`]: the small request protocol that anyone may knock at, over an iroh endpoint of its
//!   own.
//! - [`meeting`]: where the participants of a key ceremony meet, before there is any house.
//! - [`relay`]: the relay that every member carries inside its process.
//! - [`ticket`]: what admits a peer to the mesh.
//!
//! Everything here carries bytes. What they mean is decided elsewhere, and whoever receives them
//! checks them; this crate answers for who sent them, and for their size.

pub mod bind;
mod cause;
pub mod door;
mod frame;
pub mod meeting;
pub mod mesh;
mod peer;
mod places;
pub mod relay;
mod tally;
pub mod ticket;

pub use cause::Cause;
pub use peer::PeerId;

/// What a process logs when nobody says otherwise, for a `tracing` environment filter.
///
/// The transport repeats what it cannot reach every few seconds: members that are down, and, when
/// the host has no internet, the address lookup that mosaik's preset brings along. `iroh::socket`
/// calls it an error when a process ends without waiting for its farewells to be heard.
pub const DEFAULT_LOG_FILTER: &str = "info,mosaik=error,iroh=error,iroh::address_lookup=off,\
    iroh::socket=off,iroh_gossip=error,iroh_relay=error,noq=error,noq_proto=error,noq_udp=error,\
    netwatch=error,mainline=error,pkarr=off,hickory_proto=error,hickory_resolver=error";

/// Makes *ring* this process's provider of TLS cryptography.
///
/// Two providers are compiled in, and rustls refuses to choose. Harmless to call again; what
/// needs it in this crate calls it.
pub fn install_crypto_provider() {
    // An error says that a provider is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
