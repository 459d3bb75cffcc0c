//! Reports nothing of what it has acknowledged.
//!
//! It attacks receipts (docs/protocol.md 4.3): it breaks its own part of them. Among any q reports
//! there still is one of an honest member that has acknowledged the same.

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
