//! Asks for all that it has seen, again and again.
//!
//! It attacks the members' time and lines (docs/protocol.md 4.2): a question is short, and an
//! answer up to a megabyte long. So each member is answered ten times a second.

use sealbid_protocol::member::message::{PeerMessage, Want};
use sealbid_types::id::MemberIndex;

use super::{Adversary, Kit, Said};

/// Asks so many times a turn.
pub struct WantFlooder(pub usize);

impl Adversary for WantFlooder {
    fn instead(&mut self, _: &mut Kit, message: &PeerMessage, _: MemberIndex) -> Vec<PeerMessage> {
        vec![message.clone()]
    }

    fn unasked(&mut self, kit: &mut Kit) -> Vec<Said> {
        if kit.envelopes.is_empty() {
            return Vec::new();
        }
        kit.lie();
        let want = Want {
            reports: Vec::new(),
            envelopes: kit.envelopes.keys().copied().collect(),
        };
        let wants = kit.to_all(&PeerMessage::Want(want));
        wants
            .into_iter()
            .cycle()
            .take(self.0 * kit.others().len())
            .collect()
    }
}
