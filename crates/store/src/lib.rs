//! What a member must not forget, in two redb files.
//!
//! Everything a member promises (acknowledgements, reports, votes, locks) is on disk before it is
//! sent. This crate is that disk: [`Store::commit`] returns once a whole list of
//! [`Write`](sealbid_protocol::disk::Write)s is durable, or with an error after which the member
//! must stop.
//!
//! - Each commit is one transaction with immediate durability and two-phase commit, so that what
//!   the file's header points to is always complete.
//! - What grows with each round (records, certificates, outcomes) has a file of its own beside the
//!   other, the archive. A commit is in both files or in neither.
//! - Opening verifies every page in use of the working file, which is small, and reads nothing of the
//!   archive: a start takes no longer for a store that is old. It refuses another auction's or
//!   member's files, or two that do not belong together, and takes a lock, so that no two processes
//!   hold one file. [`Store::examine`] verifies both.
//! - Each value carries a checksum over its table, key and bytes, checked at every read: what is
//!   damaged while the member runs, or behind redb's back, is an error, never another value.
//!
//! The guarantee ends at a disk that forgets: an old copy of the file is a valid file. That is
//! found by asking the other members (docs/protocol.md, section 4.4).
//!
//! Deleted rows leave free pages, which later commits fill again, so a store whose rows are pruned
//! as fast as they come stays as large as it once was. [`Store::compact`] gives the pages back.

mod checksum;
mod error;
mod file;
mod memory;
mod outbox;
mod store;
mod survey;

pub use error::{Damage, StoreError};
pub use file::{Identity, name as table_name};
pub use memory::Memory;
pub use store::{Entry, Store};
pub use survey::Survey;

#[cfg(test)]
mod tests;
