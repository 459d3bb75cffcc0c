//! Getting to know producers, one subscription after another.
//!
//! Before mosaik looks at a consumer's own conditions, it measures the round trip to every producer
//! of the stream: for each consumer apart, and again at every announcement until a measurement has
//! come back. A dozen consumers that begin together open hundreds of connections that way, enough
//! to keep two cores busy for a minute. So they begin one after another: what the first has
//! measured serves all others.

use core::time::Duration;
use std::collections::BTreeSet;

use tokio::sync::{Mutex, watch};
use tokio::time::timeout;

use crate::PeerId;

/// How long a subscription may keep the next one waiting.
const MEASURING: Duration = Duration::from_secs(2);

/// The producers whose round trip has been measured, and whose turn it is.
#[derive(Debug, Default)]
pub(super) struct Acquaintances {
    turn: Mutex<()>,
    met: watch::Sender<BTreeSet<PeerId>>,
}

impl Acquaintances {
    /// Notes that a consumer's own conditions are asked about `peer`: its round trip is known.
    pub(super) fn meet(&self, peer: PeerId) {
        self.met.send_if_modified(|met| met.insert(peer));
    }

    /// Builds a consumer in its turn, which ends once `producer` is known.
    pub(super) async fn in_turn<T>(&self, producer: PeerId, build: impl FnOnce() -> T) -> T {
        let turn = self.turn.lock().await;
        let mut met = self.met.subscribe();
        let built = build();
        // One that does not answer must not hold up the others for long.
        let _ = timeout(MEASURING, met.wait_for(|met| met.contains(&producer))).await;
        drop(turn);
        built
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use std::sync::Arc;

    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_waits_for_the_other_until_the_producer_is_known() {
        let all = Arc::new(Acquaintances::default());
        let (known, late) = (PeerId([1; 32]), PeerId([2; 32]));
        let began = Instant::now();
        let first = tokio::spawn({
            let all = Arc::clone(&all);
            async move { all.in_turn(known, Instant::now).await }
        });
        tokio::time::sleep(Duration::from_millis(1)).await;
        let second = tokio::spawn({
            let all = Arc::clone(&all);
            async move { all.in_turn(late, Instant::now).await }
        });
        tokio::time::sleep(Duration::from_millis(100)).await;
        all.meet(known);
        assert_eq!(first.await.unwrap(), began);
        assert!(second.await.unwrap() >= began + Duration::from_millis(100));
        // Nobody met the late one: its turn has ended by itself, and the known one needs no time.
        assert!(began.elapsed() >= MEASURING);
        let now = Instant::now();
        assert_eq!(all.in_turn(known, || 7).await, 7);
        assert_eq!(now.elapsed(), Duration::ZERO);
    }
}
