//! Reports envelopes whose first round is so far ahead that no round will ever outlive them, and
//! hands them to whoever asks.
//!
//! It attacks the disk (docs/protocol.md 4.2). Nobody would acknowledge such an envelope, but a
//! report that lists it has it fetched, and what goes only when a round outlives it would stay.

use std::collections::BTreeMap;

use sealbid_protocol::member::message::PeerMessage;
use sealbid_types::bytes::Blob;
use sealbid_types::codec::encode;
use sealbid_types::envelope::Envelope;
use sealbid_types::id::{EnvelopeId, MemberIndex, Round};

use super::{Adversary, Kit, Said};
use crate::house::people::Person;

/// Where the far rounds begin.
/// Beyond the 64 rounds ahead that a member acknowledges, by more than will ever be.
const FAR: Round = Round(1 << 60);

/// Makes a new one for each round.
#[derive(Default)]
pub struct FarRounds {
    made: BTreeMap<Round, Envelope>,
}

impl FarRounds {
    fn of(&mut self, kit: &mut Kit, round: Round) -> EnvelopeId {
        let make = || {
            // A key for each: no quota may be what keeps them out.
            let number = 1_000_000 + kit.draws.below(1 << 40);
            Person::new(0, number).swap(&kit.house, 1_000, 1_900, FAR, 2)
        };
        self.made.entry(round).or_insert_with(make).id()
    }
}

impl Adversary for FarRounds {
    fn instead(
        &mut self,
        kit: &mut Kit,
        message: &PeerMessage,
        _: MemberIndex,
    ) -> Vec<PeerMessage> {
        match kit.own_report(message) {
            Some(report) => {
                let far = self.of(kit, report.body.round);
                vec![kit.altered(report, |body| body.intents.push(far))]
            }
            None => vec![message.clone()],
        }
    }

    fn hear(&mut self, kit: &mut Kit, from: MemberIndex, message: &PeerMessage) -> Vec<Said> {
        let PeerMessage::Want(want) = message else {
            return Vec::new();
        };
        let wanted = self
            .made
            .values()
            .filter(|made| want.envelopes.contains(&made.id()));
        let blobs: Vec<_> = wanted.map(|made| Blob::from(encode(made))).collect();
        if blobs.is_empty() {
            return Vec::new();
        }
        kit.lie();
        vec![(from, PeerMessage::Envelopes(blobs))]
    }
}
