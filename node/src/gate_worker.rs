//! The queue before the gate: envelopes are checked in batches, as many at once as have come
//! while the batch before was being checked. An idle member checks each one alone and at once.
//!
//! How many may wait is the engine's to say: it sends no more of one origin than it has room for.
//! Here they are taken in turn, so that whoever floods waits for itself.

use core::time::Duration;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sealbid_protocol::admission::gate::{Admissible, Gate, Refused, Verdict};
use sealbid_protocol::admission::{Origin, Readable};
use sealbid_protocol::member::io::Input;
use sealbid_types::id::EnvelopeId;
use tokio::sync::mpsc;
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

/// Envelopes to be checked.
type Job = (Origin, Vec<Readable>);

/// Where envelopes are brought to be checked.
/// Without a bound of its own: the engine sends no more than its screen has room for
/// (`admission/screen.rs` in the protocol).
#[derive(Clone)]
pub(crate) struct GateQueue {
    jobs: mpsc::UnboundedSender<Job>,
    at_gate: AtGate,
}

/// What has been brought and is not judged yet, and what somebody wants to know of: whether it was brought.
#[derive(Debug, Clone, Default)]
pub(crate) struct AtGate(Arc<Mutex<Brought>>);

#[derive(Debug, Default)]
struct Brought {
    unjudged: BTreeSet<EnvelopeId>,
    watched: BTreeMap<EnvelopeId, bool>,
}

/// Watches for an envelope to be brought, until it is dropped.
#[derive(Debug)]
pub(crate) struct Watch {
    id: EnvelopeId,
    at_gate: AtGate,
}

impl AtGate {
    /// Whether it is to be judged.
    pub(crate) fn has(&self, id: &EnvelopeId) -> bool {
        self.brought().unjudged.contains(id)
    }

    /// Watches for an envelope from now on; none if somebody does already.
    pub(crate) fn watch(&self, id: EnvelopeId) -> Option<Watch> {
        let mut brought = self.brought();
        let Entry::Vacant(unwatched) = brought.watched.entry(id) else {
            return None;
        };
        unwatched.insert(false);
        drop(brought);
        let at_gate = self.clone();
        Some(Watch { id, at_gate })
    }

    pub(crate) fn add(&self, ids: impl IntoIterator<Item = EnvelopeId>) {
        let mut brought = self.brought();
        for id in ids {
            if let Some(has_come) = brought.watched.get_mut(&id) {
                *has_come = true;
            }
            brought.unjudged.insert(id);
        }
    }

    pub(crate) fn remove(&self, ids: impl IntoIterator<Item = EnvelopeId>) {
        let mut brought = self.brought();
        for id in ids {
            brought.unjudged.remove(&id);
        }
    }

    fn brought(&self) -> MutexGuard<'_, Brought> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watch {
    /// Whether the envelope has been brought since.
    pub(crate) fn has_come(&self) -> bool {
        self.at_gate.brought().watched.get(&self.id) == Some(&true)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.at_gate.brought().watched.remove(&self.id);
    }
}

impl GateQueue {
    /// Starts the worker, and threads of its own for it. What it finds goes to `engine`.
    ///
    /// # Errors
    /// [`NodeError::System`] if the system gives no threads.
    pub(crate) fn start(
        gate: Arc<Gate>,
        engine: EngineInbox,
        timings: Timings,
    ) -> Result<Self, NodeError> {
        let (sender, jobs) = mpsc::unbounded_channel();
        let at_gate = AtGate::default();
        let worker = Worker {
            gate,
            arithmetic: Arc::new(Arithmetic::start("gate")?),
            timings,
            jobs,
            at_gate: at_gate.clone(),
            waiting: Waiting(BTreeMap::new()),
            engine,
            is_busy: false,
        };
        tokio::spawn(worker.run());
        Ok(Self {
            jobs: sender,
            at_gate,
        })
    }

    /// Has envelopes checked. What comes of it reaches the engine.
    pub(crate) fn check(&self, origin: Origin, envelopes: Vec<Readable>) {
        self.at_gate.add(envelopes.iter().map(Readable::id));
        // An error says that the member is stopping.
        let _ = self.jobs.send((origin, envelopes));
    }

    /// What is here.
    pub(crate) fn at_gate(&self) -> AtGate {
        self.at_gate.clone()
    }
}

/// What waits, by origin.
struct Waiting<T>(BTreeMap<Origin, VecDeque<T>>);

impl<T> Waiting<T> {
    fn add(&mut self, (origin, envelopes): (Origin, Vec<T>)) {
        self.0.entry(origin).or_default().extend(envelopes);
    }

    fn len(&self) -> usize {
        self.0.values().map(VecDeque::len).sum()
    }

    /// The next batch: half of it is for clients, who wait for a receipt, if there are as many. The
    /// others share the rest in turn, and what nobody else takes is for clients again.
    fn take(&mut self, most: usize) -> Vec<T> {
        let mut batch = Vec::new();
        self.take_clients(most / 2, &mut batch);
        let mut others: Vec<_> = self
            .0
            .iter_mut()
            .filter(|(origin, _)| **origin != Origin::Client)
            .map(|(_, queue)| queue)
            .collect();
        while batch.len() < most && others.iter().any(|queue| !queue.is_empty()) {
            for queue in &mut others {
                if batch.len() < most {
                    batch.extend(queue.pop_front());
                }
            }
        }
        self.take_clients(most.saturating_sub(batch.len()), &mut batch);
        self.0.retain(|_, queue| !queue.is_empty());
        batch
    }

