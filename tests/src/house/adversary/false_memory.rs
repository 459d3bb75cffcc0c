//! Tells a member that starts of a vote which that member never cast, and takes no part in the
//! vote itself.
//!
//! It attacks the start (docs/protocol.md 4.4). A member that believed it would think its disk an
//! old copy and abstain; with the liar silent as well, too few would be left to vote.

use sealbid_protocol::member::message::{Memory, PeerMessage};
use sealbid_protocol::vote::{Message, Prevote, Subject};
use sealbid_types::id::{MemberIndex, Round, View};
use sealbid_types::keys::Signed;

use super::{Adversary, Kit};

/// What it remembers.
pub enum FalseMemory {
    /// A vote in this view, which bears the liar's signature, since it has no other.
    Invented(View),
    /// A vote that the member cast in another auction of the same identity, long after this round.
    Elsewhere,
}

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
                let here = Prevote {
                    auction: committee.auction,
                    epoch: committee.epoch,
                    round: kit.open,
                    view: View(0),
                    subject: Subject::Close,
                    value: Some([5; 32].into()),
                };
                let prevote = match self {
                    Self::Invented(view) => Signed {
                        // In the victim's name and under the liar's signature: nobody can make
                        // another one.
                        member: to,
                        ..kit.sign(Prevote {
                            view: *view,
                            ..here
                        })
                    },
                    Self::Elsewhere => {
                        let elsewhere = Prevote {
                            auction: [9; 32].into(),
                            round: Round(kit.open.0 + 1_000),
                            ..here
                        };
                        Signed::new(elsewhere, to, &kit.house.secrets(to).identity)
                    }
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
