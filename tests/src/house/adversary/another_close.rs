//! Sends right decryption shares, and says that they are of another close.
//!
//! It attacks the opening (docs/protocol.md 3.3): shares answer the certified close or nothing.
//! Whoever gets these cannot tell a liar from a member that sees another chain, so they count for
//! nothing and convict nobody.

use sealbid_protocol::member::message::PeerMessage;
use sealbid_types::id::MemberIndex;

use super::{Adversary, Kit};

/// Names a close that nobody has certified.
pub struct AnotherClose;

impl Adversary for AnotherClose {
    fn instead(
        &mut self,
        kit: &mut Kit,
        message: &PeerMessage,
        _: MemberIndex,
    ) -> Vec<PeerMessage> {
        let PeerMessage::Shares(signed) = message else {
            return vec![message.clone()];
        };
        let mut body = signed.body.clone();
        body.close = [9; 32].into();
        kit.lie();
        vec![PeerMessage::Shares(Box::new(kit.sign(body)))]
    }
}
