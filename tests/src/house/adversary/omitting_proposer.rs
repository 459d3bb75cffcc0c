//! Proposes less than its reports list: an intent is missing, or a quote. It shows everybody the same.
//!
//! It attacks receipts (docs/protocol.md 4.2 and 4.3): a proposer alone would decide who trades.

use sealbid_protocol::member::message::PeerMessage;
use sealbid_protocol::vote::{Message, Value};
use sealbid_types::id::MemberIndex;

use super::{Adversary, Kit};

/// Leaves the last intent out of its proposals, or if there is but one, the last quote.
pub struct OmittingProposer;

impl Adversary for OmittingProposer {
    fn instead(
        &mut self,
        kit: &mut Kit,
        message: &PeerMessage,
        _: MemberIndex,
    ) -> Vec<PeerMessage> {
        if let PeerMessage::Vote(vote) = message
            && let Message::Proposal(full) = &**vote
            && full.header.member == kit.me()
            // Not a value that has its q prevotes: another one would not be what these are for.
            && full.header.body.valid_view.is_none()
            && let Value::Close(close) = &full.value
        {
            let (mut full, mut close) = (full.clone(), close.clone());
            // A close without any intent is no close, whatever its reports list.
            let left_out = if close.intents.len() > 1 {
                close.intents.pop()
            } else {
                close.quotes.pop()
            };
            if left_out.is_none() {
                return vec![message.clone()];
            }
            full.value = close.into();
            let mut header = full.header.body;
            header.value = full.value.digest();
            full.header = kit.sign(header);
            kit.lie();
            return vec![PeerMessage::Vote(Box::new(Message::Proposal(full)))];
        }
        vec![message.clone()]
    }
}
