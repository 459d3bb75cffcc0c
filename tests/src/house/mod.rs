//! A committee under a seed: its members' engines, with simulated disks, network and clocks, and
//! the real cryptography.

pub mod adversary;
mod faults;
mod fixture;
pub mod invariants;
mod people;
pub mod sabotage;
mod swarm;
mod world;

pub use faults::{Counts, Fault, Faults};
pub use fixture::{Caps, Fixture, START};
pub use people::{Person, pair};
pub use swarm::Swarm;
pub use world::World;

pub use crate::world::{Cut, Disk, Draws, Links};
