//! Reports an envelope that does not exist whenever nobody has anything to report.
//!
//! It attacks idleness (docs/protocol.md 4.2). A member without an intent reports once another's
//! report lists one. If an invented one did, a round would close in every slot, with nothing in
//! it.

use sealbid_protocol::member::message::PeerMessage;
use sealbid_types::id::{MemberIndex, Round};
use sealbid_types::report::Report;

use super::{Adversary, Kit, Said};

/// The newest of its reports, and when it was last sent.
#[derive(Default)]
pub struct IdleReporter(Option<(Round, PeerMessage, u64)>);

/// Between two sendings, in milliseconds.
/// As often as an engine repeats its report (`Times::resend`).
const AGAIN: u64 = 400;

impl Adversary for IdleReporter {
    fn instead(&mut self, _: &mut Kit, message: &PeerMessage, _: MemberIndex) -> Vec<PeerMessage> {
        vec![message.clone()]
    }

    fn unasked(&mut self, kit: &mut Kit) -> Vec<Said> {
        if let Some((round, report, at)) = &mut self.0
            && *round == kit.open
        {
            if kit.now < *at + AGAIN {
                return Vec::new();
            }
            *at = kit.now;
            return kit.to_all(report);
        }
        kit.lie();
        let committee = &kit.house.committee;
        let body = Report {
            auction: committee.auction,
            epoch: committee.epoch,
            round: kit.open,
            slot: committee.schedule.newest_ended(kit.wall),
            intents: vec![kit.draws.bytes().into()],
            quotes: Vec::new(),
        };
        let report = PeerMessage::Report(Box::new(kit.sign(body)));
        self.0 = Some((kit.open, report.clone(), kit.now));
        kit.to_all(&report)
    }
}
