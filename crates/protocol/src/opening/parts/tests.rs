//! What of a closed round stays sealed.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code: a failure is a panic"
)]

use ed25519_dalek::SigningKey;
use sealbid_testkit::signature::another;
use sealbid_types::bytes::Blob;
use sealbid_types::envelope::{Header, PROTOCOL, Sealed, SealedPart};
use sealbid_types::id::Round;
use sealbid_types::keys::{PublicKey, Signature};
use sealbid_types::metadata::Metadata;
use sealbid_types::time::Timestamp;

use super::*;

fn quote(u: u8) -> Envelope {
    let secret = SigningKey::from_bytes(&[7; 32]);
    let header = Header {
        protocol: PROTOCOL,
        kind: Kind::Quote,
        auction: [1; 32].into(),
        key: [2; 32].into(),
        first: Round(3),
        last: Round(3),
        expires: Timestamp(1 << 42),
        metadata: Metadata::NOTHING,
        submitter: PublicKey::of(&secret),
    };
    let part = SealedPart {
        u: FixedBytes([u; 96]),
        u_bar: FixedBytes([8; 96]),
        a: FixedBytes([8; 96]),
        a_bar: FixedBytes([8; 96]),
        commitment: FixedBytes([8; 32]),
        response: FixedBytes([8; 32]),
        body: Blob::from(vec![8; 4]),
    };
    Envelope::sign(header, Sealed::Quote(part), &secret)
}

/// The one content under a second good signature, which only its submitter can make.
fn signed_again(envelope: &Envelope) -> Envelope {
    let secret = SigningKey::from_bytes(&[7; 32]);
    let signature = another(&secret, &envelope.content_digest(), 5);
    let again = Envelope {
        signature: Signature(FixedBytes(signature)),
        ..envelope.clone()
    };
    assert_eq!(again.check_header(), Ok(()));
    again
}

fn listed(envelopes: [&Envelope; 2]) -> BTreeMap<EnvelopeId, Envelope> {
    envelopes.map(|e| (e.id(), e.clone())).into()
}

#[test]
fn two_signatures_of_one_content_void_each_other_at_their_makers_cost() {
    let (one, other) = (quote(1), quote(2));
    let again = signed_again(&one);
    let opening = first_opening(&listed([&one, &again]), &[]);
    let with = |with| VoidReason::SharedU { with };
    let void = [(one.id(), with(again.id())), (again.id(), with(one.id()))];
    assert_eq!(opening.void, void.into());
    assert!(opening.parts.is_empty());
    // Nobody else's entry is touched.
    let opening = first_opening(&listed([&one, &other]), &[]);
    assert!(opening.void.is_empty());
    assert_eq!(opening.parts.len(), 2);
}

#[test]
fn a_second_signature_in_a_later_round_is_void_and_stays_sealed() {
    let one = quote(1);
    let again = signed_again(&one);
    let used = UsedU {
        u: FixedBytes([1; 96]),
        envelope: one.id(),
        round: Round(2),
    };
    let envelopes = [(again.id(), again.clone())].into();
    let opening = first_opening(&envelopes, &[used]);
    let reason = VoidReason::SharedU { with: one.id() };
    assert_eq!(opening.void, [(again.id(), reason)].into());
    assert!(opening.parts.is_empty());
}
