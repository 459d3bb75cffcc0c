//! The traders at work: a batch of orders is sealed, submitted, and followed until it is settled.
//!
//! What became of an order is read from its round's record, which the committee has signed, and
//! never from what a member says of it.

use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use sealbid_client::{Client, ClientError, ErrorClass, Outcome, Reveal, VerifiedRound, Window};
use sealbid_types::door::Event;
use sealbid_types::envelope::Envelope;
use sealbid_types::id::{EnvelopeId, Round};
use sealbid_types::time::Timestamp;
use tokio::time::{Instant, sleep};
use tokio_util::task::AbortOnDropHandle;

use super::plan::{Plan, PlannedOrder};
use super::progress::Progress;
use crate::commands::operate::node::phase_name;
use crate::context::blocking;
use crate::exit::Failure;
use crate::ui::text::count;

/// How long an order is good for.
const GOOD_FOR: Duration = Duration::from_secs(600);
/// How many rounds an order may wait for.
const ROUNDS: u64 = 4;
/// How many orders are on their way at once.
const AT_ONCE: usize = 16;
/// After the beginning of a quote window, when a batch is sent: all of it is for the next round.
const INTO_THE_WINDOW: Duration = Duration::from_millis(100);
/// How long an order may take to get its receipt.
const SUBMIT_PATIENCE: Duration = Duration::from_secs(60);
/// How long the demo waits before it asks again.
const LOOK: Duration = Duration::from_millis(150);
/// How long a batch may take to settle, in slots.
const PATIENCE_SLOTS: u32 = 12;
/// What each member adds to that: they all share this machine, and each talks to each.
const PATIENCE_PER_MEMBER: Duration = Duration::from_secs(10);

/// A settled round of the demo.
pub(crate) type Rounds = BTreeMap<Round, Arc<VerifiedRound>>;

/// An order that was submitted, and what became of it.
pub(crate) struct Traded {
    /// The order.
    pub(crate) planned: PlannedOrder,
    /// Its envelope.
    pub(crate) envelope: EnvelopeId,
    /// What became of it.
    pub(crate) outcome: Outcome,
}

/// An order that has its receipt.
pub(crate) struct Sent {
    /// The order.
    pub(crate) planned: PlannedOrder,
    /// Its envelope.
    pub(crate) envelope: Envelope,
    /// The round that lists it at the latest, if it closes in time.
    pub(crate) round: Round,
}

/// What the traders saw.
#[derive(Default)]
pub(crate) struct Traders {
    /// How many orders there are.
    pub(crate) total: usize,
    /// Every order, in the order of the plan.
    pub(crate) traded: Vec<Traded>,
    /// Every round that listed one.
    pub(crate) rounds: Rounds,
}

/// Carries out the whole plan, batch by batch.
///
/// # Errors
/// What the house or a member said; timeout, if a batch does not settle.
pub(crate) async fn trade(
    client: &Arc<Client>,
    plan: Plan,
    progress: &Arc<Progress>,
) -> Result<Traders, Failure> {
    // Beside the trading, and to be looked at only: what the demo goes by is the rounds' records.
    let phases = tokio::spawn(show_phases(Arc::clone(client), Arc::clone(progress)));
    // It would watch for ever.
    let _phases = AbortOnDropHandle::new(phases);
    trade_in_batches(client, plan, progress).await
}

async fn trade_in_batches(
    client: &Arc<Client>,
    plan: Plan,
    progress: &Arc<Progress>,
) -> Result<Traders, Failure> {
    let plan = Arc::new(plan);
    let mut traders = Traders {
        total: plan.orders(),
        ..Traders::default()
    };
    // The next batch when the one before is settled, so that each has a round of its own.
    for batch in 0..plan.batches.len() {
        let sent = send(client, &plan, batch, progress).await?;
        follow(client, &sent, &mut traders, progress).await?;
    }
    Ok(traders)
}

/// Shows the phases as a member tells them.
pub(super) async fn show_phases(client: Arc<Client>, progress: Arc<Progress>) {
    let mut watch = client.watch();
    loop {
        match watch.next().await {
            Ok(Event::Phase(head)) => {
                let step = format!("round {}", head.round);
                progress.state(&step, phase_name(head.phase), false);
            }
            Ok(Event::Settled(summary)) => {
                let text = format!(
                    "settled: {}, {}, {} filled",
                    count(summary.intents, "intent"),
                    count(summary.quotes, "quote"),
                    summary.filled
                );
                progress.state(&format!("round {}", summary.round), &text, true);
            }
            Ok(Event::Intent(_)) => {}
            // Nothing waits for what is shown: it goes on when a member answers again.
            Err(_) => sleep(LOOK).await,
        }
    }
}

/// Seals and submits a batch, when all of it can be for one round.
///
/// # Errors
/// What the house or a member said.
pub(super) async fn send(
    client: &Arc<Client>,
    plan: &Arc<Plan>,
    batch: usize,
    progress: &Progress,
) -> Result<Vec<Sent>, Failure> {
    let window = next_window(client).await?;
    send_in(client, plan, (batch, None), window, progress).await
}

/// Waits until all of a batch can be for one round, and says which.
///
/// # Errors
/// What the house said.
pub(super) async fn next_window(client: &Client) -> Result<Window, Failure> {
    // All of a batch is for one round only if it is sent within one quote window: intents that come
    // then are for the next one.
    sleep(until_window(client)).await;
    let standing = client.standing().await?;
    Ok(standing.window(client, ROUNDS, now().plus(GOOD_FOR))?)
}

