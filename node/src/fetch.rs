//! Fetching records that this member has missed, through the front doors of those that have them.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use sealbid_net::PeerId;
use sealbid_net::door::{DoorAddress, DoorClient, DoorError};
use sealbid_protocol::member::io::Input;
use sealbid_types::codec::{decode, encode};
use sealbid_types::committee::Committee;
use sealbid_types::door::{Request, Response};
use sealbid_types::id::{MemberIndex, Round};

use crate::engine::EngineInbox;

/// The members' front doors, for a client.
#[must_use]
pub fn doors(committee: &Committee) -> Vec<DoorAddress> {
    let members = MemberIndex::all(committee.members()).zip(&committee.roster);
    members
        .map(|(member, entry)| DoorAddress {
            member,
            peer: PeerId(*entry.door.as_bytes()),
            addresses: entry.door_addresses.clone(),
        })
        .collect()
}

/// Fetches records, one task a round.
#[derive(Clone)]
pub(crate) struct Fetcher(Arc<Shared>);

struct Shared {
    doors: DoorClient,
    engine: EngineInbox,
    fetching: Mutex<BTreeSet<Round>>,
}

impl Fetcher {
    pub(crate) async fn new(committee: &Committee, engine: EngineInbox) -> Result<Self, DoorError> {
        let doors = DoorClient::new(None, doors(committee)).await?;
        Ok(Self(Arc::new(Shared {
            doors,
            engine,
            fetching: Mutex::default(),
        })))
    }

    /// Fetches the record of `round` from the first of `from` that gives it, and brings it to the
    /// engine, unless that is being done already.
    pub(crate) fn fetch(&self, round: Round, from: Vec<MemberIndex>) {
        if !self.fetching().insert(round) {
            return;
        }
        let this = self.clone();
        tokio::spawn(async move {
            if let Some(bytes) = this.ask(round, &from).await {
                this.0.engine.bring(Input::Record { bytes }).await;
            }
            this.fetching().remove(&round);
        });
    }

    /// Closes the connections that it has.
    pub(crate) async fn close(&self) {
        self.0.doors.close().await;
    }

    async fn ask(&self, round: Round, from: &[MemberIndex]) -> Option<Vec<u8>> {
        let request = encode(&Request::Round(round));
        for member in from {
            match self.0.doors.request(*member, request.clone().into()).await {
                Ok(answer) => match record(answer.into()).await {
                    Some(bytes) => return Some(bytes),
                    None => tracing::debug!("member {member} has no record of round {round}"),
                },
                Err(error) => tracing::debug!("the record of round {round}: {error}"),
            }
        }
        None
    }

    fn fetching(&self) -> std::sync::MutexGuard<'_, BTreeSet<Round>> {
        self.0
            .fetching
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// The record in an answer, encoded by itself. Records are large: this takes a thread.
async fn record(answer: Vec<u8>) -> Option<Vec<u8>> {
    let read = move || match decode(&answer) {
        Ok(Response::Record(record)) => Some(encode(&*record)),
        _ => None,
    };
    tokio::task::spawn_blocking(read).await.ok().flatten()
}
