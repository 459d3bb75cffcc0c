//! Says that it is the end of time.

use sealbid_protocol::member::message::PeerMessage;
use sealbid_types::id::MemberIndex;
use sealbid_types::time::Timestamp;

use super::{Adversary, Kit};

/// Its clock shows the last moment there is.
pub struct FarClock;

impl Adversary for FarClock {
    fn instead(
        &mut self,
        kit: &mut Kit,
        message: &PeerMessage,
        _: MemberIndex,
    ) -> Vec<PeerMessage> {
        let mut message = message.clone();
        if let PeerMessage::Heartbeat(said) = &mut message {
            kit.lie();
            said.clock = Timestamp(u64::MAX);
        }
        vec![message]
    }
}
