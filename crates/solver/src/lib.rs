//! The reference solver as a library: live price books, sealed quotes, fills as events.
//!
//! | module | what |
//! | --- | --- |
//! | [`book`] | a price book: read, checked against its bounds, and what it pays |
//! | [`source`] | where books come from: a watched file, standard input, a program's own prices |
//! | [`SolverService`] | the solver at work: joins a house, quotes, and follows its fills |
//! | [`SolverEvent`] | what it tells: quotes, fills, totals, books refused, tickets that run out |
//!
//! A solver with prices of its own gives them as a [`BookSource`] and keeps the rest;
//! `examples/solver.rs` is one. Its fills are read from each round's record, which carries the
//! committee's signature: no single member can claim one, or hide one.

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

pub mod book;
mod event;
mod fills;
mod position;
mod scheduler;
mod service;
pub mod source;

pub use book::{Book, BookError};
pub use event::{NotQuoted, SolverEvent};
pub use position::Position;
pub use service::{Ended, SolverError, SolverService};
pub use source::BookSource;
