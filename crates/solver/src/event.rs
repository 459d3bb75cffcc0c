//! What a solver at work tells: to its program as values, to people as a line, to scripts as JSON.

use core::time::Duration;
use std::sync::Arc;

use sealbid_client::ClientError;
use sealbid_client::guest::TicketState;
use sealbid_client::tokens::Tokens;
use sealbid_client::types::PeerId;
use sealbid_types::allocation::VoidReason;
use sealbid_types::amount::Amount;
use sealbid_types::id::{EnvelopeId, Round};
use sealbid_types::metadata::Pair;
use sealbid_types::text::{AccountId, AssetId};
use serde_json::{Value, json};

use crate::book::{Book, BookError, BookWarning, PairPrices, PriceTier};
use crate::position::Position;

/// Something that a solver did, or that became of it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum SolverEvent {
    /// It has joined the house.
    Ready {
        /// The account that signs its quotes, and fills.
        account: AccountId,
        /// Its endpoint in the mesh, which its ticket names: another key than the account's.
        peer: PeerId,
        /// How many pairs it quotes.
        pairs: usize,
    },
    /// It quotes from this book now.
    Book {
        /// The book.
        book: Arc<Book>,
        /// Whether it took the place of another.
        replaces: bool,
    },
    /// A slip that the book may have.
    Warning(BookWarning),
    /// A book that is not quoted from: the one before still is.
    BookRefused(BookError),
    /// A quote that a quorum has acknowledged.
    Quoted {
        /// The round.
        round: Round,
        /// The quote.
        quote: EnvelopeId,
        /// Its prices.
        prices: Box<PairPrices>,
    },
    /// No quote, or none that a quorum has acknowledged; a round may list it all the same.
    NotQuoted {
        /// The round.
        round: Round,
        /// The pair.
        pair: Pair,
        /// Why.
        reason: NotQuoted,
    },
    /// A quote of this account fills an intent: by the round's verified record. What is received
    /// and paid moves once the settlement is on chain.
    Filled {
        /// The round.
        round: Round,
        /// The quote.
        quote: EnvelopeId,
        /// The intent.
        intent: EnvelopeId,
        /// The pair.
        pair: Pair,
        /// What the trader gives.
        received: Amount,
        /// What the solver pays, fees included.
        paid: Amount,
    },
    /// A quote that was opened, and fills nothing: by the round's verified record.
    Unfilled {
        /// The round.
        round: Round,
        /// The quote.
        quote: EnvelopeId,
        /// The pair.
        pair: Pair,
        /// How many intents of the pair other solvers fill.
        others: usize,
    },
    /// A quote that counts for nothing: by the round's verified record.
    Void {
        /// The round.
        round: Round,
        /// The quote.
        quote: EnvelopeId,
        /// The pair.
        pair: Pair,
        /// Why.
        reason: VoidReason,
    },
    /// A quote that the round does not list: it came too late, or no quorum has acknowledged it.
    NotListed {
        /// The round.
        round: Round,
        /// The quote.
        quote: EnvelopeId,
        /// The pair.
        pair: Pair,
    },
    /// What all fills since the start come to, after a round that had some.
    Position(Position),
    /// How long the ticket is good for has changed.
    Ticket(TicketState),
}

/// Why a pair was not quoted in a round that asked for it.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum NotQuoted {
    /// The book is older than it may be.
    #[error("the book is {} s old, and stale after {} s", age.as_secs(), limit.as_secs())]
    Stale {
        /// How old it is.
        age: Duration,
        /// How old it may be.
        limit: Duration,
    },
    /// The solver is stopping.
    #[error("the solver is stopping")]
    Interrupted,
    /// It could not be signed, sealed or sent.
    #[error(transparent)]
    Client(Arc<ClientError>),
}

impl SolverEvent {
    /// Whether somebody should look at it.
    #[must_use]
    pub const fn is_warning(&self) -> bool {
        matches!(
            self,
            Self::Warning(_) | Self::BookRefused(_) | Self::NotQuoted { .. } | Self::Void { .. }
        )
    }

    /// The event as a line for people: tokens by name, amounts in whole units.
    #[must_use]
    pub fn text(&self, tokens: &Tokens) -> String {
        let named = |pair: &Pair| names(tokens, pair);
        match self {
            Self::Ready {
                account,
                peer,
                pairs,
            } => format!(
                "quoting as {account}, peer {peer}, on {}",
                counted(*pairs, "pair")
            ),
            Self::Book { book, replaces } => book_text(book, *replaces),
            Self::Warning(warning) => format!("the book: {warning}"),
            Self::BookRefused(error) => {
                format!("the new book is not used, the one before still is: {error}")
            }
            Self::Quoted {
                round,
                quote,
                prices,
            } => format!(
                "quoted {} in round {round}: {prices}; quote {}",
                named(prices.pair()),
                quote.short()
            ),
            Self::NotQuoted {
                round,
                pair,
                reason,
            } => format!("{} not quoted in round {round}: {reason}", named(pair)),
            Self::Filled {
                round,
                intent,
                pair,
                received,
                paid,
                ..
            } => format!(
                "filled {} for {}, intent {}, round {round}",
                tokens.show(*received, &pair.give),
                tokens.show(*paid, &pair.want),
                intent.short()
            ),
            Self::Unfilled {
                round,
                quote,
                pair,
                others,
            } => {
                let why = match others {
                    0 => "no intent of the pair was filled".to_owned(),
                    _ => format!("{} of the pair went to others", counted(*others, "intent")),
                };
                let (pair, quote) = (named(pair), quote.short());
                format!("quote {quote} of {pair} filled nothing in round {round}: {why}")
            }
            Self::Void {
                round,
                quote,
                pair,
                reason,
            } => format!(
                "quote {} of {} is void in round {round}: {reason}",
                quote.short(),
                named(pair)
            ),
            Self::NotListed { round, quote, pair } => format!(
                "quote {} of {} came too late: round {round} does not list it",
                quote.short(),
                named(pair)
            ),
            Self::Position(position) => format!("since the start: {}", position.text(tokens)),
            Self::Ticket(state) => ticket_text(*state),
        }
    }