/// Seals and submits a batch. Its first order may have been sealed before.
///
/// # Errors
/// What a member said.
pub(super) async fn send_in(
    client: &Arc<Client>,
    plan: &Arc<Plan>,
    (batch, mut first): (usize, Option<Envelope>),
    window: Window,
    progress: &Progress,
) -> Result<Vec<Sent>, Failure> {
    let step = format!("batch {}: receipts", batch.saturating_add(1));
    let orders = plan
        .batches
        .get(batch)
        .map(Vec::as_slice)
        .unwrap_or_default();
    progress.step(&step, 0, orders.len());
    // Several under way at once. `buffered` keeps the order of the plan all the same.
    let each = stream::iter(0..orders.len()).map(|at| {
        let (client, plan) = (Arc::clone(client), Arc::clone(plan));
        let sealed = first.take();
        async move {
            let envelope = match sealed {
                Some(envelope) => envelope,
                None => seal(&client, &plan, (batch, at), window).await?,
            };
            submit(&client, envelope).await
        }
    });
    let mut results = each.buffered(AT_ONCE);
    let mut sent = Vec::with_capacity(orders.len());
    while let Some(one) = results.try_next().await? {
        sent.push(one);
        progress.step(&step, sent.len(), orders.len());
    }
    let sent = orders.iter().cloned().zip(sent);
    let sent = sent.map(|(planned, (envelope, round))| Sent {
        planned,
        envelope,
        round,
    });
    Ok(sent.collect())
}

/// How long it is until shortly after the beginning of a quote window.
// By this machine's clock, on which the demo's members run too.
fn until_window(client: &Client) -> Duration {
    let (schedule, now) = (&client.committee().schedule, now());
    let current = schedule.current(now);
    let starts =
        [current, current.next()].map(|slot| schedule.quotes_from(slot).plus(INTO_THE_WINDOW));
    starts
        .into_iter()
        .find(|start| *start > now)
        .unwrap_or(now)
        .since(now)
}

async fn submit(client: &Client, envelope: Envelope) -> Result<(Envelope, Round), Failure> {
    let deadline = Instant::now() + SUBMIT_PATIENCE;
    // To submit an envelope again is harmless, and a slow machine may need it.
    loop {
        let error = match client.submit(&envelope).await {
            Ok(accepted) => return Ok((envelope, accepted.round)),
            Err(error) => error,
        };
        let is_slow = matches!(error.class(), ErrorClass::NoQuorum | ErrorClass::Timeout);
        if !is_slow || Instant::now() >= deadline {
            return Err(error.into());
        }
        sleep(LOOK).await;
    }
}

/// Signs and seals one order, on a thread that may be busy, beside other orders under way.
///
/// # Errors
/// Work, if there is no such order.
pub(super) async fn seal(
    client: &Arc<Client>,
    plan: &Arc<Plan>,
    (batch, at): (usize, usize),
    window: Window,
) -> Result<Envelope, Failure> {
    let (client, plan) = (Arc::clone(client), Arc::clone(plan));
    let seal = move || -> Result<Envelope, Failure> {
        let planned = plan.batches.get(batch).and_then(|orders| orders.get(at));
        let planned = planned.ok_or_else(|| Failure::work("no such order"))?;
        let trader = plan.traders.get(planned.trader);
        let trader = trader.ok_or_else(|| Failure::work("no such trader"))?;
        let signed = trader.sign(&*client, &planned.order, window.expires, None)?;
        Ok(trader.seal(&*client, &signed, Reveal::Pair, window)?)
    };
    blocking(seal).await?
}

/// Waits until every envelope of a batch is settled.
///
/// # Errors
/// What the house or a member said; timeout.
pub(super) async fn follow(
    client: &Client,
    sent: &[Sent],
    traders: &mut Traders,
    progress: &Progress,
) -> Result<(), Failure> {
    // In slots: a slow machine may need several of them for one round.
    let slots = Duration::from_millis(client.committee().schedule.period_ms.into());
    let members = u32::from(client.committee().members());
    let deadline = Instant::now() + slots * PATIENCE_SLOTS + PATIENCE_PER_MEMBER * members;
    // Round by round, also those that list nothing of the batch: an audit needs the whole chain.
    let mut round = traders
        .rounds
        .last_key_value()
        .map_or(Round(1), |(round, _)| round.next());
    let mut waiting: Vec<(&PlannedOrder, EnvelopeId)> = sent
        .iter()
        .map(|sent| (&sent.planned, sent.envelope.id()))
        .collect();
    while !waiting.is_empty() {
        let Some(settled) = settled(client, round).await? else {
            if Instant::now() >= deadline {
                let message = format!("not settled in time: {} of the orders", waiting.len());
                return Err(Failure::timeout(message));
            }
            sleep(LOOK).await;
            continue;
        };
        waiting.retain(|(planned, envelope)| match settled.outcome_of(*envelope) {
            Some(outcome) => {
                traders.traded.push(Traded {
                    planned: (*planned).clone(),
                    envelope: *envelope,
                    outcome,
                });
                false
            }
            None => true,
        });
        progress.step("settled orders", traders.traded.len(), traders.total);
        traders.rounds.insert(round, settled);
        round = round.next();
    }
    Ok(())
}

/// The round's record, once there is one.
async fn settled(client: &Client, round: Round) -> Result<Option<Arc<VerifiedRound>>, Failure> {
    match client.round(round).await {
        Ok(settled) => Ok(Some(settled)),
        Err(error) if is_not_yet(&error) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// It is not settled yet, or nobody has answered in time: at the next look both may be otherwise.
fn is_not_yet(error: &ClientError) -> bool {
    matches!(error.class(), ErrorClass::NotFound | ErrorClass::Timeout)
}

fn now() -> Timestamp {
    Timestamp::from(SystemTime::now())
}
