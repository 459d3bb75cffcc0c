//! Once a report has been made, spreads copies of what it lists, each with one bit of its
//! signature flipped: to the members, and by the pool.
//!
//! It attacks the ids (docs/protocol.md 3.1). If an id left the signature out, the gate would
//! refuse the spoilt copy under the true envelope's id, and with it every report that lists that.

use sealbid_protocol::member::message::PeerMessage;
use sealbid_protocol::pool::{PoolCommand, PoolEnvelope};
use sealbid_types::bytes::Blob;
use sealbid_types::codec::encode;
use sealbid_types::envelope::{Envelope, Kind};
use sealbid_types::id::MemberIndex;

use super::{Adversary, Kit, Said};

/// Has poisoned so many.
#[derive(Default)]
pub struct PoisonedSignatures {
    has_reported: bool,
    told: usize,
    pooled: usize,
}

fn poisoned(envelope: &Envelope) -> Envelope {
    let mut copy = envelope.clone();
    copy.signature.0.0[1] ^= 1;
    copy
}

fn command(envelope: &Envelope) -> PoolCommand {
    let pooled = PoolEnvelope {
        // The true envelope's id: a pool that goes by ids alone would hold the copy in its place.
        id: *envelope.id().as_bytes(),
        body: encode(&poisoned(envelope)),
        first_round: envelope.header.first.0,
        last_round: envelope.header.last.0,
    };
    match envelope.header.kind {
        Kind::Intent => PoolCommand::SubmitIntent(pooled),
        Kind::Quote => PoolCommand::SubmitQuote(pooled),
    }
}

impl Adversary for PoisonedSignatures {
    fn instead(
        &mut self,
        kit: &mut Kit,
        message: &PeerMessage,
        _: MemberIndex,
    ) -> Vec<PeerMessage> {
        self.has_reported |= kit.own_report(message).is_some();
        vec![message.clone()]
    }

    fn unasked(&mut self, kit: &mut Kit) -> Vec<Said> {
        if !self.has_reported || kit.envelopes.len() == self.told {
            return Vec::new();
        }
        self.told = kit.envelopes.len();
        kit.lie();
        let copies = kit.envelopes.values().map(poisoned);
        let blobs = copies.map(|copy| Blob::from(encode(&copy))).collect();
        kit.to_all(&PeerMessage::Envelopes(blobs))
    }

    fn pooled(&mut self, kit: &mut Kit) -> Vec<PoolCommand> {
        if !self.has_reported || kit.envelopes.len() == self.pooled {
            return Vec::new();
        }
        self.pooled = kit.envelopes.len();
        kit.lie();
        kit.envelopes.values().map(command).collect()
    }
}
