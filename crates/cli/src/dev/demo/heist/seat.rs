//! A member's seat in the mesh, taken by whoever has its keys while its own process is dead.
//!
//! The mesh knows members by their keys and by nothing else, so the others take what is said here
//! for the member's word.

use core::time::Duration;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;
use sealbid_client::Client;
use sealbid_keygen::MemberKey;
use sealbid_net::mesh::{Mesh, MeshHandle};
use sealbid_node::{MemberConfig, MemberSeat};
use sealbid_protocol::member::message::PeerMessage;
use sealbid_types::codec::{decode, encode};
use sealbid_types::id::MemberIndex;
use sealbid_types::time::Timestamp;
use tokio::time::{Instant, interval, sleep};
use tokio_util::task::AbortOnDropHandle;

use super::liar::Liar;
use crate::exit::Failure;

/// How often it says again what it has said.
const AGAIN: Duration = Duration::from_millis(400);
/// How long the others may take to hear it.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often they are asked.
const LOOK: Duration = Duration::from_millis(200);

/// The seat, as long as somebody sits in it.
pub(super) struct Seat {
    member: MemberIndex,
    liar: Arc<Mutex<Liar>>,
    handle: MeshHandle,
    /// Ends with the seat.
    talk: AbortOnDropHandle<()>,
}

impl Seat {
    /// Joins the mesh by a member's key, where its configuration says that it listens.
    ///
    /// # Errors
    /// Work, if the mesh cannot be joined; the configuration's own.
    pub(super) async fn take(
        config: MemberConfig,
        key: &MemberKey,
        client: &Client,
        liar: Liar,
    ) -> Result<Self, Failure> {
        let seat = MemberSeat {
            committee: Arc::new(client.committee().clone()),
            index: key.index(),
            identity: key.identity(),
            secret: key.house_secret(),
            group_key: key.group_key(),
            section: config.mesh,
            keys: Arc::new(client.keys().clone()),
        };
        let mesh = seat.join().await;
        let mesh = mesh.map_err(|error| Failure::work(format!("{}: {error}", key.index())))?;
        let (handle, liar) = (mesh.handle.clone(), Arc::new(Mutex::new(liar)));
        let talk = AbortOnDropHandle::new(tokio::spawn(talk(mesh, Arc::clone(&liar))));
        Ok(Self {
            member: key.index(),
            liar,
            handle,
            talk,
        })
    }

    /// Waits until all others take it for the member.
    ///
    /// # Errors
    /// Timeout.
    pub(super) async fn heard_by_all(&self, client: &Client) -> Result<(), Failure> {
        let others = client.committee().roster.len().saturating_sub(1);
        let deadline = Instant::now() + PATIENCE;
        loop {
            let heads = client.heads().await;
            let hears = |head: &&sealbid_types::door::Head| head.alive.contains(&self.member);
            if heads.values().flatten().filter(hears).count() >= others {
                return Ok(());
            }
            if Instant::now() >= deadline {
                let member = self.member;
                return Err(Failure::timeout(format!("not all hear {member} again")));
            }
            sleep(LOOK).await;
        }
    }

    /// Who sits there.
    pub(super) fn liar(&self) -> MutexGuard<'_, Liar> {
        lock(&self.liar)
    }

    /// Leaves it.
    pub(super) async fn leave(self) {
        self.talk.abort();
        self.handle.clone().leave().await;
    }
}

fn lock(liar: &Mutex<Liar>) -> MutexGuard<'_, Liar> {
    liar.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Hears and speaks, until the mesh is left.
async fn talk(mesh: Mesh, liar: Arc<Mutex<Liar>>) {
    let Mesh {
        handle,
        mut incoming,
        mut pool_deliveries,
    } = mesh;
    let mut again = interval(AGAIN);
    loop {
        let said = tokio::select! {
            message = incoming.recv() => match message {
                // What it cannot read is nothing to it.
                Some((_, bytes)) => match decode::<PeerMessage>(&bytes) {
                    Ok(message) => lock(&liar).hear(message, now()),
                    Err(_) => continue,
                },
                None => return,
            },
            // It has no use for the pool, which must not fill up all the same.
            Some(_) = pool_deliveries.recv() => continue,
            _ = again.tick() => lock(&liar).repeat(now()),
        };
        for message in said {
            handle.broadcast(&Bytes::from(encode(&message)));
        }
    }
}

fn now() -> Timestamp {
    Timestamp::from(SystemTime::now())
}
