//! Proposes the slot before the newest, so that what expired since then trades.
//!
//! It attacks the time of a close (docs/protocol.md 4.2). A report serves closes of its own slot
//! or a later one, so this succeeds only where a close has failed in the reports' slot: one period
//! is all that there is to gain.

use sealbid_protocol::member::message::PeerMessage;
use sealbid_protocol::vote::{Message, Value};
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
            // Not a value that has its q prevotes: another one would not be what these are for.
            && full.header.body.valid_view.is_none()
            && let Value::Close(close) = &full.value
            && close.slot > Slot(1)
        {
            let (mut full, mut close) = (full.clone(), close.clone());
            close.slot = Slot(close.slot.0 - 1);
            close.closed_at = kit.house.committee.schedule.end_of(close.slot);
            full.value = close.into();
            let mut header = full.header.body;
            header.value = full.value.digest();
            full.header = kit.sign(header);
            kit.lie();
            return vec![PeerMessage::Vote(Box::new(Message::Proposal(full)))];
        }
        vec![message.clone()]
    }
}
