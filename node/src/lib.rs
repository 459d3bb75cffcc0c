//! A member's daemon: the shell around the engine of `sealbid-protocol`.
//!
//! ```text
//!   front door ─▶ gate ─▶ ┌────────┐ ─▶ store (durable first)
//!   pool ───────▶ gate ─▶ │ engine │ ─▶ members, pool, streams
//!   members ────────────▶ │ thread │ ─▶ clients, watchers
//!   records ────────────▶ └────────┘
//! ```
//!
//! The engine decides, on one thread, with time and inputs as arguments; everything here brings it
//! inputs and carries out what it says. Every queue is bounded. What does not find room is refused
//! (clients), held back (peers, the pool), or dropped and sent again (the engine's own requests).
//!
//! A member that is killed at any instant loses nothing that it has promised. One whose disk fails
//! stops: it never goes on without its memory.

mod arithmetic;
pub mod config;
mod engine;
mod engine_client;
mod error;
mod fetch;
mod front_door;
mod gate_worker;
mod mesh_link;
mod node;
mod pid_file;
mod pool_bridge;
mod reading;
mod records;
mod requests;
mod shell;
mod submissions;
pub mod template;
pub mod timings;
mod turns;

pub use config::MemberConfig;
pub use error::{Cause, NodeError};
pub use mesh_link::{MemberSeat, issue_ticket};
pub use node::Node;
pub use records::kept_evidence;

/// The examples of the README are compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
