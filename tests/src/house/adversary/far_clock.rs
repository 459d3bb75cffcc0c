//! Says that it is the end of time.
//!
//! It attacks what goes by the time that q members say or show (docs/protocol.md 4.2, 4.3). The
//! liar is one of the q for any time whatever: fewer honest clocks have to be ahead to have places
//! given back too early, or a slot frozen that is still to come.

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
