//! Keeps address lookups inside the house.
//!
//! mosaik's preset publishes a node's addresses to, and asks, servers on the internet. The house
//! knows its addresses by itself: from the roster, and from what its nodes announce.

use std::collections::BTreeSet;

use iroh::EndpointId;
use iroh::address_lookup::memory::MemoryLookup;
use mosaik::Network;

use super::config::{Checked, RosterEntry};

/// Replaces the preset's lookup services by the roster and the network's catalog.
pub(super) fn stay_inside(network: &Network, config: &Checked) {
    let lookup = MemoryLookup::new();
    config
        .others()
        .filter_map(RosterEntry::endpoint)
        .for_each(|a| lookup.add_endpoint_info(a));
    // An error says that the endpoint has closed.
    let Ok(services) = network.local().endpoint().address_lookup() else {
        return;
    };
    services.clear();
    services.add(lookup.clone());
    let mut catalog = network.discovery().catalog_watch();
    let roster: BTreeSet<EndpointId> = config
        .others()
        .filter_map(|entry| entry.peer.endpoint_id())
        .collect();
    tokio::spawn(async move {
        let mut known = BTreeSet::new();
        // Ends with the network.
        while catalog.changed().await.is_ok() {
            let catalog = catalog.borrow_and_update().clone();
            let present: BTreeSet<EndpointId> = catalog.peers().map(|peer| *peer.id()).collect();
            for peer in catalog.peers() {
                if roster.contains(peer.id()) {
                    lookup.add_endpoint_info(peer.address().clone());
                } else {
                    lookup.set_endpoint_info(peer.address().clone());
                }
            }
            known
                .difference(&present)
                .filter(|gone| !roster.contains(*gone))
                .for_each(|gone| {
                    lookup.remove_endpoint_info(*gone);
                });
            known = present;
        }
    });
}
