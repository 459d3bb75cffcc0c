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
    /// For connections from each host of members. More of these are taken like a stranger's.
    pub(crate) member_host: usize,
    /// For all others.
    pub(crate) strangers: usize,
    /// For those of one network (of `strangers`).
    pub(crate) network: usize,
}

/// All places.
#[derive(Debug)]
pub(crate) struct Places {
    most: Most,
    /// Hosts of members.
    hosts: BTreeSet<IpAddr>,
    /// By host: one of them, or who shares its address, does not take the others' places.
    of_members: Arc<Tally<IpAddr>>,
    of_strangers: Arc<Tally<()>>,
    networks: Arc<Tally<Prefix>>,
}

/// A place, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    network: Option<Prefix>,
    held: HeldPlace,
}

#[derive(Debug)]
enum HeldPlace {
    Member(#[expect(dead_code, reason = "held until it is dropped")] Held<IpAddr>),
    Stranger(
        #[expect(dead_code, reason = "held until it is dropped")] Held<()>,
        #[expect(dead_code, reason = "held until it is dropped")] Option<Held<Prefix>>,
    ),
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
            of_members: Arc::default(),
            of_strangers: Arc::default(),
            networks: Arc::default(),
        }
    }

    /// Finds a place for a newcomer. `is_shown` says that its address is known to be its own.
    pub(crate) fn screen(&self, address: &IncomingAddr, is_shown: bool) -> Screened {
        let network = Prefix::of_incoming(address);
        if let Some(host) = self.member_host(address) {
            let most = self.most.member_host;
            if !is_shown && self.of_members.count(host) * 2 >= most {
                return Screened::ShowsAddress;
            }
            // Members share their networks with strangers, who are not to fill their part.
            if let Some(held) = self.of_members.hold(host, 1, most) {
                let held = HeldPlace::Member(held);
                return Screened::Taken(Place { network, held });
            }
        }
        if !is_shown && self.is_short(network) {
            return Screened::ShowsAddress;
        }
        let place = self.take(network);
        place.map_or(Screened::Full, Screened::Taken)
    }

    /// Whoever came from a member's host is no member: it takes the place of a stranger, if there
    /// is one.
    pub(crate) fn as_stranger(&self, place: Place) -> Option<Place> {
        match place.held {
            HeldPlace::Stranger(..) => Some(place),
            HeldPlace::Member(_) => self.take(place.network),
        }
    }

    fn member_host(&self, address: &IncomingAddr) -> Option<IpAddr> {
        let IncomingAddr::Ip(address) = address else {
            return None;
        };
        let host = address.ip().to_canonical();
        self.hosts.contains(&host).then_some(host)
    }

    /// Whether half of the strangers' places are taken, or of a network's.
    fn is_short(&self, network: Option<Prefix>) -> bool {
        let of_network = network.map_or(0, |network| self.networks.count(network));
        self.of_strangers.count(()) * 2 >= self.most.strangers
            || of_network * 2 >= self.most.network
    }

    /// A stranger's place.
    fn take(&self, network: Option<Prefix>) -> Option<Place> {
        let of_network = match network {
            Some(network) => Some(self.networks.hold(network, 1, self.most.network)?),
            None => None,
        };
        let of_all = self.of_strangers.hold((), 1, self.most.strangers)?;
        Some(Place {
            network,
            held: HeldPlace::Stranger(of_all, of_network),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: Most = Most {
        member_host: 2,
        strangers: 8,
        network: 4,
    };

    fn from(host: &str) -> IncomingAddr {
        IncomingAddr::Ip(SocketAddr::new(host.parse().unwrap(), 4000))
    }

    fn places() -> Places {
        let member = |host: &str| SocketAddr::new(host.parse().unwrap(), 7400);
        Places::new(MOST, [member("192.0.2.7"), member("192.0.2.9")])
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
        assert!(
            take(&places, "192.0.2.9", false).is_some(),
            "another member's host has places of its own"
        );
        // Behind the member's address, and not the member.
        assert!(places.as_stranger(forged).is_none());
        drop(strangers);
        assert!(member.and_then(|it| places.as_stranger(it)).is_some());
    }
}
