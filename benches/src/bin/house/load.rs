//! Traders: sealed swaps, submitted one by one or many at once.
//!
//! They are clients as any other: they go through the front doors, verify every receipt, and read
//! what has settled. They run on the machine that they measure, and take their share of its cores.

use core::time::Duration;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Instant;

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use sealbid_benches::Fallible;
use sealbid_benches::house::latency::Latency;
use sealbid_benches::house::members;
use sealbid_benches::house::traders::{millis, now, seal_all, sealed, trader, window};
use sealbid_client::Client;
use sealbid_client::CommitteeFile;
use sealbid_keygen::HouseDir;
use sealbid_types::envelope::Envelope;
use sealbid_types::id::Round;
use tokio::process::Command;
use tokio::time::sleep;

use super::report::{Batch, SettledRound};

/// After the beginning of a quote window, when a batch is sent: all of it can be for one round.
const INTO_THE_WINDOW: Duration = Duration::from_millis(100);
/// Between two looks for a settled round.
const LOOK: Duration = Duration::from_millis(250);
/// How long a batch may take to settle.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long the members have to write the timings of a round that they have settled.
const TIMINGS: Duration = Duration::from_millis(500);
/// Clients with a key and connections of their own: a front door allows each key 200 requests a
/// second, and 400 at once.
pub(crate) struct Traders {
    /// At least one.
    clients: Vec<Arc<Client>>,
    /// How many submissions each of them has under way.
    in_flight: u8,
}

impl Traders {
    /// Connects to the house in `root`.
    pub(crate) async fn connect(root: &Path, clients: u8, in_flight: u8) -> Fallible<Self> {
        let committee = CommitteeFile::load(&HouseDir::new(root).committee())?;
        let mut connected = Vec::new();
        for _ in 0..clients {
            let house = Client::connect(committee.clone()).await?;
            // Every member is dialled before anything is timed.
            house.heads().await;
            connected.push(Arc::new(house));
        }
        Ok(Self {
            clients: connected,
            in_flight,
        })
    }

    fn first(&self) -> Fallible<&Arc<Client>> {
        Ok(self.clients.first().ok_or("no clients")?)
    }

    /// Signs, seals and submits one swap after another: from the order to the verified receipt.
    pub(crate) async fn one_by_one(&self, swaps: u32) -> Fallible<Latency> {
        // With an account of its own, so that none of a batch's quota is spent.
        let (house, trader) = (self.first()?, trader(0, 0));
        let mut times = Vec::new();
        for _ in 0..swaps {
            // Before the clock starts: what is timed is the swap alone.
            let window = window(house).await?;
            let started = Instant::now();
            let envelope = sealed(house, &trader, window)?;
            house.submit(&envelope).await?;
            times.push(millis(started));
        }
        Latency::of(&times)
    }

    /// Seals a batch beforehand, submits it from all clients, and waits until it is settled.
    pub(crate) async fn batch(&self, intents: u32, root: &Path) -> Fallible<Batch> {
        let house = self.first()?;
        // Beforehand: sealing is the traders' work, and what a batch is to measure is the house's.
        let envelopes = seal_all(house, intents).await?;
        until_empty(house).await?;
        sleep(until_window(house)).await;
        let started = Instant::now();
        let sent = self.submit_all(&envelopes).await?;
        let seconds = started.elapsed().as_secs_f64();
        let times: Vec<f64> = sent.iter().map(|(time, _)| *time).collect();
        // A receipt names the round that lists the intent at the latest: these have to settle.
        let rounds = || sent.iter().map(|(_, round)| *round);
        let (first, last) = (rounds().min(), rounds().max());
        let (first, last) = first.zip(last).ok_or("an empty batch")?;
        let settled = settled(house, first, last, root).await?;
        Ok(Batch {
            intents,
            submissions_per_second: f64::from(intents) / seconds,
            receipts: Latency::of(&times)?,
            rounds: settled,
            // After all of it has settled, so that what a round takes for a while shows in the peak
            // alone.
            memory: members::memory(root)?,
        })
    }

