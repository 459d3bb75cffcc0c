//! The solver at work: it hears of intents in the mesh, of rounds at the front doors, submits its
//! quotes there, and reads from settled rounds what became of them.

mod listening;
mod quoting;

use core::pin::{Pin, pin};
use std::sync::Arc;

use sealbid_client::guest::{Guest, GuestSession, IntentFeed, JoinError};
use sealbid_client::tokens::Tokens;
use sealbid_client::{Account, Client, Solver};
use sealbid_types::id::Round;
use sealbid_types::metadata::Pair;
use tokio::sync::mpsc;

use self::listening::{Heard, Listening};
use self::quoting::{CurrentBook, Quoting, Report};
use crate::book::{Book, BookError};
use crate::event::SolverEvent;
use crate::fills::Fills;
use crate::position::Position;
use crate::scheduler::QuoteScheduler;
use crate::source::BookSource;

/// Why a solver cannot begin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SolverError {
    /// The first book cannot be used, and there is none before it.
    #[error("the price book: {0}")]
    Book(#[source] BookError),
    /// The source ended before it gave a book.
    #[error("no price book came")]
    NoBook,
    /// The house does not admit it.
    #[error(transparent)]
    Join(#[from] JoinError),
}

/// How a solver ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended<T> {
    /// It was told to stop.
    Stopped(T),
    /// Its source of books has ended: nobody minds its prices any more.
    NoMoreBooks,
}

/// A solver: one account, one house, books from one source.
///
/// It quotes each pair of its book once a round, in the round's quote window, if an intent shows the
/// pair. What it does and what became of it is logged, and sent as [`SolverEvent`]s to whoever asks
/// for them.
///
/// ```no_run
/// use std::sync::Arc;
///
/// use sealbid_client::guest::{EndpointKey, Guest, GuestRole, TicketSource};
/// use sealbid_client::tokens::Tokens;
/// use sealbid_client::types::SigningKey;
/// use sealbid_client::{Account, Client};
/// use sealbid_solver::{BookSource, SolverEvent, SolverService};
/// use zeroize::Zeroizing;
///
/// # async fn example(secret: Zeroizing<[u8; 32]>) -> Result<(), Box<dyn std::error::Error>> {
/// let client = Arc::new(Client::open("house/committee.json").await?);
/// let tokens = Tokens::load("house/tokens.toml".as_ref())?;
/// let key = EndpointKey::load_or_create("house.key".as_ref())?;
/// let guest = Guest::new(GuestRole::Solver, key, TicketSource::file("ticket"));
/// let account = Account::new(SigningKey::from_bytes(&secret));
/// let books = BookSource::file("book.toml", tokens.clone());
///
/// let (events, mut happened) = tokio::sync::mpsc::unbounded_channel();
/// let solver = SolverService::new(client, guest, account, books)
///     .with_tokens(tokens)
///     .with_events(events);
/// let running = tokio::spawn(solver.run(std::future::pending::<()>()));
/// while let Some(event) = happened.recv().await {
///     if let SolverEvent::Filled { intent, received, paid, .. } = event {
///         println!("{intent}: {received} for {paid} base units");
///     }
/// }
/// running.await??;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct SolverService {
    quoting: Quoting,
    guest: Guest,
    books: BookSource,
    tokens: Tokens,
    events: Option<mpsc::UnboundedSender<SolverEvent>>,
}

impl SolverService {
    /// A solver that quotes from `books` and fills from `account`. Nobody is dialled yet.
    #[must_use]
    pub fn new(client: Arc<Client>, guest: Guest, account: Account, books: BookSource) -> Self {
        Self {
            quoting: Quoting {
                client,
                solver: Solver::new(account),
            },
            guest,
            books,
            tokens: Tokens::default(),
            events: None,
        }
    }

    /// Logs tokens by these names; without them, by their asset ids.
    #[must_use]
    pub fn with_tokens(mut self, tokens: Tokens) -> Self {
        self.tokens = tokens;
        self
    }

    /// Sends what happens. Unbounded, so that a slow reader does not hold up a quote: some events a
    /// round.
    #[must_use]
    pub fn with_events(mut self, events: mpsc::UnboundedSender<SolverEvent>) -> Self {
        self.events = Some(events);
        self
    }

    /// Quotes until `stop` is ready or the books end.
    ///
    /// # Errors
    /// [`SolverError`], all of them before it has quoted anything.
    pub async fn run<T>(self, stop: impl Future<Output = T>) -> Result<Ended<T>, SolverError> {
        let Self {
            quoting,
            guest,
            mut books,
            tokens,
            events,
        } = self;
        let teller = Teller { tokens, events };
        let mut stop = pin!(stop);
        let first = tokio::select! {
            book = books.next() => book.ok_or(SolverError::NoBook)?.map_err(SolverError::Book)?,
            stopped = &mut stop => return Ok(Ended::Stopped(stopped)),
        };
        let client = Arc::clone(&quoting.client);
        // Before it joins, so that the rounds are known when the first intent comes.
        let listening = Listening::start(&client);
        let session = tokio::select! {
            session = guest.join(&*client) => session?,
            stopped = &mut stop => return Ok(Ended::Stopped(stopped)),
        };
        teller.tell(SolverEvent::Ready {
            account: quoting.solver.account().id().clone(),
            peer: session.peer(),
            pairs: first.pairs().len(),
        });
        let serving = Serving::new(quoting, first, listening, teller);
        serving.run(session, books, stop).await
    }
}

