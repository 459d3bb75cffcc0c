//! Benchmarks: what the arithmetic costs (`parts`, `opening`, `ceremony`) and takes besides time
//! (`footprint`), whether its time betrays a secret (`constant_time`), and what a house does
//! (`house`).

use core::error::Error;

use comfy_table::{CellAlignment, Table, presets};

pub mod committee;
pub mod statistics;
pub mod unit;

/// What a benchmark's step gives.
pub type Fallible<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// A table without a frame, its first column to the left and the others to the right.
#[must_use]
pub fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(header);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}
