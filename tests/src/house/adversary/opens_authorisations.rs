//! Sends its shares of all authorisations as soon as a round is certified, before anybody knows what
//! is filled.
//!
//! It attacks what stays sealed for ever (docs/protocol.md 3.3): an order that is not filled must
//! not become a signature that anybody can post.

use std::collections::BTreeMap;

use sealbid_crypto::group::G1Point;
use sealbid_protocol::member::message::{Opening, PeerMessage, Shares};
use sealbid_protocol::opening::{PartId, Parts};
use sealbid_types::bytes::FixedBytes;
use sealbid_types::envelope::{Envelope, Part};
use sealbid_types::id::{EnvelopeId, MemberIndex};

use super::{Adversary, Kit, Said};

/// Releases whatever could be filled.
pub struct OpensAuthorisations;

impl Adversary for OpensAuthorisations {
    fn instead(&mut self, _: &mut Kit, message: &PeerMessage, _: MemberIndex) -> Vec<PeerMessage> {
        vec![message.clone()]
    }

    fn hear(&mut self, kit: &mut Kit, _: MemberIndex, message: &PeerMessage) -> Vec<Said> {
        let PeerMessage::Certified(certified) = message else {
            return Vec::new();
        };
        let close = &certified.close;
        let secret = kit.house.secret_share(kit.me());
        let held: BTreeMap<EnvelopeId, &Envelope> = close
            .intents
            .iter()
            .filter_map(|id| Some((*id, kit.envelopes.get(id)?)))
            .collect();
        let share = |envelope: &&Envelope| {
            let mut parts = envelope.sealed.parts();
            let (_, part) = parts.find(|(of, _)| *of == Part::Authorisation)?;
            let u = G1Point::decode(&part.u.0).ok()?;
            Some(FixedBytes(u.times_secret(&secret).encode()))
        };
        let parts: Vec<PartId> = held.keys().map(|id| (*id, Part::Authorisation)).collect();
        let body = Shares {
            auction: close.auction,
            epoch: close.epoch,
            round: close.round,
            close: close.digest(),
            opening: Opening::Second,
            allocation: Some([9; 32].into()),
            parts: Parts(parts).digest(),
            shares: held.values().filter_map(share).collect(),
        };
        kit.lie();
        kit.to_all(&PeerMessage::Shares(Box::new(kit.sign(body))))
    }
}
