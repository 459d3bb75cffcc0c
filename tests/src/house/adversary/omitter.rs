//! Reports nothing of what it has acknowledged.

use sealbid_protocol::member::message::PeerMessage;
use sealbid_types::id::MemberIndex;

use super::{Adversary, Kit};

/// Empties its reports.
pub struct Omitter;

impl Adversary for Omitter {
    fn instead(
        &mut self,
        kit: &mut Kit,
        message: &PeerMessage,
        _: MemberIndex,
    ) -> Vec<PeerMessage> {
        match kit.own_report(message) {
            Some(report) if !report.body.intents.is_empty() => {
                vec![kit.altered(report, |body| {
                    body.intents.clear();
                    body.quotes.clear();
                })]
            }
            _ => vec![message.clone()],
        }
    }
}
