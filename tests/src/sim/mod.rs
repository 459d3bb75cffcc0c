//! Many seeds of the whole committee, on all cores: what went wrong in them, what was found, and
//! the smallest run that still shows it.

mod campaign;
mod shrink;
mod tally;

pub use campaign::{Campaign, Failed, Found, Player, play};
pub use shrink::{Smaller, replay_line, shrink};
pub use tally::Tally;