    fn take_clients(&mut self, most: usize, batch: &mut Vec<T>) {
        if let Some(clients) = self.0.get_mut(&Origin::Client) {
            batch.extend(clients.drain(..most.min(clients.len())));
        }
    }
}

struct Worker {
    gate: Arc<Gate>,
    arithmetic: Arc<Arithmetic>,
    timings: Timings,
    jobs: mpsc::UnboundedReceiver<Job>,
    at_gate: AtGate,
    waiting: Waiting<Readable>,
    engine: EngineInbox,
    /// Whether the last batch had company: then the next one is waited for.
    is_busy: bool,
}

impl Worker {
    async fn run(mut self) {
        while let Some(batch) = self.next_batch().await {
            let ids: Vec<EnvelopeId> = batch.iter().map(Readable::id).collect();
            let (gate, arithmetic) = (Arc::clone(&self.gate), Arc::clone(&self.arithmetic));
            // A batch takes many milliseconds: on one of tokio's own threads the doors would wait.
            let check = move || {
                let before = arithmetic.spent();
                let verdicts = arithmetic.run(|| gate.check(batch));
                (verdicts, arithmetic.spent().saturating_sub(before))
            };
            let checked = match tokio::task::spawn_blocking(check).await {
                Ok((verdicts, spent)) => {
                    self.timings.admitted(verdicts.len(), spent);
                    sort(verdicts)
                }
                // A panic: nothing is known of these envelopes, so nobody is blamed, and clients
                // are told to try again.
                Err(error) => {
                    tracing::error!("the gate failed on a batch of {}: {error}", ids.len());
                    Input::Checked {
                        admitted: Vec::new(),
                        refused: Vec::new(),
                        unchecked: ids.clone(),
                    }
                }
            };
            self.at_gate.remove(ids);
            // As one input: the engine writes and acknowledges them in one step.
            self.engine.bring(checked).await;
        }
    }

    /// What waits, once something does; none when the member is stopping.
    async fn next_batch(&mut self) -> Option<Vec<Readable>> {
        if self.waiting.len() == 0 {
            self.waiting.add(self.jobs.recv().await?);
        }
        self.gather();
        if self.is_busy {
            // At the end of the time there is what there is.
            let _ = timeout(GATHER, self.gather_enough()).await;
        }
        let batch = self.waiting.take(BATCH);
        // Once one comes alone nobody presses, and the next is checked at once again.
        self.is_busy = batch.len() > 1;
        Some(batch)
    }

    fn gather(&mut self) {
        while let Ok(job) = self.jobs.try_recv() {
            self.waiting.add(job);
        }
    }

    async fn gather_enough(&mut self) {
        while self.waiting.len() < ENOUGH
            && let Some(job) = self.jobs.recv().await
        {
            self.waiting.add(job);
        }
    }
}

/// What the engine is told. The refused ones too: a report that lists one is wrong
/// (docs/protocol.md 4.2).
fn sort(verdicts: Vec<Verdict>) -> Input {
    let mut admitted: Vec<Admissible> = Vec::new();
    let mut refused: Vec<Refused> = Vec::new();
    for verdict in verdicts {
        match verdict {
            Verdict::Admissible(envelope) => admitted.push(*envelope),
            Verdict::Refused(failed) => refused.push(failed),
        }
    }
    Input::Checked {
        admitted,
        refused,
        unchecked: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sealbid_types::id::MemberIndex;

    const LIAR: Origin = Origin::Member(MemberIndex(1));
    const HONEST: Origin = Origin::Member(MemberIndex(2));

    #[test]
    fn who_floods_waits_for_itself() {
        let mut waiting = Waiting(BTreeMap::new());
        waiting.add((LIAR, vec!["flood"; 5_000]));
        waiting.add((Origin::Client, vec!["client"; 3]));
        waiting.add((Origin::Pool, vec!["pool"; 2]));
        waiting.add((HONEST, vec!["asked for"]));
        let batch = waiting.take(64);
        let count = |of: &str| batch.iter().filter(|each| **each == of).count();
        assert_eq!(["client", "pool", "asked for"].map(count), [3, 2, 1]);
        assert_eq!(batch.len(), 64);
        assert_eq!(waiting.len(), 5_006 - 64);
    }

    #[test]
    fn clients_have_half_of_a_batch_and_what_nobody_else_takes() {
        let mut waiting = Waiting(BTreeMap::new());
        waiting.add((Origin::Client, vec!["client"; 100]));
        waiting.add((Origin::Pool, vec!["pool"; 100]));
        let half = waiting.take(64);
        assert_eq!(half.iter().filter(|each| **each == "client").count(), 32);
        waiting.take(136);
        waiting.add((Origin::Client, vec!["client"; 100]));
        assert_eq!(waiting.take(64), vec!["client"; 64]);
    }
}
