//! A prevote and a precommit, with the right share, for every value it has heard of and for nil.
//!
//! It attacks agreement (docs/protocol.md 4.2): each value needs one honest vote less with its
//! own. It tells all members the same, so that each of them holds the contradiction at first hand.

use sealbid_protocol::vote::Message;
use sealbid_types::id::MemberIndex;

use super::{Behaviour, Kit};

pub(super) struct VotesForBoth;

impl Behaviour for VotesForBoth {
    fn instead(&mut self, kit: &mut Kit, message: &Message, _to: MemberIndex) -> Vec<Message> {
        if matches!(message, Message::Proposal(_) | Message::Header(_)) {
            return vec![message.clone()];
        }
        kit.lies += 1;
        let view = message.view();
        let mut values: Vec<_> = kit.known.keys().copied().map(Some).collect();
        values.push(None);
        // Nil alone would be no lie.
        if values.len() == 1 {
            values.push(Some(kit.any_close()));
        }
        let votes = values.into_iter();
        votes
            .flat_map(|value| [kit.prevote(view, value), kit.precommit(view, value)])
            .collect()
    }
}
