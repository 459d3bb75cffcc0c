//! Precommits for one member's eyes only, so that it alone may decide.
//!
//! It attacks agreement and termination together (docs/protocol.md 4.2): one member may be the
//! only one that ever sees q precommits. What that one passes on, and its certificate, have to
//! bring the others along.

use sealbid_protocol::vote::Message;
use sealbid_types::id::MemberIndex;

use super::{Behaviour, Kit};

pub(super) struct WithholdsPrecommits;

impl WithholdsPrecommits {
    /// The next in the roster.
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
