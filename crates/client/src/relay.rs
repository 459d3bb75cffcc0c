//! Relaying: settled rounds, each once and in order, from any round on.
//!
//! A relayer is trusted with nothing but being there. It may be late, and cannot change what it
//! carries: each record is verified against the committee's key before it is given out. Where to go
//! on is for the caller to remember: who writes down a round before it asks for the next one may be
//! stopped at any moment, and relays none twice.

use core::time::Duration;
use std::sync::Arc;

use sealbid_types::id::Round;

use crate::client::Client;
use crate::error::{ClientError, ErrorClass};
use crate::guest::SettlementFeed;
use crate::round::VerifiedRound;

/// How often it is looked for a settlement that no feed has told of.
const LOOK: Duration = Duration::from_secs(2);

/// Settled rounds, each once and in order.
#[derive(Debug)]
pub struct SettledRounds<'a> {
    client: &'a Client,
    next: Round,
    feed: Option<SettlementFeed>,
}

impl Client {
    /// Settled rounds from `first` on, and then each as it is settled.
    ///
    /// # Examples
    /// ```no_run
    /// use sealbid_client::Client;
    /// use sealbid_client::types::Round;
    ///
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let client = Client::open("house/committee.json").await?;
    /// let mut rounds = client.settled_rounds(Round(1));
    /// loop {
    ///     let round = rounds.next().await;
    ///     let settlement = round.settlement();
    ///     println!("round {}: {} fills", settlement.round, settlement.fills.len());
    /// }
    /// # }
    /// ```
    #[must_use]
    pub const fn settled_rounds(&self, first: Round) -> SettledRounds<'_> {
        SettledRounds {
            client: self,
            next: first,
            feed: None,
        }
    }
}

impl SettledRounds<'_> {
    /// The same, told by a guest's feed when to look. Without one it looks every two seconds; what
    /// the feed leaves out is found by that too.
    #[must_use]
    pub fn told_by(mut self, feed: SettlementFeed) -> Self {
        self.feed = Some(feed);
        self
    }

    /// The round that is given out next.
    #[must_use]
    pub const fn position(&self) -> Round {
        self.next
    }

    /// The next round, if it is settled: none if it is not, or not at the members that answer.
    ///
    /// # Errors
    /// [`ClientError`] if no member answers, or none rightly; it may be called again.
    pub async fn try_next(&mut self) -> Result<Option<Arc<VerifiedRound>>, ClientError> {
        match self.client.round(self.next).await {
            Ok(round) => {
                self.next = self.next.next();
                Ok(Some(round))
            }
            Err(error) if error.class() == ErrorClass::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The next round, waited for. Members that are away, or lie, are waited out: that passes, and
    /// what it takes is logged. May be dropped at any moment; no round is lost by that.
    pub async fn next(&mut self) -> Arc<VerifiedRound> {
        loop {
            match self.try_next().await {
                Ok(Some(round)) => return round,
                Ok(None) => {}
                // That does not pass, unless a member comes back that has it still.
                Err(error) if error.is_record_gone() => {
                    tracing::warn!("round {}: {error}", self.next);
                }
                Err(error) => tracing::debug!("round {}: {error}", self.next),
            }
            self.wait().await;
        }
    }

    /// Which settlement was told of does not matter: at worst one looks in vain.
    async fn wait(&mut self) {
        let told = async {
            match &mut self.feed {
                Some(feed) => feed.changed().await,
                None => core::future::pending().await,
            }
        };
        let ended = matches!(tokio::time::timeout(LOOK, told).await, Ok(false));
        if ended {
            self.feed = None;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use core::sync::atomic::{AtomicU64, Ordering};

    use sealbid_types::door::{Refusal, RefusalCode, Request, Response};

    use super::*;
    use crate::testing::{Answer, TestHouse};

    /// A member that has settled the rounds up to a number that grows.
    fn settling(house: &TestHouse, settled: &Arc<AtomicU64>) -> Option<Answer> {
        let records: Vec<_> = (0..=5)
            .map(|round| house.record(Round(round), &[]))
            .collect();
        let settled = Arc::clone(settled);
        Some(Box::new(move |request| {
            let Request::Round(round) = request else {
                return None;
            };
            let at = usize::try_from(round.0).ok();
            let record = at.and_then(|at| records.get(at)).cloned();
            let is_settled = round.0 <= settled.load(Ordering::SeqCst);
            Some(match record.filter(|_| is_settled) {
                Some(record) => Response::Record(Box::new(record)),
                None => Response::Refused(Refusal {
                    code: RefusalCode::NoSuchRound,
                    message: String::new(),
                }),
            })
        }))
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn rounds_come_once_and_in_order() {
        let mut house = TestHouse::new(3);
        let settled = Arc::new(AtomicU64::new(3));
        let members = (0..3).map(|_| settling(&house, &settled)).collect();
        let (_doors, client) = house.open(members).await;
        let mut rounds = client.settled_rounds(Round(2));
        for expected in [2, 3] {
            assert_eq!(rounds.next().await.settlement().round, Round(expected));
        }
        assert_eq!(rounds.try_next().await, Ok(None));
        assert_eq!(rounds.position(), Round(4));
        settled.store(5, Ordering::SeqCst);
        for expected in [4, 5] {
            assert_eq!(rounds.next().await.settlement().round, Round(expected));
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn nobody_to_ask_is_no_round_that_is_not_settled() {
        let mut house = TestHouse::new(3);
        let (_doors, client) = house.open(vec![None, None, None]).await;
        let mut rounds = client.settled_rounds(Round(1));
        let error = rounds.try_next().await.unwrap_err();
        assert_eq!(error.class(), ErrorClass::NoQuorum);
        assert_eq!(rounds.position(), Round(1));
    }
}