    /// The time of each submission in milliseconds, and the round of its receipt.
    async fn submit_all(&self, envelopes: &[Envelope]) -> Fallible<Vec<(f64, Round)>> {
        let share = envelopes.len().div_ceil(self.clients.len().max(1)).max(1);
        let at_once = usize::from(self.in_flight);
        let each = self.clients.iter().zip(envelopes.chunks(share));
        let each = each.map(|(house, envelopes)| async move {
            stream::iter(envelopes)
                .map(|envelope| submit(house, envelope))
                // As the answers come: a slow one holds up its own place only.
                .buffer_unordered(at_once)
                .try_collect::<Vec<_>>()
                .await
        });
        Ok(futures::future::try_join_all(each).await?.concat())
    }

    /// Closes all connections.
    pub(crate) async fn close(&self) {
        for client in &self.clients {
            client.close().await;
        }
    }
}

/// The same swap by the command: starting it, its connections and the files it keeps included.
pub(crate) async fn by_command(sealbid: &Path, root: &Path, swaps: u32) -> Fallible<Latency> {
    let mut times = Vec::new();
    for _ in 0..swaps {
        let started = Instant::now();
        let output = Command::new(sealbid)
            .arg("--dir")
            .arg(root)
            .args([
                "--json",
                "swap",
                "10",
                "usdc.near",
                "wrap.near",
                "--min",
                "9",
            ])
            // Nobody types a passphrase: accounts of a house for development have none.
            .stdin(Stdio::null())
            .output()
            .await?;
        times.push(millis(started));
        if !output.status.success() {
            let why = String::from_utf8_lossy(&output.stderr);
            return Err(format!("`sealbid swap` failed: {why}").into());
        }
    }
    Latency::of(&times)
}

/// Milliseconds until the receipt is verified, and its round.
async fn submit(house: &Client, envelope: &Envelope) -> Fallible<(f64, Round)> {
    let started = Instant::now();
    let accepted = house.submit(envelope).await?;
    Ok((millis(started), accepted.round))
}

/// Waits until no intent is pending: a member holds as many as a round may take, and the swaps
/// before would take the batch's place.
async fn until_empty(house: &Client) -> Fallible<()> {
    let deadline = Instant::now() + PATIENCE;
    while house
        .standing()
        .await?
        .heads
        .values()
        .any(|head| head.intents > 0)
    {
        if Instant::now() >= deadline {
            return Err("the swaps before the batch do not settle".into());
        }
        sleep(LOOK).await;
    }
    Ok(())
}

/// How long it is until shortly after the beginning of a quote window.
/// By this machine's clock, on which the members run too.
fn until_window(house: &Client) -> Duration {
    let (schedule, now) = (&house.committee().schedule, now());
    let current = schedule.current(now);
    [current, current.next()]
        .map(|slot| schedule.quotes_from(slot).plus(INTO_THE_WINDOW))
        .into_iter()
        .find(|start| *start > now)
        .unwrap_or(now)
        .since(now)
}

/// Waits until `last` is settled, and tells how long the rounds from `first` on took.
async fn settled(
    house: &Client,
    first: Round,
    last: Round,
    root: &Path,
) -> Fallible<Vec<SettledRound>> {
    let deadline = Instant::now() + PATIENCE;
    while house.standing().await?.settled < last {
        if Instant::now() >= deadline {
            return Err(format!("round {last} does not settle").into());
        }
        sleep(LOOK).await;
    }
    sleep(TIMINGS).await;
    // All rounds of the batch: one that outlasts a slot falls into two.
    let count = u16::try_from(last.0.saturating_sub(first.0))?.saturating_add(1);
    let summaries = house.rounds(first, count).await?;
    let with_time = summaries.into_iter().map(|summary| {
        // By the members' own clocks and files: the traders see a round settle only when they look.
        let measured = members::measured(root, summary.round)?;
        Ok(SettledRound {
            round: summary.round,
            intents: summary.intents,
            filled: summary.filled,
            measured,
        })
    });
    with_time.collect()
}
