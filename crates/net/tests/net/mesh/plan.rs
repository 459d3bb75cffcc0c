//! The fixed facts of a mesh under test.

use core::sync::atomic::{AtomicU32, Ordering};
use core::time::Duration;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::time::Instant;

use ed25519_dalek::SigningKey;
use sealbid_net::PeerId;
use sealbid_net::bind::BindAddresses;
use sealbid_net::mesh::{ClearingCheck, Mesh, MeshConfig, MeshError, RosterEntry, Seat};
use sealbid_net::ticket::{Role, Ticket};
use sealbid_types::id::MemberIndex;
use zeroize::Zeroizing;

use crate::within;

pub(super) const FAR: u64 = u64::MAX;

/// A port that nobody listens at. Not one that the system picks: those are what other tests' sockets
/// get meanwhile.
fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let is_free = |port: &u16| {
        UdpSocket::bind(("127.0.0.1", *port)).is_ok()
            && TcpListener::bind(("127.0.0.1", *port)).is_ok()
    };
    let ports = core::iter::repeat_with(|| {
        let at = NEXT
            .fetch_add(1, Ordering::Relaxed)
            .wrapping_add(std::process::id().wrapping_mul(97));
        10_000 + u16::try_from(at % 10_000).unwrap()
    });
    ports.take(10_000).find(is_free).unwrap()
}

/// A mesh's fixed facts, as its members' configuration files would hold them.
pub(super) struct Plan {
    pub(super) network: [u8; 32],
    pub(super) udp: Vec<u16>,
    pub(super) relays: Vec<u16>,
}

impl Plan {
    pub(super) fn new(members: usize, network: u8) -> Self {
        Self {
            network: [network; 32],
            udp: (0..members).map(|_| free_port()).collect(),
            relays: (0..members).map(|_| free_port()).collect(),
        }
    }

    pub(super) fn secret(index: u8) -> [u8; 32] {
        [100 + index; 32]
    }

    pub(super) fn identity(index: u8) -> SigningKey {
        SigningKey::from_bytes(&[200 - index; 32])
    }

    pub(super) fn roster(&self) -> Vec<RosterEntry> {
        let entry = |(index, port): (u8, &u16)| RosterEntry {
            index: MemberIndex(index),
            peer: PeerId::of_secret(&Self::secret(index)),
            identity: Self::identity(index).verifying_key().to_bytes(),
            addresses: vec![SocketAddr::from(([127, 0, 0, 1], *port))],
        };
        (0..).zip(&self.udp).map(entry).collect()
    }

    pub(super) fn ticket(&self, role: Role, secret: &[u8; 32], signer: u8) -> Ticket {
        let (peer, identity) = (PeerId::of_secret(secret), Self::identity(signer));
        Ticket::issue(
            &self.network,
            role,
            peer,
            FAR,
            MemberIndex(signer),
            &identity,
        )
    }

    pub(super) fn config(&self, secret: [u8; 32], seat: Seat, ticket: Ticket) -> MeshConfig {
        let relays = self
            .relays
            .iter()
            .map(|port| format!("http://127.0.0.1:{port}"))
            .collect();
        let secret = Zeroizing::new(secret);
        let config = MeshConfig::new(self.network, secret, self.roster(), seat, ticket);
        // A certificate is good here if it says anything.
        let clearing = ClearingCheck::new(|round| !round.certificate.is_empty());
        MeshConfig {
            relays,
            clearing,
            ..config
        }
    }

    pub(super) fn member(&self, index: u8) -> MeshConfig {
        let secret = Self::secret(index);
        let group_key = Zeroizing::new([77; 32]);
        let seat = Seat::Member {
            index: MemberIndex(index),
            group_key,
        };
        let ticket = self.ticket(Role::Member, &secret, index);
        let slot = usize::from(index);
        MeshConfig {
            // By both families on ports that stay: a path to a port of the last start is a dead one, and
            // the transport would go on trying it.
            bind: BindAddresses::loopback(self.udp[slot], self.udp[slot]),
            relay_bind: Some(SocketAddr::from(([127, 0, 0, 1], self.relays[slot]))),
            ..self.config(secret, seat, ticket)
        }
    }

    pub(super) fn guest(&self, secret: u8, seat: Seat, signer: u8) -> MeshConfig {
        let secret = [secret; 32];
        let ticket = self.ticket(seat.role(), &secret, signer);
        self.config(secret, seat, ticket)
    }

    /// A member, as often as its port is not free yet.
    pub(super) async fn join(&self, index: u8) -> Mesh {
        within(30, "join", async {
            loop {
                match Mesh::join(self.member(index)).await {
                    Ok(mesh) => return mesh,
                    Err(MeshError::PortInUse { .. } | MeshError::Relay(_)) => {
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                    Err(error) => panic!("{error}"),
                }
            }
        })
        .await
    }

    pub(super) async fn join_all(&self) -> Vec<Mesh> {
        let started = Instant::now();
        let indices = 0..u8::try_from(self.udp.len()).unwrap();
        let meshes = futures::future::join_all(indices.map(|index| self.join(index))).await;
        println!(
            "{} members joined after {:?}",
            meshes.len(),
            started.elapsed()
        );
        meshes
    }
}
