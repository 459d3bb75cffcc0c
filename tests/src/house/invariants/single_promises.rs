//! One digest a promise: a member signs one round for an envelope, one report for a round, one vote
//! for a subject, view and step, and one statement of each purpose for a round.
//!
//! Promises are kept here from a member's first word to the end of the run, however often its
//! process starts again: it is the disk that has to remember (docs/protocol.md 4.2, 4.4). A member
//! whose disk has lied is not asked, nor is one that was restored asked for what nobody had heard.

use std::collections::BTreeMap;

use sealbid_types::id::MemberIndex;

use super::promise::promises;
use super::{Invariant, Promise, Said, Scene, Verdict};

#[derive(Default)]
pub(super) struct SinglePromises(BTreeMap<(MemberIndex, Promise), Vec<u8>>);

impl Invariant for SinglePromises {
    fn name(&self) -> &'static str {
        "one digest a promise"
    }

    fn said(&mut self, _: &Scene, said: &Said<'_>) -> Verdict {
        for (what, digest) in promises(said.by, said.message) {
            let first = self.0.entry((said.by, what)).or_insert(digest.clone());
            if *first != digest {
                return Err(format!("two of {what:?}: {first:02x?} and {digest:02x?}"));
            }
        }
        Ok(())
    }

    fn gone(&mut self, by: MemberIndex, promise: Promise) {
        self.0.remove(&(by, promise));
    }
}
