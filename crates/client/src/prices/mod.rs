//! What was quoted and paid lately: of certified records, and of no member's word.
//!
//! Quotes are sealed until a round is closed, so there is no price of now; there is what the last
//! rounds show. Each of them is verified against the committee's key, its valid quotes are opened
//! again, and its fills are what the committee signed. A member can leave the newest rounds out; it
//! cannot change one.

mod opened;
mod pair;
mod rate;

use core::time::Duration;
use std::collections::BTreeMap;

use futures::stream::{self, StreamExt as _};
use sealbid_crypto::BatchSecret;
use sealbid_types::amount::Amount;
use sealbid_types::door::{Request, Response};
use sealbid_types::id::Round;
use sealbid_types::metadata::Pair;
use tokio::time::{Instant, timeout_at};

pub use self::opened::{OpenedQuote, OpenedRound, OpeningsError, PaidFill};
pub use self::pair::{PaidRates, PairActivity, PairPrices, QuotedPrice, Reference};

use crate::audit::batch_secret;
use crate::client::Client;
use crate::error::{ClientError, Fault};
use crate::records::RecordFileError;
use crate::round::VerifiedRound;

/// The most rounds of one look back.
pub const MOST_ROUNDS: u16 = 1000;

/// How many rounds are fetched at once: enough to hide the way there and back, few enough that a
/// house hardly notices.
const AT_ONCE: usize = 4;

/// How far to look back, and what that may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lookback {
    /// How many rounds at most, the newest first; at most [`MOST_ROUNDS`].
    pub rounds: u16,
    /// After this time no member is asked any more. What is at hand is read all the same.
    pub timeout: Duration,
    /// The newest settled round, for whoever knows it already: then nobody is asked for it.
    pub newest: Option<Round>,
}

impl Default for Lookback {
    /// Fifty rounds, in ten seconds.
    fn default() -> Self {
        Self {
            rounds: 50,
            timeout: Duration::from_secs(10),
            newest: None,
        }
    }
}

/// The last rounds, as far as they could be read.
#[derive(Debug, Clone)]
pub struct RecentRounds {
    rounds: BTreeMap<Round, OpenedRound>,
    /// Rounds that were looked for and not read, each with the reason.
    pub missing: BTreeMap<Round, ClientError>,
    /// Whether the members said which round is the newest; else it is the newest at hand.
    pub is_current: bool,
    fee_pips: u32,
}

impl RecentRounds {
    /// The rounds that were read, oldest first.
    pub fn rounds(&self) -> impl DoubleEndedIterator<Item = &OpenedRound> + Clone {
        self.rounds.values()
    }

    /// Each pair that was quoted, by pair.
    #[must_use]
    pub fn pairs(&self) -> Vec<PairActivity> {
        pair::activity(self.rounds())
    }

    /// What was quoted and paid of a pair; with `amount`, in base units of what is given, also what
    /// quotes would have brought for it.
    #[must_use]
    pub fn prices(&self, pair: &Pair, amount: Option<Amount>) -> PairPrices {
        PairPrices::new(pair, amount, self.fee_pips, self.rounds())
    }
}

impl Client {
    /// What was quoted and paid of a pair lately: [`Self::recent_rounds`], and of these
    /// [`RecentRounds::prices`].
    ///
    /// # Errors
    /// As [`Self::recent_rounds`].
    pub async fn prices(
        &self,
        pair: &Pair,
        amount: Option<Amount>,
        lookback: Lookback,
    ) -> Result<PairPrices, ClientError> {
        let recent = self.recent_rounds(lookback).await?;
        Ok(recent.prices(pair, amount))
    }

