//! Counts of what peers hold here, so that none of them, and no one network, holds all of it.
//!
//! A peer's key costs nothing to make, so a limit by key alone is no limit. An address costs
//! something, and whoever has one usually has its neighbours: so addresses count by prefix.

use core::net::IpAddr;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use iroh::endpoint::IncomingAddr;

/// The part of an address that one customer of a network usually has the whole of: /24 of IPv4,
/// /48 of IPv6 (RFC 6177).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Prefix {
    V4([u8; 3]),
    V6([u8; 6]),
}

impl Prefix {
    /// The prefix of an address; none for the host's own: who is on the host can do worse.
    pub(crate) const fn of(address: IpAddr) -> Option<Self> {
        let address = address.to_canonical();
        if address.is_loopback() {
            return None;
        }
        Some(match address {
            IpAddr::V4(v4) => {
                let [a, b, c, _] = v4.octets();
                Self::V4([a, b, c])
            }
            IpAddr::V6(v6) => {
                let [a, b, c, d, e, f, ..] = v6.octets();
                Self::V6([a, b, c, d, e, f])
            }
        })
    }

    /// The prefix of a connection's other end. What comes through a relay counts as one network:
    /// its true address is not known.
    pub(crate) fn of_incoming(address: &IncomingAddr) -> Option<Self> {
        match address {
            IncomingAddr::Ip(address) => Self::of(SocketAddr::ip(address)),
            _ => Some(Self::V6([0; 6])),
        }
    }
}

/// How many things each key holds.
#[derive(Debug)]
pub(crate) struct Tally<K>(Mutex<BTreeMap<K, usize>>);

/// So many things of one key, until it is dropped.
#[derive(Debug)]
pub(crate) struct Held<K: Ord + Copy> {
    tally: Arc<Tally<K>>,
    key: K,
    count: usize,
}

impl<K> Default for Tally<K> {
    fn default() -> Self {
        Self(Mutex::new(BTreeMap::new()))
    }
}

impl<K: Ord + Copy> Tally<K> {
    /// Counts `count` more of `key`, unless that would be more than `limit`.
    pub(crate) fn hold(self: &Arc<Self>, key: K, count: usize, limit: usize) -> Option<Held<K>> {
        let mut counts = self.counts();
        // Looked at and counted under one lock: of two that come together one has the last place.
        let held = counts.get(&key).copied().unwrap_or(0).saturating_add(count);
        if held > limit {
            return None;
        }
        counts.insert(key, held);
        Some(Held {
            tally: Arc::clone(self),
            key,
            count,
        })
    }

    /// How many things of `key` are held.
    pub(crate) fn count(&self, key: K) -> usize {
        self.counts().get(&key).copied().unwrap_or(0)
    }

    fn counts(&self) -> MutexGuard<'_, BTreeMap<K, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Ord + Copy> Drop for Held<K> {
    fn drop(&mut self) {
        let mut counts = self.tally.counts();
        if let Some(count) = counts.get_mut(&self.key) {
            *count = count.saturating_sub(self.count);
            if *count == 0 {
                // Keys are free to make: those that hold nothing must leave nothing behind.
                counts.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_count_by_prefix_and_the_host_s_own_do_not() {
        let of = |text: &str| Prefix::of(text.parse().unwrap());
        assert_eq!(of("192.0.2.1"), of("192.0.2.250"));
        assert_ne!(of("192.0.2.1"), of("192.0.3.1"));
        assert_eq!(of("::ffff:192.0.2.9"), of("192.0.2.1"));
        assert_eq!(of("2001:db8:7:1::1"), of("2001:db8:7:ffff::2"));
        assert_ne!(of("2001:db8:7::1"), of("2001:db8:8::1"));
        assert_eq!(
            [of("127.0.0.1"), of("::1"), of("::ffff:127.0.0.1")],
            [None; 3]
        );
    }

    #[test]
    fn what_is_dropped_makes_room_and_leaves_nothing() {
        let tally = Arc::new(Tally::default());
        let one = tally.hold(7, 2, 3).unwrap();
        assert!(tally.hold(7, 2, 3).is_none());
        let other = tally.hold(8, 3, 3).unwrap();
        drop(one);
        assert!(tally.hold(7, 3, 3).is_some());
        drop(other);
        assert!(tally.counts().is_empty());
    }
}
