//! Reports an envelope that nobody else would take, and hands it to whoever asks.
//!
//! A close has to list what any of its q reports names, so one member alone gets an envelope into
//! a round, if it passes the gate. What must not be opened there has to stay sealed all the same:
//! one that shares its `u` with an earlier one above all (docs/protocol.md, section 8).

use sealbid_protocol::member::message::PeerMessage;
use sealbid_types::bytes::Blob;
use sealbid_types::codec::encode;
use sealbid_types::envelope::Envelope;
use sealbid_types::id::{MemberIndex, Round};

use super::{Adversary, Kit, Said};

/// Reports this intent, from this round on.
pub struct ExtraEnvelope(pub Envelope, pub Round);

impl Adversary for ExtraEnvelope {
    fn instead(
        &mut self,
        kit: &mut Kit,
        message: &PeerMessage,
        _: MemberIndex,
    ) -> Vec<PeerMessage> {
        match kit.own_report(message) {
            Some(report) if report.body.round >= self.1 => {
                let id = self.0.id();
                vec![kit.altered(report, |body| body.intents.push(id))]
            }
            _ => vec![message.clone()],
        }
    }

    fn hear(&mut self, kit: &mut Kit, from: MemberIndex, message: &PeerMessage) -> Vec<Said> {
        match message {
            PeerMessage::Want(want) if want.envelopes.contains(&self.0.id()) => {
                kit.lie();
                let blobs = vec![Blob::from(encode(&self.0))];
                vec![(from, PeerMessage::Envelopes(blobs))]
            }
            _ => Vec::new(),
        }
    }
}
