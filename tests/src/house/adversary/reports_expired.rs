//! Reports, for slot 1, an envelope that has expired since then, and shows it to whoever hears its
//! report.
//!
//! No close lists it, but the close's report does: whoever opens the round or audits it needs it
//! (docs/protocol.md 4.2, 4.6).

use sealbid_protocol::member::message::PeerMessage;
use sealbid_types::bytes::Blob;
use sealbid_types::codec::encode;
use sealbid_types::envelope::Envelope;
use sealbid_types::id::{MemberIndex, Slot};

use super::{Adversary, Kit};

/// What nobody else holds.
pub struct ReportsExpired(pub Envelope);

impl Adversary for ReportsExpired {
    fn instead(
        &mut self,
        kit: &mut Kit,
        message: &PeerMessage,
        _: MemberIndex,
    ) -> Vec<PeerMessage> {
        let Some(report) = kit.own_report(message) else {
            return vec![message.clone()];
        };
        let id = self.0.id();
        let altered = kit.altered(report, |body| {
            body.slot = Slot(1);
            body.intents.push(id);
        });
        let shown = vec![Blob::from(encode(&self.0))];
        vec![altered, PeerMessage::Envelopes(shown)]
    }
}
