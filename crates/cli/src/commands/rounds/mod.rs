//! Rounds, as anybody may look at them.

pub(crate) mod at_hand;
pub(crate) mod audit;
pub(crate) mod list;
pub(crate) mod pairs;
pub(crate) mod prices;
pub(crate) mod round;
pub(crate) mod watch;
