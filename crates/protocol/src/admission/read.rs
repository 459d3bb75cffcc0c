//! What can be said of an envelope without arithmetic: whether its bytes are one, whether it is for
//! this committee, and whether its header is one that a member takes. It costs microseconds, and
//! the gate's checks of signature and proofs some tenths of a millisecond. So it comes first, and
//! then the engine's own look at rounds, expiry and quota; only what passes both is worth proving.

use std::collections::BTreeSet;

use sealbid_types::codec::decode;
use sealbid_types::committee::Committee;
use sealbid_types::door::{Refusal, RefusalCode};
use sealbid_types::envelope::Envelope;
use sealbid_types::id::EnvelopeId;

use super::refusal;

/// An envelope that decodes, is for this committee and has a header that can be taken. Nothing is
/// proved yet, nor its signature checked: that takes the [gate](super::gate).
#[derive(Debug)]
pub struct Readable {
    pub(crate) id: EnvelopeId,
    pub(crate) envelope: Envelope,
    pub(crate) bytes: Vec<u8>,
}

/// Bytes that are no envelope, or one that no member takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// The envelope's id, if the bytes are an envelope at all.
    pub id: Option<EnvelopeId>,
    /// What is wrong.
    pub refusal: Refusal,
}

impl Readable {
    /// Decodes an envelope, and makes the checks that cost little.
    ///
    /// # Errors
    /// [`Unreadable`], with what to tell whoever sent it.
    pub fn new(committee: &Committee, bytes: Vec<u8>) -> Result<Self, Unreadable> {
        let envelope: Envelope = decode(&bytes).map_err(|error| Unreadable {
            id: None,
            refusal: refusal(RefusalCode::from(&error), error.to_string()),
        })?;
        let id = envelope.id();
        let wrong = |code, why: String| {
            Err(Unreadable {
                id: Some(id),
                refusal: refusal(code, why),
            })
        };
        // The proofs hold for whatever auction and key the label names. That these are ours is
        // asked here, and on the way to a receipt nowhere else.
        if envelope.header.auction != committee.auction {
            let why = format!("sealed for auction {}", envelope.header.auction.short());
            return wrong(RefusalCode::WrongAuction, why);
        }
        if envelope.header.key != committee.key {
            let why = format!("sealed to key {}", envelope.header.key.short());
            return wrong(RefusalCode::UnknownKey, why);
        }
        if let Err(error) = envelope.check_fields() {
            return wrong(RefusalCode::from(&error), error.to_string());
        }
        // One z would open both parts, so that opening the terms opened the authorisation as well,
        // filled or not.
        if has_twins(&envelope) {
            let why = "both sealed parts have the same u".to_owned();
            return wrong(RefusalCode::SharedU, why);
        }
        Ok(Self {
            id,
            envelope,
            bytes,
        })
    }

    /// An envelope from this member's own disk: it was read before it was written there.
    pub(crate) fn stored(envelope: &Envelope) -> Self {
        Self {
            id: envelope.id(),
            envelope: envelope.clone(),
            bytes: sealbid_types::codec::encode(envelope),
        }
    }

    /// The envelope's id.
    #[must_use]
    pub const fn id(&self) -> EnvelopeId {
        self.id
    }

    /// The envelope.
    #[must_use]
    pub const fn envelope(&self) -> &Envelope {
        &self.envelope
    }
}

fn has_twins(envelope: &Envelope) -> bool {
    let points: BTreeSet<_> = envelope.sealed.parts().map(|(_, part)| part.u).collect();
    points.len() < envelope.sealed.parts().count()
}
