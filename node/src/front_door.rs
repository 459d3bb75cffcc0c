//! What the front door answers, and who does.
//!
//! | request | answered by |
//! | --- | --- |
//! | submit | the engine, which asks the gate, once q members have acknowledged or time is up |
//! | status | the store, if the round is settled; the engine if not |
//! | head | the engine |
//! | record, summaries | the store, on a thread of its own |
//! | watch | the engine's events as they come, without the engine's knowing |
//!
//! Whoever asks is a stranger. The door has bounded how much and how often; here, what would take
//! the engine's time is refused when its queue is full, and everything else goes past it.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use sealbid_net::PeerId;
use sealbid_net::door::{Handler, Reply, ReplyError};
use sealbid_protocol::admission::Readable;
use sealbid_protocol::member::io::Input;
use sealbid_store::StoreError;
use sealbid_types::codec::{decode, encode};
use sealbid_types::committee::Committee;
use sealbid_types::door::{Refusal, RefusalCode, Request, Response};
use sealbid_types::id::{EnvelopeId, Round};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio_util::sync::CancellationToken;

use crate::engine::EngineInbox;
use crate::records::Records;
use crate::requests::Requests;
use crate::shell::Events;

/// How many records are read at once, for strangers.
/// The others wait for their turn.
const READING: usize = 2;

/// Answers the front door's requests.
pub(crate) struct FrontDoor {
    pub(crate) engine: EngineInbox,
    pub(crate) committee: Arc<Committee>,
    pub(crate) requests: Requests,
    pub(crate) records: Records,
    pub(crate) events: Events,
    pub(crate) reading: Reading,
    pub(crate) stop: CancellationToken,
}

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
struct Turn<'a> {
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
    async fn turn(&self, peer: PeerId) -> Turn<'_> {
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

impl Handler for FrontDoor {
    async fn handle(&self, peer: PeerId, request: Bytes, reply: Reply) {
        let answered = match decode::<Request>(&request) {
            // Apart, since it has many answers.
            Ok(Request::Watch) => self.watch(reply).await,
            Ok(Request::Round(round)) => self.record(peer, round, reply).await,
            Ok(request) => {
                let answer = self.answer(request).await;
                reply.finish(answer.into()).await
            }
            Err(error) => {
                let code = RefusalCode::from(&error);
                reply.finish(encode(&refused(code, &error)).into()).await
            }
        };
        if let Err(error) = answered {
            tracing::debug!("{peer}: {error}");
        }
    }
}

fn refused(code: RefusalCode, message: &impl ToString) -> Response {
    Response::Refused(Refusal {
        code,
        message: message.to_string(),
    })
}

fn busy() -> Response {
    refused(
        RefusalCode::TooManyRequests,
        &"too many requests wait here: try another member",
    )
}

fn stopping() -> Response {
    refused(
        RefusalCode::ShuttingDown,
        &"the member is stopping: try another one",
    )
}

/// Another member may know what this one cannot look up. Nothing else is said: that an order is
/// unknown, or a round not settled, would be taken for an answer.
fn unreadable() -> Response {
    refused(
        RefusalCode::StoreUnreadable,
        &"the member cannot read its store: ask another one",
    )
}

impl FrontDoor {
    /// The encoded answer to a request of one answer.
    async fn answer(&self, request: Request) -> Vec<u8> {
        let response = match request {
            Request::Submit(envelope) => self.submit(envelope.0.into()).await,
            Request::Status(id) => self.status(id).await,
            Request::Head => self
                .ask(|request| Input::AskHead { request })
                .await
                .unwrap_or_else(stopping),
            Request::Rounds { from, count } => self.summaries(from, count).await,
            // Answered elsewhere: with many answers, or a large one.
            Request::Watch | Request::Round(_) => busy(),
        };
        encode(&response)
    }

