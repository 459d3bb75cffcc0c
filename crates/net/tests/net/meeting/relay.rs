//! Meetings of participants that see each other through a relay only.

use core::time::Duration;

use sealbid_net::meeting::{HostConfig, HostRelay, MeetingAddress, MeetingEvent};
use sealbid_net::relay::EmbeddedRelay;

use super::{Words, config, converge, event, join, open_with};
use crate::{run, within};

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
        within(10, "the relay is reached", host.relayed()).await;
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

#[test]
fn a_relay_on_every_interface_takes_both_families() {
    if std::net::TcpListener::bind("[::1]:0").is_err() {
        println!("this machine has no IPv6");
        return;
    }
    run(60, async {
        let board = Words::of(&["invitation"]);
        let relay = HostRelay::Embedded("[::]:0".parse().unwrap());
        let host = open_with(HostConfig { relay, ..config() }, &board).await;
        let six = host.local_address();
        let url = six.relay.clone().unwrap();
        let four = MeetingAddress {
            relay: Some(url.replace("[::1]", "127.0.0.1")),
            ..six.clone()
        };
        assert_ne!(six, four);
        let (one, two) = (Words::of(&["one"]), Words::of(&["two"]));
        let (_first, _) = join(relayed(six), &one).await;
        let (_second, _) = join(relayed(four), &two).await;
        converge(&[&board, &one, &two], 3).await;
    });
}

#[test]
fn a_relay_that_is_gone_is_not_missed() {
    run(60, async {
        let board = Words::of(&["invitation"]);
        let gone = "http://127.0.0.1:9";
        let relay = HostRelay::Url(gone.to_owned());
        let host = open_with(HostConfig { relay, ..config() }, &board).await;
        let own = Words::of(&["own"]);
        let (guest, _events) = join(host.local_address(), &own).await;
        converge(&[&board, &own], 2).await;
        let relayed = tokio::time::timeout(Duration::from_millis(500), host.relayed());
        assert!(relayed.await.is_err(), "nobody is there");
        within(2, "guest closes", guest.close()).await;
        within(3, "host closes", host.close()).await;
    });
}
