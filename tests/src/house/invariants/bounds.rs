//! What a member remembers is bounded, in memory and on disk, whatever others do.
//!
//! Memory and disk are what a liar could fill: by closes that nobody can judge, evidence,
//! envelopes that were only fetched (docs/protocol.md 4.2). It does not see what grows by a few
//! bytes a round: runs are short.

use sealbid_protocol::disk::Table;

use super::{Invariant, Scene, Verdict};
use crate::house::world::World;

pub(super) struct Bounds;

/// An engine of these small runs, as it prints itself: some 300 KB at most without liars.
/// Ten times that: a long run passes, and a few hundred closes that nobody can judge do not.
const MOST_MEMORY: usize = 3_000_000;
/// Kinds of evidence that are kept, one of each a member.
/// Seven of them name a member; the eighth leaves room for a pair of certificates.
const KINDS: usize = 8;

impl Invariant for Bounds {
    fn name(&self) -> &'static str {
        "memory and disk are bounded"
    }

    fn at_end(&mut self, scene: &Scene, world: &World) -> Verdict {
        let honest: Vec<_> = world.honest().collect();
        for member in honest {
            if let Some(size) = world.size(member)
                && size > MOST_MEMORY
            {
                return Err(format!("the engine of {member} prints {size} bytes"));
            }
            let (rows, most) = (
                world.disk(member).count(Table::Evidence),
                KINDS * scene.liars.len(),
            );
            if rows > most {
                return Err(format!(
                    "{member} keeps {rows} rows of evidence, at most {most}"
                ));
            }
            let closed = scene.closes.keys().next_back().map_or(0, |round| round.0);
            let never = scene.headers.iter().filter(|(id, header)| {
                use sealbid_protocol::disk::Recall;
                // A member takes envelopes for up to 64 rounds ahead, so none that it has
                // acknowledged is so far.
                let is_far = header.first.0 > closed + 1_000;
                is_far
                    && world
                        .disk(member)
                        .get(Table::Envelopes, id.as_bytes())
                        .is_some()
            });
            let never = never.count();
            if never > 0 {
                return Err(format!(
                    "{member} stores {never} envelopes that nothing outlives"
                ));
            }
        }
        Ok(())
    }
}
