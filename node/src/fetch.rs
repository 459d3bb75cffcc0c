//! Fetching records that this member has missed, through the front doors of those that have them.
//!
//! A member asks as any client does, so there is no second protocol between members for it; by its
//! door's key, so that strangers at the other's door keep it out of nothing. Nor is there trust: the
//! answer is checked as an auditor checks it, and the engine takes nothing else
//! ([`CheckedRecord`]).

use core::time::Duration;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use sealbid_net::door::{DoorAddress, DoorClient, DoorError};
use sealbid_protocol::admission::gate::Gate;
use sealbid_protocol::chain::{CheckedRecord, RecordError};
use sealbid_protocol::member::io::Input;
use sealbid_types::codec::{decode, encode};
use sealbid_types::committee::Committee;
use sealbid_types::door::{RefusalCode, Request, Response, record_bytes};
use sealbid_types::id::{MemberIndex, Round};
use zeroize::Zeroizing;

use crate::engine::EngineInbox;

/// How long a door may take to be reached, and a record to come: the largest at the least that a
/// door serves, 64 MiB at 256 KiB a second. A member on a slow line would never catch up else. Others
/// are asked beside it meanwhile (`claims/peers.rs`).
const CONNECT: Duration = Duration::from_secs(3);
const RECORD: Duration = Duration::from_secs(300);
/// Records that are fetched at once: each may be as large as an answer may be. More than may lie in
/// a committee of 16, 2q - n - 1: those that never answer leave one for those that do.
const AT_ONCE: usize = 6;
/// More than the bytes of any refusal.
const MOST_REFUSAL: usize = 4_096;

/// Fetches records and checks them, one task a member that is asked.
#[derive(Clone)]
pub(crate) struct Fetcher(Arc<Shared>);

struct Shared {
    doors: DoorClient,
    engine: EngineInbox,
    gate: Arc<Gate>,
    asked: Mutex<BTreeSet<MemberIndex>>,
}

/// A member that keeps the record no more is told of: if nobody has it, this one never catches up, and
/// its operator has to know why.
fn tell_refusal(round: Round, answer: &[u8]) {
    // What refuses is short: nothing longer is read for this.
    if answer.len() <= MOST_REFUSAL
        && let Ok(Response::Refused(refusal)) = decode(answer)
        && refusal.code == RefusalCode::RecordGone
    {
        tracing::warn!("the record of round {round}: {refusal}");
    }
}

impl Fetcher {
    pub(crate) async fn new(
        committee: &Committee,
        secret: Zeroizing<[u8; 32]>,
        engine: EngineInbox,
        gate: Arc<Gate>,
    ) -> Result<Self, DoorError> {
        let doors = DoorClient::new(Some(secret), DoorAddress::all(committee)).await?;
        let doors = doors.with_timeouts(CONNECT, RECORD);
        Ok(Self(Arc::new(Shared {
            doors,
            engine,
            gate,
            asked: Mutex::default(),
        })))
    }

    /// Fetches the record of `round` from a member, checks it and brings it to the engine, unless
    /// that member is being asked already.
    pub(crate) fn fetch(&self, round: Round, from: MemberIndex) {
        // One a member: a member that answers slowly, or with 64 MiB of nothing, holds up one task
        // and no more.
        let is_taken = {
            let mut asked = self.asked();
            asked.len() < AT_ONCE && asked.insert(from)
        };
        let this = self.clone();
        tokio::spawn(async move {
            let checked = match is_taken {
                true => this.fetch_and_check(round, from).await,
                false => None,
            };
            // No answer is told too, or the engine would wait for it: it cannot tell a member that
            // says nothing from a record that takes long.
            let input = match checked {
                Some(checked) => Input::Record { from, checked },
                None => Input::NoRecord { from },
            };
            this.0.engine.bring(input).await;
        });
    }

    async fn fetch_and_check(
        &self,
        round: Round,
        from: MemberIndex,
    ) -> Option<Result<Box<CheckedRecord>, RecordError>> {
        let checked = match self.ask(round, from).await {
            Some(answer) => self.check(round, answer).await,
            None => None,
        };
        // Before the engine has it: it asks again as soon as it does.
        self.asked().remove(&from);
        checked
    }

    /// Closes the connections that it has.
    pub(crate) async fn close(&self) {
        self.0.doors.close().await;
    }

    async fn ask(&self, round: Round, from: MemberIndex) -> Option<Vec<u8>> {
        let request = encode(&Request::Round(round));
        match self.0.doors.request(from, request.into()).await {
            Ok(answer) => Some(answer.into()),
            Err(error) => {
                tracing::debug!("the record of round {round}: {error}");
                None
            }
        }
    }

    /// Records are large: this takes a thread, and seconds if the certificate is right.
    async fn check(
        &self,
        round: Round,
        answer: Vec<u8>,
    ) -> Option<Result<Box<CheckedRecord>, RecordError>> {
        let gate = Arc::clone(&self.0.gate);
        let check = move || {
            // Cut out of the answer and not decoded: of a lie nothing beyond the certificate is
            // read.
            let Some(bytes) = record_bytes(&answer) else {
                tell_refusal(round, &answer);
                return None;
            };
            Some(gate.check_record(round, &bytes).map(Box::new))
        };
        tokio::task::spawn_blocking(check).await.ok().flatten()
    }

    fn asked(&self) -> std::sync::MutexGuard<'_, BTreeSet<MemberIndex>> {
        self.0.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
