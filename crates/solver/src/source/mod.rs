//! Where books come from: a file that is watched, standard input, or a program's own prices.
//!
//! A source gives whole books, the newest last. One that cannot be used is told and passed over:
//! the solver goes on with the last good one. When a source ends, nobody minds the prices any more,
//! and the solver stops quoting.

mod file;
mod lines;

use core::fmt;
use core::time::Duration;
use std::io::BufRead;
use std::path::PathBuf;

use futures::stream::{self, BoxStream, Stream, StreamExt as _};
use sealbid_client::tokens::Tokens;
use tokio::sync::watch;
use tokio::time::{Interval, MissedTickBehavior};

use crate::book::{Book, BookError};

/// Books, one after another.
pub struct BookSource(BoxStream<'static, Result<Book, BookError>>);

impl BookSource {
    /// This book, for good.
    #[must_use]
    pub fn fixed(book: Book) -> Self {
        Self::stream(stream::once(core::future::ready(book)).chain(stream::pending()))
    }

    /// The book in a file, in TOML, and again whenever the file's text has changed: within a second
    /// or so, and once it has stayed the same for half a second, so that a file that is being
    /// written is not read in the middle.
    ///
    /// The file is read twice a second. To be notified by the system instead would save nothing that
    /// counts at some kilobytes, and miss edits: a watch follows a file's inode, while editors and
    /// deployments put another file, or another symbolic link, in its place, and network
    /// file systems notify of nothing.
    #[must_use]
    pub fn file(path: impl Into<PathBuf>, tokens: Tokens) -> Self {
        Self(file::watched(path.into(), tokens).boxed())
    }

    /// Books in JSON, a whole book on each line: the fields are those of the TOML, for example
    ///
    /// ```json
    /// {"pair": [{"give": "usdc", "want": "near", "capacity": "500", "minimum": "1",
    ///            "tiers": [{"up_to": "500", "rate": "0.985"}]}]}
    /// ```
    ///
    /// written on one line. Ends with the reader's text. A thread of its own reads it.
    #[must_use]
    pub fn json_lines(reader: impl BufRead + Send + 'static, tokens: Tokens) -> Self {
        Self(lines::books(reader, tokens).boxed())
    }

    /// [`BookSource::json_lines`] of standard input.
    #[must_use]
    pub fn standard_input(tokens: Tokens) -> Self {
        Self::json_lines(std::io::BufReader::new(std::io::stdin()), tokens)
    }

    /// A program's own books. Ends with the stream.
    #[must_use]
    pub fn stream(books: impl Stream<Item = Book> + Send + 'static) -> Self {
        Self(books.map(Ok).boxed())
    }

    /// The book that the channel holds, and each that is put there. Ends with the sender.
    #[must_use]
    pub fn watch(books: watch::Receiver<Book>) -> Self {
        let next = |(mut books, seen): (watch::Receiver<Book>, bool)| async move {
            if seen {
                books.changed().await.ok()?;
            }
            let book = books.borrow_and_update().clone();
            Some((book, (books, true)))
        };
        Self::stream(stream::unfold((books, false), next))
    }

    /// The book that `book` gives, asked at once and then this often. For prices that are at hand:
    /// it must not block. Ends when it gives none.
    ///
    /// ```
    /// use std::time::Duration;
    /// use sealbid_client::tokens::{DEFAULT, Tokens};
    /// use sealbid_solver::book::{Book, WrittenBook, WrittenPair};
    /// use sealbid_solver::source::BookSource;
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let tokens = Tokens::parse(DEFAULT)?;
    /// let mut prices = ["0.984", "0.985"].into_iter();
    /// let mut source = BookSource::callback(Duration::from_millis(1), move || {
    ///     let rate = prices.next()?.parse().ok()?;
    ///     let pair = WrittenPair::new("usdc", "near", "500".parse().ok()?)
    ///         .tier("500".parse().ok()?, rate)
    ///         .max_rate("1".parse().ok()?);
    ///     let written = WrittenBook { pairs: vec![pair], ..WrittenBook::default() };
    ///     Book::new(&written, &tokens).ok()
    /// });
    /// let first = source.next().await.unwrap()?;
    /// assert_eq!(first.pairs()[0].to_string(), "0.984 up to 500");
    /// let second = source.next().await.unwrap()?;
    /// assert_eq!(second.pairs()[0].to_string(), "0.985 up to 500");
    /// assert!(source.next().await.is_none());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn callback<F>(every: Duration, book: F) -> Self
    where
        F: FnMut() -> Option<Book> + Send + 'static,
    {
        // An interval needs a period, and a runtime: it is made when the first book is asked for.
        let every = every.max(Duration::from_millis(1));
        let next = move |(interval, mut book): (Option<Interval>, F)| async move {
            let mut interval = interval.unwrap_or_else(|| ticking(every));
            interval.tick().await;
            Some((book()?, (Some(interval), book)))
        };
        Self::stream(stream::unfold((None, book), next))
    }

    /// The next book, or why there is none; none once the source has ended. It may be dropped at
    /// any moment.
    pub async fn next(&mut self) -> Option<Result<Book, BookError>> {
        self.0.next().await
    }
}

impl fmt::Debug for BookSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BookSource")
    }
}

fn ticking(every: Duration) -> Interval {
    let mut interval = tokio::time::interval(every);
    // Prices that were late are not asked for twice.
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

#[cfg(test)]
mod tests;
