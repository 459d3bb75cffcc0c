use super::*;
use crate::metadata::Metadata;
use proptest::prelude::*;
use sealbid_testkit::signature::another;

fn secret() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn part(fill: u8) -> SealedPart {
    SealedPart {
        u: FixedBytes([fill; 96]),
        u_bar: FixedBytes([fill; 96]),
        a: FixedBytes([fill; 96]),
        a_bar: FixedBytes([fill; 96]),
        commitment: FixedBytes([fill; 32]),
        response: FixedBytes([fill; 32]),
        body: Blob::from(vec![fill; 4]),
    }
}

fn quote() -> Envelope {
    let header = Header {
        protocol: PROTOCOL,
        kind: Kind::Quote,
        auction: [1; 32].into(),
        key: [2; 32].into(),
        first: Round(3),
        last: Round(3),
        expires: Timestamp(1_800_000_000_000),
        metadata: Metadata::NOTHING,
        submitter: PublicKey::of(&secret()),
    };
    Envelope::sign(header, Sealed::Quote(part(8)), &secret())
}

proptest! {
    #[test]
    fn a_copy_with_a_flipped_signature_bit_is_another_envelope(bit in 0usize..512) {
        let envelope = quote();
        let mut copy = envelope.clone();
        copy.signature.0.0[bit / 8] ^= 1 << (bit % 8);
        prop_assert_ne!(copy.id(), envelope.id());
        prop_assert_eq!(envelope.check_header(), Ok(()));
        prop_assert!(matches!(copy.check_header(), Err(HeaderError::Signature(_))));
    }
}

/// By the holder of the key alone: whoever else changes a bit has no signature.
#[test]
fn another_signature_of_the_same_content_is_another_envelope() {
    let envelope = quote();
    let signature = another(&secret(), &envelope.content_digest(), 1);
    let again = Envelope {
        signature: Signature(FixedBytes(signature)),
        ..envelope.clone()
    };
    assert_eq!(again.check_header(), Ok(()));
    assert_ne!(again.signature, envelope.signature);
    assert_ne!(again.id(), envelope.id());
}

/// `S` plus the group order verifies where it is not refused for its form.
#[test]
fn a_signature_with_a_larger_s_is_refused() {
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde,
        0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut copy = quote();
    let mut carry = 0;
    for (byte, order) in copy.signature.0.0[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        *byte = (sum & 0xff) as u8;
        carry = sum >> 8;
    }
    assert_eq!(carry, 0, "S + L fits 32 bytes");
    assert!(matches!(
        copy.check_header(),
        Err(HeaderError::Signature(KeyError::Signature))
    ));
}
