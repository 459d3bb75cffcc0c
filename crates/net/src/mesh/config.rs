//! How a node joins the mesh, and what is checked of it before anything is bound.

use core::fmt;
use core::time::Duration;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use iroh::{EndpointAddr, RelayConfig, RelayMap, RelayMode, RelayUrl, TransportAddr};
use sealbid_protocol::pool::ClearedRound;
use sealbid_types::committee::Committee;
use sealbid_types::id::MemberIndex;
use zeroize::Zeroizing;

use super::MeshError;
use crate::PeerId;
pub use crate::bind::BindAddresses;
use crate::relay::EmbeddedRelay;
use crate::ticket::{Role, Ticket};

/// One member, as everybody knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RosterEntry {
    /// Its index.
    pub index: MemberIndex,
    /// Its key in the mesh.
    pub peer: PeerId,
    /// The ed25519 key that signs its tickets.
    pub identity: [u8; 32],
    /// Where it listens in the mesh (UDP).
    pub addresses: Vec<SocketAddr>,
}

/// The id of a committee's mesh: the auction's own, so that one committee's tickets and connections
/// are none at another's.
#[must_use]
pub const fn network_id(committee: &Committee) -> [u8; 32] {
    *committee.auction.as_bytes()
}

impl RosterEntry {
    /// The committee's members as the mesh knows them.
    #[must_use]
    pub fn all(committee: &Committee) -> Vec<Self> {
        let members = MemberIndex::all(committee.members()).zip(&committee.roster);
        members
            .map(|(index, member)| Self {
                index,
                peer: PeerId(*member.house.as_bytes()),
                identity: *member.identity.as_bytes(),
                addresses: member.house_addresses.clone(),
            })
            .collect()
    }

    /// The transport's form of it; `None` if its key is none.
    pub(super) fn endpoint(&self) -> Option<EndpointAddr> {
        let addresses = self.addresses.iter().copied().map(TransportAddr::Ip);
        Some(EndpointAddr::new(self.peer.endpoint_id()?).with_addrs(addresses))
    }
}

/// What a node is in the mesh.
pub enum Seat {
    /// A member.
    Member {
        /// Its index.
        index: MemberIndex,
        /// The secret that the members' group shares.
        group_key: Zeroizing<[u8; 32]>,
    },
    /// A solver.
    Solver,
    /// A relayer.
    Relayer,
    /// A gateway for users.
    User,
}

impl Seat {
    /// The role that its ticket must name.
    #[must_use]
    pub const fn role(&self) -> Role {
        match self {
            Self::Member { .. } => Role::Member,
            Self::Solver => Role::Solver,
            Self::Relayer => Role::Relayer,
            Self::User => Role::User,
        }
    }
}

impl fmt::Debug for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Member { index, .. } => write!(f, "Member({index})"),
            other => write!(f, "{}", other.role()),
        }
    }
}

/// How a node joins the mesh.
pub struct MeshConfig {
    /// The network's id: nodes of other networks do not meet.
    pub network: [u8; 32],
    /// The node's ed25519 secret in the mesh.
    pub secret: Zeroizing<[u8; 32]>,
    /// Where it listens (UDP). Default: loopback, any port.
    pub bind: BindAddresses,
    /// The UDP port of its node of the pool, which only members need. Default 0: any free one.
    pub pool_port: u16,
    /// Where its relay listens (TCP). Members carry one; default: none.
    pub relay_bind: Option<SocketAddr>,
    /// The URLs of all members' relays, for the pool. The node's own may be among them or not.
    pub relays: Vec<String>,
    /// All members.
    pub roster: Vec<RosterEntry>,
    /// What the node is.
    pub seat: Seat,
    /// What admits it.
    pub ticket: Ticket,
    /// How long the pool may take to reach a relay before it is tried again. Default 30 s.
    pub pool_timeout: Duration,
    /// What the pool takes for a closed round. Default: nothing, so that a member whose shell has
    /// forgotten it keeps what it has.
    pub clearing: ClearingCheck,
}

/// Says whether a closed round's certificate is right, and its ids those that it lists.
///
/// Without it, one lying member could empty every pool, and close it to what comes. All members
/// must check alike.
#[derive(Clone)]
pub struct ClearingCheck(Arc<dyn Fn(&ClearedRound) -> bool + Send + Sync>);

impl ClearingCheck {
    /// This check. It runs within the pool's group: a few milliseconds at most.
    pub fn new(check: impl Fn(&ClearedRound) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(check))
    }

    pub(super) fn admits(&self, round: &ClearedRound) -> bool {
        (self.0)(round)
    }
}

impl Default for ClearingCheck {
    /// Admits nothing: whoever runs a pool has to say what it believes.
    fn default() -> Self {
        Self::new(|_| false)
    }
}

impl fmt::Debug for ClearingCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClearingCheck")
    }
}

impl MeshConfig {
    /// A node on loopback, without a relay of its own and with no relays yet.
    #[must_use]
    pub fn new(
        network: [u8; 32],
        secret: Zeroizing<[u8; 32]>,
        roster: Vec<RosterEntry>,
        seat: Seat,
        ticket: Ticket,
    ) -> Self {
        Self {
            network,
            secret,
            bind: BindAddresses::default(),
            pool_port: 0,
            relay_bind: None,
            relays: Vec::new(),
            roster,
            seat,
            ticket,
            pool_timeout: Duration::from_secs(30),
            clearing: ClearingCheck::default(),
        }
    }
}

