//! A value that breaks the rules, proposed and voted for.
//!
//! It attacks validity (docs/protocol.md 4.2): the value names other rules than the auction's.
//! Honest members prevote nil, and the next proposer has its turn. It leaves no evidence: it signs
//! one thing each time, if a wrong one.

use std::collections::BTreeMap;

use sealbid_protocol::vote::Message;
use sealbid_types::id::{MemberIndex, ValueDigest, View};

use super::{Behaviour, Kit, altered};

#[derive(Default)]
pub(super) struct InvalidValue {
    /// What it votes for in a view, whatever its honest vote thinks of it.
    proposed: BTreeMap<View, ValueDigest>,
}

impl Behaviour for InvalidValue {
    fn instead(&mut self, kit: &mut Kit, message: &Message, _to: MemberIndex) -> Vec<Message> {
        let view = message.view();
        match (message, self.proposed.get(&view)) {
            (Message::Proposal(full), _) => {
                kit.lies += 1;
                let value = altered(&full.value, |close| close.rules = [0xbb; 32].into());
                self.proposed.insert(view, value.digest());
                vec![kit.propose(view, value)]
            }
            (Message::Prevote(_), Some(close)) => vec![kit.prevote(view, Some(*close))],
            (Message::Precommit(_), Some(close)) => vec![kit.precommit(view, Some(*close))],
            _ => vec![message.clone()],
        }
    }
}
