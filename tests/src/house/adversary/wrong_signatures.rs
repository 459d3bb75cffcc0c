//! Sends garbage in place of its shares of signatures.

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
