//! Orders that go in while a house is maltreated.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sealbid_client::Outcome;
use sealbid_types::id::EnvelopeId;
use tokio::task::JoinHandle;

use crate::dealt::DealtHouse;
use crate::outsider::Outsider;

/// A trader who sends one order after another, until it is stopped.
pub(crate) struct Orders {
    stop: Arc<AtomicBool>,
    trader: JoinHandle<Vec<EnvelopeId>>,
}

impl Orders {
    pub(crate) async fn start(house: &DealtHouse) -> Self {
        let outsider = Outsider::of(&house.dir().committee()).await;
        let stop = Arc::new(AtomicBool::new(false));
        let trader = tokio::spawn(trade(outsider, stop.clone()));
        Self { stop, trader }
    }

    /// Stops the trader; every order that has a receipt has to be settled, in a round that lists it.
    /// Gives how many there were.
    pub(crate) async fn stop_and_settle(self, house: &DealtHouse) -> usize {
        self.stop.store(true, Ordering::Relaxed);
        let orders = self.trader.await.unwrap();
        for order in &orders {
            settles(house, *order).await;
        }
        orders.len()
    }
}

/// Nobody quotes: a settled order is one that a round has listed, opened and not filled.
pub(crate) async fn settles(house: &DealtHouse, order: EnvelopeId) {
    let outcome = house.outcome(order).await;
    assert!(
        matches!(outcome, Outcome::Unfilled { .. }),
        "{order}: {outcome:?}"
    );
}

/// Sends orders; an order without a receipt is promised nothing, and given up when it is refused.
async fn trade(outsider: Outsider, stop: Arc<AtomicBool>) -> Vec<EnvelopeId> {
    let mut receipted = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        if let Ok(sealed) = outsider.sealed().await
            && outsider.client.submit(&sealed).await.is_ok()
        {
            receipted.push(sealed.id());
        }
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
    receipted
}
