//! What every simulation stands on: draws, disks, clocks and the links between members.

mod clock;
mod disk;
mod draws;
mod links;

pub use clock::SeatClock;
pub use disk::Disk;
pub use draws::Draws;
pub use links::{Cut, Fate, Links};
