//! Proposes for ever later views of its own, closes as large as they may be.
//!
//! It attacks memory (docs/protocol.md 4.2). Each is in its own turn and properly signed. The
//! reports that it names do not exist, so nobody can judge it and be done with it: of what is not
//! judged only the newest may be kept.

use sealbid_protocol::member::message::PeerMessage;
use sealbid_protocol::vote::{FullProposal, Message, Proposal, Subject, proposer};
use sealbid_types::close::Close;
use sealbid_types::id::{MemberIndex, View};

use super::{Adversary, Kit, Said};

/// The view that comes next.
#[derive(Default)]
pub struct FarViews(u32);

/// Entries of each close.
/// Some 32 KB: a few hundred that are kept are more than `invariants/bounds.rs` allows.
const ENTRIES: usize = 1_000;

impl Adversary for FarViews {
    fn instead(&mut self, _: &mut Kit, message: &PeerMessage, _: MemberIndex) -> Vec<PeerMessage> {
        vec![message.clone()]
    }

    fn unasked(&mut self, kit: &mut Kit) -> Vec<Said> {
        let committee = kit.house.committee.clone();
        let members = committee.members();
        let mine = |view: &u32| proposer(members, kit.open, View(*view)) == kit.me();
        let Some(view) = (self.0 + 1..).find(mine) else {
            return Vec::new();
        };
        self.0 = view;
        let slot = committee.schedule.newest_ended(kit.wall);
        let mut intents: Vec<_> = (0..ENTRIES).map(|_| kit.draws.bytes().into()).collect();
        intents.sort_unstable();
        let close = Close {
            auction: committee.auction,
            round: kit.open,
            slot,
            closed_at: committee.schedule.end_of(slot),
            key: committee.key,
            epoch: committee.epoch,
            rules: committee.rules.digest(),
            previous: Close::GENESIS,
            reports: (0..committee.quorum)
                .map(|_| kit.draws.bytes().into())
                .collect(),
            intents,
            quotes: Vec::new(),
        };
        let header = kit.sign(Proposal {
            auction: committee.auction,
            epoch: committee.epoch,
            round: kit.open,
            view: View(view),
            subject: Subject::Close,
            value: close.digest().into(),
            valid_view: None,
        });
        kit.lie();
        let full = FullProposal {
            header,
            value: close.into(),
            polka: Vec::new(),
        };
        kit.to_all(&PeerMessage::Vote(Box::new(Message::Proposal(Box::new(
            full,
        )))))
    }
}
