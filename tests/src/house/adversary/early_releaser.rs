//! Sends its decryption shares as soon as it hears a proposal, before anybody has voted.
//!
//! It attacks what is sealed (docs/protocol.md 3.3). Its own shares are its to give away: what the
//! others must not do is to open by them, or to answer them with theirs, before the certificate.

use std::collections::BTreeMap;

use sealbid_crypto::group::G1Point;
use sealbid_protocol::member::message::{Opening, PeerMessage, Shares};
use sealbid_protocol::opening::{PartId, Parts, first_opening};
use sealbid_protocol::vote::{Message, Value};
use sealbid_types::bytes::FixedBytes;
use sealbid_types::close::Close;
use sealbid_types::id::MemberIndex;

use super::{Adversary, Kit, Said};

/// Releases what a proposal lists.
pub struct EarlyReleaser;

fn shares(kit: &Kit, close: &Close) -> Option<Shares> {
    let secret = kit.house.secret_share(kit.me());
    let listed = close.intents.iter().chain(&close.quotes);
    let envelopes = listed
        .map(|id| Some((*id, kit.envelopes.get(id)?.clone())))
        .collect::<Option<BTreeMap<_, _>>>()?;
    // As the honest list them, but for points that earlier rounds have used.
    let parts = Parts(first_opening(&envelopes, &[]).parts);
    let share = |(id, part): &PartId| {
        let envelope = envelopes.get(id)?;
        let mut parts = envelope.sealed.parts();
        let (_, sealed) = parts.find(|(of, _)| of == part)?;
        let u = G1Point::decode(&sealed.u.0).ok()?;
        Some(FixedBytes(u.times_secret(&secret).encode()))
    };
    Some(Shares {
        auction: close.auction,
        epoch: close.epoch,
        round: close.round,
        close: close.digest(),
        opening: Opening::First,
        allocation: None,
        parts: parts.digest(),
        shares: parts.0.iter().map(share).collect::<Option<_>>()?,
    })
}

impl Adversary for EarlyReleaser {
    fn instead(&mut self, _: &mut Kit, message: &PeerMessage, _: MemberIndex) -> Vec<PeerMessage> {
        vec![message.clone()]
    }

    fn hear(&mut self, kit: &mut Kit, _: MemberIndex, message: &PeerMessage) -> Vec<Said> {
        let PeerMessage::Vote(vote) = message else {
            return Vec::new();
        };
        let Message::Proposal(full) = &**vote else {
            return Vec::new();
        };
        let Value::Close(close) = &full.value else {
            return Vec::new();
        };
        let Some(body) = shares(kit, close) else {
            return Vec::new();
        };
        kit.lie();
        kit.to_all(&PeerMessage::Shares(Box::new(kit.sign(body))))
    }
}
