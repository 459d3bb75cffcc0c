//! Clients that wait for the engine's answer.
//!
//! The engine knows a client as a number and answers in its own time, from its own thread. A client
//! that goes takes its number with it, so that neither side waits for the other.

use core::sync::atomic::{AtomicU64, Ordering};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sealbid_protocol::member::io::{Input, RequestId};
use sealbid_types::door::Response;
use tokio::sync::oneshot;

use crate::engine::EngineInbox;

/// The requests that the engine works on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Requests(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    // From 0 at each start: no request outlives its process.
    next: AtomicU64,
    waiting: Mutex<BTreeMap<RequestId, oneshot::Sender<Response>>>,
}

/// One request. When it is dropped unanswered, the engine is told that its client has gone.
pub(crate) struct Request {
    id: RequestId,
    answer: oneshot::Receiver<Response>,
    requests: Requests,
    engine: EngineInbox,
}

impl Requests {
    /// A new request.
    pub(crate) fn open(&self, engine: &EngineInbox) -> Request {
        // The shell's own number and nothing of the client's: two clients cannot name each other's.
        let id = RequestId(self.0.next.fetch_add(1, Ordering::Relaxed));
        let (sender, answer) = oneshot::channel();
        self.waiting().insert(id, sender);
        Request {
            id,
            answer,
            requests: self.clone(),
            engine: engine.clone(),
        }
    }

    /// Hands a client its answer.
    pub(crate) fn answer(&self, id: RequestId, response: Response) {
        // Removed with the first answer: a second one finds nobody.
        if let Some(client) = self.waiting().remove(&id) {
            // A client that has gone wants none.
            let _ = client.send(response);
        }
    }

    fn waiting(&self) -> MutexGuard<'_, BTreeMap<RequestId, oneshot::Sender<Response>>> {
        self.0
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Request {
    /// Its id, for the engine.
    pub(crate) const fn id(&self) -> RequestId {
        self.id
    }

    /// Waits for the answer; none if the member stops before.
    pub(crate) async fn answered(mut self) -> Option<Response> {
        (&mut self.answer).await.ok()
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        // Still there, so nobody answered it: the client went first.
        if self.requests.waiting().remove(&self.id).is_some() {
            // A busy engine finds out when it answers.
            let _ = self.engine.ask(Input::Gone { request: self.id });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sealbid_types::door::EnvelopeStatus;

    #[tokio::test]
    async fn an_answer_reaches_its_client_and_nobody_else() {
        let (engine, _inputs) = EngineInbox::new(4);
        let requests = Requests::default();
        let (first, second) = (requests.open(&engine), requests.open(&engine));
        let response = Response::Status(EnvelopeStatus::Unknown);
        requests.answer(second.id(), response.clone());
        requests.answer(second.id(), response.clone());
        assert_eq!(second.answered().await, Some(response));
        assert_eq!(requests.waiting().len(), 1);
        drop(first);
        assert!(requests.waiting().is_empty());
    }
}
