//! Joining the mesh as a guest: what solvers and relayers do beside asking at the front doors.
//!
//! A guest has an endpoint key of its own ([`EndpointKey`]) and a ticket that one of the members
//! has signed for it. With these it reads the members' feed: intents as they come, and word of
//! settlements. Nothing rests on the feed: what must not be missed is fetched at a front door, and
//! anybody may knock there.
//!
//! Members serve a guest until its ticket runs out, and then end its streams. So the session looks
//! for a newer ticket ([`TicketSource`]) all the time, and says early when there is none
//! ([`GuestSession::ticket`]).

mod feed;
mod key;
mod ticket;

use core::time::Duration;

use sealbid_net::PeerId;
use sealbid_net::mesh::{Mesh, MeshConfig, MeshError, MeshHandle, Seat};
use sealbid_net::ticket::Ticket;
use sealbid_types::metadata::Pair;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use self::feed::{IntentFeed, SettlementFeed};
pub use self::key::{EndpointKey, EndpointKeyError};
use self::ticket::Watchman;
pub use self::ticket::{TicketFileError, TicketSource, TicketState};
use crate::committee::CommitteeFile;

/// How long a guest waits before it tries again to join.
const RETRY: Duration = Duration::from_secs(2);

/// What a guest is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GuestRole {
    /// Reads intents, and word of settlements.
    Solver,
    /// Reads word of settlements.
    Relayer,
}

impl GuestRole {
    const fn seat(self) -> Seat {
        match self {
            Self::Solver => Seat::Solver,
            Self::Relayer => Seat::Relayer,
        }
    }

    /// As `sealbid node ticket --role` takes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Solver => "solver",
            Self::Relayer => "relayer",
        }
    }
}

/// Why a guest cannot join, however long it tries.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JoinError {
    /// There is no ticket to show.
    #[error(transparent)]
    Ticket(#[from] TicketFileError),
    /// The ticket does not admit: it is another peer's, another role's, or has run out.
    #[error(transparent)]
    Refused(MeshError),
}

/// What it takes to join as a guest.
///
/// # Examples
/// ```no_run
/// use sealbid_client::guest::{EndpointKey, Guest, GuestRole, TicketSource};
/// use sealbid_client::Client;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let client = Client::open("house/committee.json").await?;
/// let key = EndpointKey::load_or_create("solver/house.key".as_ref())?;
/// println!("a member issues: sealbid node ticket --role solver --peer {}", key.peer());
///
/// let guest = Guest::new(GuestRole::Solver, key, TicketSource::file("solver/ticket"));
/// let session = guest.join(&client).await?;
/// let mut intents = session.intents(&client, &[]);
/// while let Some(intent) = intents.next(|_| true).await {
///     println!("round {}: {}", intent.round, intent.intent);
/// }
/// session.leave().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Guest {
    role: GuestRole,
    key: EndpointKey,
    tickets: TicketSource,
}

impl Guest {
    /// A guest with this key, to which the tickets of this source are issued.
    #[must_use]
    pub const fn new(role: GuestRole, key: EndpointKey, tickets: TicketSource) -> Self {
        Self { role, key, tickets }
    }

    /// What it is.
    #[must_use]
    pub const fn role(&self) -> GuestRole {
        self.role
    }

    /// Whom its ticket has to name.
    #[must_use]
    pub fn peer(&self) -> PeerId {
        self.key.peer()
    }

    /// Joins. What may pass is waited for: no port to bind, a network that is down. Members are
    /// not waited for: those that are down are dialled until they answer. Dropping the future
    /// gives up.
    ///
    /// # Errors
    /// [`JoinError`], which no waiting mends.
    pub async fn join(
        &self,
        committee: &impl AsRef<CommitteeFile>,
    ) -> Result<GuestSession, JoinError> {
        let committee = committee.as_ref().committee();
        loop {
            // At each try: it may have been replaced since the last.
            let ticket = self.tickets.read()?;
            let secret = self.key.secret();
            let config = MeshConfig::of_guest(committee, secret, self.role.seat(), ticket);
            match Mesh::join(config).await {
                Ok(mesh) => return Ok(GuestSession::new(mesh.handle, &self.tickets, ticket)),
                Err(error @ (MeshError::Ticket(_) | MeshError::Role { .. })) => {
                    return Err(JoinError::Refused(error));
                }
                Err(error) => tracing::warn!("joining the mesh: {error}"),
            }
            tokio::time::sleep(RETRY).await;
        }
    }
}

/// A guest's place in the mesh. It is left when this is dropped, or by [`GuestSession::leave`].
#[derive(Debug)]
pub struct GuestSession {
    handle: MeshHandle,
    ticket: watch::Receiver<TicketState>,
    renewal: JoinHandle<()>,
}

impl GuestSession {
    fn new(handle: MeshHandle, tickets: &TicketSource, shown: Ticket) -> Self {
        let (watchman, ticket) = Watchman::new(tickets.clone(), shown);
        let renewal = tokio::spawn(watchman.run({
            let handle = handle.clone();
            move |ticket| handle.renew_ticket(&ticket)
        }));
        Self {
            handle,
            ticket,
            renewal,
        }
    }

    /// The guest's key in the mesh.
    #[must_use]
    pub fn peer(&self) -> PeerId {
        self.handle.peer()
    }

    /// How long the ticket is good for, by this machine's clock. When it has run out, members end
    /// the guest's streams, and serve it again as soon as there is another.
    #[must_use]
    pub fn ticket(&self) -> TicketState {
        *self.ticket.borrow()
    }

    /// Waits until [`GuestSession::ticket`] has changed, and gives what it is then.
    pub async fn ticket_changed(&mut self) -> TicketState {
        if self.ticket.changed().await.is_err() {
            // Nobody looks for tickets any more: the runtime is shutting down.
            core::future::pending::<()>().await;
        }
        *self.ticket.borrow_and_update()
    }

    /// Intents that show one of these directed pairs, or all if none is given, from some seconds
    /// ago on. For a relayer nothing comes.
    #[must_use]
    pub fn intents(&self, committee: &impl AsRef<CommitteeFile>, pairs: &[Pair]) -> IntentFeed {
        let text = |pair: &Pair| (pair.give.to_string(), pair.want.to_string());
        let pairs: Vec<_> = pairs.iter().map(text).collect();
        let items = self.handle.subscribe_intents(&pairs);
        IntentFeed::new(committee.as_ref().clone(), items)
    }

    /// Word that something is settled, from some seconds ago on.
    #[must_use]
    pub fn settlements(&self) -> SettlementFeed {
        SettlementFeed::new(self.handle.subscribe_settlements())
    }

    /// Leaves: tells the members, and closes the endpoint. Two seconds at most.
    pub async fn leave(self) {
        self.renewal.abort();
        self.handle.clone().leave().await;
    }
}

impl Drop for GuestSession {
    fn drop(&mut self) {
        // It holds a handle, and the mesh is left with the last one.
        self.renewal.abort();
    }
}
