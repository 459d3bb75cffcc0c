//! Rounds, as anybody may look at them.

pub(crate) mod audit;
pub(crate) mod list;
pub(crate) mod round;
pub(crate) mod watch;
