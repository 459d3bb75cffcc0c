//! No envelope is proved again and again: what a member knows, or has refused, costs no arithmetic
//! when it comes once more (docs/protocol.md 4.2), a hundred times over as in a flood.

use std::collections::BTreeMap;

use sealbid_types::id::{EnvelopeId, MemberIndex, Round};

use super::{Invariant, Scene, Verdict};

/// How often an envelope is proved by one process between two rounds at most: when it comes, and again
/// if it could not be taken and a report names it. Each time it goes to the gate for the pool, and
/// while it waits there for a member and for a client as well, which wait for nobody else's. What was
/// only fetched goes with its round, and the next one may need it again.
const MOST: u32 = 2 * 3;

/// By the newest round that is certified.
#[derive(Default)]
pub(super) struct Arithmetic(BTreeMap<(MemberIndex, EnvelopeId, Round), u32>);

impl Invariant for Arithmetic {
    fn name(&self) -> &'static str {
        "nothing is proved again and again"
    }

    fn proves(&mut self, scene: &Scene, by: MemberIndex, envelope: EnvelopeId) -> Verdict {
        let newest = scene.closes.keys().next_back().copied().unwrap_or_default();
        let times = self.0.entry((by, envelope, newest)).or_default();
        *times += 1;
        if *times > MOST {
            let id = envelope.short();
            return Err(format!("{id} is proved for the {times}th time"));
        }
        Ok(())
    }

    /// What it knew was in memory. One that stands still forgets nothing.
    fn ended(&mut self, by: MemberIndex) {
        self.0.retain(|(of, ..), _| *of != by);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::house::fixture::Fixture;
    use crate::house::invariants::Watch;

    #[test]
    fn once_too_often_is_found_until_the_process_ends() {
        let scene = Watch::new(1, Arc::new(Fixture::new(4, 3, 1))).scene;
        let (by, envelope) = (MemberIndex(0), EnvelopeId::from([1; 32]));
        let mut check = Arithmetic::default();
        for time in 1..=MOST {
            assert_eq!(check.proves(&scene, by, envelope), Ok(()), "{time}");
        }
        // A process that stands still keeps its memory.
        check.rested(by);
        assert!(check.proves(&scene, by, envelope).is_err());
        check.ended(by);
        assert_eq!(check.proves(&scene, by, envelope), Ok(()));
    }
}
