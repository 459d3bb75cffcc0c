//! Benchmarks: what the arithmetic costs (`parts`, `opening`, `ceremony`) and takes besides time
//! (`footprint`), whether its time betrays a secret (`constant_time`), and what a house does
//! (`house`), under attack (`flood`) and in the long run (`soak`).

use core::error::Error;

use comfy_table::{CellAlignment, Table, presets};

pub mod committee;
pub mod house;
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

/// Runs a benchmark, and prints what it reports: one object of JSON if that is asked for.
///
/// # Errors
/// What the benchmark gives.
pub fn report<T: core::fmt::Display + serde::Serialize>(
    benchmark: impl Future<Output = Fallible<T>>,
    as_json: bool,
) -> Fallible<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let report = runtime.block_on(Box::pin(benchmark))?;
    match as_json {
        true => println!("{}", serde_json::to_string(&report)?),
        false => println!("{report}"),
    }
    Ok(report)
}
