//! A close's slot is no earlier than that of any report that it names, so that nothing trades that
//! had expired at a cut; and an honest member's report is of a slot that had ended.
//!
//! The first half is of closes, and holds against proposers that name the slot before; the second
//! keeps a member from telling what it holds before the cut (docs/protocol.md 4.2).

use sealbid_protocol::member::message::PeerMessage;

use super::{Invariant, Said, Scene, Verdict};
use crate::house::world::World;

pub(super) struct Slots;

impl Invariant for Slots {
    fn name(&self) -> &'static str {
        "no close is older than its reports"
    }

    fn said(&mut self, scene: &Scene, said: &Said<'_>) -> Verdict {
        // What it signed then it may say first when its clock has gone back: after a crash between
        // the disk and the network.
        let latest = scene.latest.get(&said.by).copied().unwrap_or(said.wall);
        let PeerMessage::Report(signed) = said.message else {
            return Ok(());
        };
        let first = scene.reports.get(&(said.by, signed.body.round));
        let ended = scene.house.committee.schedule.newest_ended(latest);
        // Once it is signed it stays, whatever becomes of the clock.
        if signed.member == said.by && first.is_none() && signed.body.slot > ended {
            let slot = signed.body.slot;
            return Err(format!(
                "a report of slot {slot}, and slot {ended} is the newest that ended"
            ));
        }
        Ok(())
    }

    fn at_end(&mut self, _: &Scene, world: &World) -> Verdict {
        let honest: Vec<_> = world.honest().collect();
        for record in honest.into_iter().flat_map(|member| world.records(member)) {
            let (round, slot) = (record.close.round, record.close.slot);
            let late = record.reports.iter().find(|report| report.body.slot > slot);
            if let Some(report) = late {
                let (member, of) = (report.member, report.body.slot);
                return Err(format!(
                    "round {round} closes in slot {slot}, and names a report of {member} of slot {of}"
                ));
            }
        }
        Ok(())
    }
}
