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
    /// The envelope, if the bytes are one at all.
    pub envelope: Option<Box<Envelope>>,
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
            envelope: None,
            refusal: refusal(RefusalCode::from(&error), error.to_string()),
        })?;
        if let Err(refusal) = check_fields(committee, &envelope) {
            let envelope = Some(Box::new(envelope));
            return Err(Unreadable { envelope, refusal });
        }
        Ok(Self {
            id: envelope.id(),
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

/// Whether an envelope is for this committee, with a header that a member takes.
fn check_fields(committee: &Committee, envelope: &Envelope) -> Result<(), Refusal> {
    // The proofs hold for whatever auction and key the label names. That these are ours is
    // asked here, and on the way to a receipt nowhere else.
    if envelope.header.auction != committee.auction {
        let why = format!("sealed for auction {}", envelope.header.auction.short());
        return Err(refusal(RefusalCode::WrongAuction, why));
    }
    if envelope.header.key != committee.key {
        let why = format!("sealed to key {}", envelope.header.key.short());
        return Err(refusal(RefusalCode::UnknownKey, why));
    }
    if let Err(error) = envelope.check_fields() {
        return Err(refusal(RefusalCode::from(&error), error.to_string()));
    }
    // One z would open both parts, so that opening the terms opened the authorisation as well,
    // filled or not.
    if has_twins(envelope) {
        let why = "both sealed parts have the same u".to_owned();
        return Err(refusal(RefusalCode::SharedU, why));
    }
    Ok(())
}

fn has_twins(envelope: &Envelope) -> bool {
    let points: BTreeSet<_> = envelope.sealed.parts().map(|(_, part)| part.u).collect();
    points.len() < envelope.sealed.parts().count()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use sealbid_types::bytes::Blob;
    use sealbid_types::codec::encode;
    use sealbid_types::envelope::{Header, Sealed};

    use super::*;
    use crate::audit::tests::entries::{swap, trader_key};
    use crate::audit::tests::house::House;

    /// What is made of an intent whose header and parts are altered, and signed anew by its submitter:
    /// the code of the refusal, unless it can be read.
    fn read(alter: impl FnOnce(&mut Header, &mut Sealed)) -> Option<RefusalCode> {
        let house = House::new();
        let right = house.intent(1, 1, &swap(1, 1, 1_000, 900), 1 << 40);
        let (mut header, mut sealed) = (right.header.clone(), right.sealed);
        alter(&mut header, &mut sealed);
        let envelope = Envelope::sign(header, sealed, &trader_key(1));
        match Readable::new(&house.committee, encode(&envelope)) {
            Ok(readable) => {
                assert_eq!(readable.id(), envelope.id());
                None
            }
            // Whoever reported it can be named: the bytes are an envelope's.
            Err(unreadable) => {
                assert_eq!(unreadable.envelope.as_deref(), Some(&envelope));
                Some(unreadable.refusal.code)
            }
        }
    }

    /// Nothing else asks whose auction and key an envelope is for: its proofs hold for any.
    #[test]
    fn an_envelope_for_another_auction_or_key_is_refused() {
        assert_eq!(read(|_, _| {}), None);
        let auction = read(|header, _| header.auction = [9; 32].into());
        assert_eq!(auction, Some(RefusalCode::WrongAuction));
        let key = read(|header, _| header.key = [9; 32].into());
        assert_eq!(key, Some(RefusalCode::UnknownKey));
    }

    #[test]
    fn a_header_that_no_member_takes_is_refused_by_its_field() {
        let code = |alter: fn(&mut Header)| read(|header, _| alter(header));
        let protocol = code(|header| header.protocol += 1);
        assert_eq!(protocol, Some(RefusalCode::Protocol));
        for alter in [
            (|header| header.first.0 = 0) as fn(&mut Header),
            |header| header.last.0 = 0,
            |header| header.last.0 = 1 << 20,
        ] {
            assert_eq!(code(alter), Some(RefusalCode::Rounds));
        }
        let kind = code(|header| header.kind = sealbid_types::envelope::Kind::Quote);
        assert_eq!(kind, Some(RefusalCode::Kind));
    }

    /// One z would open both.
    #[test]
    fn two_parts_of_one_envelope_that_share_a_point_are_refused() {
        let twins = read(|_, sealed| {
            if let Sealed::Intent {
                terms,
                authorisation,
            } = sealed
            {
                authorisation.u = terms.u;
            }
        });
        assert_eq!(twins, Some(RefusalCode::SharedU));
    }

    /// Proofs, bodies and points are the gate's to look at: they cost arithmetic.
    #[test]
    fn what_takes_arithmetic_is_left_to_the_gate() {
        let body = read(|_, sealed| {
            if let Sealed::Intent { terms, .. } = sealed {
                terms.body = Blob::from(vec![0; 7]);
            }
        });
        assert_eq!(body, None);
    }

    #[test]
    fn bytes_that_are_no_envelope_have_no_id() {
        let house = House::new();
        let right = house.intent(1, 1, &swap(1, 1, 1_000, 900), 1 << 40);
        let mut bytes = encode(&right);
        bytes.push(0);
        let unreadable = Readable::new(&house.committee, bytes).unwrap_err();
        assert_eq!(unreadable.envelope, None);
        assert_eq!(unreadable.refusal.code, RefusalCode::NotCanonical);
    }
}
