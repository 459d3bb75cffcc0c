//! Sends one envelope, which every member refuses, again and again.
//!
//! It attacks the gate (docs/protocol.md 4.2): the proofs of a valid envelope cost a member more
//! than sending it costs the liar. So its rounds are looked at first, which cost nothing.

use sealbid_protocol::member::message::PeerMessage;
use sealbid_types::bytes::Blob;
use sealbid_types::codec::encode;
use sealbid_types::envelope::Envelope;
use sealbid_types::id::MemberIndex;

use super::{Adversary, Kit, Said};

/// Sends this one, so many times a turn, once it has seen it refused.
/// It is refused once its last round is certified.
pub struct Repeater(pub Envelope, pub usize);

impl Adversary for Repeater {
    fn instead(&mut self, _: &mut Kit, message: &PeerMessage, _: MemberIndex) -> Vec<PeerMessage> {
        vec![message.clone()]
    }

    fn unasked(&mut self, kit: &mut Kit) -> Vec<Said> {
        if kit.open <= self.0.header.last {
            return Vec::new();
        }
        kit.lie();
        let message = PeerMessage::Envelopes(vec![Blob::from(encode(&self.0))]);
        let all = kit.to_all(&message);
        let times = self.1 * all.len();
        all.into_iter().cycle().take(times).collect()
    }
}
