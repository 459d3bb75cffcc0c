//! What the front door answers, and who does.
//!
//! | request | answered by |
//! | --- | --- |
//! | submit | the engine, which asks the gate, once q members have acknowledged or time is up; in turn |
//! | status | the store, if the round is settled; the engine if not |
//! | head | the engine |
//! | record, summaries, evidence | the store, on a thread of its own |
//! | watch | the engine's events as they come, without the engine's knowing |
//!
//! Whoever asks is a stranger. The door has bounded how much and how often; here, what would take
//! the engine's time is refused when its queue is full, and everything else goes past it.

use std::sync::Arc;

use bytes::Bytes;
use sealbid_net::PeerId;
use sealbid_net::door::{Handler, Reply, ReplyError};
use sealbid_protocol::member::io::Input;
use sealbid_store::StoreError;
use sealbid_types::codec::{decode, encode};
use sealbid_types::door::{RefusalCode, Request, Response};
use sealbid_types::id::{EnvelopeId, Round};
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use crate::engine_client::{EngineClient, busy, refused, stopping};
use crate::reading::Reading;
use crate::records::Records;
use crate::shell::Events;
use crate::submissions::Submissions;

/// Answers the front door's requests.
pub(crate) struct FrontDoor {
    pub(crate) engine: EngineClient,
    pub(crate) submissions: Submissions,
    pub(crate) records: Records,
    pub(crate) events: Events,
    pub(crate) reading: Reading,
    pub(crate) stop: CancellationToken,
}

impl Handler for FrontDoor {
    async fn handle(&self, peer: PeerId, request: Bytes, reply: Reply) {
        let decoded = decode::<Request>(&request);
        // It may wait long for its turn: once is enough of its bytes.
        drop(request);
        let answered = match decoded {
            // Apart, since it has many answers.
            Ok(Request::Watch) => self.watch(reply).await,
            Ok(Request::Round(round)) => self.record(peer, round, reply).await,
            Ok(Request::Evidence) => self.evidence(peer, reply).await,
            Ok(Request::Submit(envelope)) => {
                let answer = self.submissions.submit(peer, envelope.0.into()).await;
                reply.finish(encode(&answer).into()).await
            }
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

/// Another member may know what this one cannot look up. Nothing else is said: that an order is
/// unknown, or a round not settled, would be taken for an answer.
fn unreadable() -> Response {
    refused(
        RefusalCode::StoreUnreadable,
        &"the member cannot read its store: ask another one",
    )
}

/// Rounds count from 1.
fn no_record(round: Round, since: Round) -> Response {
    if round >= since || round < Round(1) {
        let why = format!("round {round} is not settled here");
        return refused(RefusalCode::NoSuchRound, &why);
    }
    let why = format!("records are kept here from round {since} on, and not of round {round}");
    refused(RefusalCode::RecordGone, &why)
}

impl FrontDoor {
    /// The encoded answer to a request of one answer.
    async fn answer(&self, request: Request) -> Vec<u8> {
        let response = match request {
            Request::Status(id) => self.status(id).await,
            Request::Head => self
                .engine
                .ask(|request| Input::AskHead { request })
                .await
                .unwrap_or_else(stopping),
            Request::Rounds { from, count } => self.summaries(from, count).await,
            // Answered elsewhere: with many answers, a large one, or in its turn.
            Request::Watch | Request::Round(_) | Request::Evidence | Request::Submit(_) => busy(),
        };
        encode(&response)
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
                self.engine.ask(ask).await.unwrap_or_else(stopping)
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
        Self::finish_large(answer, reply).await
    }

    /// What this member has kept against others: public, since it convinces whoever reads it. Some
    /// megabytes at most in a committee of liars, and bounded as records are.
    async fn evidence(&self, peer: PeerId, reply: Reply) -> Result<(), ReplyError> {
        let answer = {
            let _turn = self.reading.turn(peer).await;
            let kept = self.read(Records::evidence).await;
            encode(&kept.map_or_else(|refusal| refusal, Response::Evidence))
        };
        Self::finish_large(answer, reply).await
    }

    async fn finish_large(answer: Vec<u8>, reply: Reply) -> Result<(), ReplyError> {
        // From here on it is one buffer, for as long as the reader takes.
        match reply.take_room(answer.len()) {
            Some(_taken) => reply.finish(answer.into()).await,
            None => reply.finish(encode(&busy()).into()).await,
        }
    }

    async fn encoded_record(&self, round: Round) -> Vec<u8> {
        let encoded = move |records: &Records| {
            let answer = match records.record(round)? {
                Some(record) => Response::Record(Box::new(record)),
                None => no_record(round, records.since()?),
            };
            Ok(encode(&answer))
        };
        self.read(encoded)
            .await
            .unwrap_or_else(|refusal| encode(&refusal))
    }

    async fn summaries(&self, from: Round, count: u16) -> Response {
        let summaries = self.read(move |records| records.from(from, count)).await;
        summaries.map_or_else(|refusal| refusal, Response::Rounds)
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
    use crate::engine::EngineInbox;
    use crate::gate_worker::AtGate;
    use crate::requests::Requests;
    use sealbid_keygen::{DealerOptions, MemberContact, deal};
    use sealbid_protocol::disk::{Table, Write};
    use sealbid_protocol::member::RECORDS_SINCE;
    use sealbid_store::{Identity, Store};
    use sealbid_types::codec::SchemaName;
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
        // There is no engine: it is not to be asked.
        let engine = EngineClient {
            engine: EngineInbox::new(1).0,
            requests: Requests::default(),
            stop: CancellationToken::new(),
        };
        FrontDoor {
            reading: Reading::new(&committee),
            submissions: Submissions::new(
                engine.clone(),
                Arc::new(committee),
                AtGate::default(),
                1,
            ),
            engine,
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

    /// A record that is kept no more is not said to be of no round, and summaries go on after it.
    #[tokio::test]
    async fn a_record_that_is_gone_is_said_to_be() {
        let directory = tempfile::tempdir().unwrap();
        let door = door(&directory);
        let absent = |round: u64| door.encoded_record(Round(round));
        assert_eq!(code(&absent(3).await), RefusalCode::NoSuchRound);
        let since = SchemaName {
            name: "sealbid.records-since",
            version: 1,
            max_bytes: 64,
        };
        let row = Write::Put {
            table: Table::Meta,
            key: RECORDS_SINCE.to_vec(),
            value: [&since.prefix()[..], &[5]].concat(),
        };
        door.records.store().commit(&[row]).unwrap();
        let gone = absent(4).await;
        assert_eq!(code(&gone), RefusalCode::RecordGone);
        let Ok(Response::Refused(refusal)) = decode(&gone) else {
            panic!("a refusal")
        };
        assert!(refusal.message.contains("from round 5 on"), "{refusal}");
        assert_eq!(code(&absent(0).await), RefusalCode::NoSuchRound);
        assert_eq!(code(&absent(5).await), RefusalCode::NoSuchRound);
        let rounds = Request::Rounds {
            from: Round(1),
            count: 3,
        };
        let summaries: Response = decode(&door.answer(rounds).await).unwrap();
        assert_eq!(
            summaries,
            Response::Rounds(Vec::new()),
            "of 5 there is none"
        );
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
