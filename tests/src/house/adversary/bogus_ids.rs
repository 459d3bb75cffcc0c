//! Reports ids of envelopes that do not exist, all of them lower than any that does, and takes no
//! part in the vote.
//!
//! It attacks fetching (docs/protocol.md 4.2). A request names so many ids at most; taken in the
//! order of ids, these would fill each one, and what exists would never be asked for. With the
//! liar silent in the vote, the member that lacks it is needed.

use sealbid_protocol::member::message::PeerMessage;
use sealbid_types::id::{EnvelopeId, MemberIndex};

use super::{Adversary, Kit};

/// Reports so many of them.
/// To fill a request it takes more than 1,024.
pub struct BogusIds(pub u16);

fn low(number: u16) -> EnvelopeId {
    let mut id = [0; 32];
    // Two zero bytes in front: ids are hashes, and hardly one of them is lower.
    id[2..4].copy_from_slice(&number.to_be_bytes());
    id.into()
}

impl Adversary for BogusIds {
    fn instead(
        &mut self,
        kit: &mut Kit,
        message: &PeerMessage,
        _: MemberIndex,
    ) -> Vec<PeerMessage> {
        if matches!(message, PeerMessage::Vote(_)) {
            return Vec::new();
        }
        match kit.own_report(message) {
            Some(report) => {
                let most = self.0;
                let ids = (0..most).map(low);
                vec![kit.altered(report, |body| body.intents.extend(ids))]
            }
            None => vec![message.clone()],
        }
    }
}
