//! Printing: results on stdout, for people or as JSON; messages and logs on stderr.
//!
//! Nothing here fails. What could not be written is remembered by [`StandardOutput`], and `main`
//! asks it at the end: then the command fails, unless it has failed for a better reason.

use core::fmt::Display;
use std::io::{self, Write as _};

use comfy_table::{Cell, CellAlignment, Table, presets};
use sealbid_keygen::StandardOutput;
use sealbid_keygen::output::note;
use serde::Serialize;
use tracing_subscriber::EnvFilter;

use crate::exit::Failure;
use crate::ui::text::{ascii_json, printable};

/// Where results and messages go.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Console {
    json: bool,
    /// Whether a failure is told with its causes.
    verbose: bool,
}

impl Console {
    pub(crate) const fn new(json: bool, verbose: bool) -> Self {
        Self { json, verbose }
    }

    /// Whether results are printed as JSON.
    pub(crate) const fn is_json(self) -> bool {
        self.json
    }

    /// Prints a result: `object` with `--json`, else `text`.
    pub(crate) fn result(self, object: &impl Serialize, text: impl FnOnce() -> String) {
        if self.json {
            self.object(object);
        } else {
            StandardOutput.line(&printable(&text()));
        }
    }

    /// Prints an object on a line, with `--json` only.
    pub(crate) fn object(self, object: &impl Serialize) {
        if !self.json {
            return;
        }
        match serde_json::to_string(object) {
            // On one line, since scripts read objects line by line.
            Ok(json) => StandardOutput.line(&ascii_json(&json)),
            Err(error) => StandardOutput.remember(Err(error.into())),
        }
    }

    /// Prints a line for people, without `--json` only.
    pub(crate) fn line(self, text: impl Display) {
        if !self.json {
            StandardOutput.line(&printable(&text.to_string()));
        }
    }

    /// Prints a line that is the same with and without `--json`.
    pub(crate) fn raw(self, line: &str) {
        StandardOutput.line(&ascii_json(line));
    }

    /// Prints what is a file of its own, as it is: our own words, with and without `--json`.
    pub(crate) fn bytes(self, content: &[u8]) {
        // Remembered in any case.
        let _ = StandardOutput.write_all(content);
    }

    /// Whether nobody will see what else is printed: what prints until it is stopped ends then.
    pub(crate) fn has_ended(self) -> bool {
        StandardOutput.has_ended()
    }

    /// Says something on stderr that is no result: progress, a warning.
    pub(crate) fn note(self, text: impl Display) {
        note(&printable(&text.to_string()));
    }

    /// Says why the command failed, on stderr; with `--json` also as an object, unless the command
    /// has printed one that tells.
    pub(crate) fn failure(self, failure: &Failure) {
        if !failure.is_reported() {
            self.object(&failure.to_json());
        }
        // On stderr in either case: with --json too somebody may be looking on.
        if !failure.is_told() {
            self.note(format_args!("sealbid: {failure}"));
        }
        for cause in failure.causes().iter().filter(|_| self.verbose) {
            self.note(format_args!("  caused by: {cause}"));
        }
    }
}

/// A table for people: a line of headings, aligned columns, no frame.
pub(crate) struct Columns(Table);

impl Columns {
    /// A table with these headings; those that begin with `>` head a column of numbers, which
    /// are aligned to the right.
    pub(crate) fn new(headings: &[&str]) -> Self {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        table.set_header(
            headings
                .iter()
                .map(|heading| Cell::new(heading.trim_start_matches('>').to_uppercase())),
        );
        for (column, heading) in table.column_iter_mut().zip(headings) {
            column.set_padding((0, 2));
            if heading.starts_with('>') {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        Self(table)
    }

    /// Adds a row.
    pub(crate) fn row<T: Display>(&mut self, cells: impl IntoIterator<Item = T>) {
        self.0.add_row(
            cells
                .into_iter()
                .map(|cell| Cell::new(printable(&cell.to_string()))),
        );
    }
}

impl Display for Columns {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        // Without the spaces that would fill up each line.
        f.write_str(&self.0.trim_fmt())
    }
}

/// Starts the log, on stderr: `SEALBID_LOG` is an env-filter; without it, `default`.
pub(crate) fn start_log(default: &str) -> Result<(), Failure> {
    let filter = match std::env::var("SEALBID_LOG") {
        // Not ignored if it is wrong: whoever sets it wants to see something.
        Ok(filter) => EnvFilter::try_new(&filter)
            .map_err(|error| Failure::usage(format!("SEALBID_LOG={filter:?}: {error}")))?,
        Err(_) => EnvFilter::new(default),
    };
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        // Results alone go to stdout.
        .with_writer(io::stderr)
        .with_ansi(false)
        // It would tell of them by a macro that panics where nobody reads standard error.
        .log_internal_errors(false)
        .try_init()
        .map_err(|error| Failure::work(format!("cannot start the log: {error}")))
}

/// Says what clap has to say instead of a command: help or a version as results, and what is wrong
/// with the command line on stderr, and with `--json` as an object too.
///
/// # Errors
/// Usage, which has been told.
pub(crate) fn say_instead(instead: &clap::Error) -> Result<(), Failure> {
    if !instead.use_stderr() {
        StandardOutput.remember(instead.print());
        return Ok(());
    }
    // In clap's own form, with its colours. Nobody is left to tell if this fails.
    let _ = instead.print();
    let text = instead.render().to_string();
    let (what, more) = text.split_once("\n\n").unwrap_or((&text, ""));
    let failure = Failure::usage(what.trim_start_matches("error: ").trim())
        .advise(more.trim())
        .with_code("command-line");
    // Nothing was parsed, and a script that asked for objects waits for one.
    let json = std::env::args_os().any(|argument| argument == "--json");
    Console::new(json, false).object(&failure.to_json());
    Err(failure.told())
}
