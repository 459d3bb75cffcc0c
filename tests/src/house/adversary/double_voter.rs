//! Nil to one half where the other half sees a value, with its share of the certificate; and a
//! value where the others see nil.
//!
//! It attacks agreement (docs/protocol.md 4.2), in the close vote and in the allocation's alike.
//! Ballots are passed on, so that a member that has both can convict it.

use sealbid_protocol::member::message::PeerMessage;
use sealbid_protocol::vote::{Commitment, Message, Precommit, Prevote};
use sealbid_types::id::{MemberIndex, ValueDigest};

use super::{Adversary, Kit, is_other_half};

/// Votes for one thing to some and for another to the rest.
pub struct DoubleVoter;

/// A share of the certificate that its precommit would make.
pub(super) fn commit(kit: &Kit, body: &Precommit, value: ValueDigest) -> Commitment {
    let share = kit
        .secrets
        .share
        .sign(&body.statement(value))
        .unwrap()
        .to_bytes();
    Commitment { value, share }
}

fn opposite(kit: &mut Kit, value: Option<ValueDigest>) -> Option<ValueDigest> {
    kit.lie();
    match value {
        Some(_) => None,
        // Of the newest proposal that it has heard of, or of something that nobody proposed.
        None => Some(kit.proposed.unwrap_or([9; 32].into())),
    }
}

impl Adversary for DoubleVoter {
    fn instead(
        &mut self,
        kit: &mut Kit,
        message: &PeerMessage,
        to: MemberIndex,
    ) -> Vec<PeerMessage> {
        let PeerMessage::Vote(vote) = message else {
            return vec![message.clone()];
        };
        if !is_other_half(to) || vote.member() != kit.me() {
            return vec![message.clone()];
        }
        let other = match &**vote {
            Message::Prevote(signed) => {
                let value = opposite(kit, signed.body.value);
                let body = Prevote {
                    value,
                    ..signed.body
                };
                Message::Prevote(kit.sign(body))
            }
            Message::Precommit(signed) => {
                let value = opposite(kit, signed.body.commitment.map(|it| it.value));
                let commitment = value.map(|value| commit(kit, &signed.body, value));
                let body = Precommit {
                    commitment,
                    ..signed.body
                };
                Message::Precommit(kit.sign(body))
            }
            other => other.clone(),
        };
        vec![PeerMessage::Vote(Box::new(other))]
    }
}
