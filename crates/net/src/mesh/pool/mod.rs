//! The pool as a replicated group of the members.
//!
//! This is the one part of the house that runs on mosaik, and a convenience: see
//! [`sealbid_protocol::pool`]. Its own keeper serves it, joins it anew if it ends, and decides whom
//! mosaik may bond with; nothing that a round needs waits for it.

mod admission;
mod budget;
mod keeper;
mod machine;
mod node;
mod peers;
mod sync;

use core::time::Duration;
use std::sync::Arc;

use sealbid_protocol::pool::{Id, Key, PoolAnswer, PoolCommand, PoolQuery};
use sealbid_types::id::MemberIndex;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use self::keeper::Keeper;
pub use self::machine::PoolDelivery;
pub(super) use self::peers::PoolPeers;
use super::config::Checked;
use super::counters::Counters;
use super::members::Members;

/// How long a submission may take.
/// With the two queries that follow, these are the 5 s that `PoolHandle::submit` promises.
const SUBMIT: Duration = Duration::from_secs(3);
/// How long a query may take.
const QUERY: Duration = Duration::from_secs(1);
/// How often a submission is tried again while the group has no leader.
const RETRY: Duration = Duration::from_millis(50);
/// Bytes of commands that go out together.
const BATCH: usize = 256 << 10;
/// What a command has beside its envelope's bytes, about.
const OVERHEAD: usize = 128;
/// Questions that wait.
const QUEUE: usize = 256;

/// Why the pool did not do something.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PoolError {
    /// No leader, or no answer in time. What was submitted may appear all the same.
    #[error("the pool did not answer in time")]
    TimedOut,
    /// The pool has applied the commands and does not hold these envelopes: it is full, or they
    /// are out of date.
    #[error("the pool did not take envelopes that it was given: {}", ids.len())]
    NotTaken {
        /// Their ids.
        ids: Vec<Id>,
    },
    /// The pool has applied the commands and does not hold this round for closed: the check of
    /// clearings does not admit it.
    #[error("the pool did not take round {round} for closed")]
    NotCleared {
        /// The round.
        round: u64,
    },
    /// The mesh has been left.
    #[error("the mesh has been left")]
    Left,
}

/// A handle to the pool.
#[derive(Debug, Clone)]
pub struct PoolHandle {
    asks: mpsc::Sender<Ask>,
    leader: watch::Receiver<Option<MemberIndex>>,
}

#[derive(Debug)]
enum Ask {
    Execute(Vec<PoolCommand>, oneshot::Sender<Result<(), NotNow>>),
    Query(PoolQuery, oneshot::Sender<Result<PoolAnswer, NotNow>>),
}

/// The group cannot do it at the moment.
#[derive(Debug)]
struct NotNow;

impl Ask {
    /// Says that there is no group at the moment.
    fn refuse(self) {
        // Nobody waits for it any more, perhaps.
        match self {
            Self::Execute(_, done) => drop(done.send(Err(NotNow))),
            Self::Query(_, done) => drop(done.send(Err(NotNow))),
        }
    }
}

/// What the pool is started with.
pub(super) struct PoolParts {
    pub(super) config: Arc<Checked>,
    pub(super) members: Members,
    pub(super) peers: PoolPeers,
    pub(super) deliveries: mpsc::Sender<PoolDelivery>,
    pub(super) counters: Arc<Counters>,
    pub(super) leaving: CancellationToken,
}

/// Starts the keeper. Nothing is waited for.
pub(super) fn start(key: &Zeroizing<[u8; 32]>, parts: PoolParts) -> PoolHandle {
    let (asks_tx, asks) = mpsc::channel(QUEUE);
    let (leader_tx, leader) = watch::channel(None);
    let PoolParts {
        config,
        members,
        peers,
        deliveries,
        counters,
        leaving,
    } = parts;
    let keeper = Keeper {
        config,
        members,
        key: key.clone(),
        peers,
        deliveries,
        asks,
        leader: leader_tx,
        counters,
        leaving,
    };
    tokio::spawn(keeper.run());
    PoolHandle {
        asks: asks_tx,
        leader,
    }
}

impl PoolHandle {
    /// Submits commands, in their order. `Ok` means that this member's own pool has applied them
    /// all and holds, or has seen closed, every envelope; all of it takes 5 s at most.
    ///
    /// # Errors
    /// [`PoolError`]. To submit again is harmless.
    pub async fn submit(&self, commands: Vec<PoolCommand>) -> Result<(), PoolError> {
        let keys: Vec<Key> = commands.iter().filter_map(submitted).collect();
        let round = commands.iter().filter_map(cleared).max();
        let executed = timeout(SUBMIT, self.execute(commands)).await;
        // What came in time or not, the pool itself says what it holds.
        match (self.confirm(keys, round).await, executed) {
            (Ok(()), _) => Ok(()),
            (Err(error), Ok(Ok(()))) | (Err(_), Ok(Err(error))) => Err(error),
            (Err(_), Err(_)) => Err(PoolError::TimedOut),
        }
    }

    /// Asks this member's own pool, which may be behind.
    ///
    /// # Errors
    /// [`PoolError::TimedOut`] after 1 s, [`PoolError::Left`].
    pub async fn query(&self, query: PoolQuery) -> Result<PoolAnswer, PoolError> {
        let ask = async {
            loop {
                match self.ask(|answer| Ask::Query(query.clone(), answer)).await? {
                    Ok(answer) => return Ok(answer),
                    Err(NotNow) => sleep(RETRY).await,
                }
            }
        };
        timeout(QUERY, ask).await.map_err(|_| PoolError::TimedOut)?
    }

