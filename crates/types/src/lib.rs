//! The vocabulary of sealbid: ids, assets, amounts, time, envelopes, terms, quotes, closes,
//! settlements and records, and the one encoding they travel and rest in.
//!
//! This crate does no I/O and makes no decisions. Time is an argument, entropy is an argument, and
//! every decoder is strict: there is exactly one byte string for a value, and everything else is
//! refused (see [`codec`]).

pub mod allocation;
pub mod amount;
pub mod bytes;
pub mod ceremony;
pub mod close;
pub mod codec;
pub mod committee;
pub mod door;
pub mod envelope;
pub mod id;
pub mod keys;
pub mod merkle;
pub mod metadata;
pub mod quote;
pub mod record;
pub mod report;
pub mod schedule;
pub mod settlement;
pub mod statement;
pub mod terms;
pub mod text;
pub mod time;

#[cfg(test)]
mod signed_text;
#[cfg(test)]
mod snapshots;
