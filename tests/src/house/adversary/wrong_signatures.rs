//! Sends garbage in place of its shares of signatures.
//!
//! It attacks `order` and `settlement` (docs/protocol.md 3.2). Each is signed by its identity key,
//! so that the wrong share convicts it. Votes carry their shares themselves, and are left as they
//! are.

use sealbid_protocol::member::message::PeerMessage;
use sealbid_types::id::MemberIndex;

use super::{Adversary, Kit};

/// Flips a bit of each.
pub struct WrongSignatures;

impl Adversary for WrongSignatures {
    fn instead(
        &mut self,
        kit: &mut Kit,
        message: &PeerMessage,
        _: MemberIndex,
    ) -> Vec<PeerMessage> {
        let PeerMessage::SignatureShare(signed) = message else {
            return vec![message.clone()];
        };
        let mut body = signed.body;
        body.share.0[95] ^= 1;
        kit.lie();
        vec![PeerMessage::SignatureShare(Box::new(kit.sign(body)))]
    }
}
