//! A solver with prices of its own: quotes one pair, by a price that its own code makes, until its
//! first fill.
//!
//! ```text
//! sealbid up &
//! mkdir mine
//! sealbid node ticket --role solver --peer $(sealbid solver peer --house-key mine/house.key) > mine/ticket
//! cargo run -p sealbid-solver --example solver -- house mine
//! ```

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sealbid_client::guest::{EndpointKey, Guest, GuestRole, TicketSource};
use sealbid_client::tokens::{Decimal, Tokens};
use sealbid_client::{Account, Client};
use sealbid_solver::book::{Book, WrittenBook, WrittenPair};
use sealbid_solver::{BookSource, SolverEvent, SolverService};
use tokio::sync::{mpsc, oneshot};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(house), Some(own)) = (arguments.next(), arguments.next()) else {
        return Err("usage: solver HOUSE OWN-DIRECTORY".into());
    };
    let client = Arc::new(Client::open(house.join("committee.json")).await?);
    let tokens = Tokens::load(&house.join("tokens.toml"))?;
    let solver = SolverService::new(
        Arc::clone(&client),
        guest(&own)?,
        account()?,
        books(&tokens)?,
    )
    .with_tokens(tokens.clone());

    let (events, mut happened) = mpsc::unbounded_channel();
    let (done, stop) = oneshot::channel::<()>();
    let running = tokio::spawn(solver.with_events(events).run(stop));
    while let Some(event) = happened.recv().await {
        println!("{}", event.text(&tokens));
        if let SolverEvent::Filled { .. } = event {
            break;
        }
    }
    // It leaves the house before the process ends.
    drop(done);
    running.await??;
    client.close().await;
    Ok(())
}

/// The key in the solver's directory, and the ticket that a member has issued for it.
fn guest(own: &Path) -> Result<Guest, Box<dyn Error>> {
    let key = EndpointKey::load_or_create(&own.join("house.key"))?;
    let ticket = TicketSource::file(own.join("ticket"));
    Ok(Guest::new(GuestRole::Solver, key, ticket))
}

/// A fresh account. One that holds tokens comes of a key that is kept: `Account::new`.
fn account() -> Result<Account, Box<dyn Error>> {
    Ok(Account::generate()?)
}

/// A book every second, by a price that moves. It stops quoting if no newer one comes for ten.
fn books(tokens: &Tokens) -> Result<BookSource, Box<dyn Error>> {
    let mut prices = Prices::default();
    let (most, bound): (Decimal, Decimal) = ("50000".parse()?, "1.2".parse()?);
    let tokens = tokens.clone();
    Ok(BookSource::callback(Duration::from_secs(1), move || {
        let pair = WrittenPair::new("usdc.near", "wrap.near", most)
            .tier(most, prices.next()?)
            // Whatever the code below may come to: never more than this.
            .max_rate(bound);
        let written = WrittenBook {
            spread: 0.1,
            stale_after: Some(Duration::from_secs(10)),
            pairs: vec![pair],
            ..WrittenBook::default()
        };
        // None ends the solver: prices that cannot be told are not to be quoted.
        Book::new(&written, &tokens).ok()
    }))
}

/// Where a solver's own model stands: here, up and down by a hundredth of a percent.
#[derive(Default)]
struct Prices(u32);

impl Prices {
    fn next(&mut self) -> Option<Decimal> {
        self.0 = self.0.wrapping_add(1);
        format!("0.99{:02}", self.0 % 10).parse().ok()
    }
}
