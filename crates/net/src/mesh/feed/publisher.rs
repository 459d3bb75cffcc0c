//! A member's items on their way to guests, and the latest of them for those who are just coming.

use core::time::Duration;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::broadcast;
use tokio::time::Instant;

use super::super::counters::Counters;
use super::super::message::MAX_ITEM;
use super::{PairId, Topic};

/// Items that a guest may be behind. The one that is further behind loses the oldest.
const LAG: usize = 512;
/// Items, and bytes of them, kept for guests that are just coming, and for how long.
const RECENT: usize = 256;
const RECENT_BYTES: usize = 8 << 20;
const FRESH: Duration = Duration::from_secs(10);

/// What a member publishes.
#[derive(Debug)]
pub(super) enum Publication {
    /// The public part of an intent, and the pair if it reveals one.
    Intent(Option<PairId>, Bytes),
    /// A settlement.
    Settlement(Bytes),
}

/// A member's end of the feed.
#[derive(Debug)]
pub(in crate::mesh) struct Publisher {
    guests: broadcast::Sender<Arc<Publication>>,
    recent: Mutex<Recent>,
    counters: Arc<Counters>,
}

/// What was published within the last seconds.
#[derive(Debug, Default)]
struct Recent {
    items: VecDeque<(Instant, Arc<Publication>)>,
    bytes: usize,
}

impl Publication {
    pub(super) const fn item(&self) -> &Bytes {
        match self {
            Self::Intent(_, item) | Self::Settlement(item) => item,
        }
    }

    /// Whether it is of a topic.
    pub(super) fn is_of(&self, topic: &Topic) -> bool {
        match (self, topic) {
            (Self::Intent(..), Topic::AllIntents) | (Self::Settlement(_), Topic::Settlements) => {
                true
            }
            (Self::Intent(Some(pair), _), Topic::Pairs(pairs)) => pairs.contains(pair),
            _ => false,
        }
    }
}

impl Recent {
    fn push(&mut self, publication: Arc<Publication>) {
        self.bytes = self.bytes.saturating_add(publication.item().len());
        self.items.push_back((Instant::now(), publication));
        while let Some((since, oldest)) = self.items.front() {
            let is_over = self.items.len() > RECENT || self.bytes > RECENT_BYTES;
            if !is_over && since.elapsed() < FRESH {
                return;
            }
            self.bytes = self.bytes.saturating_sub(oldest.item().len());
            self.items.pop_front();
        }
    }

    fn of(&self, topic: &Topic) -> Vec<Arc<Publication>> {
        // By their age once more: old ones are dropped only when something new comes.
        let fresh = self
            .items
            .iter()
            .filter(|(since, item)| since.elapsed() < FRESH && item.is_of(topic));
        fresh.map(|(_, item)| Arc::clone(item)).collect()
    }
}

impl Publisher {
    pub(in crate::mesh) fn new(counters: &Arc<Counters>) -> Self {
        Self {
            guests: broadcast::channel(LAG).0,
            recent: Mutex::default(),
            counters: Arc::clone(counters),
        }
    }

    /// Publishes the public part of an intent. Never waits.
    pub(in crate::mesh) fn intent(&self, pair: Option<PairId>, item: &Bytes) {
        self.publish(Publication::Intent(pair, item.clone()));
    }

    /// Publishes a settlement. Never waits.
    pub(in crate::mesh) fn settlement(&self, item: &Bytes) {
        self.publish(Publication::Settlement(item.clone()));
    }

    fn publish(&self, publication: Publication) {
        if publication.item().len() > MAX_ITEM {
            Counters::add(&self.counters.feed_full);
            return;
        }
        let publication = Arc::new(publication);
        let mut recent = self.recent();
        recent.push(Arc::clone(&publication));
        // Under the lock: who subscribes has an item from either, and from one of them only. An
        // error says that nobody listens.
        let _ = self.guests.send(publication);
    }

    /// What was published lately of a topic, and what will be, of all topics.
    pub(super) fn subscribe(
        &self,
        topic: &Topic,
    ) -> (Vec<Arc<Publication>>, broadcast::Receiver<Arc<Publication>>) {
        let recent = self.recent();
        (recent.of(topic), self.guests.subscribe())
    }

    /// Counts items that a guest has lost.
    pub(super) fn lost(&self, items: u64) {
        let feed_full = &self.counters.feed_full;
        feed_full.fetch_add(items, core::sync::atomic::Ordering::Relaxed);
    }

    fn recent(&self) -> MutexGuard<'_, Recent> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::super::pair;
    use super::*;

    fn items(publications: &[Arc<Publication>]) -> Vec<&[u8]> {
        publications
            .iter()
            .map(|each| each.item().as_ref())
            .collect()
    }

    #[tokio::test(start_paused = true)]
    async fn who_comes_late_has_the_last_seconds_of_its_topic_once() {
        let publisher = Publisher::new(&Arc::default());
        let (there, back) = (pair("a", "b"), pair("b", "a"));
        publisher.intent(Some(there), &Bytes::from_static(b"old"));
        tokio::time::advance(FRESH).await;
        publisher.intent(Some(there), &Bytes::from_static(b"there"));
        publisher.intent(Some(back), &Bytes::from_static(b"back"));
        publisher.intent(None, &Bytes::from_static(b"hidden"));
        publisher.settlement(&Bytes::from_static(b"settled"));
        let recent = |topic: &Topic| publisher.subscribe(topic).0;
        assert_eq!(items(&recent(&Topic::Pairs(vec![there]))), [b"there"]);
        assert_eq!(items(&recent(&Topic::AllIntents)).len(), 3);
        let (recent, mut coming) = publisher.subscribe(&Topic::Settlements);
        assert_eq!(items(&recent), [b"settled"]);
        publisher.settlement(&Bytes::from_static(b"next"));
        assert_eq!(coming.recv().await.unwrap().item().as_ref(), b"next");
        assert!(coming.try_recv().is_err());
    }

    #[tokio::test]
    async fn what_is_kept_is_bounded() {
        let publisher = Publisher::new(&Arc::default());
        for _ in 0..20 {
            publisher.settlement(&Bytes::from(vec![0; MAX_ITEM]));
        }
        assert!(publisher.recent().bytes <= RECENT_BYTES);
        for _ in 0..2 * RECENT {
            publisher.settlement(&Bytes::new());
        }
        assert_eq!(publisher.recent().items.len(), RECENT);
        publisher.settlement(&Bytes::from(vec![0; MAX_ITEM + 1]));
        assert_eq!(publisher.counters.read().feed_full, 1);
    }
}
