//! Envelopes that clients bring, from their turn to their receipt.

use core::pin::pin;
use core::time::Duration;
use std::sync::Arc;

use sealbid_net::PeerId;
use sealbid_protocol::admission::Readable;
use sealbid_protocol::member::io::Input;
use sealbid_types::codec::Schema as _;
use sealbid_types::committee::Committee;
use sealbid_types::door::{RefusalCode, Response};
use sealbid_types::envelope::Envelope;
use tokio::time::timeout;

use crate::engine_client::{EngineClient, busy, refused, stopping};
use crate::gate_worker::AtGate;
use crate::turns::{Turn, Turns};

/// How long an envelope has its turn at least, unless it is answered before, and as long as it is being
/// checked. What it waits for after that is other members' acknowledgements: those who are slow to give
/// one must not keep everybody else waiting.
const TURN: Duration = Duration::from_millis(250);

/// Brings envelopes to the engine, each in its peer's turn.
#[derive(Clone)]
pub(crate) struct Submissions {
    engine: EngineClient,
    committee: Arc<Committee>,
    at_gate: AtGate,
    turns: Arc<Turns>,
}

/// Whether an envelope is refused for what it is: no honest client sends such a one, and none will be
/// taken another time.
const fn is_by_its_bytes(code: RefusalCode) -> bool {
    matches!(
        code,
        RefusalCode::Oversize
            | RefusalCode::Malformed
            | RefusalCode::NotCanonical
            | RefusalCode::Signature
            | RefusalCode::Kind
            | RefusalCode::BodySize
            | RefusalCode::PointNotOnCurve
            | RefusalCode::PointIdentity
            | RefusalCode::PointNotInSubgroup
            | RefusalCode::ScalarNotCanonical
            | RefusalCode::Proof
    )
}

impl Submissions {
    /// So many may wait for their turn, and one of each peer beside them.
    pub(crate) fn new(
        engine: EngineClient,
        committee: Arc<Committee>,
        at_gate: AtGate,
        waiting: usize,
    ) -> Self {
        Self {
            engine,
            committee,
            at_gate,
            turns: Arc::new(Turns::new(waiting)),
        }
    }

    /// Brings an envelope to the engine, and waits for its receipt or refusal. A client that goes
    /// meanwhile changes nothing for the envelope: it may be acknowledged by then.
    pub(crate) async fn submit(&self, peer: PeerId, bytes: Vec<u8>) -> Response {
        // What waits is bounded by number: it must not be larger than an envelope can be.
        if bytes.len() > Envelope::SCHEMA.max_bytes {
            return refused(RefusalCode::Oversize, &"larger than any envelope");
        }
        let Some((turn, bytes)) = self.turns.turn(peer, bytes).await else {
            return busy();
        };
        // A task of its own: who goes before the verdict has had the work all the same, and is judged
        // by it.
        let carried = tokio::spawn(self.clone().carry(turn, bytes));
        carried.await.unwrap_or_else(|_| stopping())
    }

    async fn carry(self, mut turn: Turn, bytes: Vec<u8>) -> Response {
        let response = self.answer(&mut turn, bytes).await;
        if let Response::Refused(refusal) = &response
            && is_by_its_bytes(refusal.code)
        {
            turn.failed();
        }
        response
    }

