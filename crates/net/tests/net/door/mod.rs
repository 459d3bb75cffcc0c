//! Requests, answers and subscriptions at a front door.

mod limits;

use core::time::Duration;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use bytes::Bytes;
use iroh::endpoint::{Connection, Endpoint, ReadError, ReadExactError, presets};
use iroh::{EndpointAddr, RelayMode};
use sealbid_net::bind::BindAddresses;
use sealbid_net::door::{
    ALPN, Door, DoorAddress, DoorBindError, DoorClient, DoorConfig, DoorError, DoorLimits,
    DoorRefusal, Handler, Reply, ReplyError,
};
use sealbid_net::{PeerId, install_crypto_provider};
use sealbid_types::id::MemberIndex;
use zeroize::Zeroizing;

use crate::{run, within};

const MEMBER: MemberIndex = MemberIndex(0);

/// Answers by the request's first byte.
#[derive(Default)]
struct Echo {
    handled: AtomicUsize,
    failed: Mutex<Option<ReplyError>>,
}

impl Handler for Echo {
    async fn handle(&self, peer: PeerId, request: Bytes, mut reply: Reply) {
        self.handled.fetch_add(1, Ordering::Relaxed);
        match request.first() {
            // The peer's key.
            Some(b'p') => drop(reply.finish(Bytes::copy_from_slice(peer.as_bytes())).await),
            // Three frames.
            Some(b's') => {
                for number in 0..3_u8 {
                    reply.send(Bytes::copy_from_slice(&[number])).await.unwrap();
                }
                reply.end();
            }
            // Too large an answer, then one that fits.
            Some(b'l') => {
                assert!(reply.send(Bytes::from(vec![0; 2000])).await.is_err());
                reply.finish(Bytes::from_static(b"small")).await.unwrap();
            }
            // No answer.
            Some(b'd') => drop(reply),
            Some(b'r') => reply.refuse(DoorRefusal::Other(99)),
            // Frames without end.
            Some(b'f') => loop {
                if let Err(error) = reply.send(Bytes::from(vec![0; 1000])).await {
                    *self.failed.lock().unwrap() = Some(error);
                    return;
                }
            },
            // An answer that never comes.
            Some(b'w') => reply.gone().await,
            _ => drop(reply.finish(request).await),
        }
    }
}

fn limits() -> DoorLimits {
    DoorLimits {
        max_request: 1000,
        max_response: 1000,
        read: Duration::from_millis(500),
        ..DoorLimits::default()
    }
}

async fn open(limits: DoorLimits) -> (Door, Arc<Echo>) {
    open_to(limits, Vec::new()).await
}

async fn open_to(limits: DoorLimits, members: Vec<DoorAddress>) -> (Door, Arc<Echo>) {
    let config = DoorConfig {
        secret: Zeroizing::new([1; 32]),
        bind: BindAddresses::default(),
        limits,
        members,
    };
    let door = within(5, "bind", Door::bind(config)).await.unwrap();
    let echo = Arc::new(Echo::default());
    door.serve(Arc::clone(&echo));
    (door, echo)
}

