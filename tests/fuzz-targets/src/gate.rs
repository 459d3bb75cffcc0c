//! Envelopes at a member's gate, with the real cryptography.
//!
//! Their submitter signs any change of them anew: a copy of somebody's sealed parts under another header, or with another
//! part, has to fail by its proofs.

use std::sync::{Arc, OnceLock};

use ed25519_dalek::SigningKey;
use sealbid_crypto::seal;
use sealbid_protocol::admission::Readable;
use sealbid_protocol::admission::gate::{Gate, Verdict};
use sealbid_testkit::house::{Founding, House, START};
use sealbid_types::codec::{decode, encode};
use sealbid_types::envelope::{Envelope, Header, Kind, PROTOCOL, Part, Sealed};
use sealbid_types::id::{MemberIndex, Round};
use sealbid_types::keys::PublicKey;
use sealbid_types::metadata::Metadata;

use crate::Target;

struct Place {
    house: House,
    gate: Gate,
    /// What was sealed here, and nothing else was.
    sealed: Vec<Envelope>,
}

fn submitter() -> SigningKey {
    SigningKey::from_bytes(&[5; 32])
}

fn place() -> &'static Place {
    static PLACE: OnceLock<Place> = OnceLock::new();
    PLACE.get_or_init(|| {
        let house = Founding::of(3).found();
        let share = house.share(MemberIndex(0));
        let (committee, keys) = (Arc::clone(&house.committee), Arc::clone(&house.keys));
        let gate = Gate::new(committee, keys, share, [1; 32]);
        let sealed = vec![intent(&house), quote(&house)];
        Place {
            house,
            gate,
            sealed,
        }
    })
}

fn header(house: &House, kind: Kind) -> Header {
    Header {
        protocol: PROTOCOL,
        kind,
        auction: house.committee.auction,
        key: house.committee.key,
        first: Round(1),
        last: Round(if kind == Kind::Intent { 9 } else { 1 }),
        expires: START,
        metadata: Metadata::NOTHING,
        submitter: PublicKey::of(&submitter()),
    }
}

fn intent(house: &House) -> Envelope {
    let header = header(house, Kind::Intent);
    let seal = |label: &[u8], plain: &[u8], entropy: u8| {
        seal(&house.keys, label, plain, &[entropy; 32], &[0; 32]).unwrap()
    };
    let terms = seal(&header.label(Part::Terms, None), b"terms", 1);
    let label = header.label(Part::Authorisation, Some(terms.terms_digest()));
    let authorisation = seal(&label, b"authorisation", 2);
    let sealed = Sealed::Intent {
        terms,
        authorisation,
    };
    Envelope::sign(header, sealed, &submitter())
}

fn quote(house: &House) -> Envelope {
    let header = header(house, Kind::Quote);
    let label = header.label(Part::Quote, None);
    let part = seal(&house.keys, &label, b"quote", &[3; 32], &[0; 32]).unwrap();
    Envelope::sign(header, Sealed::Quote(part), &submitter())
}

/// The first byte says whether the envelope is signed anew.
fn gate(bytes: &[u8]) {
    let Some((signs, bytes)) = bytes.split_first() else {
        return;
    };
    let Place {
        house,
        gate,
        sealed,
    } = place();
    let bytes = match decode::<Envelope>(bytes) {
        Ok(envelope) if signs % 2 == 1 => {
            let Envelope { header, sealed, .. } = envelope;
            encode(&Envelope::sign(header, sealed, &submitter()))
        }
        _ => bytes.to_vec(),
    };
    let Ok(readable) = Readable::new(&house.committee, bytes) else {
        return;
    };
    let id = readable.id();
    let verdicts = gate.check(vec![readable]);
    assert_eq!(verdicts.len(), 1);
    match &verdicts[0] {
        Verdict::Admissible(admitted) => {
            assert_eq!(admitted.id(), id);
            let was_sealed = |known: &Envelope| {
                known.header == admitted.envelope().header
                    && known.sealed == admitted.envelope().sealed
            };
            assert!(sealed.iter().any(was_sealed), "{:?}", admitted.envelope());
        }
        Verdict::Refused(refused) => {
            assert_eq!(refused.envelope.id(), id);
            assert!(!refused.refusal.message.is_empty());
        }
    }
}

fn seeds() -> Vec<Vec<u8>> {
    let sealed = &place().sealed;
    let with = |signs: u8| {
        sealed
            .iter()
            .map(move |it| [vec![signs], encode(it)].concat())
    };
    with(0).chain(with(1)).collect()
}

pub(crate) const TARGETS: &[Target] = &[Target::new("gate", gate, seeds).with_cases(512)];
