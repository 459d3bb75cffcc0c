//! Nil to one half where the other half sees a value, and the other way about.
//!
//! It attacks agreement (docs/protocol.md 4.2): each half is to come to its own end. Both cannot
//! reach q, since any two quorums have an honest member in common. Members pass on what they hear,
//! so both votes come to one member at last, and are evidence.

use sealbid_protocol::vote::Message;
use sealbid_types::id::{MemberIndex, ValueDigest};

use super::{Behaviour, Kit};

pub(super) struct DoubleVoter;

fn opposite(kit: &mut Kit, close: Option<ValueDigest>) -> Option<ValueDigest> {
    kit.lies += 1;
    match close {
        Some(_) => None,
        None => Some(kit.any_close()),
    }
}

impl Behaviour for DoubleVoter {
    fn instead(&mut self, kit: &mut Kit, message: &Message, to: MemberIndex) -> Vec<Message> {
        let other = Kit::is_other_half(to);
        match message {
            Message::Prevote(vote) if other => {
                let close = opposite(kit, vote.body.value);
                vec![kit.prevote(vote.body.view, close)]
            }
            Message::Precommit(vote) if other => {
                let close = opposite(kit, vote.body.commitment.map(|value| value.value));
                vec![kit.precommit(vote.body.view, close)]
            }
            _ => vec![message.clone()],
        }
    }
}
