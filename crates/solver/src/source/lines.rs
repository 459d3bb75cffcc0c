//! Books in JSON, one a line.

use std::io::{self, BufRead};

use futures::stream::{self, Stream};
use sealbid_client::tokens::Tokens;
use tokio::sync::mpsc;

use crate::book::{Book, BookError, WrittenBook};

/// Lines that were read and wait for the solver: the writer waits beyond that.
const AHEAD: usize = 1;

type Line = (usize, io::Result<String>);

/// The books on the reader's lines, until they end.
pub(super) fn books(
    reader: impl BufRead + Send + 'static,
    tokens: Tokens,
) -> impl Stream<Item = Result<Book, BookError>> + Send {
    let (sender, lines) = mpsc::channel::<Line>(AHEAD);
    // A thread that nobody joins, and not the runtime's: that would wait for a line that may never
    // come when it shuts down. If it cannot be started the channel closes, and the source has ended.
    let started = std::thread::Builder::new()
        .name("books".to_owned())
        .spawn(move || send_lines(reader, &sender));
    if let Err(error) = started {
        tracing::error!("books cannot be read: {error}");
    }
    stream::unfold((lines, tokens), |(mut lines, tokens)| async move {
        let line = lines.recv().await?;
        Some((read(line, &tokens), (lines, tokens)))
    })
}

fn send_lines(reader: impl BufRead, sender: &mpsc::Sender<Line>) {
    for (line, number) in reader.lines().zip(1..) {
        // An empty line is nobody's book.
        if line.as_ref().is_ok_and(|line| line.trim().is_empty()) {
            continue;
        }
        let is_over = line.is_err();
        if sender.blocking_send((number, line)).is_err() || is_over {
            return;
        }
    }
}

fn read((number, line): Line, tokens: &Tokens) -> Result<Book, BookError> {
    let text = line.map_err(|error| BookError::unreadable(&error).on_line(number))?;
    let written: WrittenBook =
        serde_json::from_str(&text).map_err(|error| BookError::json(number, &error))?;
    Book::new(&written, tokens).map_err(|error| error.on_line(number))
}
