//! A lying member may be named, an honest one never; and no honest member halts.
//!
//! This is of what people are told; what is kept as evidence is checked beside it. That something
//! was of no use says nothing against its sender, and is no fault.

use sealbid_protocol::member::Notice;

use super::{Invariant, Scene, Verdict};
use crate::house::world::World;

pub(super) struct Blame;

impl Invariant for Blame {
    fn name(&self) -> &'static str {
        "only liars are named"
    }

    fn at_end(&mut self, scene: &Scene, world: &World) -> Verdict {
        for (by, notice) in &world.notices {
            if let Notice::Fault { member, what } = notice
                && scene.trusts(*by)
                && scene.trusts(*member)
            {
                return Err(format!("{by} says: {member} {what}"));
            }
        }
        match world.halts.iter().find(|(member, _)| scene.trusts(*member)) {
            Some((member, reason)) => Err(format!("{member} halts: {reason}")),
            None => Ok(()),
        }
    }
}
