//! From the opened round to its record: clearing, authorisations, signatures, the archive.

mod collector;
mod outcome;
mod settling;
mod stages;
mod task;

pub use self::outcome::{Outcome, outcomes, summary};
pub(crate) use self::settling::{Desk, Settling};
pub use self::stages::order_seed;
pub(crate) use self::stages::{Material, Settled};
