//! Reading one stream of one member, for as long as the house lasts.

use core::time::Duration;

use mosaik::StreamId;
use mosaik::streams::Consumer;
use tokio::time::timeout;

use super::Context;
use super::frame::Frame;
use super::tickets::TicketCheck;
use crate::PeerId;

/// How often a stream shows that it is alive.
pub(super) const ALIVE: Duration = Duration::from_millis(500);

/// One stream of one member.
#[derive(Debug, Clone)]
pub(super) struct Source {
    /// Who produces it: others that claim to are not listened to.
    pub(super) producer: PeerId,
    /// The stream.
    pub(super) stream: StreamId,
    /// What the producer must hold.
    pub(super) check: Option<TicketCheck>,
    /// After how long without a frame it is subscribed to anew. A member that is killed leaves a
    /// connection that looks well for half a minute.
    pub(super) silence: Duration,
}

impl Source {
    /// Hands every frame to `take`, until the house is left or `take` says that it is enough.
    pub(super) async fn read(self, context: Context, mut take: impl FnMut(Frame) -> bool + Send) {
        loop {
            let mut consumer = self.subscribe(&context);
            loop {
                let frame = tokio::select! {
                    () = context.leaving.cancelled() => return,
                    frame = timeout(self.silence, consumer.recv()) => frame,
                };
                match frame {
                    Ok(Some(frame)) => {
                        if !take(frame) {
                            return;
                        }
                    }
                    // Silent: dropping the consumer closes what is left of the connection.
                    Err(_) => break,
                    // The network has ended.
                    Ok(None) => return,
                }
            }
        }
    }

    fn subscribe(&self, context: &Context) -> Consumer<Frame> {
        let producer = self.producer;
        let streams = context.network.streams();
        let builder = streams.consumer::<Frame>().with_stream_id(self.stream);
        let builder = builder.require(move |peer| PeerId::from(*peer.id()) == producer);
        match &self.check {
            Some(check) => builder.require_ticket(check.clone()).build(),
            None => builder.build(),
        }
    }
}

/// The id of a stream: a name with its version, and what it is about.
pub(super) fn stream_id(name: &'static str, parts: &[&[u8]]) -> StreamId {
    let mut hasher = blake3::Hasher::new_derive_key(name);
    for part in parts {
        // A length before each part, so that no two lists of parts run together.
        hasher
            .update(&(part.len() as u64).to_le_bytes())
            .update(part);
    }
    StreamId::from_bytes(*hasher.finalize().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_together() {
        let a = stream_id("name", &[b"ab", b"c"]);
        assert_ne!(a, stream_id("name", &[b"a", b"bc"]));
        assert_ne!(a, stream_id("other", &[b"ab", b"c"]));
        assert_eq!(a, stream_id("name", &[b"ab", b"c"]));
    }
}
