//! The chain of certified rounds: where it stands, and what it rules out.

mod catch_up;
mod ledger;
mod row;
#[cfg(test)]
mod tests;

pub use self::catch_up::{CheckedRecord, RecordError, check_record};
pub(crate) use self::ledger::Chain;
pub use self::row::certified_close;
pub(crate) use self::row::{CertifiedRound, Row};
