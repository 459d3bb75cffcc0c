//! The classical attack: one half sees a value and votes for it, the other half another value and
//! votes for that.
//!
//! It attacks agreement (docs/protocol.md 4.2) by proposal, prevote and precommit together. Either
//! value needs q votes of one view, and any two quorums have an honest member in common.

use std::collections::BTreeMap;

use sealbid_protocol::vote::Message;
use sealbid_types::id::{MemberIndex, ValueDigest, View};

use super::{Behaviour, Kit, altered};

#[derive(Default)]
pub(super) struct TwoFaces {
    shown: BTreeMap<View, [ValueDigest; 2]>,
}

impl TwoFaces {
    /// What the half of `to` was shown in this view; of others' proposals, one half sees votes
    /// for nil.
    fn face(
        &self,
        view: View,
        to: MemberIndex,
        honest: Option<ValueDigest>,
    ) -> Option<ValueDigest> {
        let other = Kit::is_other_half(to);
        match self.shown.get(&view) {
            Some(shown) => Some(shown[usize::from(other)]),
            None => honest.filter(|_| !other),
        }
    }
}

impl Behaviour for TwoFaces {
    fn instead(&mut self, kit: &mut Kit, message: &Message, to: MemberIndex) -> Vec<Message> {
        let view = message.view();
        match message {
            Message::Proposal(full) => {
                let other = altered(&full.value, |close| close.intents.clear());
                self.shown
                    .insert(view, [full.value.digest(), other.digest()]);
                if !Kit::is_other_half(to) {
                    return vec![message.clone()];
                }
                kit.lies += 1;
                vec![kit.propose(view, other)]
            }
            Message::Prevote(vote) => {
                vec![kit.prevote(view, self.face(view, to, vote.body.value))]
            }
            Message::Precommit(vote) => {
                let honest = vote.body.commitment.map(|value| value.value);
                vec![kit.precommit(view, self.face(view, to, honest))]
            }
            Message::Header(_) => Vec::new(),
        }
    }
}
