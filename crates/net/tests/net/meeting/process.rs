//! A host in a process of its own, so that it can be killed.

use core::time::Duration;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use sealbid_net::bind::BindAddresses;
use sealbid_net::meeting::{
    HostConfig, HostRelay, MeetingAddress, MeetingError, MeetingEvent, fetch,
};
use sealbid_net::{PeerId, door::DoorRefusal};

use super::{HOST, Words, config, converge, event, join, open_with};
use crate::{run, within};

/// A host with the words that it is given, and a relay on the same port.
#[test]
#[ignore = "no test: the process that a_host_that_was_killed_is_found_again starts"]
fn child_host() {
    let Ok(plan) = std::env::var("SEALBID_TEST_HOST") else {
        return;
    };
    let mut words = plan.split(',');
    let port: u16 = words.next().unwrap().parse().unwrap();
    let board = Words::of(&words.collect::<Vec<_>>());
    run(120, async {
        let host = HostConfig {
            bind: BindAddresses::loopback(port, port),
            relay: HostRelay::Embedded(([127, 0, 0, 1], port).into()),
            ..config()
        };
        let _host = open_with(host, &board).await;
        core::future::pending::<()>().await;
    });
}

/// Ends the process with the test.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn spawn_host(port: u16, words: &[&str]) -> Killed {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "meeting::process::child_host"])
        .args(["--ignored", "--nocapture"])
        .env("SEALBID_TEST_HOST", format!("{port},{}", words.join(",")))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    Killed(child.unwrap())
}

fn free_port() -> u16 {
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.local_addr().unwrap().port()
}

/// Waits until the host's board and these hold the same.
async fn all_equal(host: &MeetingAddress, boards: [&std::sync::Arc<Words>; 2], words: usize) {
    converge(&boards, words).await;
    let fetched = within(10, "fetch", fetch(host, Duration::from_secs(10))).await;
    assert_eq!(
        fetched
            .unwrap()
            .into_iter()
            .collect::<std::collections::BTreeSet<_>>(),
        boards[0].all()
    );
}

#[test]
fn a_host_that_was_killed_is_found_again() {
    run(120, async {
        let port = free_port();
        let address = MeetingAddress {
            peer: PeerId::of_secret(&HOST),
            addresses: vec![([127, 0, 0, 1], port).into()],
            relay: Some(format!("http://127.0.0.1:{port}")),
        };
        let far = MeetingAddress {
            addresses: Vec::new(),
            ..address.clone()
        };
        let (one, two) = (Words::of(&["one"]), Words::of(&["two"]));
        let (guest, mut events) = join(address.clone(), &one).await;
        let (relayed, mut far_events) = join(far.clone(), &two).await;
        let host = spawn_host(port, &["invitation"]);
        let connected = async {
            while event(&mut events).await != MeetingEvent::Connected {}
            while event(&mut far_events).await != MeetingEvent::Connected {}
        };
        within(20, "the host is up", connected).await;
        all_equal(&address, [&one, &two], 3).await;
        // No farewell.
        drop(host);
        let died = Instant::now();
        one.put("meanwhile");
        guest.announce();
        let MeetingEvent::Unreachable { since, why } = event(&mut events).await else {
            panic!("it is missed");
        };
        println!("missed after {:?}: {why}", died.elapsed());
        assert!(since >= died && why.is_temporary());
        assert_ne!(why, MeetingError::Refused(DoorRefusal::ShuttingDown));
        let delivered = tokio::time::timeout(Duration::from_millis(300), guest.delivered());
        assert!(delivered.await.is_err(), "nobody can have it");
        tokio::time::sleep(Duration::from_secs(3)).await;
        let _host = spawn_host(port, &["invitation", "one", "at home"]);
        let started = Instant::now();
        let found = async { while event(&mut events).await != MeetingEvent::Connected {} };
        within(20, "connected", found).await;
        println!("found again {:?} after its start", started.elapsed());
        within(5, "delivered", guest.delivered()).await;
        let found = async { while event(&mut far_events).await != MeetingEvent::Connected {} };
        within(30, "connected through the relay", found).await;
        println!("through the relay {:?} after its start", started.elapsed());
        all_equal(&far, [&one, &two], 5).await;
        within(5, "guest closes", guest.close()).await;
        within(5, "guest closes", relayed.close()).await;
    });
}
