//! Nothing of its own.
//!
//! It attacks liveness (docs/protocol.md, section 1): rounds go on without `n-q` such members. It
//! still passes on what others have signed, so it is kinder than a member that has stopped.

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
