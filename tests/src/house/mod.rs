//! A committee under a seed: its members' engines, with simulated disks, network and clocks, and
//! the real cryptography.

pub mod adversary;
pub mod disk;
pub mod draws;
pub mod fixture;
pub mod invariants;
pub mod people;
pub mod world;

pub use draws::Draws;
pub use people::Person;
pub use world::{Faults, World};
