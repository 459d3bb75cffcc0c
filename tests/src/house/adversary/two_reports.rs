//! Reports one thing to one half of the members and another to the rest, and then the other way
//! round, so that both come to everybody.
//!
//! It attacks evidence (docs/protocol.md 4.2): both are properly signed, and whoever has both can
//! convict it. A close may name either; what the shorter one leaves out others have promised.

use sealbid_protocol::member::message::PeerMessage;
use sealbid_types::id::MemberIndex;

use super::{Adversary, Kit};

/// Leaves an intent out of every second report.
#[derive(Default)]
pub struct TwoReports {
    turn: bool,
}

impl Adversary for TwoReports {
    fn instead(
        &mut self,
        kit: &mut Kit,
        message: &PeerMessage,
        _: MemberIndex,
    ) -> Vec<PeerMessage> {
        match kit.own_report(message) {
            Some(report) if !report.body.intents.is_empty() => {
                self.turn = !self.turn;
                if self.turn {
                    vec![kit.altered(report, |body| _ = body.intents.pop())]
                } else {
                    vec![message.clone()]
                }
            }
            _ => vec![message.clone()],
        }
    }
}
