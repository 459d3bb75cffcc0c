//! The committee's protocol as state machines without I/O: admission, receipts, reports, the close
//! vote, the share exchange, settlement and catch-up.
//!
//! Time, entropy, messages and what the disk holds are arguments; what to send, to store and to
//! answer are values. That is what lets a whole committee run, with faults, inside one test.

pub mod audit;
pub mod disk;
pub mod gate;
pub mod member;
pub mod open;
pub mod pool;
pub mod vote;
