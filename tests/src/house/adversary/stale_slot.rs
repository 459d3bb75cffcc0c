//! Proposes the slot before the newest, so that what expired since then trades.

use sealbid_protocol::member::message::PeerMessage;
use sealbid_protocol::vote::Message;
use sealbid_types::id::{MemberIndex, Slot};

use super::{Adversary, Kit};

/// Names a slot too few.
pub struct StaleSlot;

impl Adversary for StaleSlot {
    fn instead(
        &mut self,
        kit: &mut Kit,
        message: &PeerMessage,
        _: MemberIndex,
    ) -> Vec<PeerMessage> {
        if let PeerMessage::Vote(vote) = message
            && let Message::Proposal(full) = &**vote
            && full.header.member == kit.me()
            && full.header.body.valid_view.is_none()
            && full.close.slot > Slot(1)
        {
            let mut full = full.clone();
            full.close.slot = Slot(full.close.slot.0 - 1);
            full.close.closed_at = kit.house.committee.schedule.end_of(full.close.slot);
            let mut header = full.header.body;
            header.close = full.close.digest();
            full.header = kit.sign(header);
            kit.lie();
            return vec![PeerMessage::Vote(Box::new(Message::Proposal(full)))];
        }
        vec![message.clone()]
    }
}