    /// Brings an envelope to the engine, and waits for its receipt or refusal. A client that goes
    /// meanwhile changes nothing for the envelope: it may be acknowledged by then.
    async fn submit(&self, bytes: Vec<u8>) -> Response {
        // Read here: a stranger's garbage costs the one thread that closes rounds nothing.
        let envelope = match Readable::new(&self.committee, bytes) {
            Ok(envelope) => Box::new(envelope),
            Err(wrong) => return Response::Refused(wrong.refusal),
        };
        let submit = |request| Input::Submit { request, envelope };
        self.ask(submit).await.unwrap_or_else(stopping)
    }

    async fn status(&self, id: EnvelopeId) -> Response {
        // Settled rounds answer from the store, without the engine: who asks after an old order
        // must not take the time of one that is being placed.
        match self.read(move |records| records.outcome(&id)).await {
            Ok(Some(status)) => Response::Status(status),
            Ok(None) => {
                let ask = |request| Input::AskStatus {
                    request,
                    envelope: id,
                };
                self.ask(ask).await.unwrap_or_else(stopping)
            }
            Err(refusal) => refusal,
        }
    }

    /// Bounds both: how many records are read at once, and how many bytes wait for slow readers.
    async fn record(&self, peer: PeerId, round: Round, reply: Reply) -> Result<(), ReplyError> {
        let answer = {
            // To read one takes several times its bytes: few are read at once, however many ask.
            let _turn = self.reading.turn(peer).await;
            self.encoded_record(round).await
        };
        // From here on it is one buffer, for as long as the reader takes.
        match reply.take_room(answer.len()) {
            Some(_taken) => reply.finish(answer.into()).await,
            None => reply.finish(encode(&busy()).into()).await,
        }
    }

    async fn encoded_record(&self, round: Round) -> Vec<u8> {
        let encoded = move |records: &Records| {
            let record = records.record(round)?;
            Ok(record.map(|record| encode(&Response::Record(Box::new(record)))))
        };
        match self.read(encoded).await {
            Ok(Some(record)) => record,
            Ok(None) => {
                let why = format!("round {round} is not settled here");
                encode(&refused(RefusalCode::NoSuchRound, &why))
            }
            Err(refusal) => encode(&refusal),
        }
    }

    async fn summaries(&self, from: Round, count: u16) -> Response {
        let summaries = self.read(move |records| records.from(from, count)).await;
        summaries.map_or_else(|refusal| refusal, Response::Rounds)
    }

    /// Asks the engine; none if the member is stopping.
    async fn ask(
        &self,
        input: impl FnOnce(sealbid_protocol::member::io::RequestId) -> Input,
    ) -> Option<Response> {
        let request = self.requests.open(&self.engine);
        // Never waits for room: a client that is refused at once can ask another member.
        if self.engine.ask(input(request.id())).is_err() {
            return Some(if self.stop.is_cancelled() {
                stopping()
            } else {
                busy()
            });
        }
        request.answered().await
    }

