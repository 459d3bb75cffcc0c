//! A second value, as valid as the first, to one half.
//!
//! It attacks agreement (docs/protocol.md 4.2) by its proposals alone: it votes as its honest vote
//! does. Headers of proposals are passed on, so that a member of either half sees both.

use std::collections::BTreeMap;

use sealbid_protocol::vote::Message;
use sealbid_types::id::{MemberIndex, View};

use super::{Behaviour, Kit, altered};

#[derive(Default)]
pub(super) struct EquivocatingProposer {
    /// The second value of a view, and the same for all that see it: of three values none would
    /// come far.
    others: BTreeMap<View, Message>,
}

impl Behaviour for EquivocatingProposer {
    fn instead(&mut self, kit: &mut Kit, message: &Message, to: MemberIndex) -> Vec<Message> {
        let Message::Proposal(full) = message else {
            return vec![message.clone()];
        };
        if !Kit::is_other_half(to) {
            return vec![message.clone()];
        }
        kit.lies += 1;
        let view = full.header.body.view;
        let value = altered(&full.value, |close| close.intents.clear());
        let other = self
            .others
            .entry(view)
            .or_insert_with(|| kit.propose(view, value));
        vec![other.clone()]
    }
}