    async fn answer(&self, turn: &mut Turn, bytes: Vec<u8>) -> Response {
        // Read here: a stranger's garbage costs the one thread that closes rounds nothing.
        let envelope = match Readable::new(&self.committee, bytes) {
            Ok(envelope) => Box::new(envelope),
            Err(wrong) => return Response::Refused(wrong.refusal),
        };
        let id = envelope.id();
        let watch = self.at_gate.watch(id);
        let submit = |request| Input::Submit { request, envelope };
        let mut answer = pin!(self.engine.ask(submit));
        let answer = loop {
            match timeout(TURN, &mut answer).await {
                Ok(answer) => break answer,
                Err(_) if self.at_gate.has(&id) => {}
                Err(_) => {
                    turn.is_over();
                    break answer.await;
                }
            }
        };
        // What was not checked anew shows nothing: anybody may send again what another has sealed.
        if matches!(answer, Some(Response::Receipt(_))) && watch.is_some_and(|it| it.has_come()) {
            turn.passed();
        }
        answer.unwrap_or_else(stopping)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use futures::FutureExt as _;
    use sealbid_client::{Account, CommitteeFile, Order, Reveal, Trader, Window};
    use sealbid_keygen::{DealerOptions, MemberContact, deal};
    use sealbid_types::codec::encode;
    use sealbid_types::door::Refusal;
    use sealbid_types::id::Round;
    use sealbid_types::time::Timestamp;
    use tokio::time::Instant;
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::engine::{EngineInbox, EngineInputs};
    use crate::requests::Requests;

    struct House {
        submissions: Submissions,
        inputs: EngineInputs,
        envelope: Vec<u8>,
    }

    fn house() -> House {
        let contacts = [7400, 7410, 7420].map(|port| MemberContact::loopback(port).unwrap());
        let options = DealerOptions::new(contacts.into());
        let committee = deal(&options, &[3; 32], Timestamp(0)).unwrap().committee;
        let file = CommitteeFile::new(committee.clone()).unwrap();
        let account = Account::new(ed25519_dalek::SigningKey::from_bytes(&[9; 32]));
        let (trader, deadline) = (Trader::new(account), Timestamp(4_000_000_000_000));
        let order = Order::Swap {
            give: "nep141:usdc.near".parse().unwrap(),
            amount: "1000".parse().unwrap(),
            want: "nep141:wrap.near".parse().unwrap(),
            minimum: "1".parse().unwrap(),
        };
        let signed = trader.sign(&file, &order, deadline, None).unwrap();
        let window = Window {
            first: Round(1),
            last: Round(4),
            expires: deadline,
        };
        let envelope = trader.seal(&file, &signed, Reveal::Pair, window).unwrap();
        let (engine, inputs) = EngineInbox::new(8);
        let engine = EngineClient {
            engine,
            requests: Requests::default(),
            stop: CancellationToken::new(),
        };
        House {
            submissions: Submissions::new(engine, Arc::new(committee), AtGate::default(), 16),
            inputs,
            envelope: encode(&envelope),
        }
    }

    impl House {
        /// Answers the next submission as the engine would.
        async fn refuses(&mut self, code: RefusalCode) {
            let Input::Submit { request, .. } = self.inputs.next_of_clients().await else {
                panic!("no submission");
            };
            let message = String::new();
            let refusal = Response::Refused(Refusal { code, message });
            self.submissions.engine.requests.answer(request, refusal);
        }
    }

    fn peer(number: u8) -> PeerId {
        PeerId::of_secret(&[number; 32])
    }

    /// The next one of whoever sent what is no envelope is not even read, and everybody else's is.
    #[tokio::test(start_paused = true)]
    async fn who_sent_what_fails_is_left_waiting() {
        let House { submissions, .. } = house();
        let garbage = || [Envelope::SCHEMA.prefix().as_slice(), &[7; 64]].concat();
        let is_refused = |answer| matches!(answer, Response::Refused(_));
        assert!(is_refused(submissions.submit(peer(1), garbage()).await));
        let began = Instant::now();
        assert!(is_refused(submissions.submit(peer(2), garbage()).await));
        assert_eq!(began.elapsed(), Duration::ZERO);
        assert!(is_refused(submissions.submit(peer(1), garbage()).await));
        assert_eq!(began.elapsed().as_secs(), 1);
    }

    /// A connection that ends takes its requests with it, and not what they have cost.
    #[tokio::test(start_paused = true)]
    async fn who_goes_before_the_verdict_is_judged_by_it() {
        let mut house = house();
        let (submissions, envelope) = (house.submissions.clone(), house.envelope.clone());
        {
            let mut gone = Box::pin(submissions.submit(peer(1), envelope.clone()));
            assert!((&mut gone).now_or_never().is_none());
        }
        house.refuses(RefusalCode::Proof).await;
        tokio::task::yield_now().await;
        let began = Instant::now();
        let again = tokio::spawn(async move { submissions.submit(peer(1), envelope).await });
        house.refuses(RefusalCode::Quota).await;
        again.await.unwrap();
        assert_eq!(began.elapsed().as_secs(), 1);
    }

    /// However long it takes, an envelope that is being checked has its turn; one that waits for others
    /// has none.
    #[tokio::test(start_paused = true)]
    async fn a_turn_lasts_as_long_as_the_check() {
        let mut house = house();
        let envelope = Readable::new(&house.submissions.committee, house.envelope.clone());
        let id = envelope.unwrap().id();
        let (submissions, bytes) = (house.submissions.clone(), house.envelope.clone());
        let free = submissions.turns.free();
        house.submissions.at_gate.add([id]);
        let submitted = tokio::spawn(async move { submissions.submit(peer(1), bytes).await });
        tokio::time::sleep(TURN * 40).await;
        assert_eq!(house.submissions.turns.free(), free - 1);
        house.submissions.at_gate.remove([id]);
        tokio::time::sleep(TURN * 2).await;
        assert_eq!(house.submissions.turns.free(), free);
        house.refuses(RefusalCode::Quota).await;
        submitted.await.unwrap();
    }

    #[tokio::test]
    async fn what_is_larger_than_any_envelope_does_not_wait() {
        let House { submissions, .. } = house();
        let large = vec![0; Envelope::SCHEMA.max_bytes + 1];
        let Response::Refused(refusal) = submissions.submit(peer(1), large).await else {
            panic!("it is taken");
        };
        assert_eq!(refusal.code, RefusalCode::Oversize);
    }
}
