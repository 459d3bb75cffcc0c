//! Reports for a slot that has not ended.
//!
//! It attacks the cut (docs/protocol.md 4.2): whoever tells before the end of a slot what it holds
//! lets the others add to it.

use sealbid_protocol::member::message::PeerMessage;
use sealbid_types::id::MemberIndex;

use super::{Adversary, Kit};

/// Names the slot after the one that it reports.
pub struct ReportsAhead;

impl Adversary for ReportsAhead {
    fn instead(
        &mut self,
        kit: &mut Kit,
        message: &PeerMessage,
        _: MemberIndex,
    ) -> Vec<PeerMessage> {
        match kit.own_report(message) {
            Some(report) => vec![kit.altered(report, |body| body.slot = body.slot.next())],
            None => vec![message.clone()],
        }
    }
}
