//! The engine thread: the one owner of the member's state and of the store's writes.
//!
//! It takes all inputs that wait, steps through them, writes everything they ask for in one
//! transaction, and only then carries out the rest, in order. So many steps share one sync of the
//! disk, and nothing leaves the member before what it rests on is durable.

use core::time::Duration;
use std::sync::{Arc, LazyLock};
use std::time::{Instant, SystemTime};

use sealbid_protocol::disk::Write;
use sealbid_protocol::member::Member;
use sealbid_protocol::member::io::{Input, Output};
use sealbid_protocol::time::{Clock, Monotonic};
use sealbid_store::Store;
use sealbid_types::time::Timestamp;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::NodeError;
use crate::arithmetic::Arithmetic;
use crate::shell::Shell;

/// The most inputs of each kind that one transaction serves. All of a batch waits for its one sync,
/// so this also bounds what a vote may have to wait behind.
const BATCH: usize = 256;
/// Members' messages that wait here. Few: those that wait for these do so in a queue for each
/// member, served in turn, where a member that floods is in nobody's way.
const MESSAGES: usize = 64;
/// The longest sleep: a clock that jumps is noticed after this.
const LONGEST_SLEEP: Duration = Duration::from_millis(500);

/// The host's wall clock.
pub(crate) fn now() -> Timestamp {
    Timestamp::from(SystemTime::now())
}

/// Both clocks of the host. The monotonic one starts with the process.
pub(crate) fn clock() -> Clock {
    static STARTED: LazyLock<Instant> = LazyLock::new(Instant::now);
    let passed = STARTED.elapsed().as_millis();
    Clock {
        wall: now(),
        monotonic: Monotonic(u64::try_from(passed).unwrap_or(u64::MAX)),
    }
}

/// The way to the engine.
#[derive(Debug, Clone)]
pub(crate) struct EngineInbox {
    // Apart: clients, of whom there may be any number, must not take the room that a round's
    // messages need, nor a round's messages hold back their answers.
    messages: mpsc::Sender<Input>,
    peers: mpsc::Sender<Input>,
    clients: mpsc::Sender<Input>,
}

/// The engine's end of it.
pub(crate) struct EngineInputs {
    messages: mpsc::Receiver<Input>,
    peers: mpsc::Receiver<Input>,
    clients: mpsc::Receiver<Input>,
}

#[cfg(test)]
impl EngineInputs {
    /// What a client has asked next.
    pub(crate) async fn next_of_clients(&mut self) -> Input {
        let next = self.clients.recv().await;
        next.unwrap_or(Input::Tick)
    }
}

/// The engine does not take the input: too many wait, or it has stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EngineBusy;

impl EngineInbox {
    /// An inbox in which `waiting` inputs of each kind may wait.
    pub(crate) fn new(waiting: usize) -> (Self, EngineInputs) {
        let (messages, from_members) = mpsc::channel(MESSAGES.min(waiting));
        let (peers, from_peers) = mpsc::channel(waiting);
        let (clients, from_clients) = mpsc::channel(waiting);
        (
            Self {
                messages,
                peers,
                clients,
            },
            EngineInputs {
                messages: from_members,
                peers: from_peers,
                clients: from_clients,
            },
        )
    }

    /// Brings a member's message. Waits for room.
    pub(crate) async fn bring_message(&self, input: Input) {
        // An error says that the member is stopping.
        let _ = self.messages.send(input).await;
    }

    /// Brings what the gate, the pool or the shell itself has. Waits for room.
    pub(crate) async fn bring(&self, input: Input) {
        // An error says that the member is stopping.
        let _ = self.peers.send(input).await;
    }

    /// Brings what a client asks.
    ///
    /// # Errors
    /// [`EngineBusy`], at once.
    pub(crate) fn ask(&self, input: Input) -> Result<(), EngineBusy> {
        self.clients.try_send(input).map_err(|_| EngineBusy)
    }
}

/// Everything the engine thread owns.
pub(crate) struct Engine {
    pub(crate) member: Member,
    pub(crate) store: Arc<Store>,
    pub(crate) shell: Shell,
    pub(crate) inputs: EngineInputs,
    pub(crate) arithmetic: Arithmetic,
    /// What the arithmetic had taken at the last stage of a round that closes; none while none does.
    pub(crate) counted: Option<Duration>,
    pub(crate) stop: CancellationToken,
}

/// Ends the process if the engine panics: half a member would promise what it cannot keep.
struct AbortOnPanic;

impl Drop for AbortOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            tracing::error!("the engine has failed; the process ends. Start the member again");
            std::process::abort();
        }
    }
}

