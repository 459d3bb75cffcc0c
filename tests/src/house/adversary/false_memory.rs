//! Tells a member that starts of a vote which that member never cast, and takes no part in the
//! vote itself.
//!
//! It attacks the start (docs/protocol.md 4.4). A member that believed it would think its disk an
//! old copy and abstain; with the liar silent as well, too few would be left to vote.

use sealbid_protocol::member::message::{Memory, PeerMessage};
use sealbid_protocol::vote::{Message, Prevote, Subject};
use sealbid_types::id::{MemberIndex, View};
use sealbid_types::keys::Signed;

use super::{Adversary, Kit};

/// Remembers a vote in this view, which bears the liar's signature, since it has no other.
pub struct FalseMemory(pub View);

impl Adversary for FalseMemory {
    fn instead(
        &mut self,
        kit: &mut Kit,
        message: &PeerMessage,
        to: MemberIndex,
    ) -> Vec<PeerMessage> {
        match message {
            PeerMessage::Vote(_) => Vec::new(),
            PeerMessage::Memory(memory) => {
                kit.lie();
                let committee = &kit.house.committee;
                let body = Prevote {
                    auction: committee.auction,
                    epoch: committee.epoch,
                    round: kit.open,
                    view: self.0,
                    subject: Subject::Close,
                    value: Some([5; 32].into()),
                };
                let prevote = Signed {
                    // In the victim's name and under the liar's signature: nobody can make another
                    // one.
                    member: to,
                    ..kit.sign(body)
                };
                let memory = Memory {
                    ballots: vec![Message::Prevote(prevote)],
                    ..(**memory).clone()
                };
                vec![PeerMessage::Memory(Box::new(memory))]
            }
            other => vec![other.clone()],
        }
    }
}