    /// The group's leader, as this member knows it.
    #[must_use]
    pub fn leader(&self) -> Option<MemberIndex> {
        *self.leader.borrow()
    }

    /// Waits until there is a leader; `None` if there is none for that long.
    pub async fn wait_for_leader(&self, patience: Duration) -> Option<MemberIndex> {
        let mut leader = self.leader.clone();
        let found = timeout(patience, leader.wait_for(Option::is_some)).await;
        found.ok().and_then(Result::ok).and_then(|leader| *leader)
    }

    async fn execute(&self, commands: Vec<PoolCommand>) -> Result<(), PoolError> {
        for batch in batches(commands) {
            while let Err(NotNow) = self.ask(|done| Ask::Execute(batch.clone(), done)).await? {
                sleep(RETRY).await;
            }
        }
        Ok(())
    }

    /// Whether the pool holds, or has seen closed, all of this.
    async fn confirm(&self, keys: Vec<Key>, round: Option<u64>) -> Result<(), PoolError> {
        // The pool's rounds only go on: one beyond it says that this one is closed.
        if let Some(round) = round
            && let PoolAnswer::CurrentRound(current) = self.query(PoolQuery::CurrentRound).await?
            && current <= round
        {
            return Err(PoolError::NotCleared { round });
        }
        let PoolAnswer::Contains(held) = self.query(PoolQuery::Contains(keys.clone())).await?
        else {
            return Err(PoolError::TimedOut);
        };
        let missing = keys.into_iter().zip(held).filter(|(_, held)| !held);
        let ids: Vec<Id> = missing.map(|((id, _), _)| id).collect();
        if ids.is_empty() {
            Ok(())
        } else {
            Err(PoolError::NotTaken { ids })
        }
    }

    async fn ask<T>(&self, ask: impl FnOnce(oneshot::Sender<T>) -> Ask) -> Result<T, PoolError> {
        let (answer_tx, answer) = oneshot::channel();
        self.asks
            .send(ask(answer_tx))
            .await
            .map_err(|_| PoolError::Left)?;
        answer.await.map_err(|_| PoolError::Left)
    }
}

fn submitted(command: &PoolCommand) -> Option<Key> {
    match command {
        PoolCommand::SubmitIntent(envelope) | PoolCommand::SubmitQuote(envelope) => {
            Some(envelope.key())
        }
        PoolCommand::ClearRound(_) => None,
    }
}

const fn cleared(command: &PoolCommand) -> Option<u64> {
    match command {
        PoolCommand::ClearRound(round) => Some(round.round),
        PoolCommand::SubmitIntent(_) | PoolCommand::SubmitQuote(_) => None,
    }
}

/// What a command weighs on the wire, about.
pub(super) fn weight(command: &PoolCommand) -> usize {
    OVERHEAD
        + match command {
            PoolCommand::SubmitIntent(envelope) | PoolCommand::SubmitQuote(envelope) => {
                envelope.body.len()
            }
            PoolCommand::ClearRound(round) => round.certificate.len() + 32 * round.listed.len(),
        }
}

/// Commands in their order, in batches that are small enough to go out as one frame.
fn batches(commands: Vec<PoolCommand>) -> Vec<Vec<PoolCommand>> {
    let (mut batches, mut batch, mut bytes) = (Vec::new(), Vec::new(), 0);
    for command in commands {
        let more = weight(&command);
        if bytes + more > BATCH && !batch.is_empty() {
            batches.push(core::mem::take(&mut batch));
            bytes = 0;
        }
        bytes += more;
        batch.push(command);
    }
    batches.extend((!batch.is_empty()).then_some(batch));
    batches
}

#[cfg(test)]
mod tests {
    use super::*;
    use sealbid_protocol::pool::{ClearedRound, PoolEnvelope};

    fn intent(id: u8, bytes: usize) -> PoolCommand {
        let (id, body) = ([id; 32], vec![id; bytes]);
        PoolCommand::SubmitIntent(PoolEnvelope {
            id,
            body,
            first_round: 3,
            last_round: 300,
        })
    }

    #[test]
    fn batches_are_bounded_and_keep_the_order() {
        let commands: Vec<_> = (0..200).map(|id| intent(id, 5000)).collect();
        let batches = batches(commands.clone());
        let bytes = |batch: &Vec<PoolCommand>| batch.iter().map(weight).sum::<usize>();
        assert!(batches.iter().all(|batch| bytes(batch) <= BATCH));
        assert!(batches.len() <= 200 * 5200 / BATCH + 2);
        assert_eq!(batches.concat(), commands);
        let large = vec![intent(1, BATCH), intent(2, 1)];
        assert_eq!(super::batches(large).len(), 2);
        assert!(super::batches(Vec::new()).is_empty());
    }

    /// The group's log is not written anywhere, but members of two versions may share a group.
    #[test]
    fn the_bytes_of_commands_are_fixed() {
        let PoolCommand::SubmitIntent(envelope) = intent(7, 2) else {
            panic!()
        };
        let round = ClearedRound {
            round: 5,
            certificate: vec![1, 2],
            listed: [[9; 32]].into(),
        };
        let head = [7; 32];
        let body = [&head[..], &[2, 7, 7], &[3, 0xac, 2]].concat();
        let clear = [&[2, 5, 2, 1, 2, 1][..], &[9; 32]].concat();
        for (command, expected) in [
            (
                PoolCommand::SubmitIntent(envelope.clone()),
                [&[0][..], &body].concat(),
            ),
            (
                PoolCommand::SubmitQuote(envelope),
                [&[1][..], &body].concat(),
            ),
            (PoolCommand::ClearRound(round), clear),
        ] {
            assert_eq!(postcard::to_stdvec(&command).unwrap(), expected);
        }
    }
}
