//! Trades once: signs an order, seals it, sends it, and waits for what becomes of it.
//!
//! ```text
//! sealbid up &
//! cargo run -p sealbid-client --example trader -- house/committee.json
//! ```

use std::error::Error;
use std::time::{Duration, SystemTime};

use sealbid_client::types::{Envelope, Timestamp};
use sealbid_client::{Account, Client, ClientError, Order, Outcome, Reveal, Sent, Trader};

/// USDC, with six decimals.
const USDC: &str = "nep141:17208628f84f5d6ad33f0da3bbbeb27ffcb398eac501a31bd6ad2011e36133a1";
/// Wrapped NEAR, with 24.
const WNEAR: &str = "nep141:wrap.near";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("usage: trader COMMITTEE")?;
    // The committee file is all that is believed: every answer is verified against it.
    let client = Client::open(path).await?;
    // A fresh account. One that holds tokens comes of a key that is kept: `Account::new`.
    let trader = Trader::new(Account::generate()?);

    // By the house's time, not by this machine's: a deadline by a slow clock could be over before
    // the round closes.
    let standing = client.standing().await?;
    standing.require_quorum(&client)?;
    let deadline = standing.now.plus(Duration::from_secs(15 * 60));
    let window = standing.window(&client, 4, deadline)?;

    let order = Order::Swap {
        give: USDC.parse()?,
        amount: "1000000000".parse()?,
        want: WNEAR.parse()?,
        minimum: "950000000000000000000000000".parse()?,
    };
    let intent = trader.sign(&client, &order, deadline, None)?;
    // From here on nobody but a quorum can read the order, and no member before the round closes.
    let envelope = trader.seal(&client, &intent, Reveal::Pair, window)?;
    // Before it is sent: whatever happens to this process, the id is how to ask.
    println!("sealed {}", envelope.id());

    match send(&client, &envelope, deadline).await? {
        Sent::Accepted(accepted) => println!(
            "{} members have promised to list it in round {}",
            accepted.receipt.acknowledgements.len(),
            accepted.round
        ),
        Sent::Before(outcome) => println!("it was sent before: {outcome:?}"),
    }

    let outcome = client
        .wait_for_outcome(envelope.id(), Duration::from_secs(120))
        .await?;
    match outcome {
        Outcome::Filled { round, fill } => {
            println!("filled in round {round}");
            for movement in &fill.fill.movements {
                println!("  {movement:?}");
            }
        }
        Outcome::Unfilled { round, reason } => println!("not filled in round {round}: {reason:?}"),
        other => println!("{other:?}"),
    }
    client.close().await;
    Ok(())
}

/// Sends the envelope until a quorum has it. The same envelope counts once, however often it is
/// sent; another one would be another order.
async fn send(
    client: &Client,
    envelope: &Envelope,
    deadline: Timestamp,
) -> Result<Sent, ClientError> {
    loop {
        match client.send(envelope).await {
            Err(error) if error.is_retryable() && is_before(deadline) => {
                eprintln!("trying again: {error}");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            done => return done,
        }
    }
}

fn is_before(deadline: Timestamp) -> bool {
    Timestamp::from(SystemTime::now()) < deadline
}
