//! Acknowledges in the names of others, under its own signature, and in its own under none.
//!
//! It attacks receipts (docs/protocol.md 4.3): one that holds such an acknowledgement proves nothing
//! to anybody.

use sealbid_protocol::member::message::PeerMessage;
use sealbid_types::id::MemberIndex;
use sealbid_types::keys::Signed;

use super::{Adversary, Kit, Said};

/// Forges everybody else's acknowledgement of whatever one member acknowledges.
pub struct ForgedAcknowledgements;

impl Adversary for ForgedAcknowledgements {
    fn instead(
        &mut self,
        kit: &mut Kit,
        message: &PeerMessage,
        _: MemberIndex,
    ) -> Vec<PeerMessage> {
        let PeerMessage::Acknowledgements(batch) = message else {
            return vec![message.clone()];
        };
        let mut spoilt = batch.clone();
        for signed in &mut spoilt {
            kit.lie();
            // That of another body.
            let mut other = signed.body;
            other.epoch.0 += 1;
            signed.signature = kit.sign(other).signature;
        }
        vec![PeerMessage::Acknowledgements(spoilt)]
    }

    fn hear(&mut self, kit: &mut Kit, from: MemberIndex, message: &PeerMessage) -> Vec<Said> {
        let PeerMessage::Acknowledgements(batch) = message else {
            return Vec::new();
        };
        let others: Vec<_> = kit.others().into_iter().filter(|it| *it != from).collect();
        let mut forged = Vec::new();
        // Its sender's own alone: two liars of this kind would forge each other's for ever.
        for signed in batch.iter().filter(|signed| signed.member == from) {
            for member in &others {
                kit.lie();
                forged.push(Signed {
                    member: *member,
                    ..kit.sign(signed.body)
                });
            }
        }
        // Nothing is no answer: nor would two liars stop sending each other nothing.
        if forged.is_empty() {
            return Vec::new();
        }
        // To whoever was first: it waits for q of them.
        vec![(from, PeerMessage::Acknowledgements(forged))]
    }
}
