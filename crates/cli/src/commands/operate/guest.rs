//! Guests of the mesh: solvers and relayers. A guest has an endpoint key of its own and a
//! ticket that one of the members signed.

use core::convert::Infallible;
use core::time::Duration;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use sealbid_keygen::secret_file::write_new_secret;
use sealbid_net::PeerId;
use sealbid_net::mesh::{Mesh, MeshError, MeshHandle, Seat};
use sealbid_net::ticket::Ticket;
use sealbid_node::guest_config;
use sealbid_types::committee::Committee;
use sealbid_types::text::without_byte_order_mark;
use zeroize::Zeroizing;

use crate::exit::Failure;

/// How often a guest looks whether there is a new ticket.
const LOOK: Duration = Duration::from_secs(60);
/// How long it waits before it tries again to join.
const RETRY: Duration = Duration::from_secs(2);

/// What a guest is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GuestRole {
    /// Reads the intents' streams.
    Solver,
    /// Reads the settlements' stream.
    Relayer,
}

impl GuestRole {
    const fn seat(self) -> Seat {
        match self {
            Self::Solver => Seat::Solver,
            Self::Relayer => Seat::Relayer,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Solver => "solver",
            Self::Relayer => "relayer",
        }
    }
}

/// A guest's endpoint key: it proves who the ticket is for, and nothing else.
pub(crate) struct GuestKey(Zeroizing<[u8; 32]>);

impl GuestKey {
    /// Reads the key file, or makes one, readable by its owner alone.
    ///
    /// # Errors
    /// Key, if the file is something else; storage, if it cannot be written.
    pub(crate) fn load_or_create(path: &Path) -> Result<Self, Failure> {
        match std::fs::read(path).map(Zeroizing::new) {
            Ok(text) => Self::read(&text).ok_or_else(|| {
                Failure::key(format!(
                    "{} holds no house key (64 hex digits)",
                    path.display()
                ))
            }),
            // Made where there is none: so `peer` can say whom a ticket has to name before there is
            // one.
            Err(error) if error.kind() == ErrorKind::NotFound => Self::create(path),
            Err(error) => Err(Failure::key(format!(
                "cannot read {}: {error}",
                path.display()
            ))),
        }
    }

    fn read(text: &[u8]) -> Option<Self> {
        let text = without_byte_order_mark(text).trim_ascii();
        let mut secret = Zeroizing::new([0; 32]);
        // The decoder insists on the right length.
        let fits = HEXLOWER
            .decode_len(text.len())
            .is_ok_and(|length| length == secret.len());
        let decoded = fits && HEXLOWER.decode_mut(text, secret.as_mut()).is_ok();
        decoded.then_some(Self(secret))
    }

    fn create(path: &Path) -> Result<Self, Failure> {
        let mut secret = Zeroizing::new([0; 32]);
        getrandom::fill(secret.as_mut())
            .map_err(|error| Failure::work(format!("the system gives no entropy: {error}")))?;
        let text = Zeroizing::new(format!("{}\n", HEXLOWER.encode(secret.as_ref())));
        // Never over another: a ticket is for one key.
        write_new_secret(path, text.as_bytes()).map_err(|error| {
            Failure::storage(format!("cannot write {}: {error}", path.display()))
        })?;
        Ok(Self(secret))
    }

    /// Who the ticket has to be for.
    pub(crate) fn peer(&self) -> PeerId {
        PeerId::of_secret(&self.0)
    }
}

/// What it takes to join as a guest.
pub(crate) struct Guest {
    pub(crate) role: GuestRole,
    pub(crate) key: GuestKey,
    /// The ticket's file, read again every minute: a new ticket needs no restart.
    pub(crate) ticket: PathBuf,
}

impl Guest {
    /// Joins. Members that are down are dialled until they answer.
    ///
    /// # Errors
    /// Authentication, if there is no ticket, or one that does not admit.
    pub(crate) async fn join(&self, committee: &Committee) -> Result<Mesh, Failure> {
        loop {
            // At each try: it may have been replaced since the last.
            let ticket = self.read_ticket()?;
            let seat = self.role.seat();
            let config = guest_config(committee, self.key.0.clone(), seat, ticket);
            match Mesh::join(config).await {
                Ok(mesh) => return Ok(mesh),
                // No waiting mends a ticket that does not admit. All else may pass: members come
                // back.
                Err(error @ (MeshError::Ticket(_) | MeshError::Role { .. })) => {
                    return Err(Failure::authentication(error.to_string()).advise(self.advice()));
                }
                Err(error) => tracing::warn!("joining the mesh: {error}"),
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    /// Shows members the ticket that stands in the file, whenever it is another one. Does not end.
    pub(crate) async fn renew(&self, handle: &MeshHandle) -> Infallible {
        let mut shown = self.read_ticket().ok();
        loop {
            tokio::time::sleep(LOOK).await;
            // A file that is being written is read at the next look.
            let Ok(ticket) = self.read_ticket() else {
                continue;
            };
            if shown.replace(ticket) != Some(ticket) {
                handle.renew_ticket(&ticket);
            }
        }
    }

    fn read_ticket(&self) -> Result<Ticket, Failure> {
        let wrong = |what: String| {
            let message = format!("the ticket {}: {what}", self.ticket.display());
            Failure::authentication(message).advise(self.advice())
        };
        let text = std::fs::read_to_string(&self.ticket).map_err(|e| wrong(e.to_string()))?;
        text.parse()
            .map_err(|error: sealbid_net::ticket::TicketError| wrong(error.to_string()))
    }

    fn advice(&self) -> String {
        format!(
            "a member issues one: sealbid node ticket --role {} --peer {} > {}",
            self.role.name(),
            self.key.peer(),
            self.ticket.display(),
        )
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::expect_used
    )]

    use super::*;

    #[test]
    fn a_key_is_made_once_and_kept() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("house.key");
        let first = GuestKey::load_or_create(&path).unwrap().peer();
        assert_eq!(GuestKey::load_or_create(&path).unwrap().peer(), first);
        for wrong in ["", "00", &"g".repeat(64), &"0".repeat(66)] {
            std::fs::write(&path, wrong).unwrap();
            assert_eq!(
                GuestKey::load_or_create(&path).err().unwrap().code(),
                4,
                "{wrong}"
            );
        }
    }
}
