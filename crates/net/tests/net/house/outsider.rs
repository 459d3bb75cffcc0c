use core::time::Duration;

use bytes::Bytes;
use ed25519_dalek::SigningKey;
use sealbid_net::PeerId;
use sealbid_net::ticket::{Role, Ticket};
use sealbid_types::id::MemberIndex;

use super::plan::{AUCTION, FAR, Plan};
use crate::within;

/// Bytes as they are.
pub(super) struct Raw;

impl mosaik::Datum for Raw {
    type EncodeError = core::convert::Infallible;
    type DecodeError = core::convert::Infallible;

    fn encode(&self) -> Result<Bytes, Self::EncodeError> {
        Ok(Bytes::from_static(b"\x01forged"))
    }

    fn decode(_: &[u8]) -> Result<Self, Self::DecodeError> {
        Ok(Self)
    }
}

/// A node without this crate: it claims to be a solver, with a ticket that `signer` signed as
/// member 0, asks every member for intents, and offers intents of its own.
pub(super) async fn outsider(
    plan: &Plan,
    secret: [u8; 32],
    signer: &SigningKey,
) -> (mosaik::Network, mosaik::streams::Consumer<Raw>) {
    let url: iroh::RelayUrl = format!("http://127.0.0.1:{}", plan.relays[0])
        .parse()
        .unwrap();
    // Without QUIC address discovery, like everybody here.
    let relays = iroh::RelayMap::from(iroh::RelayConfig::new(url, None));
    let bootstrap = plan.roster().into_iter().map(|entry| {
        let id = iroh::EndpointId::from_bytes(entry.peer.as_bytes()).unwrap();
        iroh::EndpointAddr::new(id).with_ip_addr(entry.addresses[0])
    });
    let discovery = mosaik::discovery::Config::builder()
        .no_dht_bootstrap()
        .with_announce_interval(Duration::from_secs(1))
        .with_tags(mosaik::Tag::from("solver"))
        .with_bootstrap(bootstrap.collect::<Vec<_>>());
    let network = mosaik::Network::builder(mosaik::NetworkId::from_bytes(plan.network))
        .with_secret_key(mosaik::SecretKey::from_bytes(&secret))
        .with_relay_mode(iroh::RelayMode::Custom(relays))
        .with_discovery(discovery);
    let network = within(20, "the outsider", Box::pin(network.build()))
        .await
        .unwrap();
    let (peer, zero) = (PeerId::of_secret(&secret), MemberIndex(0));
    let ticket = Ticket::issue(&plan.network, Role::Solver, peer, FAR, zero, signer);
    let class = mosaik::UniqueId::from("sealbid.roster.v1");
    let ticket = mosaik::tickets::Ticket::new(class, ticket.to_bytes().into());
    network.discovery().add_ticket(ticket);
    // The id of the stream of all intents, as the formats fix it.
    let mut id = blake3::Hasher::new_derive_key("sealbid.intents.v1");
    id.update(&32_u64.to_le_bytes()).update(&AUCTION);
    let id = mosaik::StreamId::from_bytes(*id.finalize().as_bytes());
    let roster: Vec<_> = plan.roster().iter().map(|entry| entry.peer).collect();
    let consumer = network
        .streams()
        .consumer::<Raw>()
        .with_stream_id(id)
        .require(move |peer| roster.contains(&PeerId(*peer.id().as_bytes())))
        .build();
    let producer = network
        .streams()
        .producer::<Raw>()
        .with_stream_id(id)
        .build()
        .ok()
        .unwrap();
    tokio::spawn(async move {
        loop {
            // Nobody listens, hopefully.
            let _ = producer.try_send(Raw);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    (network, consumer)
}