    /// Reads the store on a thread of its own. If it cannot be read, which the next write finds
    /// too, or the member stops meanwhile, that is the answer.
    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Records) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Response> {
        let records = self.records.clone();
        match tokio::task::spawn_blocking(move || read(&records)).await {
            Ok(result) => result.map_err(|error| {
                tracing::error!("{error}");
                unreadable()
            }),
            Err(ended) if ended.is_cancelled() => Err(stopping()),
            Err(panicked) => {
                tracing::error!("reading the store: {panicked}");
                Err(unreadable())
            }
        }
    }

    /// Events until the client goes or the member stops.
    async fn watch(&self, mut reply: Reply) -> Result<(), ReplyError> {
        let mut events = self.events.watch();
        loop {
            let event = tokio::select! {
                event = events.recv() => event,
                () = reply.gone() => return Ok(()),
                () = self.stop.cancelled() => break,
            };
            match event {
                Ok(event) => {
                    let event = Arc::unwrap_or_clone(event);
                    reply.send(encode(&Response::Event(event)).into()).await?;
                }
                // A slow watcher misses events and keeps nobody else waiting for it.
                Err(RecvError::Lagged(missed)) => {
                    tracing::debug!("a watcher missed {missed} events");
                }
                Err(RecvError::Closed) => break,
            }
        }
        reply.end();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use super::*;
    use sealbid_keygen::{DealerOptions, MemberContact, deal};
    use sealbid_protocol::disk::{Table, Write};
    use sealbid_store::{Identity, Store};
    use sealbid_types::id::MemberIndex;
    use sealbid_types::time::Timestamp;

    const ROUND: Round = Round(7);

    fn id() -> EnvelopeId {
        [4; 32].into()
    }

    /// A front door whose store holds a record and an outcome that nobody can read.
    fn door(directory: &tempfile::TempDir) -> FrontDoor {
        let contacts = [7400, 7410, 7420].map(|port| MemberContact::loopback(port).unwrap());
        let options = DealerOptions::new(contacts.into());
        let committee = deal(&options, &[3; 32], Timestamp(0)).unwrap().committee;
        let identity = Identity {
            auction: committee.auction,
            member: MemberIndex(0),
        };
        let store = Store::open(&directory.path().join("store"), identity).unwrap();
        let put = |table, key: &[u8]| Write::Put {
            table,
            key: key.to_vec(),
            value: b"neither".to_vec(),
        };
        let writes = [
            put(Table::Records, &ROUND.0.to_be_bytes()),
            put(Table::Outcomes, id().as_bytes()),
        ];
        store.commit(&writes).unwrap();
        FrontDoor {
            // There is no engine: it is not to be asked.
            engine: EngineInbox::new(1).0,
            reading: Reading::new(&committee),
            committee: Arc::new(committee),
            requests: Requests::default(),
            records: Records::new(Arc::new(store)),
            events: Events::default(),
            stop: CancellationToken::new(),
        }
    }

    #[track_caller]
    fn code(answer: &[u8]) -> RefusalCode {
        match decode(answer).unwrap() {
            Response::Refused(refusal) => refusal.code,
            other => panic!("{other:?}"),
        }
    }

    /// That a disk cannot be read says nothing of what is on it.
    #[tokio::test]
    async fn what_cannot_be_read_is_not_said_to_be_missing() {
        let directory = tempfile::tempdir().unwrap();
        let door = door(&directory);
        let status = door.answer(Request::Status(id())).await;
        assert_eq!(code(&status), RefusalCode::StoreUnreadable);
        let record = door.encoded_record(ROUND).await;
        assert_eq!(code(&record), RefusalCode::StoreUnreadable);
        let rounds = Request::Rounds {
            from: ROUND,
            count: 1,
        };
        assert_eq!(
            code(&door.answer(rounds).await),
            RefusalCode::StoreUnreadable
        );
        // What is not there is told as ever.
        let record = door.encoded_record(ROUND.next()).await;
        assert_eq!(code(&record), RefusalCode::NoSuchRound);
    }

    fn poll_once<T>(future: &mut (impl Future<Output = T> + Unpin)) -> Option<T> {
        futures::FutureExt::now_or_never(future)
    }

    /// A member that asks for one record after another holds up no other member.
    #[tokio::test]
    async fn who_asks_for_many_records_waits_for_its_own() {
        let contacts = [7400, 7410, 7420].map(|port| MemberContact::loopback(port).unwrap());
        let options = DealerOptions::new(contacts.into());
        let committee = deal(&options, &[3; 32], Timestamp(0)).unwrap().committee;
        let reading = Reading::new(&committee);
        let peer = |member: usize| PeerId(*committee.roster[member].door.as_bytes());
        let mut waiting: Vec<_> = (0..5).map(|_| Box::pin(reading.turn(peer(0)))).collect();
        let first = poll_once(&mut waiting[0]);
        assert!(first.is_some());
        for later in &mut waiting[1..] {
            assert!(poll_once(later).is_none());
        }
        let mut other = Box::pin(reading.turn(peer(1)));
        assert!(poll_once(&mut other).is_none());
        drop(first);
        assert!(
            poll_once(&mut other).is_some(),
            "the next turn is not one of the four's"
        );
    }
}
