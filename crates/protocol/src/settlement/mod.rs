//! From the opened round to its record: clearing, authorisations, signatures, the archive.

mod clearing;
mod collector;
mod decide;
mod outcome;
mod settling;
mod stages;
mod task;

pub(crate) use self::clearing::clearing_input;
pub use self::outcome::{StoredOutcome, outcomes, summary};
pub(crate) use self::settling::{Awaited, Settling, Tools};
pub(crate) use self::stages::{Material, Settled};
