//! Neither reports nor votes, and is there otherwise.
//!
//! It attacks liveness (docs/protocol.md, section 1): q others have to close each round. What it
//! acknowledges counts in receipts all the same, and the reports of the others have to honour them
//! (4.3).

use sealbid_protocol::member::message::PeerMessage;
use sealbid_types::id::MemberIndex;

use super::{Adversary, Kit};

/// Leaves the closing to the others.
pub struct Abstainer;

impl Adversary for Abstainer {
    fn instead(
        &mut self,
        kit: &mut Kit,
        message: &PeerMessage,
        _: MemberIndex,
    ) -> Vec<PeerMessage> {
        match message {
            PeerMessage::Report(_) | PeerMessage::Vote(_) => {
                kit.lie();
                Vec::new()
            }
            other => vec![other.clone()],
        }
    }
}
