//! What it has heard, over and over, and votes of its own in views far ahead.
//!
//! It attacks memory, and the way from view to view: what is past or far ahead must not pile up,
//! and one member that is a million views on by its own account must not draw the others after it.
//! Line 55 of the paper wants more members for that than may lie.

use sealbid_protocol::vote::Message;
use sealbid_types::id::{MemberIndex, View};

use super::{Behaviour, Kit};

/// How many messages it remembers.
/// The first that come: they are old when they are sent.
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
        // Beyond the one view ahead of the present that is kept whole (`vote/tally.rs`).
        let ahead = View(kit.view.0 + 5 + u32::try_from(kit.draws.below(1_000_000)).unwrap());
        messages.push((kit.any_other(), kit.prevote(ahead, None)));
        messages.push((kit.any_other(), kit.precommit(ahead, Some(kit.any_close()))));
        kit.lies += messages.len() as u64;
        messages
    }
}