    /// The last settled rounds, verified and opened. What is at hand ([`Self::with_records`]) is
    /// read there; members are asked for the others, four at a time, newest first.
    ///
    /// It costs one question to every member for the newest round, unless that is given, and at
    /// most one record a round that is not at hand: some 3 KB an intent or quote. A round takes
    /// some 10 ms to verify and half a millisecond a quote to open. It takes hardly longer than the
    /// timeout, whatever the members do; rounds that did not come by then are in
    /// [`RecentRounds::missing`]. If no member tells the newest round, it is the newest at hand.
    ///
    /// # Errors
    /// [`ClientError`] if the newest round is known neither from the members nor from records at
    /// hand, or if there are rounds and none could be read.
    pub async fn recent_rounds(&self, lookback: Lookback) -> Result<RecentRounds, ClientError> {
        let deadline = Instant::now() + lookback.timeout;
        let (newest, is_current) = self.newest(&lookback, deadline).await?;
        // Who does not say where it stands does not show a record either: nobody is dialled again.
        let deadline = if is_current { deadline } else { Instant::now() };
        let count = u64::from(lookback.rounds.clamp(1, MOST_ROUNDS));
        let oldest = newest.0.saturating_sub(count).saturating_add(1);
        let secret = batch_secret()?;
        let ask = |round| {
            let opened = self.opened_round(round, &secret, deadline);
            async move { (round, opened.await) }
        };
        let wanted = (oldest..=newest.0).rev().map(Round);
        let mut answers = stream::iter(wanted).map(ask).buffered(AT_ONCE);
        let (mut rounds, mut missing) = (BTreeMap::new(), BTreeMap::new());
        while let Some((round, answer)) = answers.next().await {
            match answer {
                Ok(opened) => _ = rounds.insert(round, opened),
                Err(error) => _ = missing.insert(round, error),
            }
        }
        if rounds.is_empty()
            && let Some((_, error)) = missing.pop_last()
        {
            return Err(error);
        }
        Ok(RecentRounds {
            rounds,
            missing,
            is_current,
            fee_pips: self.committee().rules.fee_pips,
        })
    }

    /// The newest settled round, and whether the members said so.
    async fn newest(
        &self,
        lookback: &Lookback,
        deadline: Instant,
    ) -> Result<(Round, bool), ClientError> {
        if let Some(newest) = lookback.newest {
            return Ok((newest, true));
        }
        let error = match timeout_at(deadline, self.standing()).await {
            Ok(Ok(standing)) => return Ok((standing.settled, true)),
            Ok(Err(error)) => error,
            Err(_) => ClientError::TimedOut("no quorum says which round is the newest"),
        };
        let directory = self.records();
        let at_hand = directory.and_then(|directory| directory.rounds().ok()?.last().copied());
        at_hand.map(|newest| (newest, false)).ok_or(error)
    }

    /// A settled round with its quotes opened: by the record at hand, else by a member's.
    async fn opened_round(
        &self,
        round: Round,
        secret: &BatchSecret,
        deadline: Instant,
    ) -> Result<OpenedRound, ClientError> {
        if let Some(opened) = self.opened_at_hand(round, secret).await {
            return Ok(opened);
        }
        let judge = |_, response| match response {
            Response::Record(record) => {
                let verified = VerifiedRound::verify(self, round, *record)?;
                Ok(OpenedRound::new(self.keys(), &verified, secret)?)
            }
            _ => Err(Fault::NoAnswer),
        };
        let (late, request) = ("a record did not come", Request::Round(round));
        let asked = self.first_good(&request, None, judge);
        // Before the first of them too: once the time is over nobody is asked.
        if Instant::now() >= deadline {
            return Err(ClientError::TimedOut(late));
        }
        timeout_at(deadline, asked)
            .await
            .unwrap_or(Err(ClientError::TimedOut(late)))
    }

    async fn opened_at_hand(&self, round: Round, secret: &BatchSecret) -> Option<OpenedRound> {
        let record = self.record_at_hand(round).await?;
        let path = self.records()?.file(round);
        let verified = self.verified_at_hand(round, record)?;
        match OpenedRound::new(self.keys(), &verified, secret) {
            Ok(opened) => Some(opened),
            Err(error) => {
                let what = error.to_string();
                self.pass_over(round, RecordFileError::Openings { path, what });
                None
            }
        }
    }
}

#[cfg(test)]
mod tests;
