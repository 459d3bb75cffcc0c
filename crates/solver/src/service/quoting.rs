//! One quote: made from the book as it is then, sealed and submitted.

use std::sync::Arc;
use std::time::SystemTime;

use sealbid_client::{Client, ClientError, Offer, Solver};
use sealbid_types::envelope::Envelope;
use sealbid_types::id::{EnvelopeId, Round};
use sealbid_types::metadata::Pair;
use sealbid_types::time::Timestamp;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::book::Book;
use crate::event::{NotQuoted, SolverEvent};

/// What quotes under way have in common.
#[derive(Debug)]
pub(super) struct Quoting {
    pub(super) client: Arc<Client>,
    pub(super) solver: Solver,
}

/// The book that is quoted from.
#[derive(Debug, Clone)]
pub(super) struct CurrentBook {
    pub(super) book: Arc<Book>,
    /// When it was read.
    pub(super) since: Instant,
}

impl CurrentBook {
    pub(super) fn new(book: Book) -> Self {
        Self {
            book: Arc::new(book),
            since: Instant::now(),
        }
    }

    /// Prices that nobody has minded for longer than the book allows are nobody's prices.
    fn check_age(&self) -> Result<(), NotQuoted> {
        let age = self.since.elapsed();
        match self.book.stale_after() {
            Some(limit) if age > limit => Err(NotQuoted::Stale { age, limit }),
            _ => Ok(()),
        }
    }
}

/// What comes of a quote.
pub(super) enum Report {
    /// It is about to be sent.
    Sealed(Round, EnvelopeId, Pair),
    /// It was, or it was not.
    Event(Box<SolverEvent>),
}

impl Quoting {
    /// Makes, seals and submits the quote for a pair.
    ///
    /// A solver that misses a quote window has lost that round's trade and nothing else. So its
    /// quotes are not written down, and one that fails is not tried again: the next round has its
    /// own.
    pub(super) async fn quote(
        self: Arc<Self>,
        current: CurrentBook,
        round: Round,
        pair: Pair,
        reports: mpsc::UnboundedSender<Report>,
    ) {
        let (book, closes) = (&current.book, self.closes());
        let offer = book
            .prices(&pair)
            .cloned()
            .zip(book.offer(&pair, round, closes));
        // No such pair: the book has changed since the intent came.
        let Some((prices, offer)) = offer else {
            return;
        };
        let event = match self.submit(&current, offer, &reports).await {
            Ok((round, quote)) => SolverEvent::Quoted {
                round,
                quote,
                prices: Box::new(prices),
            },
            Err(reason) => SolverEvent::NotQuoted {
                round,
                pair,
                reason,
            },
        };
        // Nobody listens any more when the solver has stopped.
        let _ = reports.send(Report::Event(Box::new(event)));
    }

    async fn submit(
        self: &Arc<Self>,
        current: &CurrentBook,
        offer: Offer,
        reports: &mpsc::UnboundedSender<Report>,
    ) -> Result<(Round, EnvelopeId), NotQuoted> {
        current.check_age()?;
        let (round, pair) = (offer.round, offer.pair.clone());
        let quoting = Arc::clone(self);
        let failed = |error| NotQuoted::Client(Arc::new(error));
        let sealed = tokio::task::spawn_blocking(move || quoting.sealed(offer)).await;
        let envelope = sealed
            .map_err(|_| NotQuoted::Interrupted)?
            .map_err(failed)?;
        // First, since it may be listed even if no receipt comes.
        let _ = reports.send(Report::Sealed(round, envelope.id(), pair));
        let accepted = self.client.submit(&envelope).await.map_err(failed)?;
        Ok((accepted.round, envelope.id()))
    }

    /// When the slot under way ends, by this machine's clock. A round that closes in a later one has
    /// the book's `valid_for` to spare.
    fn closes(&self) -> Timestamp {
        let schedule = &self.client.committee().schedule;
        schedule.end_of(schedule.current(Timestamp::from(SystemTime::now())))
    }

    fn sealed(&self, offer: Offer) -> Result<Envelope, ClientError> {
        let quote = self.solver.quote(&*self.client, offer)?;
        self.solver.seal(&*self.client, &quote)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use core::time::Duration;

    use sealbid_client::tokens::{DEFAULT, Tokens};

    use super::*;
    use crate::book::EXAMPLE;

    /// A source that hangs must not leave its last prices to be taken by others.
    #[tokio::test]
    async fn a_stale_book_is_not_quoted_from() {
        let tokens = Tokens::parse(DEFAULT).unwrap();
        let read = |text: &str| CurrentBook::new(Book::parse(text, &tokens).unwrap());
        let stale = read(&EXAMPLE.replace("# stale_after = \"5m\"", "stale_after = \"20ms\""));
        let lasting = read(EXAMPLE);
        assert!(stale.check_age().is_ok());
        tokio::time::sleep(Duration::from_millis(30)).await;
        assert!(matches!(stale.check_age(), Err(NotQuoted::Stale { .. })));
        assert!(lasting.check_age().is_ok());
    }
}
