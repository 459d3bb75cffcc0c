//! Sealed swaps, and when they are sent.

use core::time::Duration;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use ed25519_dalek::SigningKey;
use rayon::prelude::*;
use sealbid_client::{Account, Client, Order, Reveal, Trader, Window};
use sealbid_types::amount::Amount;
use sealbid_types::envelope::Envelope;
use sealbid_types::time::Timestamp;

use crate::Fallible;

/// How many intents one account has in a batch: a member holds 256 of one submitter.
const INTENTS_PER_ACCOUNT: u32 = 128;
/// How many rounds an intent may wait for.
const ROUNDS: u64 = 6;
/// How long an order is good for.
const GOOD_FOR: Duration = Duration::from_secs(600);
/// As the token list of a development house names them, with six decimals and with 24.
const USDC: &str = "nep141:17208628f84f5d6ad33f0da3bbbeb27ffcb398eac501a31bd6ad2011e36133a1";
const WNEAR: &str = "nep141:wrap.near";

/// How long ago that was, in milliseconds.
#[must_use]
pub fn millis(started: Instant) -> f64 {
    started.elapsed().as_secs_f64() * 1e3
}

/// By this machine's clock, on which the members run too.
#[must_use]
pub fn now() -> Timestamp {
    Timestamp::from(SystemTime::now())
}

/// For the rounds from where the house stands now, as a command would have it.
///
/// # Errors
/// If no member answers.
pub async fn window(house: &Client) -> Fallible<Window> {
    window_of(house, GOOD_FOR).await
}

/// The same, of an order that is good for so long.
///
/// # Errors
/// If no member answers.
pub async fn window_of(house: &Client, good_for: Duration) -> Fallible<Window> {
    let standing = house.standing().await?;
    let deadline = now().plus(good_for);
    Ok(standing.window(house, ROUNDS, deadline)?)
}

/// An account that nobody else has: of batches by their size, and number 0 of none.
#[must_use]
pub fn trader(batch: u32, number: u32) -> Trader {
    Trader::new(Account::new(secret(batch, number)))
}

/// Its key.
#[must_use]
pub fn secret(batch: u32, number: u32) -> SigningKey {
    let mut secret = [0x5b; 32];
    let (first, rest) = secret.split_at_mut(4);
    first.copy_from_slice(&batch.to_le_bytes());
    let (second, _) = rest.split_at_mut(4);
    second.copy_from_slice(&number.to_le_bytes());
    SigningKey::from_bytes(&secret)
}

/// Ten USDC for at least nine NEAR, which the sample books pay.
fn order() -> Fallible<Order> {
    Ok(Order::Swap {
        give: USDC.parse()?,
        amount: Amount::try_from(10 * 10_u128.pow(6))?,
        want: WNEAR.parse()?,
        minimum: Amount::try_from(9 * 10_u128.pow(24))?,
    })
}

/// A swap, signed and sealed for the rounds of this window, with its pair shown, or nobody would quote.
///
/// # Errors
/// If it cannot be sealed.
pub fn sealed(house: &Client, trader: &Trader, window: Window) -> Fallible<Envelope> {
    let signed = trader.sign(house, &order()?, window.expires, None)?;
    Ok(trader.seal(house, &signed, Reveal::Pair, window)?)
}

/// So many swaps: sealed on all cores, and on a thread that may be busy: nothing is timed yet.
///
/// # Errors
/// If no member answers, or one cannot be sealed.
pub async fn seal_all(house: &Arc<Client>, intents: u32) -> Fallible<Vec<Envelope>> {
    let (house, window) = (Arc::clone(house), window(house).await?);
    // As many as it takes to stay below what a member holds of one.
    let accounts = intents.div_ceil(INTENTS_PER_ACCOUNT);
    let traders: Vec<Trader> = (0..accounts)
        .map(|number| trader(intents, number))
        .collect();
    let sealing = move || {
        let each = (0..intents as usize).into_par_iter().map(|number| {
            let trader = traders.get(number % traders.len()).ok_or("no traders")?;
            sealed(&house, trader, window)
        });
        each.collect()
    };
    tokio::task::spawn_blocking(sealing).await?
}
