//! A node of the pool: a mosaik network that has the members for nodes and nothing else to do.
//!
//! A node lives for as long as it is of use. Its key and its port are drawn anew each time, so
//! that neither an entry of its last life nor a socket that is not closed yet stands in its way.

use core::time::Duration;
use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;
use iroh::address_lookup::memory::MemoryLookup;
use iroh::{EndpointAddr, SecretKey, TransportAddr};
use mosaik::discovery::{self, SignedPeerEntry};
use mosaik::{Network, NetworkId, Tag};
use sealbid_types::id::MemberIndex;
use tokio::time::timeout;

use super::super::config::Checked;
use super::super::message::MAX_CARD;
use super::admission::{self, Admission};
use crate::PeerId;
use crate::bind::describe;

/// After how long mosaik forgets a node that has not announced itself. It tells the age of an
/// announcement by the clocks of both hosts, so this must be longer than any clock is off: with a
/// minute, a member whose clock was two minutes ahead held all others for forgotten.
const PURGE: Duration = Duration::from_secs(10 * 365 * 24 * 3600);
/// How far apart the clocks may be for mosaik's gossip, which is not used.
const DRIFT: Duration = PURGE;
/// How often a node announces itself anew, and measures round trips: hardly ever. Cards do the one,
/// and nothing needs the other; each would queue in mosaik as long as a node has no neighbours.
const SELDOM: Duration = Duration::from_secs(24 * 3600);
/// No host's clock says so: mosaik adds [`PURGE`] to the time in an entry, and fails where the sum
/// is no date. Milliseconds since 1970, in the year 3000.
const LATEST: i64 = 32_503_680_000_000;
/// Entries that a node's catalog may have. The members' own are a few dozen at most; the others
/// somebody has put there.
const MOST_ENTRIES: usize = 1024;
/// How long it may take to close an endpoint.
const CLOSE: Duration = Duration::from_secs(3);
/// The BLAKE3 derive-key context of the networks' ids.
const NETWORK_CONTEXT: &str = "sealbid/1 2026-11 pool network";

/// A node that is up.
pub(super) struct Node {
    pub(super) network: Network,
    lookup: MemoryLookup,
    tag: u64,
}

impl Node {
    /// Comes up, which takes a relay that answers.
    pub(super) async fn start(config: &Checked, group_key: &[u8; 32]) -> Result<Self, String> {
        let relays = config.relay_mode().map_err(|error| error.to_string())?;
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).map_err(|error| error.to_string())?;
        let discovery = discovery::Config::builder()
            .no_dht_bootstrap()
            .with_announce_interval(SELDOM)
            .with_rtt_probe_interval(SELDOM)
            .with_purge_after(PURGE)
            .with_max_time_drift(DRIFT);
        let addresses = config.bind.all().map(|address| {
            let port = if address.is_ipv4() {
                config.pool_port
            } else {
                0
            };
            SocketAddr::new(address.ip(), port)
        });
        let build = Network::builder(network_id(config, group_key))
            .with_secret_key(SecretKey::from_bytes(&secret))
            .with_relay_mode(relays)
            .with_addresses(addresses.collect::<std::collections::BTreeSet<_>>())
            .with_discovery(discovery)
            .build();
        // On the heap: it is large enough to overflow a test's stack.
        let network = match timeout(config.pool_timeout, Box::pin(build)).await {
            Ok(Ok(network)) => network,
            Ok(Err(error)) => return Err(describe(&error)),
            Err(_) => {
                return Err(format!(
                    "no relay answered within {:?}",
                    config.pool_timeout
                ));
            }
        };
        let lookup = MemoryLookup::new();
        // mosaik's preset asks and tells servers on the internet; an error says that the endpoint
        // has closed.
        if let Ok(services) = network.local().endpoint().address_lookup() {
            services.clear();
            services.add(lookup.clone());
        }
        network.discovery().add_ticket(admission::ticket());
        Ok(Self {
            network,
            lookup,
            tag: 0,
        })
    }

    /// This node's card.
    pub(super) fn card(&self) -> Option<Bytes> {
        let entry = postcard::to_stdvec(&self.network.discovery().me()).ok()?;
        (entry.len() <= MAX_CARD).then(|| entry.into())
    }

    /// Makes another member's node known, if the card is one.
    pub(super) fn introduce(
        &self,
        config: &Checked,
        admission: &Admission,
        member: MemberIndex,
        card: &[u8],
    ) {
        let Ok(entry) = postcard::from_bytes::<SignedPeerEntry>(card) else {
            tracing::debug!(%member, "its node's card is none");
            return;
        };
        let dates = [entry.updated_at(), entry.started_at()];
        let is_dated = dates
            .iter()
            .all(|date| (0..LATEST).contains(&date.timestamp_millis()));
        if !is_dated || !admission.name_key(member, PeerId::from(*entry.id())) {
            tracing::debug!(%member, "its node's card is not usable");
            return;
        }
        let known = config.roster.iter().find(|known| known.index == member);
        let hosts = known.into_iter().flat_map(|known| &known.addresses);
        let address = on_known_hosts(entry.address(), hosts.map(SocketAddr::ip));
        self.lookup.set_endpoint_info(address);
        self.network.discovery().feed(entry);
    }

    /// Makes mosaik look at its catalog again: it bonds on a change, and on nothing else.
    pub(super) fn nudge(&mut self) {
        let tag = |number: u64| Tag::from(format!("sealbid.nudge.{number}").as_str());
        let discovery = self.network.discovery();
        discovery.remove_tags(tag(self.tag));
        self.tag = self.tag.wrapping_add(1);
        discovery.add_tags(tag(self.tag));
    }

    /// Why the node is of no use any more, if it is not.
    pub(super) fn ailment(&self) -> Option<&'static str> {
        if self.network.local().endpoint().is_closed() {
            return Some("its endpoint has closed");
        }
        let entries = self.network.discovery().catalog().peers_count();
        (entries > MOST_ENTRIES).then_some("somebody fills its catalog")
    }

    /// Ends the node, and waits until its port is free.
    pub(super) async fn close(self) {
        let endpoint = self.network.local().endpoint().clone();
        drop(self);
        // What is not closed by then keeps a port that nobody asks for again.
        let _ = timeout(CLOSE, endpoint.close()).await;
    }
}

/// The id of a house's pool network: known to those who have the group's secret.
fn network_id(config: &Checked, group_key: &[u8; 32]) -> NetworkId {
    let mut hasher = blake3::Hasher::new_derive_key(NETWORK_CONTEXT);
    hasher.update(&config.network).update(group_key);
    NetworkId::from_bytes(*hasher.finalize().as_bytes())
}

/// The addresses that a node names, and its ports on the hosts that the roster names: a node
/// behind a router knows the one and not the other.
fn on_known_hosts(named: &EndpointAddr, hosts: impl Iterator<Item = IpAddr>) -> EndpointAddr {
    let ports = |of_v4: bool| {
        let ports = named
            .ip_addrs()
            .filter(move |address| address.is_ipv4() == of_v4);
        ports.map(SocketAddr::port)
    };
    let reachable = hosts.flat_map(|host| {
        let ports = ports(host.is_ipv4());
        ports.map(move |port| TransportAddr::Ip(SocketAddr::new(host, port)))
    });
    named.clone().with_addrs(reachable.collect::<Vec<_>>())
}
