//! Nothing of its own.

use sealbid_protocol::vote::Message;
use sealbid_types::id::MemberIndex;

use super::{Behaviour, Kit};

pub(super) struct Silent;

impl Behaviour for Silent {
    fn instead(&mut self, kit: &mut Kit, _message: &Message, _to: MemberIndex) -> Vec<Message> {
        kit.lies += 1;
        Vec::new()
    }
}
