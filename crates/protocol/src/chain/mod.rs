//! The chain of certified rounds: where it stands, and what it rules out.

mod ledger;

pub(crate) use self::ledger::{CertifiedRound, Chain, points_of};
