//! Standard output, which remembers what it could not write.
//!
//! A command that has lost part of its results must not end as if they were there, and a reader
//! that has had enough (`sealbid rounds | head -1`) must neither be an error nor hide what the
//! command goes on to find. Both are decided at the end, in one place, by whoever owns the process.

use std::io::{self, ErrorKind, Write};
use std::sync::OnceLock;

/// What became of the process's standard output. There is one in a process, and so one of these.
static ENDED: OnceLock<Ended> = OnceLock::new();

enum Ended {
    /// Nobody reads it any more.
    ReaderGone,
    /// It could not be written: the disk is full, for instance.
    Lost(io::Error),
}

/// Results were lost.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("standard output could not be written, and results are lost: {0}")]
pub struct LostResults(#[source] &'static io::Error);

/// The process's standard output, all of whose copies are one.
///
/// Once nobody reads it, writing does nothing and succeeds, so that a command still does what it
/// was asked for, and ends by what it finds. Any other failure is given to the writer each time.
#[derive(Debug, Clone, Copy, Default)]
pub struct StandardOutput;

impl StandardOutput {
    /// Writes a line, and remembers if that fails.
    pub fn line(mut self, line: &str) {
        // Remembered by `seen`: whoever writes lines need not look at each of them.
        let _ = writeln!(self, "{line}").and_then(|()| self.flush());
    }

    /// Remembers what came of a write that was made past this, as by a library.
    pub fn remember(self, written: io::Result<()>) {
        let _ = self.seen(written, ());
    }

    /// Whether no further result will reach anybody. What prints until it is stopped may stop.
    #[must_use]
    pub fn has_ended(self) -> bool {
        ENDED.get().is_some()
    }

    /// Why results were lost, if any were: to be asked last.
    #[must_use]
    pub fn lost(mut self) -> Option<LostResults> {
        // Remembered in any case.
        let _ = self.flush();
        match ENDED.get() {
            Some(Ended::Lost(error)) => Some(LostResults(error)),
            Some(Ended::ReaderGone) | None => None,
        }
    }

    fn seen<T>(self, done: io::Result<T>, if_nobody_reads: T) -> io::Result<T> {
        match done {
            // Not the output's end: the write is made again.
            Err(error) if error.kind() == ErrorKind::Interrupted => Err(error),
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                let _ = ENDED.set(Ended::ReaderGone);
                Ok(if_nobody_reads)
            }
            Err(error) => {
                // Errors cannot be copied: the kind and the words are what is told of them.
                let copy = io::Error::new(error.kind(), error.to_string());
                // The first failure is the reason for all that follow.
                let _ = ENDED.set(Ended::Lost(copy));
                Err(error)
            }
            done => done,
        }
    }
}

impl Write for StandardOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if matches!(ENDED.get(), Some(Ended::ReaderGone)) {
            return Ok(bytes.len());
        }
        self.seen(io::stdout().write(bytes), bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if matches!(ENDED.get(), Some(Ended::ReaderGone)) {
            return Ok(());
        }
        self.seen(io::stdout().flush(), ())
    }
}

/// Says something on standard error that is no result. If that cannot be written, nobody is there
/// to be told so.
pub fn note(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}
