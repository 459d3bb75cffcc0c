//! Places for connections, given before anybody has proved anything.
//!
//! Whoever can forge addresses could take all of them, and whoever has many keys could take all
//! that are given by key. So newcomers show that their address is their own as soon as places run
//! short; no network has more than its part; and hosts of members have places beside the others'.

use core::net::IpAddr;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;

use iroh::endpoint::IncomingAddr;

use crate::tally::{Held, Prefix, Tally};

/// How many places there are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Most {
    /// For connections from hosts of members. More of these are taken like a stranger's.
    pub(crate) members: usize,
    /// For all others.
    pub(crate) strangers: usize,
    /// For those of one network (of `strangers`).
    pub(crate) network: usize,
}

/// Who a place is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Member,
    Stranger,
}

/// All places.
#[derive(Debug)]
pub(crate) struct Places {
    most: Most,
    hosts: BTreeSet<IpAddr>,
    kinds: Arc<Tally<Kind>>,
    networks: Arc<Tally<Prefix>>,
}

/// A place, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    kind: Kind,
    network: Option<Prefix>,
    _of_kind: Held<Kind>,
    _of_network: Option<Held<Prefix>>,
}

/// What becomes of a newcomer.
#[derive(Debug)]
pub(crate) enum Screened {
    /// It has a place.
    Taken(Place),
    /// It is to come again with a proof that its address is its own: QUIC's retry, which costs no
    /// state here (RFC 9000, section 8.1.2).
    ShowsAddress,
    /// There is no place.
    Full,
}

impl Place {
    /// The network that it was given to; none for the host's own.
    pub(crate) const fn network(&self) -> Option<Prefix> {
        self.network
    }
}

impl Places {
    /// So many places; `members` are the addresses that the roster names.
    pub(crate) fn new(most: Most, members: impl IntoIterator<Item = SocketAddr>) -> Self {
        let hosts = members.into_iter();
        Self {
            most,
            hosts: hosts.map(|address| address.ip().to_canonical()).collect(),
            kinds: Arc::default(),
            networks: Arc::default(),
        }
    }

    /// Finds a place for a newcomer. `is_shown` says that its address is known to be its own.
    pub(crate) fn screen(&self, address: &IncomingAddr, is_shown: bool) -> Screened {
        let network = Prefix::of_incoming(address);
        if self.is_of_member(address) {
            let is_short = self.kinds.count(Kind::Member) * 2 >= self.most.members;
            if is_short && !is_shown {
                return Screened::ShowsAddress;
            }
            if let Some(place) = self.take(Kind::Member, network) {
                return Screened::Taken(place);
            }
        }
        if !is_shown && self.is_short(network) {
            return Screened::ShowsAddress;
        }
        let place = self.take(Kind::Stranger, network);
        place.map_or(Screened::Full, Screened::Taken)
    }

    /// Whoever came from a member's host is no member: it takes the place of a stranger, if there
    /// is one.
    pub(crate) fn as_stranger(&self, place: Place) -> Option<Place> {
        match place.kind {
            Kind::Stranger => Some(place),
            Kind::Member => self.take(Kind::Stranger, place.network),
        }
    }

    fn is_of_member(&self, address: &IncomingAddr) -> bool {
        match address {
            IncomingAddr::Ip(address) => self.hosts.contains(&address.ip().to_canonical()),
            _ => false,
        }
    }

    /// Whether half of a stranger's places are taken, or of its network's.
    fn is_short(&self, network: Option<Prefix>) -> bool {
        let of_network = network.map_or(0, |network| self.networks.count(network));
        self.kinds.count(Kind::Stranger) * 2 >= self.most.strangers
            || of_network * 2 >= self.most.network
    }

    fn take(&self, kind: Kind, network: Option<Prefix>) -> Option<Place> {
        let most = match kind {
            Kind::Member => self.most.members,
            Kind::Stranger => self.most.strangers,
        };
        // A member shares its network with strangers: they are not to fill its part.
        let counted = network.filter(|_| kind == Kind::Stranger);
        let of_network = match counted {
            Some(network) => Some(self.networks.hold(network, 1, self.most.network)?),
            None => None,
        };
        Some(Place {
            kind,
            network,
            _of_kind: self.kinds.hold(kind, 1, most)?,
            _of_network: of_network,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: Most = Most {
        members: 2,
        strangers: 8,
        network: 4,
    };

    fn from(host: &str) -> IncomingAddr {
        IncomingAddr::Ip(SocketAddr::new(host.parse().unwrap(), 4000))
    }

    fn places() -> Places {
        let member = SocketAddr::new("192.0.2.7".parse().unwrap(), 7400);
        Places::new(MOST, [member])
    }

    fn take(places: &Places, host: &str, is_shown: bool) -> Option<Place> {
        match places.screen(&from(host), is_shown) {
            Screened::Taken(place) => Some(place),
            _ => None,
        }
    }

    /// Who forges addresses takes half of what there is: of a network that is not its own too.
    #[test]
    fn addresses_are_shown_when_places_run_short() {
        let places = places();
        let forged: Vec<_> = (0..9)
            .filter_map(|_| take(&places, "198.51.100.1", false))
            .collect();
        assert_eq!(forged.len(), 2);
        assert!(matches!(
            places.screen(&from("198.51.100.1"), false),
            Screened::ShowsAddress
        ));
        assert!(take(&places, "198.51.100.9", true).is_some());
        let elsewhere: Vec<_> = (0..9)
            .filter_map(|n| take(&places, &format!("203.0.{n}.1"), false))
            .collect();
        assert_eq!(elsewhere.len(), 2, "half of all");
        assert!(take(&places, "203.0.113.1", true).is_some());
    }

    #[test]
    fn no_network_has_more_than_its_part() {
        let places = places();
        let taken: Vec<_> = (0..9)
            .filter_map(|_| take(&places, "198.51.100.1", true))
            .collect();
        assert_eq!(taken.len(), MOST.network);
        assert!(matches!(
            places.screen(&from("198.51.100.1"), true),
            Screened::Full
        ));
        assert!(take(&places, "203.0.113.1", true).is_some());
        drop(taken);
        assert!(take(&places, "198.51.100.1", true).is_some());
    }

    /// From the member's own network, and forged from its own address.
    #[test]
    fn strangers_do_not_take_the_places_of_members() {
        let places = places();
        let strangers: Vec<_> = (0..20)
            .filter_map(|n| take(&places, &format!("203.0.{n}.1"), true))
            .chain((0..9).filter_map(|_| take(&places, "192.0.2.8", true)))
            .collect();
        assert_eq!(strangers.len(), MOST.strangers);
        let forged = take(&places, "192.0.2.7", false).unwrap();
        assert!(take(&places, "192.0.2.7", false).is_none());
        let member = take(&places, "192.0.2.7", true);
        assert!(member.is_some());
        // Behind the member's address, and not the member.
        assert!(places.as_stranger(forged).is_none());
        drop(strangers);
        assert!(member.and_then(|it| places.as_stranger(it)).is_some());
    }
}