impl Engine {
    /// Starts the thread, which first carries out `outputs`, those of the member's start. What it
    /// sends in the end is why it stopped.
    ///
    /// # Errors
    /// [`NodeError::System`] if the system gives no thread.
    pub(crate) fn spawn(
        self,
        outputs: Vec<Output>,
    ) -> Result<oneshot::Receiver<Result<(), NodeError>>, NodeError> {
        let (done, stopped) = oneshot::channel();
        let runtime = Handle::current();
        let run = move || {
            let guard = AbortOnPanic;
            let result = self.run(&runtime, outputs);
            drop(guard);
            // Nobody waits any more if the node was dropped.
            let _ = done.send(result);
        };
        std::thread::Builder::new()
            .name("engine".to_owned())
            .spawn(run)
            .map_err(|error| {
                NodeError::system(format!("the system gives it no thread: {error}"))
            })?;
        Ok(stopped)
    }

    fn run(mut self, runtime: &Handle, outputs: Vec<Output>) -> Result<(), NodeError> {
        self.carry_out(outputs)?;
        while let Some(inputs) = runtime.block_on(self.next_inputs()) {
            // Envelopes and clients' questions move no round on. They are taken first and together,
            // for the price of one look at what has become possible.
            let (together, single): (Vec<Input>, Vec<Input>) =
                inputs.into_iter().partition(Input::can_wait);
            let mut outputs = self.member.steps(together, clock());
            for input in single {
                outputs.extend(self.step(input));
                if self.member.is_closing() {
                    // What a round waits for leaves before the next input's arithmetic.
                    self.carry_out(core::mem::take(&mut outputs))?;
                }
            }
            // After the inputs: they may have done what was due, or moved it.
            if self.member.wake_at() <= clock().monotonic {
                outputs.extend(self.step(Input::Tick));
            }
            self.carry_out(outputs)?;
        }
        Ok(())
    }

    /// Steps, and while a round closes, measures what its steps take from one stage to the next.
    fn step(&mut self, input: Input) -> Vec<Output> {
        let Self {
            member, arithmetic, ..
        } = self;
        // Outside a closing round a step has no arithmetic worth handing to other threads.
        if !member.is_closing() {
            self.counted = None;
            return member.step(input, clock());
        }
        let before = *self.counted.get_or_insert_with(|| arithmetic.spent());
        let outputs = arithmetic.run(|| member.step(input, clock()));
        let reached = outputs.iter().find_map(|output| match output {
            Output::Reached { round, stage } => Some((*round, *stage)),
            _ => None,
        });
        if let Some((round, stage)) = reached {
            let spent = arithmetic.spent();
            self.counted = Some(spent);
            let taken = spent.saturating_sub(before);
            self.shell.timings.spent(round, stage, taken);
        }
        outputs
    }

    /// What waits, once something does or the member wants to be woken; none when it stops.
    async fn next_inputs(&mut self) -> Option<Vec<Input>> {
        // `wake_at` goes by the monotonic clock and by what the wall clock shows now. One that is
        // set meanwhile is not heard of, so no sleep is long.
        let sleep = self
            .member
            .wake_at()
            .since(clock().monotonic)
            .min(LONGEST_SLEEP);
        let EngineInputs {
            messages,
            peers,
            clients,
        } = &mut self.inputs;
        let first = tokio::select! {
            () = self.stop.cancelled() => return None,
            input = messages.recv() => input,
            input = peers.recv() => input,
            input = clients.recv() => input,
            () = tokio::time::sleep(sleep) => None,
        };
        // Whatever else waits shares the sync that the first one needs anyway: the more there is to
        // do, the less of it is waiting for the disk.
        let mut inputs: Vec<Input> = first.into_iter().collect();
        for queue in [messages, peers, clients] {
            inputs.extend(std::iter::from_fn(|| queue.try_recv().ok()).take(BATCH));
        }
        Some(inputs)
    }

    /// Writes first, then does everything else.
    fn carry_out(&self, outputs: Vec<Output>) -> Result<(), NodeError> {
        // Of all steps at once: a write that comes earlier than its step asked does no harm, and
        // nothing leaves earlier than it.
        let mut writes: Vec<Write> = Vec::new();
        let mut rest = Vec::with_capacity(outputs.len());
        for output in outputs {
            match output {
                Output::Write(write) => writes.push(write),
                other => rest.push(other),
            }
        }
        if !writes.is_empty() {
            self.store.commit(&writes).map_err(NodeError::storage)?;
        }
        for output in rest {
            // The proof of why it halts was among the writes. What comes after stays unsaid.
            if let Output::Halt { reason } = output {
                return Err(NodeError::Halted(reason));
            }
            self.shell.carry_out(output);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sealbid_protocol::member::io::RequestId;

    #[tokio::test]
    async fn clients_are_turned_away_when_too_many_wait() {
        let (inbox, mut inputs) = EngineInbox::new(1);
        let ask = || Input::AskHead {
            request: RequestId(1),
        };
        assert_eq!(inbox.ask(ask()), Ok(()));
        assert_eq!(inbox.ask(ask()), Err(EngineBusy));
        inbox.bring(Input::Tick).await;
        assert!(
            inputs.peers.try_recv().is_ok(),
            "peers have a queue of their own"
        );
        assert!(inputs.clients.try_recv().is_ok());
        drop(inputs);
        assert_eq!(inbox.ask(ask()), Err(EngineBusy));
    }
}
