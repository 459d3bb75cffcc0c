//! A guest without this crate, as the formats describe it.

use bytes::Bytes;
use ed25519_dalek::SigningKey;
use iroh::endpoint::{Endpoint, RecvStream, presets};
use iroh::{EndpointAddr, EndpointId, RelayMode, SecretKey};
use sealbid_net::PeerId;
use sealbid_net::ticket::{Role, Ticket};
use sealbid_types::id::MemberIndex;
use tokio::sync::mpsc;

use super::plan::{FAR, Plan};
use crate::within;

/// Claims to be a solver, with a ticket that `signer` signed as member 0, and asks every member for
/// all intents. What comes of that goes to the channel.
pub(super) async fn outsider(
    plan: &Plan,
    secret: [u8; 32],
    signer: &SigningKey,
) -> (Endpoint, mpsc::Receiver<Bytes>) {
    let (peer, zero) = (PeerId::of_secret(&secret), MemberIndex(0));
    let ticket = Ticket::issue(&plan.network, Role::Solver, peer, FAR, zero, signer).to_bytes();
    // The ticket behind its length, and the topic's number.
    let length = u8::try_from(ticket.len()).unwrap();
    assert!(length < 128, "one byte says so much");
    let subscription = [&[length][..], &ticket, &[0]].concat();
    let endpoint = Endpoint::builder(presets::Minimal)
        .relay_mode(RelayMode::Disabled)
        .secret_key(SecretKey::from_bytes(&secret));
    let endpoint = within(5, "bind", Box::pin(endpoint.bind())).await.unwrap();
    let alpn = [b"sealbid/feed/1/", &plan.network[..]].concat();
    let (items, receiver) = mpsc::channel(64);
    for entry in plan.roster() {
        let id = EndpointId::from_bytes(entry.peer.as_bytes()).unwrap();
        let address = EndpointAddr::new(id).with_ip_addr(entry.addresses[0]);
        let (endpoint, alpn, items) = (endpoint.clone(), alpn.clone(), items.clone());
        let subscription = subscription.clone();
        tokio::spawn(async move {
            let connection = endpoint.connect(address, &alpn).await.unwrap();
            let (mut send, mut receive) = connection.open_bi().await.unwrap();
            let header = u32::try_from(subscription.len()).unwrap().to_le_bytes();
            send.write_all(&header).await.unwrap();
            send.write_all(&subscription).await.unwrap();
            while let Some(frame) = frame(&mut receive).await {
                // A sign of life is no item.
                if let [2, item @ ..] = &frame[..] {
                    let _ = items.send(Bytes::copy_from_slice(item)).await;
                }
            }
        });
    }
    (endpoint, receiver)
}

async fn frame(stream: &mut RecvStream) -> Option<Vec<u8>> {
    let mut header = [0; 4];
    stream.read_exact(&mut header).await.ok()?;
    let mut body = vec![0; u32::from_le_bytes(header) as usize];
    stream.read_exact(&mut body).await.ok()?;
    Some(body)
}
