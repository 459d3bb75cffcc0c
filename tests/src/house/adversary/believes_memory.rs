//! Believes what it is told when it starts: if somebody shows it a ballot in its name that it did not
//! cast, it takes its disk for an old copy and gives up that round's vote.
//!
//! It is not a liar but what a member would be that did not look at signatures (docs/protocol.md 4.4).

use std::collections::BTreeSet;

use sealbid_protocol::member::message::PeerMessage;
use sealbid_types::codec::encode;
use sealbid_types::id::{MemberIndex, Round};

use super::{Adversary, Kit, Said};

/// Abstains where it is told to.
#[derive(Default)]
pub struct BelievesMemory {
    /// What it has cast.
    cast: BTreeSet<Vec<u8>>,
    abstains: BTreeSet<Round>,
}

impl Adversary for BelievesMemory {
    fn instead(
        &mut self,
        kit: &mut Kit,
        message: &PeerMessage,
        _: MemberIndex,
    ) -> Vec<PeerMessage> {
        if let PeerMessage::Vote(vote) = message
            && vote.member() == kit.me()
        {
            if self.abstains.contains(&vote.round()) {
                kit.lie();
                return Vec::new();
            }
            self.cast.insert(encode(&**vote));
        }
        vec![message.clone()]
    }

    fn hear(&mut self, kit: &mut Kit, _: MemberIndex, message: &PeerMessage) -> Vec<Said> {
        if let PeerMessage::Memory(memory) = message {
            let told = memory.ballots.iter();
            let own = told.filter(|ballot| ballot.member() == kit.me());
            let news = own.filter(|ballot| !self.cast.contains(&encode(*ballot)));
            self.abstains.extend(news.map(|ballot| ballot.round()));
        }
        Vec::new()
    }
}
