//! No share leaves of an envelope that fails what the gate has to ask: that it is for this auction
//! and sealed to this key, that its submitter signed it, and that whoever made its sealed parts made
//! them under these labels.
//!
//! A ciphertext that was copied into another envelope would open to whoever copied it (docs/protocol.md
//! 3.1). It is computed from the envelope alone, and not by the gate.

use std::collections::BTreeMap;

use sealbid_protocol::member::message::PeerMessage;
use sealbid_types::envelope::Envelope;
use sealbid_types::id::EnvelopeId;

use super::{Invariant, Said, Scene, Verdict};
use crate::house::fixture::Fixture;
use crate::house::proof;

/// What was found wrong with each envelope, if anything: each is looked at once.
#[derive(Default)]
pub(super) struct Admitted(BTreeMap<EnvelopeId, Verdict>);

/// What an envelope fails.
pub(super) fn check(house: &Fixture, envelope: &Envelope) -> Verdict {
    let header = &envelope.header;
    if header.auction != house.committee.auction {
        return Err("is for another auction".to_owned());
    }
    if header.key != house.committee.key {
        return Err("is sealed to another key".to_owned());
    }
    if envelope.check_signature().is_err() {
        return Err("is not signed by its submitter".to_owned());
    }
    let parts = envelope.sealed.parts();
    for (part, sealed) in parts {
        if !proof::holds(sealed, &envelope.label(part)) {
            return Err(format!("has {part:?} that were not made under its label"));
        }
    }
    Ok(())
}

impl Invariant for Admitted {
    fn name(&self) -> &'static str {
        "no share of what fails the gate"
    }

    fn said(&mut self, scene: &Scene, said: &Said<'_>) -> Verdict {
        let PeerMessage::Shares(signed) = said.message else {
            return Ok(());
        };
        // Shares of no certified round are for `sealed` to find.
        let Some(close) = scene.closes.get(&signed.body.round) else {
            return Ok(());
        };
        for id in close.intents.iter().chain(&close.quotes) {
            let Some(envelope) = scene.envelopes.get(id) else {
                continue;
            };
            let verdict = self
                .0
                .entry(*id)
                .or_insert_with(|| check(&scene.house, envelope));
            if let Err(what) = verdict {
                let (id, round) = (id.short(), close.round);
                return Err(format!("shares of round {round}, of which {id} {what}"));
            }
        }
        Ok(())
    }
}
