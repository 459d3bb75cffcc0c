//! Acknowledges envelopes for a round that makes the receipt worth nothing.
//!
//! It attacks receipts (docs/protocol.md 4.3). A receipt's round is the latest that its q
//! acknowledgements name: a round outside the range makes it void, and the last of the range worth
//! little. Either is to count as none.

use sealbid_protocol::member::message::PeerMessage;
use sealbid_types::id::{MemberIndex, Round};

use super::{Adversary, Kit};

/// Acknowledges for this round, or for the envelope's last if there is none.
pub struct FalseAcknowledgements(pub Option<Round>);

impl Adversary for FalseAcknowledgements {
    fn instead(
        &mut self,
        kit: &mut Kit,
        message: &PeerMessage,
        _: MemberIndex,
    ) -> Vec<PeerMessage> {
        let PeerMessage::Acknowledgements(batch) = message else {
            return vec![message.clone()];
        };
        let mut altered = Vec::new();
        for signed in batch {
            let last = kit
                .envelopes
                .get(&signed.body.envelope)
                .map(|e| e.header.last);
            let mut body = signed.body;
            body.round = self.0.or(last).unwrap_or(body.round);
            kit.lie();
            altered.push(kit.sign(body));
        }
        vec![PeerMessage::Acknowledgements(altered)]
    }
}
