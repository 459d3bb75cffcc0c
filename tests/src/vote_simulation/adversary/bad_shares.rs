//! Precommits whose signature shares are wrong, with every prevote and in place of every precommit.

use sealbid_protocol::vote::{Commitment, Message};
use sealbid_types::bytes::FixedBytes;
use sealbid_types::id::{MemberIndex, ValueDigest, View};

use super::{Behaviour, Kit};

pub(super) struct BadShares;

fn bad(kit: &mut Kit, view: View, value: ValueDigest) -> Message {
    kit.lies += 1;
    let share = FixedBytes([kit.member.0; 96]);
    Message::Precommit(kit.sign_precommit(view, Some(Commitment { value, share })))
}

impl Behaviour for BadShares {
    fn instead(&mut self, kit: &mut Kit, message: &Message, _to: MemberIndex) -> Vec<Message> {
        match message {
            Message::Prevote(vote) => {
                let close = vote.body.value.unwrap_or_else(|| kit.any_close());
                vec![message.clone(), bad(kit, vote.body.view, close)]
            }
            Message::Precommit(vote) => {
                let close = vote
                    .body
                    .commitment
                    .map_or_else(|| kit.any_close(), |value| value.value);
                vec![bad(kit, vote.body.view, close)]
            }
            _ => vec![message.clone()],
        }
    }
}
