//! From the engine to the pool. Nothing rests on it: the engine offers again what no certified
//! round has listed yet, so what does not get through is dropped.

use bytes::Bytes;
use sealbid_net::house::PoolHandle;
use sealbid_protocol::member::io::Offered;
use sealbid_protocol::member::message::PeerMessage;
use sealbid_protocol::pool::{ClearedRound, PoolAnswer, PoolCommand, PoolEnvelope, PoolQuery};
use sealbid_types::bytes::Blob;
use sealbid_types::codec::encode;
use tokio::sync::mpsc;

use crate::house_link::HouseSlot;

/// Commands that wait. Most are envelopes; a round's clearing is larger, and comes once a round.
const WAITING: usize = 4096;
/// The most bytes of envelopes in one submission; a frame of the group stays well under 1 MB.
const SUBMISSION_BYTES: usize = 256 << 10;

/// The way to the pool.
#[derive(Debug, Clone)]
pub(crate) struct PoolBridge {
    commands: mpsc::Sender<PoolCommand>,
    again: mpsc::Sender<Vec<Offered>>,
}

impl PoolBridge {
    /// Starts the tasks that submit. They end with the last handle.
    pub(crate) fn start(house: HouseSlot) -> Self {
        let (commands, to_submit) = mpsc::channel(WAITING);
        let (again, to_compare) = mpsc::channel(1);
        tokio::spawn(submit_all(house.clone(), to_submit));
        tokio::spawn(submit_missing(house, to_compare));
        Self { commands, again }
    }

    /// Offers new envelopes, as many as there is room for.
    pub(crate) fn offer(&self, envelopes: Vec<Offered>) {
        for envelope in envelopes {
            if self.commands.try_send(command(envelope)).is_err() {
                // The rest would find no room either. A client that waits is not held up by this:
                // its envelope goes to the members directly after a moment (`Times::push_after`).
                tracing::debug!("the pool does not keep up; envelopes are offered again later");
                return;
            }
        }
    }

    /// Offers those of these envelopes that the pool does not hold. While it is still busy with
    /// the last such offer, this one is dropped.
    pub(crate) fn offer_again(&self, envelopes: Vec<Offered>) {
        let _ = self.again.try_send(envelopes);
    }

    /// Tells the pool that a round is over.
    pub(crate) fn clear(&self, cleared: ClearedRound) {
        // Every member says it; one that gets through is enough.
        let _ = self.commands.try_send(PoolCommand::ClearRound(cleared));
    }
}

fn command(offered: Offered) -> PoolCommand {
    let envelope = PoolEnvelope {
        id: *offered.id.as_bytes(),
        body: offered.bytes,
        first_round: offered.first.0,
        last_round: offered.last.0,
    };
    if offered.is_intent {
        PoolCommand::SubmitIntent(envelope)
    } else {
        PoolCommand::SubmitQuote(envelope)
    }
}

async fn submit_all(house: HouseSlot, mut commands: mpsc::Receiver<PoolCommand>) {
    while let Some(first) = commands.recv().await {
        let batch = gather(first, &mut commands);
        let Some(house) = house.get() else { continue };
        let Some(pool) = house.pool() else { continue };
        // Without a leader a submission would hang for its whole timeout, and all behind it too.
        if pool.leader().is_none() {
            // A client waits for it: it goes to the members without the pool, which has it later.
            if let Some(message) = message(&batch) {
                house.broadcast(&Bytes::from(encode(&message)));
            }
            continue;
        }
        let batch = without_cleared(pool, batch).await;
        if batch.is_empty() {
            continue;
        }
        if let Err(error) = pool.submit(batch).await {
            tracing::debug!("the pool did not take it: {error}");
        }
    }
}

/// Leaves out what clears rounds that the pool has cleared: others have said it, long ago if this
/// member was behind.
async fn without_cleared(pool: &PoolHandle, mut batch: Vec<PoolCommand>) -> Vec<PoolCommand> {
    let clears = |command: &PoolCommand| matches!(command, PoolCommand::ClearRound(_));
    if batch.iter().any(clears)
        && let Ok(PoolAnswer::CurrentRound(current)) = pool.query(PoolQuery::CurrentRound).await
    {
        batch.retain(|command| match command {
            PoolCommand::ClearRound(cleared) => cleared.round >= current,
            PoolCommand::SubmitIntent(_) | PoolCommand::SubmitQuote(_) => true,
        });
    }
    batch
}

/// What a batch has for the other members; none if it has no envelopes.
fn message(batch: &[PoolCommand]) -> Option<PeerMessage> {
    let envelopes = batch.iter().filter_map(|command| match command {
        PoolCommand::SubmitIntent(envelope) | PoolCommand::SubmitQuote(envelope) => {
            Some(Blob::from(envelope.body.clone()))
        }
        PoolCommand::ClearRound(_) => None,
    });
    let envelopes: Vec<Blob> = envelopes.collect();
    (!envelopes.is_empty()).then_some(PeerMessage::Envelopes(envelopes))
}

async fn submit_missing(house: HouseSlot, mut offers: mpsc::Receiver<Vec<Offered>>) {
    while let Some(offered) = offers.recv().await {
        let Some(house) = house.get() else { continue };
        let Some(pool) = house.pool() else { continue };
        let ids = offered.iter().map(|envelope| *envelope.id.as_bytes());
        let held = match pool.query(PoolQuery::Contains(ids.collect())).await {
            Ok(PoolAnswer::Contains(held)) => held,
            _ => continue,
        };
        // Asked first: all members offer what all hold, and most of it is there.
        let missing = offered.into_iter().zip(held).filter(|(_, held)| !held);
        let commands: Vec<_> = missing.map(|(offered, _)| command(offered)).collect();
        if commands.is_empty() {
            continue;
        }
        if let Err(error) = pool.submit(commands).await {
            tracing::debug!("the pool did not take it: {error}");
        }
    }
}

/// `first` and what waits behind it, up to the size of a submission.
fn gather(first: PoolCommand, commands: &mut mpsc::Receiver<PoolCommand>) -> Vec<PoolCommand> {
    let mut bytes = size(&first);
    let mut batch = vec![first];
    while bytes < SUBMISSION_BYTES
        && let Ok(command) = commands.try_recv()
    {
        bytes = bytes.saturating_add(size(&command));
        batch.push(command);
    }
    batch
}

fn size(command: &PoolCommand) -> usize {
    match command {
        PoolCommand::SubmitIntent(envelope) | PoolCommand::SubmitQuote(envelope) => {
            envelope.body.len()
        }
        PoolCommand::ClearRound(cleared) => cleared
            .certificate
            .len()
            .saturating_add(cleared.listed.len().saturating_mul(32)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sealbid_types::id::Round;

    fn offered(bytes: usize) -> Offered {
        Offered {
            id: [1; 32].into(),
            is_intent: true,
            first: Round(1),
            last: Round(2),
            bytes: vec![0; bytes],
        }
    }

    #[test]
    fn a_submission_stays_below_a_megabyte() {
        let (sender, mut commands) = mpsc::channel(WAITING);
        for _ in 0..200 {
            sender.try_send(command(offered(24_576))).unwrap();
        }
        let mut submissions = 0;
        while let Ok(first) = commands.try_recv() {
            let batch = gather(first, &mut commands);
            assert!(batch.iter().map(size).sum::<usize>() < SUBMISSION_BYTES + 24_577);
            submissions += 1;
        }
        assert!((18..=20).contains(&submissions), "{submissions}");
    }
}
