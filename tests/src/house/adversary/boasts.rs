//! Says that it has settled a round that nobody will ever see.
//!
//! It attacks catching up (docs/protocol.md 4.4): what is only said may cost a request for a
//! record, ever more rarely, and makes nobody think that it is behind.

use sealbid_protocol::member::message::PeerMessage;
use sealbid_types::id::{MemberIndex, Round};

use super::{Adversary, Kit};

/// Has settled this round, by its own account.
pub struct Boasts(pub Round);

impl Adversary for Boasts {
    fn instead(
        &mut self,
        kit: &mut Kit,
        message: &PeerMessage,
        _: MemberIndex,
    ) -> Vec<PeerMessage> {
        let mut message = message.clone();
        if let PeerMessage::Heartbeat(standing) = &mut message {
            kit.lie();
            (standing.settled, standing.certified) = (self.0, self.0);
        }
        vec![message]
    }
}
