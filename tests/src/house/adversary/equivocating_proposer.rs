//! Proposes a second close to one half of the members: the same without its intents, or with
//! another slot. It votes as its engine does.
//!
//! It attacks agreement (docs/protocol.md 4.2) by its proposals alone. Headers are passed on, so
//! that a member of either half sees both.

use sealbid_protocol::member::message::PeerMessage;
use sealbid_protocol::vote::{FullProposal, Message, Proposal, Value};
use sealbid_types::id::MemberIndex;

use super::{Adversary, Kit, is_other_half};

/// Shows one half another value.
#[derive(Default)]
pub struct EquivocatingProposer {
    turns: u64,
}

impl Adversary for EquivocatingProposer {
    fn instead(
        &mut self,
        kit: &mut Kit,
        message: &PeerMessage,
        to: MemberIndex,
    ) -> Vec<PeerMessage> {
        let PeerMessage::Vote(vote) = message else {
            return vec![message.clone()];
        };
        let Message::Proposal(full) = &**vote else {
            return vec![message.clone()];
        };
        let Value::Close(close) = &full.value else {
            return vec![message.clone()];
        };
        if !is_other_half(to) || full.header.member != kit.me() {
            return vec![message.clone()];
        }
        kit.lie();
        self.turns += 1;
        let mut other = close.clone();
        if self.turns.is_multiple_of(2) || other.intents.is_empty() {
            other.quotes.clear();
        } else {
            other.intents.clear();
        }
        let value = Value::Close(other);
        let header = kit.sign(Proposal {
            value: value.digest(),
            valid_view: None,
            ..full.header.body
        });
        let proposal = FullProposal {
            header,
            value,
            polka: Vec::new(),
        };
        vec![PeerMessage::Vote(Box::new(Message::Proposal(Box::new(
            proposal,
        ))))]
    }
}
