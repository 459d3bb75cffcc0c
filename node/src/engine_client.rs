//! What clients ask the engine, and what they are told when it cannot answer.

use sealbid_protocol::member::io::{Input, RequestId};
use sealbid_types::door::{Refusal, RefusalCode, Response};
use tokio_util::sync::CancellationToken;

use crate::engine::EngineInbox;
use crate::requests::Requests;

/// Asks the engine in the name of clients.
#[derive(Clone)]
pub(crate) struct EngineClient {
    pub(crate) engine: EngineInbox,
    pub(crate) requests: Requests,
    pub(crate) stop: CancellationToken,
}

impl EngineClient {
    /// Asks the engine; none if the member is stopping.
    pub(crate) async fn ask(&self, input: impl FnOnce(RequestId) -> Input) -> Option<Response> {
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
}

pub(crate) fn refused(code: RefusalCode, message: &impl ToString) -> Response {
    Response::Refused(Refusal {
        code,
        message: message.to_string(),
    })
}

pub(crate) fn busy() -> Response {
    refused(
        RefusalCode::TooManyRequests,
        &"too many requests wait here: try another member",
    )
}

pub(crate) fn stopping() -> Response {
    refused(
        RefusalCode::ShuttingDown,
        &"the member is stopping: try another one",
    )
}
