//! A file that is watched.

use core::time::Duration;
use std::io;
use std::path::PathBuf;

use futures::stream::{self, Stream};
use sealbid_client::tokens::Tokens;

use crate::book::{Book, BookError};

/// How often the file is read.
pub(super) const LOOK: Duration = Duration::from_millis(500);

/// What a look at the file brought: its text, or why there is none.
type Look = Result<String, (io::ErrorKind, String)>;

struct Watched {
    path: PathBuf,
    tokens: Tokens,
    /// The last look.
    last: Option<Look>,
    /// The look that was told last.
    told: Option<Look>,
}

/// The book of the file, and again whenever its text has changed.
pub(super) fn watched(
    path: PathBuf,
    tokens: Tokens,
) -> impl Stream<Item = Result<Book, BookError>> + Send {
    let watched = Watched {
        path,
        tokens,
        last: None,
        told: None,
    };
    stream::unfold(watched, |mut watched| async move {
        Some((watched.next().await, watched))
    })
}

impl Watched {
    async fn next(&mut self) -> Result<Book, BookError> {
        loop {
            let look = self.look().await;
            let is_settled = self.last.as_ref() == Some(&look);
            let is_news = self.told.as_ref() != Some(&look);
            // The first at once. Of later ones, not the half of a text that is being written.
            if self.told.is_none() || (is_settled && is_news) {
                self.told = Some(look.clone());
                self.last = Some(look.clone());
                return self.read(look);
            }
            self.last = Some(look);
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn look(&self) -> Look {
        let text = tokio::fs::read_to_string(&self.path).await;
        text.map_err(|error| (error.kind(), error.to_string()))
    }

    fn read(&self, look: Look) -> Result<Book, BookError> {
        match look {
            Ok(text) => Book::parse(&text, &self.tokens),
            Err((kind, why)) => Err(BookError::unreadable(&io::Error::new(kind, why))),
        }
    }
}