    /// The event as an object: `event` names it; amounts are in base units and in whole ones.
    #[must_use]
    pub fn to_json(&self, tokens: &Tokens) -> Value {
        with(self.fields(tokens), "event", self.name().into())
    }

    const fn name(&self) -> &'static str {
        match self {
            Self::Ready { .. } => "ready",
            Self::Book { .. } => "book",
            Self::Warning(_) => "warning",
            Self::BookRefused(_) => "book_refused",
            Self::Quoted { .. } => "quoted",
            Self::NotQuoted { .. } => "not_quoted",
            Self::Filled { .. } => "filled",
            Self::Unfilled { .. } => "unfilled",
            Self::Void { .. } => "void",
            Self::NotListed { .. } => "not_listed",
            Self::Position(_) => "position",
            Self::Ticket(_) => "ticket",
        }
    }

    fn fields(&self, tokens: &Tokens) -> Value {
        let pair_of = |pair: &Pair| pair_json(tokens, pair);
        match self {
            Self::Ready {
                account,
                peer,
                pairs,
            } => json!({ "account": account, "peer": peer.to_string(), "pairs": pairs }),
            Self::Book { book, .. } => {
                let prices = book
                    .pairs()
                    .iter()
                    .map(|prices| prices_json(tokens, prices));
                json!({ "pairs": prices.collect::<Vec<_>>() })
            }
            Self::Warning(warning) => json!({ "message": warning.to_string() }),
            Self::BookRefused(error) => {
                json!({ "line": error.line, "message": error.to_string() })
            }
            Self::Quoted {
                round,
                quote,
                prices,
            } => {
                let prices = prices_json(tokens, prices);
                json!({ "round": round, "quote": quote, "prices": prices })
            }
            Self::NotQuoted {
                round,
                pair,
                reason,
            } => json!({
                "round": round, "pair": pair_of(pair), "reason": reason.to_string(),
            }),
            Self::Filled {
                round,
                quote,
                intent,
                pair,
                received,
                paid,
            } => json!({
                "round": round,
                "quote": quote,
                "intent": intent,
                "pair": pair_of(pair),
                "received": amount_json(tokens, *received, &pair.give),
                "paid": amount_json(tokens, *paid, &pair.want),
            }),
            Self::Unfilled {
                round,
                quote,
                pair,
                others,
            } => json!({
                "round": round, "quote": quote, "pair": pair_of(pair), "filled_by_others": others,
            }),
            Self::Void {
                round,
                quote,
                pair,
                reason,
            } => json!({
                "round": round,
                "quote": quote,
                "pair": pair_of(pair),
                "reason": reason,
                "message": reason.to_string(),
            }),
            Self::NotListed { round, quote, pair } => {
                json!({ "round": round, "quote": quote, "pair": pair_of(pair) })
            }
            Self::Position(position) => position.to_json(tokens),
            Self::Ticket(state) => ticket_json(*state),
        }
    }
}

/// `usdc.near → wrap.near`.
fn names(tokens: &Tokens, pair: &Pair) -> String {
    format!(
        "{} → {}",
        tokens.name_of(&pair.give),
        tokens.name_of(&pair.want)
    )
}

fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

fn book_text(book: &Book, replaces: bool) -> String {
    let prices = book
        .pairs()
        .iter()
        .map(|prices| format!("{} → {} {prices}", prices.give().name, prices.want().name));
    let prices = prices.collect::<Vec<_>>().join("; ");
    let what = if replaces { "the new book" } else { "the book" };
    format!("{what}: {prices}")
}

fn ticket_text(state: TicketState) -> String {
    match state {
        TicketState::Good { until } => format!("the ticket is good until {until}"),
        TicketState::RunningOut { until } => {
            format!("the ticket runs out at {until}: have a member issue another")
        }
        TicketState::RanOut { since } => {
            format!("the ticket ran out at {since}: members send nothing until there is another")
        }
    }
}

fn ticket_json(state: TicketState) -> Value {
    match state {
        TicketState::Good { until } => json!({ "state": "good", "until": until }),
        TicketState::RunningOut { until } => json!({ "state": "running_out", "until": until }),
        TicketState::RanOut { since } => json!({ "state": "ran_out", "since": since }),
    }
}

fn pair_json(tokens: &Tokens, pair: &Pair) -> Value {
    let token = |asset: &AssetId| json!({ "name": tokens.name_of(asset), "asset": asset });
    json!({ "give": token(&pair.give), "want": token(&pair.want) })
}

fn prices_json(tokens: &Tokens, prices: &PairPrices) -> Value {
    let tier = |tier: &PriceTier| json!({ "up_to": tier.up_to.to_string(), "rate": tier.rate.to_string() });
    let tiers = prices.tiers().iter().map(tier).collect();
    with(pair_json(tokens, prices.pair()), "tiers", tiers)
}

/// The object with one field more.
fn with(mut object: Value, name: &str, field: Value) -> Value {
    if let Some(fields) = object.as_object_mut() {
        fields.insert(name.to_owned(), field);
    }
    object
}

/// An amount in base units, and as people read it.
fn amount_json(tokens: &Tokens, amount: Amount, asset: &AssetId) -> Value {
    json!({ "asset": asset, "units": amount, "text": tokens.show(amount, asset) })
}
