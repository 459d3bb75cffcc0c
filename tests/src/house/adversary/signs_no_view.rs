//! Signs in each view what it would sign in the first.
//!
//! It attacks certificates (docs/protocol.md 4.2): were the view no part of what is signed, shares
//! of two views would make one.

use sealbid_protocol::member::message::PeerMessage;
use sealbid_protocol::vote::{Message, Precommit};
use sealbid_types::id::{MemberIndex, View};

use super::double_voter::commit;
use super::{Adversary, Kit};

/// Leaves the view out of its shares.
pub struct SignsNoView;

impl Adversary for SignsNoView {
    fn instead(
        &mut self,
        kit: &mut Kit,
        message: &PeerMessage,
        _: MemberIndex,
    ) -> Vec<PeerMessage> {
        if let PeerMessage::Vote(vote) = message
            && let Message::Precommit(signed) = &**vote
            && signed.member == kit.me()
            && let Some(commitment) = signed.body.commitment
            && signed.body.view > View(0)
        {
            kit.lie();
            let first = Precommit {
                view: View(0),
                ..signed.body
            };
            let body = Precommit {
                commitment: Some(commit(kit, &first, commitment.value)),
                ..signed.body
            };
            let altered = Message::Precommit(kit.sign(body));
            return vec![PeerMessage::Vote(Box::new(altered))];
        }
        vec![message.clone()]
    }
}
