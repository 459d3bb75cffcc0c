//! The member's line to the house network: joining it, joining it anew, and what comes from it.
//!
//! The network may end under a member: its endpoint closes, or mosaik gives up. The member does not
//! end with it. [`HouseSlot`] is empty for as long as there is none, everything that sends looks
//! there first, and what is lost in between is lost as on any network.

use core::time::Duration;
use std::sync::{Arc, PoisonError, RwLock};

use ed25519_dalek::SigningKey;
use sealbid_crypto::CommitteeKeys;
use sealbid_net::PeerId;
use sealbid_net::house::{
    ClearingCheck, House, HouseConfig, HouseError, HouseHandle, RosterEntry, Seat,
};
use sealbid_net::ticket::{Role, Ticket};
use sealbid_protocol::member::io::Input;
use sealbid_types::committee::Committee;
use sealbid_types::id::MemberIndex;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use crate::config::HouseSection;
use crate::engine::{EngineInbox, now};
use crate::gate_worker::GateQueue;

/// How long a member's own ticket lives.
const TICKET_LIFE: Duration = Duration::from_secs(7 * 24 * 3600);
/// How often it makes a new one: far more often than it must, so that a member that was cut off for
/// days comes back with one that is valid.
const TICKET_RENEWAL: Duration = Duration::from_secs(24 * 3600);
/// How long it waits before it tries again to join.
const RETRY: Duration = Duration::from_secs(3);

/// The id of a committee's house network.
#[must_use]
pub const fn network_id(committee: &Committee) -> [u8; 32] {
    *committee.auction.as_bytes()
}

/// The committee's members as the house network knows them.
#[must_use]
pub fn roster(committee: &Committee) -> Vec<RosterEntry> {
    let members = MemberIndex::all(committee.members()).zip(&committee.roster);
    members
        .map(|(index, member)| RosterEntry {
            index,
            peer: PeerId(*member.house.as_bytes()),
            identity: *member.identity.as_bytes(),
            addresses: member.house_addresses.clone(),
        })
        .collect()
}

/// The configuration of a node that is no member: a solver, a relayer or a gateway.
#[must_use]
pub fn guest_config(
    committee: &Committee,
    secret: Zeroizing<[u8; 32]>,
    seat: Seat,
    ticket: Ticket,
) -> HouseConfig {
    let (network, auction) = (network_id(committee), *committee.auction.as_bytes());
    let mut config = HouseConfig::new(network, auction, secret, roster(committee), seat, ticket);
    config.relays = committee
        .roster
        .iter()
        .map(|member| member.relay.clone())
        .collect();
    config
}

/// Signs a ticket for `peer`, valid from now on for `life`.
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

/// The house as it is at the moment: none while it is being joined.
#[derive(Debug, Clone, Default)]
pub(crate) struct HouseSlot(Arc<RwLock<Option<HouseHandle>>>);

impl HouseSlot {
    pub(crate) fn get(&self) -> Option<HouseHandle> {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn set(&self, house: Option<HouseHandle>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = house;
    }
}

/// What it takes to join the house as a member.
pub(crate) struct MemberSeat {
    pub(crate) committee: Arc<Committee>,
    pub(crate) index: MemberIndex,
    pub(crate) identity: SigningKey,
    pub(crate) secret: Zeroizing<[u8; 32]>,
    pub(crate) group_key: Zeroizing<[u8; 32]>,
    pub(crate) section: HouseSection,
    pub(crate) keys: Arc<CommitteeKeys>,
}

impl MemberSeat {
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

    fn config(&self) -> HouseConfig {
        let seat = Seat::Member {
            index: self.index,
            group_key: self.group_key.clone(),
        };
        let mut config = guest_config(&self.committee, self.secret.clone(), seat, self.ticket());
        config.bind = self.section.bind();
        config.relay_bind = Some(self.section.relay);
        config.join_timeout = self.section.join_timeout();
        // Any member may tell the group that a round is over. Each pool believes the certificate.
        let keys = Arc::clone(&self.keys);
        config.clearing = ClearingCheck::new(move |round| round.is_certified(&keys));
        config
    }

    /// Joins the house.
    pub(crate) async fn join(&self) -> Result<House, HouseError> {
        House::join(self.config()).await
    }
}

/// Keeps a member in its house.
pub(crate) struct HouseLink {
    pub(crate) seat: MemberSeat,
    pub(crate) slot: HouseSlot,
    pub(crate) engine: EngineInbox,
    pub(crate) gate: GateQueue,
    pub(crate) stop: CancellationToken,
}

impl HouseLink {
    /// Serves `house`, and joins anew whenever the network gives up, until the member stops. Engine
    /// and front door go on meanwhile: clients are told that too few members are here, and nothing
    /// that was promised is lost.
    pub(crate) async fn run(self, house: House) {
        let mut next = Some(house);
        while !self.stop.is_cancelled() {
            match next.take() {
                Some(house) => self.serve(house).await,
                None => next = self.join_again().await,
            }
        }
    }

    /// One attempt, and a pause if it fails. With a fresh ticket each time: the old one may have
    /// run out while there was no network.
    async fn join_again(&self) -> Option<House> {
        let joined = tokio::select! {
            joined = self.seat.join() => joined,
            () = self.stop.cancelled() => return None,
        };
        match joined {
            Ok(house) => Some(house),
            // Not given up: the front door serves records meanwhile, and the others may be down
            // too.
            Err(error) => {
                tracing::warn!("joining the house again: {error}");
                tokio::select! {
                    () = tokio::time::sleep(RETRY) => {}
                    () = self.stop.cancelled() => {}
                }
                None
            }
        }
    }

    /// Brings what the house delivers to the engine and the gate.
    async fn serve(&self, house: House) {
        let House {
            handle,
            mut incoming,
            mut pool_deliveries,
        } = house;
        self.slot.set(Some(handle.clone()));
        // Apart, so that a gate that is busy with the pool's envelopes holds up no vote.
        let messages = async {
            while let Some((from, bytes)) = incoming.recv().await {
                let bytes = Vec::from(bytes);
                self.engine.bring(Input::Received { from, bytes }).await;
            }
        };
        let deliveries = async {
            while let Some(delivery) = pool_deliveries.recv().await {
                self.gate.deliver(delivery.envelope.body).await;
            }
        };
        tokio::select! {
            // Each of them runs until the house has ended.
            ((), ()) = async { tokio::join!(messages, deliveries) } => {}
            () = self.renew(&handle) => {}
            () = handle.terminated() => tracing::warn!("the house network ended; joining it anew"),
            () = self.stop.cancelled() => {}
        }
        // First nobody sends any more, then it is left.
        self.slot.set(None);
        handle.leave().await;
    }

    /// Never returns: a member's ticket is of its own making, and only the others judge it.
    async fn renew(&self, handle: &HouseHandle) {
        loop {
            tokio::time::sleep(TICKET_RENEWAL).await;
            handle.renew_ticket(&self.seat.ticket());
        }
    }
}
