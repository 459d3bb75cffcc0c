//! No report leaves out what its member has acknowledged for that round or an earlier one.
//!
//! On it receipts rest (docs/protocol.md 4.3). Only the first report of a round is held against
//! what was acknowledged before it: what is acknowledged later is for a later round, which
//! `late_acknowledgements` asks.

use sealbid_protocol::member::message::PeerMessage;
use sealbid_types::envelope::Kind;
use sealbid_types::id::EnvelopeId;

use super::{Invariant, Said, Scene, Verdict};

pub(super) struct CompleteReports;

impl Invariant for CompleteReports {
    fn name(&self) -> &'static str {
        "no report leaves out what is acknowledged"
    }

    fn said(&mut self, scene: &Scene, said: &Said<'_>) -> Verdict {
        let PeerMessage::Report(signed) = said.message else {
            return Ok(());
        };
        // One of another member is passed on, and is no promise of whoever passes it on.
        if signed.member != said.by || scene.reports.contains_key(&(said.by, signed.body.round)) {
            return Ok(());
        }
        let report = &signed.body;
        let least = (said.by, EnvelopeId::from([0; 32]));
        let own = scene.acknowledgements.range(least..);
        for ((_, id), from) in own.take_while(|((by, _), _)| *by == said.by) {
            let is_intent = scene
                .headers
                .get(id)
                .is_some_and(|h| h.kind == Kind::Intent);
            let list = if is_intent {
                &report.intents
            } else {
                &report.quotes
            };
            // By the member's own clock, as it is now. What has expired since the slot ended is
            // not asked for: the check may miss it, and never blames wrongly.
            if scene.is_owed(id, *from, report.round, said.wall) && !list.contains(id) {
                return Err(format!(
                    "{}, acknowledged for round {from}, is not in the report of round {}",
                    id.short(),
                    report.round
                ));
            }
        }
        Ok(())
    }
}
