//! What the gate says of an envelope it says of that one, and of no copy.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code: a failure is a panic"
)]

use std::sync::OnceLock;

use ed25519_dalek::SigningKey;
use proptest::prelude::*;
use sealbid_crypto::seal;
use sealbid_testkit::house::{Founding, House};
use sealbid_types::codec::encode;
use sealbid_types::envelope::{Header, Kind, PROTOCOL, Sealed};
use sealbid_types::id::{MemberIndex, Round};
use sealbid_types::keys::PublicKey;
use sealbid_types::metadata::Metadata;
use sealbid_types::time::Timestamp;

use super::*;

fn house() -> &'static House {
    static HOUSE: OnceLock<House> = OnceLock::new();
    HOUSE.get_or_init(|| Founding::of(4).found())
}

fn gate() -> Gate {
    let house = house();
    Gate::new(
        Arc::clone(&house.committee),
        Arc::clone(&house.keys),
        house.share(MemberIndex(0)),
        [7; 32],
    )
}

fn quote() -> Envelope {
    static QUOTE: OnceLock<Envelope> = OnceLock::new();
    let make = || {
        let (house, secret) = (house(), SigningKey::from_bytes(&[9; 32]));
        let header = Header {
            protocol: PROTOCOL,
            kind: Kind::Quote,
            auction: house.committee.auction,
            key: house.committee.key,
            first: Round(1),
            last: Round(1),
            expires: Timestamp(1 << 42),
            metadata: Metadata::NOTHING,
            submitter: PublicKey::of(&secret),
        };
        let label = header.label(Part::Quote, None);
        let part = seal(&house.keys, &label, b"a quote", &[1; 32], b"account").unwrap();
        Envelope::sign(header, Sealed::Quote(part), &secret)
    };
    QUOTE.get_or_init(make).clone()
}

fn readable(envelope: &Envelope) -> Readable {
    Readable::new(&house().committee, encode(envelope)).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whoever relays an envelope can spoil its copies. The gate must not pass the blame on: to
    /// refuse the id of the copy must say nothing of what was submitted.
    #[test]
    fn a_copy_with_a_flipped_signature_bit_is_refused_by_an_id_of_its_own(bit in 0usize..512, copy_first: bool) {
        let honest = quote();
        let mut copy = honest.clone();
        copy.signature.0.0[bit / 8] ^= 1 << (bit % 8);
        let mut batch = vec![readable(&honest), readable(&copy)];
        if copy_first {
            batch.reverse();
        }
        let mut admitted = Vec::new();
        let mut refusals = Vec::new();
        for verdict in gate().check(batch) {
            match verdict {
                Verdict::Admissible(passed) => admitted.push(passed.id()),
                Verdict::Refused(failed) => {
                    refusals.push((failed.envelope.id(), failed.refusal.code));
                }
            }
        }
        prop_assert_eq!(admitted, vec![honest.id()]);
        prop_assert_eq!(refusals, vec![(copy.id(), RefusalCode::Signature)]);
        prop_assert_ne!(copy.id(), honest.id());
    }
}