impl MeshConfig {
    /// A node of this committee's mesh that is no member, or not yet.
    ///
    /// It binds loopback if all members are there, and else all of this host's addresses: members of
    /// other hosts cannot be reached from loopback.
    #[must_use]
    pub fn of_guest(
        committee: &Committee,
        secret: Zeroizing<[u8; 32]>,
        seat: Seat,
        ticket: Ticket,
    ) -> Self {
        let (network, roster) = (network_id(committee), RosterEntry::all(committee));
        let mut addresses = roster.iter().flat_map(|entry| &entry.addresses);
        let is_local = addresses.all(|address| address.ip().is_loopback());
        let mut config = Self::new(network, secret, roster, seat, ticket);
        if !is_local {
            config.bind = BindAddresses::everywhere(0);
        }
        config
    }
}

impl fmt::Debug for MeshConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MeshConfig")
            .field("seat", &self.seat)
            .field("bind", &self.bind)
            .field("relay_bind", &self.relay_bind)
            .field("relays", &self.relays)
            .field("members", &self.roster.len())
            .finish_non_exhaustive()
    }
}

/// A configuration whose parts fit together.
pub(super) struct Checked {
    pub(super) network: [u8; 32],
    pub(super) secret: Zeroizing<[u8; 32]>,
    pub(super) peer: PeerId,
    pub(super) bind: BindAddresses,
    pub(super) pool_port: u16,
    pub(super) relay_bind: Option<SocketAddr>,
    pub(super) roster: Vec<RosterEntry>,
    pub(super) ticket: Ticket,
    pub(super) pool_timeout: Duration,
    pub(super) clearing: ClearingCheck,
    seat: Seat,
    relays: Vec<String>,
}

impl Checked {
    pub(super) fn new(config: MeshConfig) -> Result<Self, MeshError> {
        let peer = PeerId::of_secret(&config.secret);
        let role = config.seat.role();
        let indices: BTreeSet<_> = config.roster.iter().map(|entry| entry.index).collect();
        let peers: BTreeSet<_> = config.roster.iter().map(|entry| entry.peer).collect();
        let n = config.roster.len();
        if n == 0 || indices.len() != n || peers.len() != n {
            return Err(MeshError::Roster);
        }
        if let Seat::Member { index: member, .. } = config.seat {
            let seated = |entry: &RosterEntry| entry.index == member && entry.peer == peer;
            if !config.roster.iter().any(seated) {
                return Err(MeshError::NotTheMember { member });
            }
        }
        if config.ticket.role != role {
            return Err(MeshError::Role {
                ticket: config.ticket.role,
                seat: role,
            });
        }
        config
            .ticket
            .verify(&config.network, &config.roster, peer, now_ms())?;
        Ok(Self {
            network: config.network,
            secret: config.secret,
            peer,
            bind: config.bind,
            pool_port: config.pool_port,
            relay_bind: config.relay_bind,
            roster: config.roster,
            ticket: config.ticket,
            pool_timeout: config.pool_timeout,
            clearing: config.clearing,
            seat: config.seat,
            relays: config.relays,
        })
    }

    /// Adds the node's own relay to the list, if its address is one that others can dial, or if
    /// there is no other.
    pub(super) fn add_relay(&mut self, relay: Option<&EmbeddedRelay>) {
        let dialable = |relay: &&EmbeddedRelay| !relay.address().ip().is_unspecified();
        let relay = relay.filter(|relay| dialable(relay) || self.relays.is_empty());
        self.relays.extend(relay.map(EmbeddedRelay::url));
    }

    pub(super) fn relay_mode(&self) -> Result<RelayMode, MeshError> {
        if self.relays.is_empty() {
            return Err(MeshError::NoRelay);
        }
        let parse = |url: &String| -> Result<RelayConfig, MeshError> {
            let parsed = url.parse::<RelayUrl>();
            let parsed = parsed.map_err(|_| MeshError::RelayUrl { url: url.clone() })?;
            // No QUIC address discovery: these relays do not offer it, and probing for it costs
            // every start three seconds.
            Ok(RelayConfig::new(parsed, None))
        };
        let map = self
            .relays
            .iter()
            .map(parse)
            .collect::<Result<RelayMap, _>>()?;
        Ok(RelayMode::Custom(map))
    }

    /// The member's index, if the node is one.
    pub(super) const fn member(&self) -> Option<MemberIndex> {
        match self.seat {
            Seat::Member { index, .. } => Some(index),
            _ => None,
        }
    }

    /// The group's secret, if the node is a member.
    pub(super) const fn group_key(&self) -> Option<&Zeroizing<[u8; 32]>> {
        match &self.seat {
            Seat::Member { group_key, .. } => Some(group_key),
            _ => None,
        }
    }

    /// The members that are not this node.
    pub(super) fn others(&self) -> impl Iterator<Item = &RosterEntry> {
        self.roster.iter().filter(|entry| entry.peer != self.peer)
    }
}

impl fmt::Debug for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checked")
            .field("seat", &self.seat)
            .finish_non_exhaustive()
    }
}

/// Milliseconds since 1970 by this host's clock.
pub(super) fn now_ms() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pool whose member forgot to say what it believes could be emptied by anybody's word.
    #[test]
    fn who_says_nothing_of_closed_rounds_believes_none() {
        let round = ClearedRound {
            round: 1,
            certificate: vec![1],
            listed: BTreeSet::new(),
        };
        assert!(!ClearingCheck::default().admits(&round));
        assert!(ClearingCheck::new(|_| true).admits(&round));
    }
}
