//! Sends each decryption share of one opening under another part's place, properly signed.
//!
//! It attacks the opening (docs/protocol.md 3.3). Each of them is a point of the right group, and
//! right somewhere else: only the pairing tells. The sums of q members fail, shares are looked at
//! one by one, and the message that it signed convicts it.

use sealbid_protocol::member::message::{Opening, PeerMessage};
use sealbid_types::id::MemberIndex;

use super::{Adversary, Kit};

/// Lies in this opening.
pub struct WrongShares(pub Opening);

impl Adversary for WrongShares {
    fn instead(
        &mut self,
        kit: &mut Kit,
        message: &PeerMessage,
        _: MemberIndex,
    ) -> Vec<PeerMessage> {
        match message {
            PeerMessage::Shares(signed)
                if signed.body.opening == self.0 && signed.body.shares.len() > 1 =>
            {
                let mut body = signed.body.clone();
                body.shares.rotate_left(1);
                kit.lie();
                vec![PeerMessage::Shares(Box::new(kit.sign(body)))]
            }
            other => vec![other.clone()],
        }
    }
}
