//! Hosts that do not keep to the protocol.

use core::time::Duration;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use iroh::endpoint::{Connection, Endpoint, presets};
use iroh::{RelayMode, SecretKey};
use sealbid_net::bind::BindAddresses;
use sealbid_net::meeting::{ALPN, MeetingAddress, MeetingError, MeetingEvent, fetch};
use sealbid_net::{PeerId, install_crypto_provider};
use sealbid_types::codec::SchemaName;

use super::{HOST, Words, event, join};
use crate::{run, within};

/// A host that has one answer to everything.
struct Liar {
    address: MeetingAddress,
    asked: Arc<AtomicUsize>,
    _endpoint: Endpoint,
}

impl Liar {
    async fn open(answer: Vec<u8>) -> Self {
        install_crypto_provider();
        let builder = Endpoint::builder(presets::Minimal)
            .relay_mode(RelayMode::Disabled)
            .secret_key(SecretKey::from_bytes(&HOST))
            .alpns(vec![ALPN.to_vec()])
            .clear_ip_transports()
            .bind_addr(BindAddresses::default().v4)
            .unwrap();
        let endpoint = within(5, "bind", builder.bind()).await.unwrap();
        let asked = Arc::new(AtomicUsize::new(0));
        tokio::spawn(accept(endpoint.clone(), answer, Arc::clone(&asked)));
        let address = MeetingAddress {
            peer: PeerId::of_secret(&HOST),
            addresses: endpoint.bound_sockets(),
            relay: None,
        };
        Self {
            address,
            asked,
            _endpoint: endpoint,
        }
    }

    /// How often it is asked in two seconds.
    async fn pestered(&self) -> usize {
        let before = self.asked.load(Ordering::Relaxed);
        tokio::time::sleep(Duration::from_secs(2)).await;
        self.asked.load(Ordering::Relaxed) - before
    }
}

async fn accept(endpoint: Endpoint, answer: Vec<u8>, asked: Arc<AtomicUsize>) {
    while let Some(incoming) = endpoint.accept().await {
        if let Ok(connection) = incoming.await {
            tokio::spawn(lie(connection, answer.clone(), Arc::clone(&asked)));
        }
    }
}

async fn lie(connection: Connection, answer: Vec<u8>, asked: Arc<AtomicUsize>) {
    while let Ok((mut send, mut receive)) = connection.accept_bi().await {
        asked.fetch_add(1, Ordering::Relaxed);
        let _ = receive.read_to_end(1 << 20).await;
        let _ = send.write_all(&answer).await;
        let _ = send.finish();
    }
}

/// A framed response with this body.
fn response(body: &[u8]) -> Vec<u8> {
    let schema = SchemaName {
        name: "sealbid.meeting-response",
        version: 1,
        max_bytes: 0,
    };
    let body = [schema.prefix().as_slice(), body].concat();
    let length = u32::try_from(body.len()).unwrap().to_le_bytes();
    [length.as_slice(), &body].concat()
}

#[test]
fn answers_that_bring_nothing_are_not_asked_for_in_haste() {
    run(60, async {
        let nothing = [0, 0, 0].to_vec();
        let wants_unknown = [[0, 0, 1].as_slice(), &[9; 32]].concat();
        // Under an id that is not its own.
        let misnamed = [[0, 1].as_slice(), &[9; 32], &[4], b"word", &[0]].concat();
        let refused = [[0, 1].as_slice(), &[9; 32], &[3], b"bad", &[0]].concat();
        for body in [nothing, wants_unknown, misnamed, refused] {
            let liar = Liar::open(response(&body)).await;
            let own = Words::of(&["own"]);
            let (_guest, mut events) = join(liar.address.clone(), &own).await;
            assert_eq!(
                event(&mut events).await,
                MeetingEvent::Connected,
                "{body:?}"
            );
            let pestered = liar.pestered().await;
            assert!((1..12).contains(&pestered), "{pestered} for {body:?}");
        }
    });
}

#[test]
fn answers_that_make_no_sense_are_named() {
    run(60, async {
        let verdict = response(&[1, 0, 1]);
        let garbage = response(&[7, 7, 7]);
        let empty = Vec::new();
        let cut = [8, 0, 0, 0, b'x'].to_vec();
        let huge = u32::MAX.to_le_bytes().to_vec();
        for answer in [verdict, garbage, empty, cut, huge] {
            let liar = Liar::open(answer.clone()).await;
            let own = Words::of(&["own"]);
            let (_guest, mut events) = join(liar.address.clone(), &own).await;
            let why = match event(&mut events).await {
                MeetingEvent::Unreachable { why, .. } => why,
                other => panic!("{other:?}"),
            };
            assert!(
                matches!(why, MeetingError::Malformed { .. }),
                "{why} for {answer:?}"
            );
            let fetched = fetch(&liar.address, Duration::from_secs(5));
            assert_eq!(within(2, "fetch", fetched).await, Err(why));
        }
    });
}

#[test]
fn fetching_a_board_without_end_ends() {
    run(60, async {
        let again = [[0, 1].as_slice(), &[9; 32], &[0], &[0]].concat();
        let liar = Liar::open(response(&again)).await;
        let fetched = fetch(&liar.address, Duration::from_secs(5));
        let fetched = within(2, "fetch", fetched).await;
        assert!(
            matches!(fetched, Err(MeetingError::Malformed { .. })),
            "{fetched:?}"
        );
    });
}
