//! Shows certificates that verify nothing, again and again.
//!
//! It attacks the members' time (docs/protocol.md 4.2): to look at one takes a pairing, a
//! thousand times what it takes to make one up. So each member has only so many looked at.

use sealbid_protocol::member::message::{CertifiedClose, PeerMessage};
use sealbid_types::id::MemberIndex;

use super::{Adversary, Kit, Said};

/// Shows so many of a decided round, and of the open one, a turn.
#[derive(Debug)]
pub struct FalseCertificates {
    times: usize,
    certified: Option<CertifiedClose>,
}

impl FalseCertificates {
    /// So many a turn.
    #[must_use]
    pub const fn new(times: usize) -> Self {
        Self {
            times,
            certified: None,
        }
    }
}

impl Adversary for FalseCertificates {
    fn instead(&mut self, _: &mut Kit, message: &PeerMessage, _: MemberIndex) -> Vec<PeerMessage> {
        vec![message.clone()]
    }

    fn hear(&mut self, _: &mut Kit, _: MemberIndex, message: &PeerMessage) -> Vec<Said> {
        if let PeerMessage::Certified(certified) = message {
            self.certified = Some((**certified).clone());
        }
        Vec::new()
    }

    fn unasked(&mut self, kit: &mut Kit) -> Vec<Said> {
        let Some(certified) = &self.certified else {
            return Vec::new();
        };
        kit.lie();
        let of = |round| {
            let mut other = certified.clone();
            other.close.round = round;
            other.close.intents.clear();
            PeerMessage::Certified(Box::new(other))
        };
        let (decided, open) = (of(certified.close.round), of(kit.open));
        let both = [kit.to_all(&decided), kit.to_all(&open)].concat();
        core::iter::repeat_n(both, self.times).flatten().collect()
    }
}