/// The same member's door at the same addresses, once these are free.
async fn open_again(addresses: &[SocketAddr]) -> Door {
    let port = |v4: bool| {
        let address = addresses.iter().find(|a| a.is_ipv4() == v4);
        address.map_or(0, SocketAddr::port)
    };
    let bind = BindAddresses::loopback(port(true), port(false));
    within(10, "bind", async {
        loop {
            let config = DoorConfig {
                secret: Zeroizing::new([1; 32]),
                bind,
                limits: limits(),
                members: Vec::new(),
            };
            if let Ok(door) = Door::bind(config).await {
                return door;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await
}

fn address(door: &Door) -> DoorAddress {
    DoorAddress {
        member: MEMBER,
        peer: door.peer(),
        addresses: door.addresses(),
    }
}

async fn client(door: &Door) -> DoorClient {
    within(5, "client", DoorClient::new(None, vec![address(door)]))
        .await
        .unwrap()
}

/// A connection without our client: it can misbehave.
async fn raw(door: &Door) -> (Endpoint, Connection) {
    install_crypto_provider();
    let builder = Endpoint::builder(presets::Minimal).relay_mode(RelayMode::Disabled);
    let endpoint = within(5, "bind", builder.bind()).await.unwrap();
    let id = iroh::EndpointId::from_bytes(door.peer().as_bytes()).unwrap();
    let v4 = door
        .addresses()
        .into_iter()
        .find(std::net::SocketAddr::is_ipv4)
        .unwrap();
    let target = EndpointAddr::new(id).with_ip_addr(v4);
    let connection = within(5, "connect", endpoint.connect(target, ALPN))
        .await
        .unwrap();
    (endpoint, connection)
}

/// Sends bytes as they are; says how the stream is answered.
async fn raw_request(
    connection: &Connection,
    bytes: &[u8],
    finish: bool,
) -> Result<u32, DoorRefusal> {
    let (mut send, mut receive) = connection.open_bi().await.unwrap();
    // The member may stop reading before all is written.
    let _ = send.write_all(bytes).await;
    if finish {
        let _ = send.finish();
    }
    let mut header = [0; 4];
    match within(5, "answer", receive.read_exact(&mut header)).await {
        Ok(()) => Ok(u32::from_le_bytes(header)),
        Err(ReadExactError::ReadError(ReadError::Reset(code))) => Err(refusal(code.into_inner())),
        Err(error) => panic!("{error}"),
    }
}

fn refusal(code: u64) -> DoorRefusal {
    match code {
        1 => DoorRefusal::RateLimited,
        2 => DoorRefusal::TooLarge,
        3 => DoorRefusal::Malformed,
        4 => DoorRefusal::TimedOut,
        other => DoorRefusal::Other(u32::try_from(other).unwrap()),
    }
}

#[test]
fn round_trips_on_one_connection() {
    run(30, async {
        let started = Instant::now();
        let (door, echo) = open(limits()).await;
        println!("door open after {:?}", started.elapsed());
        let secret = Zeroizing::new([9; 32]);
        let doors = vec![address(&door)];
        let started = Instant::now();
        let client = within(5, "client", DoorClient::new(Some(secret), doors))
            .await
            .unwrap();
        let ask = |request: &'static [u8]| client.request(MEMBER, Bytes::from_static(request));
        assert_eq!(
            within(5, "echo", ask(b"hello")).await,
            Ok(Bytes::from_static(b"hello"))
        );
        println!("client's first answer after {:?}", started.elapsed());
        assert_eq!(within(5, "empty", ask(b"")).await, Ok(Bytes::new()));
        let peer = PeerId::of_secret(&[9; 32]);
        assert_eq!(
            within(5, "peer", ask(b"p")).await.unwrap(),
            peer.as_bytes().as_slice()
        );
        assert_eq!(client.peer(), peer);
        assert_eq!(
            within(5, "large", ask(b"l")).await,
            Ok(Bytes::from_static(b"small"))
        );
        let started = Instant::now();
        for _ in 0..100 {
            within(5, "echo", ask(b"again")).await.unwrap();
        }
        println!("a request takes {:?}", started.elapsed() / 100);
        assert_eq!(echo.handled.load(Ordering::Relaxed), 104);
        client.close().await;
        door.close().await;
    });
}

#[test]
fn refusals_reach_the_client() {
    run(30, async {
        let (door, _) = open(limits()).await;
        let client = client(&door)
            .await
            .with_timeouts(Duration::from_secs(2), Duration::from_secs(2));
        let refused = |refusal| {
            Err(DoorError::Refused {
                member: MEMBER,
                refusal,
            })
        };
        let ask = |request: Bytes| client.request(MEMBER, request);
        let dropped = within(5, "dropped", ask(Bytes::from_static(b"d"))).await;
        assert_eq!(dropped, refused(DoorRefusal::Failed));
        let own = within(5, "refused", ask(Bytes::from_static(b"r"))).await;
        assert_eq!(own, refused(DoorRefusal::Other(99)));
        let large = within(5, "large", ask(Bytes::from(vec![0; 1001]))).await;
        assert_eq!(large, refused(DoorRefusal::TooLarge));
        let silent = within(5, "silent", ask(Bytes::from_static(b"w"))).await;
        assert_eq!(silent, Err(DoorError::TimedOut { member: MEMBER }));
        let unknown = within(5, "unknown", client.request(MemberIndex(7), Bytes::new())).await;
        assert_eq!(
            unknown,
            Err(DoorError::UnknownMember {
                member: MemberIndex(7)
            })
        );
    });
}

#[test]
fn subscriptions_end_when_the_member_ends_them() {
    run(30, async {
        let (door, _) = open(limits()).await;
        let client = client(&door).await;
        let frames = client.subscribe(MEMBER, Bytes::from_static(b"s"));
        let mut frames = within(5, "subscribe", frames).await.unwrap();
        for number in 0..3_u8 {
            let frame = within(5, "frame", frames.next()).await;
            assert_eq!(frame, Some(Ok(Bytes::copy_from_slice(&[number]))));
        }
        assert_eq!(within(5, "end", frames.next()).await, None);
        assert_eq!(within(5, "end", frames.next()).await, None);
        // A member that stops is heard at once.
        let waiting = client.subscribe(MEMBER, Bytes::from_static(b"w"));
        let mut waiting = within(5, "subscribe", waiting).await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
        within(5, "close", door.close()).await;
        assert!(matches!(
            within(2, "end", waiting.next()).await,
            Some(Err(_))
        ));
    });
}

#[test]
fn oversize_and_garbage_are_refused_before_they_are_read() {
    run(30, async {
        let (door, echo) = open(limits()).await;
        let (_endpoint, connection) = raw(&door).await;
        let claim = u32::MAX.to_le_bytes();
        let verdict = raw_request(&connection, &claim, false).await;
        assert_eq!(verdict, Err(DoorRefusal::TooLarge));
        assert_eq!(
            raw_request(&connection, &[], true).await,
            Err(DoorRefusal::Malformed)
        );
        assert_eq!(
            raw_request(&connection, &[1, 2], true).await,
            Err(DoorRefusal::Malformed)
        );
        let cut = [8, 0, 0, 0, b'x'];
        assert_eq!(
            raw_request(&connection, &cut, true).await,
            Err(DoorRefusal::Malformed)
        );
        assert_eq!(echo.handled.load(Ordering::Relaxed), 0);
        // The connection is as good as before.
        let good = [3, 0, 0, 0, b'x', b'y', b'z'];
        assert_eq!(raw_request(&connection, &good, true).await, Ok(3));
    });
}

#[test]
fn a_stalled_client_is_not_waited_for() {
    run(30, async {
        let (door, _) = open(limits()).await;
        let (_endpoint, connection) = raw(&door).await;
        let started = Instant::now();
        let stalled = [8, 0, 0, 0, b'x'];
        assert_eq!(
            raw_request(&connection, &stalled, false).await,
            Err(DoorRefusal::TimedOut)
        );
        assert!(started.elapsed() < Duration::from_secs(3));
        // Nor does it hold up others.
        let client = client(&door).await;
        within(5, "echo", client.request(MEMBER, Bytes::from_static(b"hi")))
            .await
            .unwrap();
    });
}

#[test]
fn a_client_that_does_not_read_is_not_waited_for() {
    run(30, async {
        let hasty = DoorLimits {
            write: Duration::from_millis(300),
            ..limits()
        };
        let (door, echo) = open(hasty).await;
        let client = client(&door).await;
        let unread = client.subscribe(MEMBER, Bytes::from_static(b"f"));
        let _unread = within(5, "subscribe", unread).await.unwrap();
        within(10, "the member gives up", async {
            while echo.failed.lock().unwrap().is_none() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        })
        .await;
        assert_eq!(*echo.failed.lock().unwrap(), Some(ReplyError::TimedOut));
    });
}

#[test]
fn idle_connections_are_closed_and_opened_again() {
    run(30, async {
        let restless = DoorLimits {
            idle: Duration::from_millis(200),
            ..limits()
        };
        let (door, _) = open(restless).await;
        let client = client(&door).await;
        for _ in 0..3 {
            let answer = client.request(MEMBER, Bytes::from_static(b"hi"));
            within(5, "answer", answer).await.unwrap();
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        let (_endpoint, connection) = raw(&door).await;
        within(3, "close", connection.closed()).await;
    });
}

#[test]
fn a_port_in_use_is_named() {
    run(30, async {
        let (door, _) = open(limits()).await;
        let v4 = door
            .addresses()
            .into_iter()
            .find(std::net::SocketAddr::is_ipv4)
            .unwrap();
        let secret = Zeroizing::new([2; 32]);
        let bind = BindAddresses::loopback(v4.port(), 0);
        let second = Door::bind(DoorConfig {
            secret,
            bind,
            limits: limits(),
            members: Vec::new(),
        });
        match within(5, "bind", second).await {
            Err(DoorBindError::PortInUse { address }) => assert_eq!(address, v4),
            other => panic!("{other:?}"),
        }
    });
}

#[test]
fn nobody_behind_the_door() {
    run(30, async {
        let peer = PeerId::of_secret(&[8; 32]);
        let addresses = vec!["127.0.0.1:9".parse().unwrap()];
        let doors = vec![DoorAddress {
            member: MEMBER,
            peer,
            addresses,
        }];
        let client = within(5, "client", DoorClient::new(None, doors))
            .await
            .unwrap();
        let client = client.with_timeouts(Duration::from_millis(500), Duration::from_secs(5));
        let answer = within(3, "answer", client.request(MEMBER, Bytes::new())).await;
        assert!(
            matches!(answer, Err(DoorError::Unreachable { member: MEMBER, .. })),
            "{answer:?}"
        );
        assert!(answer.unwrap_err().is_temporary());
    });
}

#[test]
fn a_member_that_was_restarted_is_asked_again() {
    run(60, async {
        let (door, _) = open(limits()).await;
        let addresses = door.addresses();
        let client = client(&door).await;
        within(5, "first", client.request(MEMBER, Bytes::from_static(b"1")))
            .await
            .unwrap();
        within(5, "close", door.close()).await;
        let door = open_again(&addresses).await;
        door.serve(Arc::new(Echo::default()));
        let again = client.request(MEMBER, Bytes::from_static(b"2"));
        assert_eq!(
            within(10, "again", again).await,
            Ok(Bytes::from_static(b"2"))
        );
    });
}

#[test]
fn a_request_that_is_not_polled_holds_nobody_up() {
    run(30, async {
        let (door, _) = open(limits()).await;
        let client = client(&door).await;
        let ask = |request: &'static [u8]| client.request(MEMBER, Bytes::from_static(request));
        // It has begun to connect, and is then left alone.
        let mut left_alone = Box::pin(ask(b"1"));
        assert!(futures::poll!(left_alone.as_mut()).is_pending());
        let second = within(5, "the second request", ask(b"2")).await;
        assert_eq!(second, Ok(Bytes::from_static(b"2")));
        let first = within(5, "the first request", left_alone).await;
        assert_eq!(first, Ok(Bytes::from_static(b"1")));
    });
}

/// What has become of a dial that nobody waited for is known all the same, and that it is long ago.
#[test]
fn a_dial_that_nobody_waited_for_does_not_answer_later() {
    run(60, async {
        let (door, _) = open(limits()).await;
        let addresses = door.addresses();
        let client = client(&door).await;
        let quick = Duration::from_millis(300);
        let client = client.with_timeouts(quick, Duration::from_secs(5));
        within(5, "close", door.close()).await;
        let mut dropped = Box::pin(client.request(MEMBER, Bytes::from_static(b"1")));
        assert!(futures::poll!(dropped.as_mut()).is_pending());
        drop(dropped);
        tokio::time::sleep(4 * quick).await;
        let door = open_again(&addresses).await;
        door.serve(Arc::new(Echo::default()));
        let answer = client.request(MEMBER, Bytes::from_static(b"2"));
        let answer = within(10, "an answer", answer).await;
        assert_eq!(answer, Ok(Bytes::from_static(b"2")));
    });
}
