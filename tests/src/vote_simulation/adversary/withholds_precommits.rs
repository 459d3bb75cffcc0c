//! Precommits for one member's eyes only, so that it alone may decide.

use sealbid_protocol::vote::Message;
use sealbid_types::id::MemberIndex;

use super::{Behaviour, Kit};

pub(super) struct WithholdsPrecommits;

impl WithholdsPrecommits {
    fn confidant(kit: &Kit) -> MemberIndex {
        MemberIndex((kit.member.0 + 1) % kit.scenario.members)
    }
}

impl Behaviour for WithholdsPrecommits {
    fn instead(&mut self, kit: &mut Kit, message: &Message, to: MemberIndex) -> Vec<Message> {
        if !matches!(message, Message::Precommit(_)) || to == Self::confidant(kit) {
            return vec![message.clone()];
        }
        kit.lies += 1;
        Vec::new()
    }
}
