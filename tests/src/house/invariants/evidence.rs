//! Evidence convinces a third party that has the committee file alone, and convicts liars only.
//!
//! Rows are read from disks, as a member would hand them to somebody. `Evidence::judge` is the
//! product's own, so for two reports the contradiction is seen again by other means.

use sealbid_protocol::disk::{Recall, Table};
use sealbid_protocol::evidence::Evidence;
use sealbid_types::codec::decode;

use super::{Invariant, Scene, Verdict};
use crate::house::world::World;

pub(super) struct EvidenceOfLies;

/// What anybody sees in two reports, whatever judges them.
fn contradict(scene: &Scene, evidence: &Evidence) -> bool {
    let Evidence::Reports(pair) = evidence else {
        return true;
    };
    let [one, other] = &**pair;
    let member = scene.house.committee.member(one.member);
    member.is_some_and(|member| {
        let is_signed = [one, other].map(|report| report.verify(&member.identity).is_ok());
        is_signed == [true; 2]
            && (one.member, one.body.round) == (other.member, other.body.round)
            && one.body != other.body
    })
}

impl Invariant for EvidenceOfLies {
    fn name(&self) -> &'static str {
        "evidence convinces a third party"
    }

    fn meanwhile(&mut self, scene: &Scene, world: &World) -> Verdict {
        let (committee, keys) = (&scene.house.committee, &scene.house.keys);
        let honest: Vec<_> = world.honest().collect();
        for finder in honest {
            for (_, row) in world.disk(finder).scan(Table::Evidence) {
                let Ok(evidence) = decode::<Evidence>(&row) else {
                    let length = row.len();
                    return Err(format!("{length} bytes at {finder} are no evidence"));
                };
                if let Err(error) = evidence.judge(committee, keys) {
                    return Err(format!("at {finder}: {error}: {evidence:?}"));
                }
                if !contradict(scene, &evidence) {
                    return Err(format!("two reports that agree, at {finder}"));
                }
                // Two certificates name nobody: they only say that too many have lied.
                if let Some(culprit) = evidence.member().filter(|member| scene.trusts(*member)) {
                    return Err(format!("{finder} convicts {culprit}, which is honest"));
                }
            }
        }
        Ok(())
    }

    fn at_end(&mut self, scene: &Scene, world: &World) -> Verdict {
        self.meanwhile(scene, world)
    }
}
