//! Votes, and is silent for good from its first precommit of a value on.
//!
//! It attacks the time between certificate and record. Its report is one of those that the close
//! names, and whoever has not heard it needs it to open the round: the others have to serve it
//! until then.

use sealbid_protocol::member::message::PeerMessage;
use sealbid_protocol::vote::Message;
use sealbid_types::id::{MemberIndex, Round, View};

use super::{Adversary, Kit};

/// The precommit after which nothing comes.
#[derive(Default)]
pub struct FallsSilent(Option<(Round, View)>);

impl Adversary for FallsSilent {
    fn instead(
        &mut self,
        kit: &mut Kit,
        message: &PeerMessage,
        _: MemberIndex,
    ) -> Vec<PeerMessage> {
        if let PeerMessage::Vote(vote) = message
            && let Message::Precommit(signed) = &**vote
            && signed.body.commitment.is_some()
        {
            let at = (vote.round(), vote.view());
            if *self.0.get_or_insert(at) == at {
                return vec![message.clone()];
            }
        }
        if self.0.is_some() {
            kit.lie();
            return Vec::new();
        }
        vec![message.clone()]
    }
}
