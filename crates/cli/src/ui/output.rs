//! Printing: results on stdout, for people or as JSON; messages and logs on stderr.

use core::fmt::Display;
use std::io::{self, ErrorKind, Write};

use comfy_table::{Cell, CellAlignment, Table, presets};
use serde::Serialize;
use tracing_subscriber::EnvFilter;

use crate::exit::Failure;
use crate::ui::text::{ascii_json, printable};

/// Where results and messages go.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Console {
    json: bool,
}

impl Console {
    pub(crate) const fn new(json: bool) -> Self {
        Self { json }
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
            write_line(io::stdout(), &printable(&text()));
        }
    }

    /// Prints an object on a line, with `--json` only.
    pub(crate) fn object(self, object: &impl Serialize) {
        if self.json
            && let Ok(json) = serde_json::to_string(object)
        {
            // On one line, since scripts read objects line by line.
            write_line(io::stdout(), &ascii_json(&json));
        }
    }

    /// Prints a line for people, without `--json` only.
    pub(crate) fn line(self, text: impl Display) {
        if !self.json {
            write_line(io::stdout(), &printable(&text.to_string()));
        }
    }

    /// Prints a line that is the same with and without `--json`.
    pub(crate) fn raw(self, line: &str) {
        write_line(io::stdout(), &ascii_json(line));
    }

    /// Says something on stderr that is no result: progress, a warning.
    pub(crate) fn note(self, text: impl Display) {
        write_line(io::stderr(), &printable(&text.to_string()));
    }

    /// Says why the command failed, on stderr; with `--json` also as an object, unless the command
    /// has printed one that tells.
    pub(crate) fn failure(self, failure: &Failure) {
        if !failure.is_reported() {
            self.object(&failure.to_json());
        }
        // On stderr in either case: with --json too somebody may be looking on.
        self.note(format_args!("sealbid: {failure}"));
    }
}

/// Writes a line. A reader that has gone (`sealbid rounds | head`) has had enough: that is no error.
fn write_line(mut to: impl Write, line: &str) {
    if let Err(error) = writeln!(to, "{line}").and_then(|()| to.flush())
        && error.kind() == ErrorKind::BrokenPipe
    {
        std::process::exit(0);
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
        .try_init()
        .map_err(|error| Failure::work(format!("cannot start the log: {error}")))
}
