//! Guests of the mesh, as commands: solvers and relayers.

use std::path::Path;

use sealbid_client::CommitteeFile;
use sealbid_client::guest::{
    EndpointKey, EndpointKeyError, Guest, GuestRole, GuestSession, JoinError, TicketSource,
};
use sealbid_client::types::PeerId;

use crate::exit::Failure;

/// A guest's endpoint key, made if absent: so `peer` can say whom a ticket has to name before there
/// is one.
///
/// # Errors
/// Key, if the file is something else; storage, if it cannot be written.
pub(crate) fn endpoint_key(path: &Path) -> Result<EndpointKey, Failure> {
    EndpointKey::load_or_create(path).map_err(|error| {
        let message = error.to_string();
        match error {
            EndpointKeyError::Write { .. } => Failure::storage(message),
            EndpointKeyError::Entropy(_) => Failure::work(message),
            _ => Failure::key(message),
        }
    })
}

/// Joins with the ticket in the file `ticket`. Members that are down are dialled until they answer.
/// A ticket that runs out while the guest is there is said in the log, and another one in the file
/// is shown without a restart.
///
/// # Errors
/// Authentication, if there is no ticket, or one that does not admit.
pub(crate) async fn join(
    role: GuestRole,
    key: EndpointKey,
    ticket: &Path,
    committee: &impl AsRef<CommitteeFile>,
) -> Result<GuestSession, Failure> {
    let guest = Guest::new(role, key, TicketSource::file(ticket));
    let joined = guest.join(committee).await;
    joined.map_err(|error| not_admitted(&error, role, guest.peer(), ticket))
}

/// What a guest is told that the house does not admit, and how it gets a ticket.
pub(crate) fn not_admitted(
    error: &JoinError,
    role: GuestRole,
    peer: PeerId,
    ticket: &Path,
) -> Failure {
    Failure::authentication(error.to_string()).advise(format!(
        "a member issues one: sealbid node ticket --role {} --peer {peer} > {}",
        role.name(),
        ticket.display(),
    ))
}
