//! The chain of certified rounds: where it stands, and what it rules out.

mod ledger;
mod row;
#[cfg(test)]
mod tests;

pub(crate) use self::ledger::Chain;
pub(crate) use self::row::CertifiedRound;
