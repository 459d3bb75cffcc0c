//! The queue before the gate: envelopes are checked in batches, as many at once as have come
//! while the batch before was being checked. An idle member checks each one alone and at once.

use core::time::Duration;
use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use sealbid_protocol::admission::gate::{Admissible, Gate, Verdict};
use sealbid_protocol::member::io::Input;
use sealbid_types::door::Refusal;
use sealbid_types::id::EnvelopeId;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use crate::NodeError;
use crate::arithmetic::Arithmetic;
use crate::engine::EngineInbox;
use crate::timings::Timings;

/// The most envelopes of one batch.
const BATCH: usize = 256;
/// Under load, how long envelopes are gathered before they are checked, and how many are enough:
/// to check sixteen together takes a third of what it takes to check them in pairs.
const GATHER: Duration = Duration::from_millis(20);
const ENOUGH: usize = 64;
/// How many envelopes the worker remembers to have seen: as many as four full inboxes hold.
const REMEMBERED: usize = 65_536;

/// An envelope of a client, and where the verdict goes.
struct ClientJob {
    bytes: Vec<u8>,
    verdict: oneshot::Sender<Verdict>,
}

/// An envelope of the pool or of a peer.
struct PeerJob {
    bytes: Vec<u8>,
    /// Whether it is checked even if it was seen before. What the engine asks for may have been
    /// seen, and refused by a limit that does not bind a vote.
    again: bool,
}

/// Where envelopes are brought to be checked.
#[derive(Clone)]
pub(crate) struct GateQueue {
    clients: mpsc::Sender<ClientJob>,
    /// What the pool brings has a queue of its own: whoever fills the pool must not keep out what
    /// a round waits for.
    pool: mpsc::Sender<PeerJob>,
    peers: mpsc::Sender<PeerJob>,
    seen: Arc<Mutex<Seen>>,
}

/// No room, or the member is stopping: the envelope was not checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotChecked;

impl GateQueue {
    /// Starts the worker, and threads of its own for it. `waiting` envelopes of each kind may wait;
    /// what passed for a peer goes to `engine`.
    ///
    /// # Errors
    /// [`NodeError::System`] if the system gives no threads.
    pub(crate) fn start(
        gate: Arc<Gate>,
        waiting: usize,
        engine: EngineInbox,
        timings: Timings,
    ) -> Result<Self, NodeError> {
        // Each kind has a queue, and half of every batch: whichever floods, the other gets through.
        let (clients, client_jobs) = mpsc::channel(waiting);
        let (pool, pool_jobs) = mpsc::channel(waiting);
        let (peers, peer_jobs) = mpsc::channel(waiting);
        let seen = Arc::default();
        let worker = Worker {
            gate,
            arithmetic: Arc::new(Arithmetic::start("gate")?),
            timings,
            client_jobs,
            pool_jobs,
            peer_jobs,
            engine,
            seen: Arc::clone(&seen),
            is_busy: false,
        };
        tokio::spawn(worker.run());
        Ok(Self {
            clients,
            pool,
            peers,
            seen,
        })
    }

    /// Checks a client's envelope.
    ///
    /// # Errors
    /// [`NotChecked`], without waiting, when too many wait.
    pub(crate) async fn check(&self, bytes: Vec<u8>) -> Result<Verdict, NotChecked> {
        let (verdict, answer) = oneshot::channel();
        self.clients
            .try_send(ClientJob { bytes, verdict })
            .map_err(|_| NotChecked)?;
        answer.await.map_err(|_| NotChecked)
    }

    /// Takes an envelope from the pool, unless it was seen before. Waits for room.
    pub(crate) async fn deliver(&self, bytes: Vec<u8>) {
        // An error says that the member is stopping.
        let _ = self
            .pool
            .send(PeerJob {
                bytes,
                again: false,
            })
            .await;
    }

    /// Takes an envelope that the engine asks for. Without room it is dropped; the engine asks
    /// again for what it still needs.
    pub(crate) fn fetch(&self, bytes: Vec<u8>) {
        let _ = self.peers.try_send(PeerJob { bytes, again: true });
    }

