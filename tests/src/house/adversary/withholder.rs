//! Votes, and then sends nothing of what opens and settles the round.
//!
//! It attacks the opening (docs/protocol.md 3.3): q others have to open the round. Until the round
//! is certified nobody can know that it will.

use sealbid_protocol::member::message::PeerMessage;
use sealbid_types::id::MemberIndex;

use super::{Adversary, Kit};

/// Withholds its shares.
pub struct Withholder;

impl Adversary for Withholder {
    fn instead(
        &mut self,
        kit: &mut Kit,
        message: &PeerMessage,
        _: MemberIndex,
    ) -> Vec<PeerMessage> {
        match message {
            PeerMessage::Shares(_) | PeerMessage::SignatureShare(_) => {
                kit.lie();
                Vec::new()
            }
            other => vec![other.clone()],
        }
    }
}
