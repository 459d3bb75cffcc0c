//! Waiting for what becomes of an order, and what is told meanwhile.

use core::time::Duration;

use sealbid_client::{ClientError, Outcome};
use sealbid_types::id::EnvelopeId;
use tokio::time::Instant;

use crate::exit::Failure;
use crate::orders::args::WaitArgs;
use crate::orders::files::OrderFile;
use crate::orders::session::{TradingSession, now};
use crate::ui::text::clock;

/// How long the house is left alone between two questions.
const POLL_INTERVAL: Duration = Duration::from_millis(250);
/// After how long without an answer that is said: a member that is slow is no news.
const QUIET: Duration = Duration::from_secs(3);

impl TradingSession {
    /// Waits for the outcome of an envelope, one's own or not, for `limit` at most; without one,
    /// for twice as long as its rounds take. What is final is written down.
    ///
    /// # Errors
    /// Timeout, or what kept failing; each says how to ask again.
    pub(crate) async fn wait(
        &self,
        id: EnvelopeId,
        order: Option<&OrderFile>,
        limit: Option<Duration>,
    ) -> Result<Outcome, Failure> {
        let limit = limit.unwrap_or_else(|| self.usual_limit(order));
        let until = Instant::now() + limit;
        let mut silence = Silence::new();
        let mut last = ClientError::TimedOut("no round has settled it yet");
        let mut heard = None;
        loop {
            match tokio::time::timeout_at(until, self.house.outcome(id)).await {
                Ok(Ok(outcome)) if outcome.is_final() => {
                    self.note(id, &outcome);
                    return Ok(outcome);
                }
                Ok(Ok(outcome)) => {
                    heard = Some(outcome);
                    last = ClientError::TimedOut("no round has settled it yet");
                    self.tell(silence.ended());
                }
                Ok(Err(error)) => {
                    let left = until.saturating_duration_since(Instant::now());
                    self.tell(silence.lasts(&error, left));
                    last = error;
                }
                Err(_) => {
                    let advice = self.advice_on(id, order, heard.as_ref());
                    return Err(no_outcome(id, limit, &last, heard.as_ref()).advise(advice));
                }
            }
            tokio::time::sleep_until(until.min(Instant::now() + POLL_INTERVAL)).await;
        }
    }

    /// What became of an order: as it was noted here, by a record at hand, by the word of the house,
    /// or after waiting for it.
    ///
    /// # Errors
    /// Those of asking; timeout.
    pub(crate) async fn outcome(
        &self,
        id: EnvelopeId,
        order: Option<&OrderFile>,
        wait: &WaitArgs,
    ) -> Result<Outcome, Failure> {
        // A settled round does not change: what is final needs no house.
        if let Some(noted) = order.and_then(|order| order.outcome.clone()) {
            return Ok(noted);
        }
        if let Some(order) = order
            && let Some(proved) = self
                .house
                .outcome_at_hand(id, order.first..=order.last)
                .await
        {
            self.note(id, &proved);
            return Ok(proved);
        }
        if wait.waits() {
            return self.wait(id, order, wait.limit()).await;
        }
        let asked = self.house.outcome(id).await;
        let outcome = asked.map_err(|error| Failure::from(&error).of_order(id))?;
        // From then on `orders` knows it without asking anybody.
        self.note(id, &outcome);
        Ok(outcome)
    }

    /// That nobody has an order, and what may be done about it. Whether its time is over is for the
    /// house to say: the clock here may be ahead.
    pub(crate) async fn unknown(&self, id: EnvelopeId, order: Option<&OrderFile>) -> Failure {
        let short = id.short();
        let failure = Failure::work(format!("{short} is unknown: no quorum has acknowledged it"))
            .with_code("unknown-envelope")
            .of_order(id)
            .reported();
        let Some(order) = order else {
            return failure.advise("`sealbid orders` lists yours");
        };
        let standing = self.house.standing().await;
        // Then all rounds that could have listed it are settled, and none has.
        match standing.is_ok_and(|standing| order.last <= standing.settled) {
            true => failure.advise("its time is over: it was never opened, and may be given again"),
            false => failure.advise(format!("`{}` sends it", self.sends(id))),
        }
    }

    pub(super) fn tell(&self, news: Option<String>) {
        if let Some(news) = news {
            self.context.console().note(news);
        }
    }

    /// Twice the rounds' own time, since a round may need more than one slot, and some more.
    fn usual_limit(&self, order: Option<&OrderFile>) -> Duration {
        let period = u64::from(self.house.committee().schedule.period_ms);
        // Another's rounds are not known here: as many as are usual.
        let rounds = order.map_or(3, |order| order.last.0.saturating_sub(order.first.0));
        let millis = period
            .saturating_mul(rounds.saturating_add(2))
            .saturating_mul(2);
        Duration::from_millis(millis.saturating_add(30_000))
    }

    /// What to do about an order of which nothing final was heard: it may have been filled all the
    /// same, unless nobody has it.
    fn advice_on(
        &self,
        id: EnvelopeId,
        order: Option<&OrderFile>,
        heard: Option<&Outcome>,
    ) -> String {
        let is_in = matches!(
            heard,
            Some(Outcome::Pending { .. } | Outcome::Listed { .. })
        );
        match order {
            // Others' orders go by whole ids.
            None => format!("ask again: sealbid status {id} --wait"),
            Some(order) if is_in || order.receipt.is_some() => format!(
                "it stays in the auction: do not give it again\n  sealbid status {} --wait",
                id.short()
            ),
            Some(order) if order.sent.is_none() => {
                format!("it was not sent: `{}` sends it", self.sends(id))
            }
            Some(_) => format!(
                "a member may hold it: send this very envelope again, not a new one\n  {}",
                self.sends(id)
            ),
        }
    }
}

/// The order is named, with what was heard of it last.
fn no_outcome(
    id: EnvelopeId,
    limit: Duration,
    last: &ClientError,
    heard: Option<&Outcome>,
) -> Failure {
    let last_heard = match heard {
        Some(Outcome::Unknown) => "no quorum has acknowledged it".to_owned(),
        _ => last.to_string(),
    };
    let message = format!(
        "no outcome of {} within {}: {last_heard}",
        id.short(),
        humantime::format_duration(Duration::from_secs(limit.as_secs().max(1)))
    );
    let failure = match Failure::from(last).code() {
        6 => Failure::no_quorum(message),
        _ => Failure::timeout(message),
    };
    failure.of_order(id)
}

/// When somebody answered last, and whether silence since then was told.
#[derive(Debug)]
pub(super) struct Silence {
    since: Instant,
    is_told: bool,
}

impl Silence {
    pub(super) fn new() -> Self {
        Self {
            since: Instant::now(),
            is_told: false,
        }
    }

    /// Another question had no answer. Gives what to say, once.
    pub(super) fn lasts(&mut self, error: &ClientError, left: Duration) -> Option<String> {
        if self.is_told || self.since.elapsed() < QUIET {
            return None;
        }
        self.is_told = true;
        Some(format!(
            "{error}: waiting on until {}",
            clock(now().plus(left))
        ))
    }

    /// There was an answer. Gives what to say if silence was told.
    fn ended(&mut self) -> Option<String> {
        let was = core::mem::replace(self, Self::new());
        was.is_told.then(|| "members answer again".to_owned())
    }
}