    /// Forgets an envelope that the engine refused, so that the pool may bring it again.
    pub(crate) fn forget(&self, digest: &[u8; 32]) {
        lock(&self.seen).forget(digest);
    }
}

/// What identifies an envelope's exact bytes here. Not its id: that takes decoding, and bytes that
/// are no envelope have none, though a peer may send them as often.
pub(crate) fn digest(bytes: &[u8]) -> [u8; 32] {
    *blake3::hash(bytes).as_bytes()
}

fn lock(seen: &Mutex<Seen>) -> std::sync::MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The envelopes checked lately, the oldest first.
#[derive(Default)]
struct Seen {
    digests: BTreeSet<[u8; 32]>,
    order: VecDeque<[u8; 32]>,
}

impl Seen {
    /// Whether it is new.
    fn insert(&mut self, digest: [u8; 32]) -> bool {
        let new = self.digests.insert(digest);
        if new {
            self.order.push_back(digest);
        }
        while self.order.len() > REMEMBERED {
            if let Some(oldest) = self.order.pop_front() {
                self.digests.remove(&oldest);
            }
        }
        new
    }

    /// Its place in the order stays: should it come again, it is only forgotten earlier.
    fn forget(&mut self, digest: &[u8; 32]) {
        self.digests.remove(digest);
    }
}

struct Worker {
    gate: Arc<Gate>,
    arithmetic: Arc<Arithmetic>,
    timings: Timings,
    client_jobs: mpsc::Receiver<ClientJob>,
    pool_jobs: mpsc::Receiver<PeerJob>,
    peer_jobs: mpsc::Receiver<PeerJob>,
    engine: EngineInbox,
    seen: Arc<Mutex<Seen>>,
    /// Whether the last batch had company: then the next one is waited for.
    is_busy: bool,
}

/// A batch in the making: the envelopes, and for each who is told.
#[derive(Default)]
struct Batch {
    envelopes: Vec<Vec<u8>>,
    tell: Vec<Option<oneshot::Sender<Verdict>>>,
}

impl Worker {
    async fn run(mut self) {
        while let Some(Batch { envelopes, tell }) = self.next_batch().await {
            if envelopes.is_empty() {
                continue;
            }
            let (gate, arithmetic) = (Arc::clone(&self.gate), Arc::clone(&self.arithmetic));
            // A batch takes many milliseconds: on one of tokio's own threads the doors would wait.
            let check = move || arithmetic.run(|| gate.check(envelopes));
            match tokio::task::spawn_blocking(check).await {
                Ok((verdicts, spent)) => {
                    self.timings.admitted(verdicts.len(), spent);
                    self.hand_out(verdicts, tell).await;
                }
                // `tell` is dropped, by which its clients hear that nothing was checked.
                Err(error) => {
                    tracing::error!("the gate failed on a batch of {}: {error}", tell.len());
                }
            }
        }
    }

    /// What waits, once something does; none when the member is stopping.
    async fn next_batch(&mut self) -> Option<Batch> {
        let (mut clients, mut peers, mut pool) = (Vec::new(), Vec::new(), Vec::new());
        let taken = tokio::select! {
            taken = self.client_jobs.recv_many(&mut clients, BATCH / 2) => taken,
            taken = self.pool_jobs.recv_many(&mut pool, BATCH / 4) => taken,
            taken = self.peer_jobs.recv_many(&mut peers, BATCH / 4) => taken,
        };
        // All who could send have gone, and the member with them.
        if taken == 0 {
            return None;
        }
        take_waiting(&mut self.client_jobs, &mut clients, BATCH / 2);
        // Those first that the engine asks for: a round waits for them.
        take_waiting(&mut self.peer_jobs, &mut peers, BATCH / 2);
        let room = (BATCH / 2).saturating_sub(peers.len());
        take_waiting(&mut self.pool_jobs, &mut pool, room);
        if self.is_busy {
            // At the end of the time there is what there is.
            let _ = timeout(
                GATHER,
                self.gather_more(&mut clients, &mut peers, &mut pool),
            )
            .await;
        }
        peers.append(&mut pool);
        self.is_busy = clients.len().saturating_add(peers.len()) > 1;
        Some(self.gather(clients, peers))
    }

