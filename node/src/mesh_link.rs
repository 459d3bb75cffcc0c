//! The member's place in the mesh: what it takes to join, and what comes from it.
//!
//! The mesh reads no committee file and no key file: the roster, a ticket and the check of closed
//! rounds are given to it here.

use core::time::Duration;
use std::sync::Arc;

use ed25519_dalek::SigningKey;
use sealbid_crypto::CommitteeKeys;
use sealbid_net::PeerId;
use sealbid_net::mesh::{ClearingCheck, Mesh, MeshConfig, MeshError, MeshHandle, Seat, network_id};
use sealbid_net::ticket::{Role, Ticket};
use sealbid_protocol::admission::Readable;
use sealbid_protocol::member::io::Input;
use sealbid_types::committee::Committee;
use sealbid_types::id::MemberIndex;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use crate::config::MeshSection;
use crate::engine::{EngineInbox, now};

/// How long a member's own ticket lives.
const TICKET_LIFE: Duration = Duration::from_secs(7 * 24 * 3600);
/// How often it makes a new one: far more often than it must, so that a member that was cut off for
/// days comes back with one that is valid.
const TICKET_RENEWAL: Duration = Duration::from_secs(24 * 3600);

/// Signs a ticket for `peer`, valid from now on for `life`.
/// The end is reckoned by this machine's clock, and compared with its own by whoever admits the
/// peer.
#[must_use]
pub fn issue_ticket(
    committee: &Committee,
    role: Role,
    peer: PeerId,
    life: Duration,
    signer: MemberIndex,
    identity: &SigningKey,
) -> Ticket {
    Ticket::issue(
        &network_id(committee),
        role,
        peer,
        now().plus(life).0,
        signer,
        identity,
    )
}

/// What it takes to join the mesh as a member: whoever has a member's keys has its seat.
pub struct MemberSeat {
    /// The committee file.
    pub committee: Arc<Committee>,
    /// The member's place in the roster.
    pub index: MemberIndex,
    /// Signs its ticket.
    pub identity: SigningKey,
    /// The house endpoint's: the roster names its public half.
    pub secret: Zeroizing<[u8; 32]>,
    /// What the ceremony left all members with, to form the pool's group.
    pub group_key: Zeroizing<[u8; 32]>,
    /// Where it listens.
    pub section: MeshSection,
    /// The committee's keys: its pool believes what is certified under them.
    pub keys: Arc<CommitteeKeys>,
}

impl MemberSeat {
    /// Signed by the member itself: a member needs nobody's word but its own.
    fn ticket(&self) -> Ticket {
        let peer = PeerId::of_secret(&self.secret);
        issue_ticket(
            &self.committee,
            Role::Member,
            peer,
            TICKET_LIFE,
            self.index,
            &self.identity,
        )
    }

    /// A guest's configuration, and what only a member has: its ports, its relay, the pool.
    fn config(&self) -> MeshConfig {
        let seat = Seat::Member {
            index: self.index,
            group_key: self.group_key.clone(),
        };
        let mut config =
            MeshConfig::of_guest(&self.committee, self.secret.clone(), seat, self.ticket());
        config.bind = self.section.bind();
        config.pool_port = self.section.pool_port;
        config.relay_bind = Some(self.section.relay);
        // Everybody's, its own among them: with any of them gone, the pool's nodes have the others.
        let relays = self.committee.roster.iter();
        config.relays = relays.map(|member| member.relay.clone()).collect();
        // Any member may tell the group that a round is over. Each pool believes the certificate.
        let keys = Arc::clone(&self.keys);
        config.clearing = ClearingCheck::new(move |round| round.is_certified(&keys));
        config
    }

    /// Joins the mesh.
    ///
    /// # Errors
    /// [`MeshError`]. Nothing is left running.
    pub async fn join(&self) -> Result<Mesh, MeshError> {
        Mesh::join(self.config()).await
    }
}

/// Brings what the mesh delivers to the engine.
pub(crate) struct MeshLink {
    pub(crate) seat: MemberSeat,
    pub(crate) engine: EngineInbox,
    pub(crate) stop: CancellationToken,
}

impl MeshLink {
    /// Until the member stops. The mesh does not end before that, whatever its peers do.
    pub(crate) async fn run(self, mesh: Mesh) {
        let Mesh {
            handle,
            mut incoming,
            mut pool_deliveries,
        } = mesh;
        // Apart, so that an engine that is busy with the pool's envelopes holds up no vote.
        let messages = async {
            while let Some((from, bytes)) = incoming.recv().await {
                let bytes = Vec::from(bytes);
                let input = Input::Received { from, bytes };
                self.engine.bring_message(input).await;
            }
        };
        let deliveries = async {
            while let Some(delivery) = pool_deliveries.recv().await {
                // What cannot be read is in the pool by mistake or malice, and nothing to a member.
                if let Ok(envelope) = Readable::new(&self.seat.committee, delivery.envelope.body) {
                    let envelopes = vec![envelope];
                    self.engine.bring(Input::Found { envelopes }).await;
                }
            }
        };
        let all = async { tokio::join!(messages, deliveries, self.renew(&handle)) };
        self.stop.run_until_cancelled(all).await;
        handle.leave().await;
    }

    /// The first ticket was signed to join with.
    async fn renew(&self, handle: &MeshHandle) {
        loop {
            tokio::time::sleep(TICKET_RENEWAL).await;
            // Connections that stand are not ended by it: it is shown with the next.
            handle.renew_ticket(&self.seat.ticket());
        }
    }
}
