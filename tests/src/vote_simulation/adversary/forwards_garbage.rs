//! Messages it has heard, broken in one place: a byte, the signer, the close, the prevotes.
//!
//! It attacks what reads messages: decoding, signatures, and the prevotes that a proposal shows
//! (line 28 of the paper). None of it may count for the member that it names, and nobody honest
//! may be accused by it.

use sealbid_protocol::vote::Message;
use sealbid_types::codec::{decode, encode};
use sealbid_types::id::MemberIndex;

use super::{Behaviour, Kit};

/// How many messages it remembers.
/// The first that come: in a long run all of them would fill memory.
const REMEMBERED: usize = 64;

#[derive(Default)]
pub(super) struct ForwardsGarbage {
    heard: Vec<Message>,
}

/// None if it does not decode then: a vote is given no such bytes.
fn flip_a_byte(kit: &mut Kit, message: &Message) -> Option<Message> {
    let mut bytes = encode(message);
    let at = usize::try_from(kit.draws.below(bytes.len() as u64)).unwrap();
    bytes[at] ^= 1 << kit.draws.below(8);
    decode(&bytes).ok()
}

/// Under the signature of whoever signed it, which must not verify for another.
fn claim_for(member: MemberIndex, message: Message) -> Message {
    match message {
        Message::Proposal(mut full) => {
            full.header.member = member;
            Message::Proposal(full)
        }
        Message::Header(mut signed) => {
            signed.member = member;
            Message::Header(signed)
        }
        Message::Prevote(mut signed) => {
            signed.member = member;
            Message::Prevote(signed)
        }
        Message::Precommit(mut signed) => {
            signed.member = member;
            Message::Precommit(signed)
        }
    }
}

/// A proposal with a close that it does not name, or with one prevote too few.
fn break_proposal(kit: &Kit, message: Message) -> Message {
    let Message::Proposal(mut full) = message else {
        return message;
    };
    if full.polka.pop().is_none() {
        full.value = kit.invent(1);
    }
    Message::Proposal(full)
}

impl Behaviour for ForwardsGarbage {
    fn instead(&mut self, _kit: &mut Kit, message: &Message, _to: MemberIndex) -> Vec<Message> {
        vec![message.clone()]
    }

    fn hear(&mut self, _kit: &mut Kit, message: &Message) {
        if self.heard.len() < REMEMBERED {
            self.heard.push(message.clone());
        }
    }

    fn unasked(&mut self, kit: &mut Kit) -> Vec<(MemberIndex, Message)> {
        // So that there is something to break before it has heard anybody.
        let own = kit.prevote(kit.view, None);
        self.heard.push(own);
        let mut garbage = Vec::new();
        for _ in 0..6 {
            let chosen = usize::try_from(kit.draws.below(self.heard.len() as u64)).unwrap();
            let message = self.heard[chosen].clone();
            let victim = kit.any_other();
            let broken = match kit.draws.below(3) {
                0 => flip_a_byte(kit, &message),
                1 if message.member() != victim => Some(claim_for(victim, message)),
                _ => Some(break_proposal(kit, message.clone())).filter(|broken| *broken != message),
            };
            garbage.extend(broken.map(|broken| (kit.any_other(), broken)));
        }
        self.heard.pop();
        kit.lies += garbage.len() as u64;
        garbage
    }
}
