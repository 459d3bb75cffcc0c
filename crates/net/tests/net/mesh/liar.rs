//! A member that has all its keys, and answers every bond of the pool so that mosaik tries again.

use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use iroh::endpoint::{Connection, Endpoint, VarInt, presets};
use iroh::{EndpointAddr, EndpointId, RelayMode, SecretKey};
use mosaik::discovery::SignedPeerEntry;
use sealbid_protocol::pool::PoolCommand;
use sealbid_types::id::MemberIndex;
use tokio::sync::mpsc;

use super::plan::Plan;
use super::{deliver, envelope, lead};
use crate::{run, within};

const GROUPS: &[u8] = b"/mosaik/groups/1";
const SYNC: &[u8] = b"/mosaik/discovery/sync/1.0";
/// How mosaik closes a connection whose peer is not in its catalog.
const UNKNOWN_PEER: u32 = 401;

async fn bind(secret: [u8; 32], alpns: Vec<Vec<u8>>, port: u16) -> Endpoint {
    let builder = Endpoint::builder(presets::Minimal)
        .relay_mode(RelayMode::Disabled)
        .secret_key(SecretKey::from_bytes(&secret))
        .alpns(alpns)
        .clear_ip_transports()
        .bind_addr(SocketAddr::from(([127, 0, 0, 1], port)))
        .unwrap();
    within(5, "bind", Box::pin(builder.bind())).await.unwrap()
}

fn members_alpn(plan: &Plan) -> Vec<u8> {
    [b"sealbid/members/1/", &plan.network[..]].concat()
}

/// Takes cards from what the others send.
async fn take_cards(connection: Connection, cards: mpsc::Sender<SignedPeerEntry>) -> Option<()> {
    let mut stream = connection.accept_uni().await.ok()?;
    loop {
        let mut header = [0; 4];
        stream.read_exact(&mut header).await.ok()?;
        let mut body = vec![0; u32::from_le_bytes(header) as usize];
        stream.read_exact(&mut body).await.ok()?;
        if let [3, card @ ..] = &body[..] {
            cards.send(postcard::from_bytes(card).unwrap()).await.ok()?;
        }
    }
}

/// Dials a member and shows it a card, again and again as a sign of life.
async fn show(endpoint: Endpoint, address: EndpointAddr, alpn: Vec<u8>, card: Bytes) {
    let connection = endpoint.connect(address, &alpn).await.unwrap();
    let mut stream = connection.open_uni().await.unwrap();
    let frame = [&[3], &card[..]].concat();
    loop {
        let header = u32::try_from(frame.len()).unwrap().to_le_bytes();
        if stream.write_all(&header).await.is_err() || stream.write_all(&frame).await.is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

/// Answers bonds with "unknown", and syncs with an empty catalog, so that there is no error.
async fn lie(endpoint: Endpoint, bonds: Arc<AtomicUsize>) {
    while let Some(incoming) = endpoint.accept().await {
        let bonds = Arc::clone(&bonds);
        tokio::spawn(async move {
            let connection = incoming.await.ok()?;
            let (mut send, mut receive) = connection.accept_bi().await.ok()?;
            if connection.alpn() == GROUPS {
                bonds.fetch_add(1, Ordering::Relaxed);
                connection.close(VarInt::from_u32(UNKNOWN_PEER), b"UnknownPeer");
                return Some(());
            }
            let mut header = [0; 4];
            receive.read_exact(&mut header).await.ok()?;
            let mut body = vec![0; u32::from_be_bytes(header) as usize];
            receive.read_exact(&mut body).await.ok()?;
            send.write_all(&[0, 0, 0, 1, 0]).await.ok()?;
            connection.closed().await;
            Some(())
        });
    }
}

/// An entry of a node with this secret that listens there, in the group of `card`'s node.
async fn entry(plan: &Plan, secret: [u8; 32], at: SocketAddr, card: &SignedPeerEntry) -> Bytes {
    let url: iroh::RelayUrl = format!("http://127.0.0.1:{}", plan.relays[0])
        .parse()
        .unwrap();
    let relays = iroh::RelayMap::from(iroh::RelayConfig::new(url, None));
    let secret = SecretKey::from_bytes(&secret);
    let network = mosaik::Network::builder(*card.network_id())
        .with_secret_key(secret.clone())
        .with_relay_mode(RelayMode::Custom(relays));
    let network = within(20, "a network", Box::pin(network.build()))
        .await
        .unwrap();
    let own = network.discovery().me().into_unsigned();
    network.local().endpoint().close().await;
    let address = EndpointAddr::new(secret.public()).with_ip_addr(at);
    let own = own.update_address(address).unwrap();
    let own = own.add_groups(card.groups().iter().copied().collect::<Vec<_>>());
    let class = mosaik::UniqueId::from("sealbid.pool.v2");
    let own = own.add_ticket(mosaik::tickets::Ticket::new(class, Bytes::new()));
    postcard::to_stdvec(&own.sign(&secret).unwrap())
        .unwrap()
        .into()
}

/// mosaik 0.4.2 tries such a bond again at once, a hundred times a second and one call deeper each
/// time, until the stack overflows and the process ends. Here it has a few dozen.
#[test]
fn a_member_that_knows_nobody_is_not_asked_for_ever() {
    run(120, async {
        let plan = Plan::new(3, 6);
        let (mut zero, one) = futures::join!(plan.join(0), plan.join(1));
        let line = bind(Plan::secret(2), vec![members_alpn(&plan)], plan.udp[2]).await;
        let (cards, mut taken) = mpsc::channel(64);
        let accepting = line.clone();
        tokio::spawn(async move {
            while let Some(incoming) = accepting.accept().await {
                let cards = cards.clone();
                tokio::spawn(async move { take_cards(incoming.await.ok()?, cards).await });
            }
        });
        let card = within(30, "a card with a group", async {
            loop {
                let card = taken.recv().await.unwrap();
                if !card.groups().is_empty() {
                    return card;
                }
            }
        })
        .await;
        let secret = [222; 32];
        let node = bind(secret, vec![GROUPS.to_vec(), SYNC.to_vec()], 0).await;
        let at = node.bound_sockets()[0];
        let own = entry(&plan, secret, at, &card).await;
        let bonds = Arc::new(AtomicUsize::new(0));
        tokio::spawn(lie(node, Arc::clone(&bonds)));
        for member in &plan.roster()[..2] {
            let id = EndpointId::from_bytes(member.peer.as_bytes()).unwrap();
            let address = EndpointAddr::new(id).with_ip_addr(member.addresses[0]);
            tokio::spawn(show(
                line.clone(),
                address,
                members_alpn(&plan),
                own.clone(),
            ));
        }
        within(20, "a bond with the liar", async {
            while bonds.load(Ordering::Relaxed) == 0 {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        })
        .await;
        tokio::time::sleep(Duration::from_secs(10)).await;
        let tried = bonds.load(Ordering::Relaxed);
        println!("{tried} bonds were tried");
        assert!(tried <= 2 * 64, "{tried} bonds were tried");
        // The others have a pool of their own, and speak.
        lead(&zero).await;
        let commands = vec![PoolCommand::SubmitIntent(envelope(1, b"meanwhile"))];
        within(8, "submit", one.handle.pool().unwrap().submit(commands))
            .await
            .unwrap();
        deliver(&one, &mut zero, MemberIndex(0), MemberIndex(1), "hello").await;
        let heard: BTreeSet<_> = zero.handle.reachable().into_iter().collect();
        assert!(heard.contains(&MemberIndex(2)), "the liar was heard");
    });
}
