//! What a member remembers is bounded, in memory and on disk, whatever others do: now and then in a
//! run, and at its end.
//!
//! Memory and disk are what a liar could fill: by closes that nobody can judge, evidence,
//! envelopes that were only fetched (docs/protocol.md 4.2). It does not see what grows by a few
//! bytes a round: runs are short.

use sealbid_protocol::disk::{Recall as _, Table};
use sealbid_types::envelope::Header;

use super::{Invariant, Scene, Verdict};
use crate::house::world::World;

pub(super) struct Bounds;

/// An engine of these small runs, as it prints itself: some 300 KB at most without liars.
/// Ten times that: a long run passes, and a few hundred closes that nobody can judge do not.
const MOST_MEMORY: usize = 3_000_000;
/// Kinds of evidence that are kept, one of each a member.
/// Nine of them name a member; the tenth leaves room for a pair of certificates.
const KINDS: usize = 10;
/// How far ahead of the open round an envelope that is stored begins at most.
const MOST_AHEAD: u64 = 64;

impl Invariant for Bounds {
    fn name(&self) -> &'static str {
        "memory and disk are bounded"
    }

    fn meanwhile(&mut self, scene: &Scene, world: &World) -> Verdict {
        let honest: Vec<_> = world.honest().collect();
        // One whose disk is an old copy that nobody spoke of contradicts itself too.
        let members = world.house.members();
        let untrusted = members.filter(|member| !scene.trusts(*member)).count();
        for member in honest {
            if let Some(size) = world.size(member)
                && size > MOST_MEMORY
            {
                return Err(format!("the engine of {member} prints {size} bytes"));
            }
            let (rows, most) = (world.disk(member).count(Table::Evidence), KINDS * untrusted);
            if rows > most {
                return Err(format!(
                    "{member} keeps {rows} rows of evidence, at most {most}"
                ));
            }
            // What a report of the open round names is kept until that is settled.
            let settled = world.settled(member);
            let over = |header: &Header| header.last.0 + 2 < settled.0;
            let kept = scene.headers.iter().filter(|(id, header)| {
                let disk = world.disk(member);
                over(header) && disk.get(Table::Envelopes, id.as_bytes()).is_some()
            });
            let kept = kept.count();
            if kept > 0 {
                return Err(format!(
                    "{member} has settled round {settled}, and stores {kept} envelopes that no round can list any more"
                ));
            }
            let closed = scene.closes.keys().next_back().map_or(0, |round| round.0);
            let never = scene.headers.iter().filter(|(id, header)| {
                // What it has acknowledged is not so far, and what it fetched begins before that.
                let is_far = header.first.0 > closed + 1 + MOST_AHEAD;
                is_far
                    && world
                        .disk(member)
                        .get(Table::Envelopes, id.as_bytes())
                        .is_some()
            });
            let never = never.count();
            if never > 0 {
                return Err(format!(
                    "{member} stores {never} envelopes for more than {MOST_AHEAD} rounds ahead"
                ));
            }
        }
        Ok(())
    }

    fn at_end(&mut self, scene: &Scene, world: &World) -> Verdict {
        self.meanwhile(scene, world)
    }
}