    /// Takes what comes, until it is enough.
    async fn gather_more(
        &mut self,
        clients: &mut Vec<ClientJob>,
        peers: &mut Vec<PeerJob>,
        pool: &mut Vec<PeerJob>,
    ) {
        let count = |clients: &[ClientJob], peers: &[PeerJob], pool: &[PeerJob]| {
            clients
                .len()
                .saturating_add(peers.len())
                .saturating_add(pool.len())
        };
        while count(clients, peers, pool) < ENOUGH {
            let taken = tokio::select! {
                taken = self.client_jobs.recv_many(clients, ENOUGH) => taken,
                taken = self.pool_jobs.recv_many(pool, ENOUGH) => taken,
                taken = self.peer_jobs.recv_many(peers, ENOUGH) => taken,
            };
            if taken == 0 {
                return;
            }
        }
    }

    fn gather(&self, clients: Vec<ClientJob>, peers: Vec<PeerJob>) -> Batch {
        let mut seen = lock(&self.seen);
        let mut batch = Batch::default();
        // The pool and a peer may bring the same one at once.
        let mut of_batch = BTreeSet::new();
        for ClientJob { bytes, verdict } in clients {
            let digest = digest(&bytes);
            // Checked in any case, since a client waits for the verdict. But the pool brings it
            // back in a moment, and that need not be checked.
            seen.insert(digest);
            of_batch.insert(digest);
            batch.envelopes.push(bytes);
            batch.tell.push(Some(verdict));
        }
        for PeerJob { bytes, again } in peers {
            let digest = digest(&bytes);
            if (seen.insert(digest) || again) && of_batch.insert(digest) {
                batch.envelopes.push(bytes);
                batch.tell.push(None);
            }
        }
        batch
    }

    /// Tells each client its own verdict: the client's request brings the envelope to the engine.
    /// What passed for a peer goes there from here.
    async fn hand_out(&self, verdicts: Vec<Verdict>, tell: Vec<Option<oneshot::Sender<Verdict>>>) {
        let mut envelopes: Vec<Admissible> = Vec::new();
        let mut refused: Vec<(EnvelopeId, Refusal)> = Vec::new();
        for (verdict, tell) in verdicts.into_iter().zip(tell) {
            match (tell, verdict) {
                (Some(client), verdict) => {
                    // A client that has gone wants no verdict.
                    let _ = client.send(verdict);
                }
                (None, Verdict::Admissible(envelope)) => envelopes.push(*envelope),
                (
                    None,
                    Verdict::Refused {
                        id: Some(id),
                        refusal,
                    },
                ) => refused.push((id, refusal)),
                (None, Verdict::Refused { id: None, refusal }) => {
                    tracing::debug!("not an envelope: {refusal}");
                }
            }
        }
        // As one input: the engine writes and acknowledges them in one step. The refused ones too:
        // a report that lists one is wrong (docs/protocol.md 4.2).
        if !envelopes.is_empty() || !refused.is_empty() {
            self.engine
                .bring(Input::Delivered { envelopes, refused })
                .await;
        }
    }
}

/// What is there already, up to `most` in all.
fn take_waiting<T>(jobs: &mut mpsc::Receiver<T>, into: &mut Vec<T>, most: usize) {
    while into.len() < most {
        match jobs.try_recv() {
            Ok(job) => into.push(job),
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remembers_so_many_and_forgets_the_oldest() {
        let mut seen = Seen::default();
        let digest = |number: usize| digest(&number.to_le_bytes());
        for number in 0..=REMEMBERED {
            assert!(seen.insert(digest(number)));
        }
        assert!(!seen.insert(digest(REMEMBERED)), "the newest is known");
        assert!(seen.insert(digest(0)), "the oldest is forgotten");
        assert_eq!(seen.digests.len(), REMEMBERED);
        seen.forget(&digest(REMEMBERED));
        assert!(seen.insert(digest(REMEMBERED)));
        assert!(seen.order.len() <= REMEMBERED);
    }
}
