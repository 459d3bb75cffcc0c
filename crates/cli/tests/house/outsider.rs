//! Whoever sees a house through its front doors alone.

use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use sealbid_client::{Account, Client, ClientError, Order, Outcome, Reveal, Trader};
use sealbid_types::door::{Head, Phase};
use sealbid_types::envelope::Envelope;
use sealbid_types::id::{EnvelopeId, MemberIndex};
use sealbid_types::time::Timestamp;

use crate::kit::PATIENCE;

/// A trader, who also looks at what members say of themselves.
pub(crate) struct Outsider {
    pub(crate) client: Client,
    trader: Trader,
}

impl Outsider {
    pub(crate) async fn of(committee: &Path) -> Self {
        let client = Client::open(committee).await.unwrap();
        let account = Account::new(ed25519_dalek::SigningKey::from_bytes(&[9; 32]));
        let trader = Trader::new(account);
        Self { client, trader }
    }

    /// Waits until every member hears all others.
    pub(crate) async fn all_hear_each_other(&self) {
        let n = self.client.committee().roster.len();
        let deadline = Instant::now() + PATIENCE;
        loop {
            let heads = self.client.heads().await;
            let hears = |alive: usize| alive == n;
            if heads
                .values()
                .flatten()
                .filter(|head| hears(head.alive.len()))
                .count()
                == n
            {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "members do not find each other: {heads:?}"
            );
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Seals a swap that the solver's prices meet, for the next rounds.
    pub(crate) async fn sealed(&self) -> Result<Envelope, ClientError> {
        let now = Timestamp::from(SystemTime::now());
        let deadline = now.plus(Duration::from_secs(900));
        let standing = self.client.standing().await?;
        let window = standing.window(&self.client, 8, deadline)?;
        let usdc = "nep141:17208628f84f5d6ad33f0da3bbbeb27ffcb398eac501a31bd6ad2011e36133a1";
        let order = Order::Swap {
            give: usdc.parse().unwrap(),
            amount: "1000000000".parse().unwrap(),
            want: "nep141:wrap.near".parse().unwrap(),
            minimum: "950000000000000000000000000".parse().unwrap(),
        };
        let signed = self.trader.sign(&self.client, &order, deadline, None)?;
        self.trader
            .seal(&self.client, &signed, Reveal::Pair, window)
    }

    /// Seals and submits such a swap, and waits for its receipt.
    pub(crate) async fn swap(&self) -> EnvelopeId {
        let sealed = self.sealed().await.unwrap();
        self.client.submit(&sealed).await.unwrap();
        sealed.id()
    }

    /// The same where members may not be ready yet: one order is sent until it has its receipt.
    pub(crate) async fn swap_soon(&self, patience: Duration) -> EnvelopeId {
        let deadline = Instant::now() + patience;
        let mut sealed = None;
        loop {
            if sealed.is_none() {
                sealed = self.sealed().await.ok();
            }
            if let Some(sealed) = &sealed {
                match self.client.send(sealed).await {
                    Ok(_) => return sealed.id(),
                    Err(error) => assert!(Instant::now() < deadline, "{error}"),
                }
            }
            assert!(Instant::now() < deadline, "no receipt");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Waits until a swap is settled.
    pub(crate) async fn outcome(&self, id: EnvelopeId) -> Outcome {
        self.client.wait_for_outcome(id, PATIENCE).await.unwrap()
    }

    /// Waits until a member is in a phase, or beyond it.
    pub(crate) async fn reaches(&self, phase: Phase) {
        let before = self.client.standing().await.unwrap().settled;
        let deadline = Instant::now() + PATIENCE;
        loop {
            let heads = self.client.heads().await;
            let mut heads = heads.values().flatten();
            let is_there = |head: &Head| {
                head.settled > before || (head.phase >= phase && head.phase != Phase::CatchingUp)
            };
            if heads.any(is_there) {
                return;
            }
            assert!(Instant::now() < deadline, "no member reaches {phase:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Waits until a member has settled what the others have.
    pub(crate) async fn caught_up(&self, index: MemberIndex) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let heads = self.client.heads().await;
            let settled = |of: MemberIndex| {
                heads
                    .get(&of)
                    .and_then(|head| head.as_ref().ok())
                    .map(|head| head.settled)
            };
            let others = heads.keys().filter(|other| **other != index);
            let newest = others.filter_map(|other| settled(*other)).max();
            if newest.is_some() && settled(index) >= newest {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "{index} does not catch up: {heads:?}"
            );
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    }
}
