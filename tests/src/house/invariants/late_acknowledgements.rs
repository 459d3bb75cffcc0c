//! No member acknowledges an envelope for a round that it has reported without it.
//!
//! It is the other half of `complete_reports`: there the promise comes first, here the report. A
//! member that started again and had forgotten that it is frozen would break it (docs/protocol.md
//! 4.2, "on disk before anything is sent").

use sealbid_protocol::member::message::PeerMessage;

use super::{Invariant, Said, Scene, Verdict};

pub(super) struct LateAcknowledgements;

impl Invariant for LateAcknowledgements {
    fn name(&self) -> &'static str {
        "no acknowledgement for a round that is reported without it"
    }

    fn said(&mut self, scene: &Scene, said: &Said<'_>) -> Verdict {
        let PeerMessage::Acknowledgements(batch) = said.message else {
            return Ok(());
        };
        for signed in batch.iter().filter(|signed| signed.member == said.by) {
            let id = &signed.body.envelope;
            let from = (said.by, signed.body.round);
            // In every later round too: the promise is for all of them, until one lists it.
            let reported = scene.reports.range(from..);
            for ((_, round), report) in reported.take_while(|((by, _), _)| *by == said.by) {
                let is_owed = scene.is_owed(id, signed.body.round, *round, said.wall);
                if is_owed && !report.intents.contains(id) && !report.quotes.contains(id) {
                    return Err(format!(
                        "{} for round {}, and its report of round {round} leaves it out",
                        id.short(),
                        signed.body.round
                    ));
                }
            }
        }
        Ok(())
    }
}