/// Whom events go to.
#[derive(Debug)]
struct Teller {
    tokens: Tokens,
    events: Option<mpsc::UnboundedSender<SolverEvent>>,
}

impl Teller {
    fn tell(&self, event: SolverEvent) {
        let text = event.text(&self.tokens);
        if event.is_warning() {
            tracing::warn!("{text}");
        } else {
            tracing::info!("{text}");
        }
        self.send(event);
    }

    /// Without the log.
    fn send(&self, event: SolverEvent) {
        if let Some(events) = &self.events {
            // Nobody has to listen.
            let _ = events.send(event);
        }
    }
}

/// A solver that has joined.
struct Serving {
    quoting: Arc<Quoting>,
    current: CurrentBook,
    scheduler: QuoteScheduler,
    listening: Listening,
    fills: Fills,
    teller: Teller,
    reports: mpsc::UnboundedSender<Report>,
    reported: mpsc::UnboundedReceiver<Report>,
    /// Whether the round that was open at the start is known.
    has_begun: bool,
}

impl Serving {
    fn new(quoting: Quoting, book: Book, listening: Listening, teller: Teller) -> Self {
        let quorum = quoting.client.committee().quorum();
        let account = quoting.solver.account().id().clone();
        let (reports, reported) = mpsc::unbounded_channel();
        let scheduler = QuoteScheduler::new(quorum, pairs(&book).iter());
        let serving = Self {
            quoting: Arc::new(quoting),
            current: CurrentBook::new(book),
            scheduler,
            listening,
            fills: Fills::new(account),
            teller,
            reports,
            reported,
            has_begun: false,
        };
        serving.tell_book(false);
        serving
    }

    async fn run<T>(
        mut self,
        mut session: GuestSession,
        mut books: BookSource,
        mut stop: Pin<&mut impl Future<Output = T>>,
    ) -> Result<Ended<T>, SolverError> {
        let mut intents = self.subscribe(&session);
        let ended = loop {
            tokio::select! {
                Some(intent) = intents.next(|intent| self.scheduler.is_news(intent)) => {
                    let due = self.scheduler.intent(&intent);
                    self.quote(due);
                }
                Some(heard) = self.listening.heard.recv() => self.hear(heard),
                Some(report) = self.reported.recv() => self.report(report),
                book = books.next() => match book {
                    Some(book) => {
                        if self.take(book) {
                            // By the book's pairs: what shows none of them is not sent here.
                            intents = self.subscribe(&session);
                        }
                    }
                    None => break Ended::NoMoreBooks,
                },
                // The session logs it itself.
                state = session.ticket_changed() => self.teller.send(SolverEvent::Ticket(state)),
                stopped = &mut stop => break Ended::Stopped(stopped),
            }
        };
        self.conclude();
        session.leave().await;
        Ok(ended)
    }

    fn subscribe(&self, session: &GuestSession) -> IntentFeed {
        session.intents(&*self.quoting.client, &pairs(&self.current.book))
    }

    /// What members told at their front doors. Intents come this way too: the streams promise
    /// nothing.
    fn hear(&mut self, heard: Heard) {
        let due = match heard {
            Heard::Head(member, head) => {
                let due = self.scheduler.head(member, head);
                self.begin();
                due
            }
            // On the word of the member at that door: at worst it costs a quote that nobody has
            // asked for.
            Heard::Intent(intent) => self.scheduler.intent(&intent),
            Heard::Settled(record) => {
                for event in self.fills.settled(&record) {
                    self.teller.tell(event);
                }
                return;
            }
        };
        self.quote(due);
    }

    /// The round that was open at the start may have quotes of a run before this one.
    fn begin(&mut self) {
        let round = self.scheduler.round();
        if !self.has_begun && round > Round(0) {
            self.has_begun = true;
            self.listening.want(round);
        }
    }

    fn quote(&self, due: Vec<Pair>) {
        for pair in due {
            // Each on a task of its own: sealing one must not hold up the next intent.
            let (quoting, current) = (Arc::clone(&self.quoting), self.current.clone());
            let (round, reports) = (self.scheduler.round(), self.reports.clone());
            tokio::spawn(quoting.quote(current, round, pair, reports));
        }
    }

    fn report(&mut self, report: Report) {
        match report {
            Report::Sealed(round, quote, pair) => {
                self.fills.sent(round, quote, pair);
                self.listening.want(round);
            }
            Report::Event(event) => self.teller.tell(*event),
        }
    }

    /// Takes a new book, unless there is something wrong with it. Whether it was taken.
    fn take(&mut self, book: Result<Book, BookError>) -> bool {
        let book = book.and_then(|book| {
            book.may_follow(&self.current.book)?;
            Ok(book)
        });
        match book {
            Ok(book) => {
                self.scheduler.serve(pairs(&book).iter());
                self.current = CurrentBook::new(book);
                self.tell_book(true);
                true
            }
            Err(error) => {
                self.teller.tell(SolverEvent::BookRefused(error));
                false
            }
        }
    }

    fn tell_book(&self, replaces: bool) {
        let book = Arc::clone(&self.current.book);
        let warnings = book.warnings();
        self.teller.tell(SolverEvent::Book { book, replaces });
        for warning in warnings {
            self.teller.tell(SolverEvent::Warning(warning));
        }
    }

    fn conclude(&self) {
        if *self.fills.position() != Position::default() {
            let position = self.fills.position().clone();
            self.teller.tell(SolverEvent::Position(position));
        }
    }
}

fn pairs(book: &Book) -> Vec<Pair> {
    book.pairs()
        .iter()
        .map(|prices| prices.pair().clone())
        .collect()
}
