//! `sealbid watch`: what happens at the house, as it happens.
//!
//! For people who look on, and for scripts that want to know when to look. Nothing of it is signed:
//! a member could show phases that are none, and change no round by that.

use clap::Args;
use sealbid_types::door::{Event, Phase};

use crate::context::Context;
use crate::exit::Failure;
use crate::tokens::Tokens;
use crate::ui::describe;
use crate::ui::text::{clock, count};

/// Watch rounds open, close and settle, until Ctrl-C
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  sealbid watch
  sealbid watch --json | jq -c 'select(.settled).settled'

With --json each event is an object with one field: phase, intent or settled. The events are one
member's word; when that member goes, another's.")]
pub(crate) struct WatchArgs {}

/// Runs it.
pub(crate) async fn run(_args: WatchArgs, context: &Context) -> Result<(), Failure> {
    let (house, tokens, console) = (context.house().await?, context.tokens()?, context.console());
    let mut watch = house.watch();
    // One member's word as it comes, to look at: what counts is in records.
    let mut member = None;
    loop {
        let event = watch.next().await?;
        // Told whenever it becomes another's word.
        if watch.member() != member {
            member = watch.member();
            if let Some(member) = member {
                console.note(format_args!("watching {}", member));
            }
        }
        // With --json the event as it came, whole.
        console.result(&event, || line(&event, &tokens));
        // Nothing else would end it: `sealbid watch | head -1`.
        if console.has_ended() {
            return Ok(());
        }
    }
}

/// Columns stand below each other, whatever the event.
fn line(event: &Event, tokens: &Tokens) -> String {
    match event {
        Event::Phase(head) => format!(
            "{}  round {:<6} {:<12} {}, {}",
            clock(head.now),
            head.round,
            phase(head.phase),
            count(head.intents, "intent"),
            count(head.quotes, "quote"),
        ),
        // An intent says no time of its own.
        Event::Intent(intent) => format!(
            "              round {:<6} intent {}  shows {}",
            intent.round,
            intent.intent.short(),
            describe::metadata(&intent.metadata, tokens),
        ),
        Event::Settled(round) => format!(
            "{}  round {:<6} settled      {} filled, {} not filled, {} void",
            clock(round.closed_at),
            round.round,
            round.filled,
            round.unfilled,
            round.void,
        ),
    }
}

/// By the names that docs/protocol.md 2 has for them.
const fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::CatchingUp => "catching up",
        Phase::Intents => "intents",
        Phase::Quotes => "quotes",
        Phase::Closing => "closing",
        Phase::Opening => "opening",
        Phase::Clearing => "clearing",
        Phase::Authorising => "authorising",
        Phase::Settling => "settling",
    }
}
