//! What it has heard, over and over, and votes of its own in views far ahead.

use sealbid_protocol::vote::Message;
use sealbid_types::id::{MemberIndex, View};

use super::{Behaviour, Kit};

/// How many messages it remembers.
const REMEMBERED: usize = 200;

#[derive(Default)]
pub(super) struct ReplaysOldViews {
    heard: Vec<Message>,
}

impl Behaviour for ReplaysOldViews {
    fn instead(&mut self, _kit: &mut Kit, message: &Message, _to: MemberIndex) -> Vec<Message> {
        vec![message.clone()]
    }

    fn hear(&mut self, _kit: &mut Kit, message: &Message) {
        if self.heard.len() < REMEMBERED {
            self.heard.push(message.clone());
        }
    }

    fn unasked(&mut self, kit: &mut Kit) -> Vec<(MemberIndex, Message)> {
        let mut messages = Vec::new();
        for _ in 0..6 {
            let chosen = usize::try_from(kit.draws.below(self.heard.len() as u64)).unwrap();
            let old = self.heard.get(chosen).cloned();
            messages.extend(old.map(|old| (kit.any_other(), old)));
        }
        let ahead = View(kit.view.0 + 5 + u32::try_from(kit.draws.below(1_000_000)).unwrap());
        messages.push((kit.any_other(), kit.prevote(ahead, None)));
        messages.push((kit.any_other(), kit.precommit(ahead, Some(kit.any_close()))));
        kit.lies += messages.len() as u64;
        messages
    }
}
