//! Who reads a record from the store next.

use std::collections::BTreeMap;

use sealbid_net::PeerId;
use sealbid_types::committee::Committee;
use tokio::sync::{Semaphore, SemaphorePermit};

/// How many records are read at once, for strangers.
/// The others wait for their turn.
const READING: usize = 2;

/// Turns at reading records. A member that fetches what it has missed does not wait behind
/// strangers, and waits for one record of each other member at most: whoever asks for a second one
/// meanwhile waits for its own first.
pub(crate) struct Reading {
    /// By their doors' keys, each with its own turn.
    members: BTreeMap<PeerId, Semaphore>,
    of_members: Semaphore,
    of_strangers: Semaphore,
}

/// A turn, until it is dropped.
pub(crate) struct Turn<'a> {
    _own: Option<SemaphorePermit<'a>>,
    _shared: Option<SemaphorePermit<'a>>,
}

impl Reading {
    pub(crate) fn new(committee: &Committee) -> Self {
        let doors = committee.roster.iter();
        Self {
            members: doors
                .map(|member| (PeerId(*member.door.as_bytes()), Semaphore::new(1)))
                .collect(),
            of_members: Semaphore::new(1),
            of_strangers: Semaphore::new(READING),
        }
    }

    /// Waits for a peer's turn. An error would say that a semaphore is closed, which none is.
    pub(crate) async fn turn(&self, peer: PeerId) -> Turn<'_> {
        let Some(own) = self.members.get(&peer) else {
            return Turn {
                _own: None,
                _shared: self.of_strangers.acquire().await.ok(),
            };
        };
        // Its own first: while it waits for that, it stands in nobody else's way.
        let own = own.acquire().await.ok();
        Turn {
            _own: own,
            _shared: self.of_members.acquire().await.ok(),
        }
    }
}
