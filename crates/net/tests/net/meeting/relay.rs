use sealbid_net::meeting::{HostConfig, HostRelay, MeetingAddress};

use super::{Words, config, converge, event, join, open_with};
use crate::run;
use sealbid_net::meeting::MeetingEvent;
use sealbid_net::relay::EmbeddedRelay;

/// An address that names no way but the relay.
fn relayed(address: MeetingAddress) -> MeetingAddress {
    assert!(address.relay.is_some());
    MeetingAddress {
        addresses: Vec::new(),
        ..address
    }
}

#[test]
fn guests_come_through_the_host_s_own_relay() {
    run(60, async {
        let board = Words::of(&["invitation"]);
        let relay = HostRelay::Embedded("127.0.0.1:0".parse().unwrap());
        let host = open_with(HostConfig { relay, ..config() }, &board).await;
        let (one, two) = (Words::of(&["one"]), Words::of(&["two"]));
        let (_first, mut events) = join(relayed(host.local_address()), &one).await;
        let (_second, _) = join(host.local_address(), &two).await;
        converge(&[&board, &one, &two], 3).await;
        assert_eq!(event(&mut events).await, MeetingEvent::Connected);
        host.close().await;
    });
}

#[test]
fn guests_come_through_another_s_relay() {
    run(60, async {
        let relay = EmbeddedRelay::spawn("127.0.0.1:0".parse().unwrap()).await;
        let relay = relay.unwrap();
        let board = Words::of(&["invitation"]);
        let by = HostRelay::Url(relay.url());
        let host = open_with(
            HostConfig {
                relay: by,
                ..config()
            },
            &board,
        )
        .await;
        let own = Words::of(&["own"]);
        let (_guest, _events) = join(relayed(host.local_address()), &own).await;
        converge(&[&board, &own], 2).await;
    });
}

#[test]
fn a_relay_s_port_may_be_that_of_the_endpoint() {
    run(60, async {
        let board = Words::of(&["invitation"]);
        let first = open_with(config(), &board).await;
        let v4 = first.local_address().addresses;
        let v4 = v4.into_iter().find(std::net::SocketAddr::is_ipv4).unwrap();
        first.close().await;
        let both = HostConfig {
            bind: sealbid_net::bind::BindAddresses::loopback(v4.port(), 0),
            relay: HostRelay::Embedded(v4),
            ..config()
        };
        let host = open_with(both, &board).await;
        assert!(host.local_address().addresses.contains(&v4));
        assert_eq!(host.local_address().relay, Some(format!("http://{v4}")));
    });
}
