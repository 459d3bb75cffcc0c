//! Carries settlements out of a house: each once and in order, as JSON lines.
//!
//! ```text
//! sealbid up &
//! cargo run -p sealbid-client --example relayer -- house/committee.json house/relayer 1 3
//! ```
//!
//! The directory holds the relayer's endpoint key and its ticket (`sealbid node ticket --role
//! relayer --peer …` issues one); the numbers are the first round and the last.

use std::error::Error;
use std::path::{Path, PathBuf};

use sealbid_client::Client;
use sealbid_client::guest::{EndpointKey, Guest, GuestRole, TicketSource, TicketState};
use sealbid_client::types::Round;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [committee, directory, first, last] = arguments.as_slice() else {
        return Err("usage: relayer COMMITTEE DIRECTORY FIRST LAST".into());
    };
    let (directory, last) = (PathBuf::from(directory), Round(last.parse()?));
    let client = Client::open(committee).await?;

    // The mesh says when something is settled. Without it rounds are found all the same, some
    // seconds later: nothing rests on a ticket.
    let guest = guest(&directory)?;
    let mut session = guest.join(&client).await?;
    let feed = session.settlements();

    // A relayer that writes down each round before it asks for the next may be killed at any
    // moment, and goes on from there.
    let mut rounds = client.settled_rounds(Round(first.parse()?)).told_by(feed);
    while rounds.position() <= last {
        tokio::select! {
            settled = rounds.next() => {
                // Verified against the committee's key: this relayer cannot have changed it.
                println!("{}", serde_json::to_string(settled.settlement())?);
            }
            state = session.ticket_changed() => {
                if let TicketState::RanOut { since } = state {
                    eprintln!("the ticket ran out at {since}");
                }
            }
        }
    }
    session.leave().await;
    client.close().await;
    Ok(())
}

fn guest(directory: &Path) -> Result<Guest, Box<dyn Error>> {
    let key = EndpointKey::load_or_create(&directory.join("house.key"))?;
    let tickets = TicketSource::file(directory.join("ticket"));
    Ok(Guest::new(GuestRole::Relayer, key, tickets))
}
