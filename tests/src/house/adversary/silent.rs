//! Sends nothing from some time on.
//!
//! It attacks liveness (docs/protocol.md, section 1). Its engine goes on to hear, to answer
//! clients, and to offer envelopes to the pool.

use sealbid_protocol::member::message::PeerMessage;
use sealbid_types::id::MemberIndex;

use super::{Adversary, Kit};

/// From when, in milliseconds of true time.
pub struct Silent(pub u64);

impl Adversary for Silent {
    fn instead(
        &mut self,
        kit: &mut Kit,
        message: &PeerMessage,
        _: MemberIndex,
    ) -> Vec<PeerMessage> {
        if kit.now < self.0 {
            return vec![message.clone()];
        }
        kit.lie();
        Vec::new()
    }
}
