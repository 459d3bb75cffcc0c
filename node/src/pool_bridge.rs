//! From the engine to the pool. Nothing rests on it: the engine offers again what no certified
//! round has listed yet, so what does not get through is dropped.

use core::time::Duration;

use bytes::Bytes;
use sealbid_net::mesh::{MeshHandle, PoolHandle};
use sealbid_protocol::member::io::Offered;
use sealbid_protocol::member::message::PeerMessage;
use sealbid_protocol::pool::{
    ClearedRound, EnvelopeKind, PoolAnswer, PoolCommand, PoolEnvelope, PoolQuery,
};
use sealbid_types::bytes::Blob;
use sealbid_types::codec::encode;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// Commands that wait. Most are envelopes; a round's clearing is larger, and comes once a round.
const WAITING: usize = 4096;
/// How long the pool may take before envelopes go to the members directly as well.
const POOL: Duration = Duration::from_secs(1);
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
    pub(crate) fn start(mesh: MeshHandle) -> Self {
        let (commands, to_submit) = mpsc::channel(WAITING);
        // One: all such offers are about the same inbox, and a second one would find the same
        // missing.
        let (again, to_compare) = mpsc::channel(1);
        tokio::spawn(submit_all(mesh.clone(), to_submit));
        tokio::spawn(submit_missing(mesh, to_compare));
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
    submit(pool_envelope(offered))
}

/// What the pool is told: an id, bytes, and for which rounds they are kept.
fn pool_envelope(offered: Offered) -> (EnvelopeKind, PoolEnvelope) {
    let kind = match offered.is_intent {
        true => EnvelopeKind::Intent,
        false => EnvelopeKind::Quote,
    };
    let envelope = PoolEnvelope {
        id: *offered.id.as_bytes(),
        body: offered.bytes,
        first_round: offered.first.0,
        last_round: offered.last.0,
    };
    (kind, envelope)
}

fn submit((kind, envelope): (EnvelopeKind, PoolEnvelope)) -> PoolCommand {
    match kind {
        EnvelopeKind::Intent => PoolCommand::SubmitIntent(envelope),
        EnvelopeKind::Quote => PoolCommand::SubmitQuote(envelope),
    }
}

/// Submits what waits, a batch at a time; ends with the last handle.
async fn submit_all(mesh: MeshHandle, mut commands: mpsc::Receiver<PoolCommand>) {
    while let Some(first) = commands.recv().await {
        let batch = gather(first, &mut commands);
        let Some(pool) = mesh.pool() else { continue };
        // Beforehand: whether the batch gets through is known only when it has been given away.
        let directly = message(&batch);
        // Without a leader there is nothing to wait a second for.
        let is_taken = pool.leader().is_some() && {
            let batch = without_cleared(pool, batch).await;
            batch.is_empty() || matches!(timeout(POOL, pool.submit(batch)).await, Ok(Ok(())))
        };
        // A client waits for it: it goes to the members without the pool, which is full, has no
        // leader, or has one that does nothing. What they have twice costs them a look.
        if !is_taken && let Some(message) = directly {
            mesh.broadcast(&Bytes::from(encode(&message)));
        }
    }
}

/// Leaves out what clears rounds that the pool has cleared: others have said it, long ago if this
/// member was behind.
async fn without_cleared(pool: &PoolHandle, mut batch: Vec<PoolCommand>) -> Vec<PoolCommand> {
    let clears = |command: &PoolCommand| matches!(command, PoolCommand::ClearRound(_));
    // Without an answer all of it goes: what is cleared twice changes nothing.
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

/// The repeated offer. It ends with the last handle too.
async fn submit_missing(mesh: MeshHandle, mut offers: mpsc::Receiver<Vec<Offered>>) {
    while let Some(offered) = offers.recv().await {
        let Some(pool) = mesh.pool() else { continue };
        let envelopes: Vec<_> = offered.into_iter().map(pool_envelope).collect();
        let keys = envelopes.iter().map(|(_, envelope)| envelope.key());
        let held = match pool.query(PoolQuery::Contains(keys.collect())).await {
            Ok(PoolAnswer::Contains(held)) => held,
            // The engine offers all of it again soon (`Times::offer`).
            _ => continue,
        };
        // Asked first: all members offer what all hold, and most of it is there.
        let missing = envelopes.into_iter().zip(held).filter(|(_, held)| !held);
        let commands: Vec<_> = missing.map(|(envelope, _)| submit(envelope)).collect();
        if commands.is_empty() {
            continue;
        }
        if let Err(error) = pool.submit(commands).await {
            tracing::debug!("the pool did not take it: {error}");
        }
    }
}

/// `first` and what waits behind it, up to the size of a submission.
/// The last command may take it over that size, and leaves it far below what a frame takes.
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

/// About what it takes in a frame: what stands around an envelope is small.
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
