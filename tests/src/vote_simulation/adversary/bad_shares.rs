//! Precommits whose signature shares are wrong, with every prevote and in place of every precommit.
//!
//! It attacks the certificate (docs/protocol.md 4.2). Members that count such a precommit come to
//! q of them, and combine what does not combine. They have to strike it out, name its signer, and
//! still be able to follow each other into the next view.

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
                // With the prevote already: it is there before the right precommits are, and is
                // counted with them.
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
