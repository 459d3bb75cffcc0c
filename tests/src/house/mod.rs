//! A committee under a seed: its members' engines, with simulated disks, network and clocks, and
//! the real cryptography.
//!
//! | module | is |
//! | --- | --- |
//! | `fixture` | the committee and its keys |
//! | `people` | traders and solvers |
//! | `proof` | the proof of what they seal, by the document |
//! | `trade` | a market day of these |
//! | `world` | the run: processes, disks, gates, network and pool |
//! | `faults` | what goes wrong in a run |
//! | `swarm` | a mix of it that a seed draws |
//! | [`adversary`] | liars, one behaviour a file |
//! | [`invariants`] | what must hold, one check a file |
//! | [`sabotage`] | members that break one rule |
//!
//! The engine, the gate and the state of the pool are the product's own. What stands for the
//! shell, for redb, mosaik and iroh is written here (docs/architecture.md, section 7).

pub mod adversary;
mod faults;
mod fixture;
pub mod invariants;
mod people;
mod proof;
pub mod sabotage;
mod swarm;
mod trade;
mod world;

pub use faults::{Counts, Fault, Faults};
pub use fixture::{Caps, Fixture, START};
pub use people::{Person, pair};
pub use swarm::{Failure, Ingredient, Outcome, Strangers, Swarm, Way};
pub use trade::trade;
pub use world::World;

pub use crate::world::{Cut, Disk, Draws, Links};
