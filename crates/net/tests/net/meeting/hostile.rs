//! Guests that do not keep to the protocol.

use core::num::NonZeroU32;
use core::time::Duration;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use iroh::endpoint::{Connection, Endpoint, ReadError, ReadExactError, presets};
use iroh::{EndpointAddr, RelayMode};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use sealbid_net::install_crypto_provider;
use sealbid_net::meeting::{ALPN, HostConfig, MAX_MESSAGE, MeetingHost, MeetingLimits};

use super::{Words, config, converge, join, open, open_with};
use crate::{run, within};

/// A connection without our guest: it can misbehave.
async fn raw(host: &MeetingHost) -> (Endpoint, Connection) {
    install_crypto_provider();
    let builder = Endpoint::builder(presets::Minimal).relay_mode(RelayMode::Disabled);
    let endpoint = within(5, "bind", builder.bind()).await.unwrap();
    let id = iroh::EndpointId::from_bytes(host.peer().as_bytes()).unwrap();
    let addresses = host.local_address().addresses;
    let v4 = addresses.into_iter().find(std::net::SocketAddr::is_ipv4);
    let target = EndpointAddr::new(id).with_ip_addr(v4.unwrap());
    let connected = within(5, "connect", endpoint.connect(target, ALPN)).await;
    (endpoint, connected.unwrap())
}

/// Sends bytes as they are; gives the code with which they are refused.
async fn refusal(connection: &Connection, bytes: &[u8]) -> u64 {
    let (mut send, mut receive) = connection.open_bi().await.unwrap();
    // The host may stop reading before all is written.
    let _ = send.write_all(bytes).await;
    let _ = send.finish();
    let mut header = [0; 4];
    match within(5, "answer", receive.read_exact(&mut header)).await {
        Err(ReadExactError::ReadError(ReadError::Reset(code))) => code.into_inner(),
        other => panic!("{other:?}"),
    }
}

fn framed(body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_le_bytes();
    [length.as_slice(), body].concat()
}

#[test]
fn garbage_and_oversize_are_refused_and_the_host_goes_on() {
    run(60, async {
        const TOO_LARGE: u64 = 2;
        const MALFORMED: u64 = 3;
        let board = Words::of(&["invitation"]);
        let host = open(&board).await;
        let (_endpoint, connection) = raw(&host).await;
        for length in [u32::MAX, 1 << 20, u32::try_from(MAX_MESSAGE + 65).unwrap()] {
            let claim = length.to_le_bytes();
            assert_eq!(refusal(&connection, &claim).await, TOO_LARGE);
        }
        for cut in [[].as_slice(), &[1, 2], &[8, 0, 0, 0, b'x'], &[0, 0, 0, 0]] {
            assert_eq!(refusal(&connection, cut).await, MALFORMED);
        }
        let prefix = sealbid_types::codec::SchemaName {
            name: "sealbid.meeting-request",
            version: 1,
            max_bytes: 0,
        };
        // Ids without end: more than are sent, and more than a board has.
        let endless = [0, 0xff, 0xff, 0xff, 0xff, 0x0f];
        let many = [[0, 0x81, 0x02].as_slice(), &[0; 257 * 32], &[0]].concat();
        for body in [endless.as_slice(), &many] {
            let body = [prefix.prefix().as_slice(), body].concat();
            assert_eq!(refusal(&connection, &framed(&body)).await, MALFORMED);
        }
        let mut runner = TestRunner::deterministic();
        let noise = proptest::collection::vec(proptest::num::u8::ANY, 0..200);
        for prefixed in [false, true].into_iter().cycle().take(100) {
            let mut body = noise.new_tree(&mut runner).unwrap().current();
            if prefixed {
                // Neither a sync nor a post.
                body = [prefix.prefix().as_slice(), &[2], &body].concat();
            }
            assert_eq!(refusal(&connection, &framed(&body)).await, MALFORMED);
        }
        let own = Words::of(&["own"]);
        let (_guest, _events) = join(host.local_address(), &own).await;
        converge(&[&board, &own], 2).await;
    });
}

#[test]
fn requests_are_limited_by_peer() {
    run(60, async {
        const RATE_LIMITED: u64 = 1;
        let limits = MeetingLimits {
            requests_per_second: NonZeroU32::new(5).unwrap(),
            burst: NonZeroU32::new(10).unwrap(),
            ..MeetingLimits::default()
        };
        let board = Words::of(&["invitation"]);
        let host = open_with(HostConfig { limits, ..config() }, &board).await;
        let (_endpoint, connection) = raw(&host).await;
        let mut limited = 0;
        for _ in 0..40 {
            limited += usize::from(refusal(&connection, &framed(b"x")).await == RATE_LIMITED);
        }
        assert!((20..=30).contains(&limited), "{limited}");
        // A guest with more to say than it may takes longer, and says it.
        let words: Vec<_> = (0..20).map(|number| format!("word {number}")).collect();
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        let own = Words::of(&words);
        let (_guest, _events) = join(host.local_address(), &own).await;
        converge(&[&board, &own], 21).await;
    });
}

#[test]
fn what_a_guest_does_not_take_is_not_sent_for_ever() {
    run(60, async {
        let board = Words::of(&["bad word", "good word"]);
        let host = open(&board).await;
        let own = Words::of(&["own"]);
        let (_guest, _events) = join(host.local_address(), &own).await;
        within(5, "the good word", async {
            while own.all().len() < 2 || board.all().len() < 3 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
        .await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        let before = board.asked.load(Ordering::Relaxed);
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(board.asked.load(Ordering::Relaxed), before, "it waits");
        assert_eq!(own.all().len(), 2);
    });
}

#[test]
fn a_careless_host_does_no_harm() {
    run(60, async {
        let careless = Words {
            careless: true,
            ..Words::default()
        };
        let board = Arc::new(careless);
        let host = open(&board).await;
        let (one, two) = (Words::of(&["bad word", "one"]), Words::of(&["two"]));
        let (_first, _) = join(host.local_address(), &one).await;
        let (_second, _) = join(host.local_address(), &two).await;
        within(10, "all but the bad word", async {
            while two.all().len() < 2 || board.all().len() < 3 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
        .await;
        assert!(!two.all().contains(b"bad word".as_slice()));
    });
}
