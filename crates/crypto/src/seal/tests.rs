#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::expect_used
)]

use std::collections::BTreeSet;

use proptest::prelude::*;
use sealbid_types::codec::encode;

use super::*;
use crate::content::Fault;
use crate::padding::class_of;
use crate::testing::House;

fn sealed(
    house: &House,
    label: &[u8],
    plaintext: &[u8],
    entropy: u8,
    account: &[u8],
) -> SealedPart {
    seal(&house.keys, label, plaintext, &[entropy; 32], account).unwrap()
}

/// The key of `part` by way of the secret that nobody should hold.
fn key_by_master(house: &House, label: &[u8], part: &SealedPart) -> ContentKey {
    let u = G1Point::decode(&part.u.0).unwrap();
    ContentKey::derive(&u.times_secret(&house.master).encode(), &part.u.0, label)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn the_secret_opens_what_was_sealed(
        plaintext in prop::collection::vec(any::<u8>(), 0..=MOST_PLAINTEXT),
        label in prop::collection::vec(any::<u8>(), 0..200),
        entropy: u8,
    ) {
        let house = House::new(3, 2, 1);
        let part = sealed(&house, &label, &plaintext, entropy, b"a");
        prop_assert_eq!(part.body.0.len(), class_of(plaintext.len()).unwrap() + 16);
        let key = key_by_master(&house, &label, &part);
        let opened = key.decrypt(&label, &part.commitment.0, &part.body.0).unwrap();
        prop_assert_eq!(opened.as_bytes(), plaintext);
    }
}

#[test]
fn a_key_opens_nothing_that_was_changed() {
    let house = House::new(3, 2, 1);
    let part = sealed(&house, b"label", b"plaintext", 1, b"a");
    let key = key_by_master(&house, b"label", &part);
    let mut commitment = part.commitment.0;
    commitment[31] ^= 1;
    assert_eq!(
        key.decrypt(b"label", &commitment, &part.body.0),
        Err(Fault::Commitment)
    );
    let other = key_by_master(&house, b"another label", &part);
    assert_eq!(
        other.decrypt(b"label", &part.commitment.0, &part.body.0),
        Err(Fault::Commitment)
    );
    for at in 0..part.body.0.len() {
        let mut body = part.body.0.to_vec();
        body[at] ^= 0x10;
        assert_eq!(
            key.decrypt(b"label", &part.commitment.0, &body),
            Err(Fault::Cipher)
        );
    }
    assert_eq!(
        key.decrypt(b"lebal", &part.commitment.0, &part.body.0),
        Err(Fault::Cipher)
    );
}

/// A cloned machine draws the same entropy twice: that alone repeats nothing.
#[test]
fn scalars_differ_whenever_an_input_does() {
    let house = House::new(3, 2, 1);
    let parts = [
        sealed(&house, b"label", b"plaintext", 1, b"account"),
        sealed(&house, b"label", b"plaintext", 2, b"account"),
        sealed(&house, b"label", b"plaintext", 1, b"other account"),
        sealed(&house, b"other label", b"plaintext", 1, b"account"),
        sealed(&house, b"label", b"other plaintext", 1, b"account"),
        sealed(&House::new(3, 2, 2), b"label", b"plaintext", 1, b"account"),
        // The same bytes, cut elsewhere.
        sealed(&house, b"labelp", b"laintext", 1, b"account"),
        sealed(&house, b"tlabel", b"plaintext", 1, b"accoun"),
    ];
    let us: BTreeSet<_> = parts.iter().map(|part| part.u).collect();
    let commitments: BTreeSet<_> = parts.iter().map(|part| part.a).collect();
    assert_eq!((us.len(), commitments.len()), (parts.len(), parts.len()));
    let again = sealed(&house, b"label", b"plaintext", 1, b"account");
    assert_eq!(again, parts[0]);
}

#[test]
fn too_long_plaintexts_are_refused() {
    let house = House::new(3, 2, 1);
    let refused = seal(&house.keys, b"", &[0; MOST_PLAINTEXT + 1], &[0; 32], b"");
    assert_eq!(refused, Err(SealError::TooLong(MOST_PLAINTEXT + 1)));
    assert!(seal(&house.keys, b"", &[0; MOST_PLAINTEXT], &[0; 32], b"").is_ok());
}

/// Every domain string, every encoding and every hash of sealing stand behind these digits. If they
/// change, so does the protocol's version.
#[test]
fn a_sealed_part_is_frozen() {
    let house = House::new(4, 3, 7);
    let part = sealed(&house, b"label", b"plaintext", 9, b"account");
    let generator = blake3::hash(&second_generator().encode());
    let frozen = [
        part.u.to_string(),
        part.commitment.to_string(),
        part.response.to_string(),
        blake3::hash(&encode(&part)).to_string(),
        generator.to_string(),
    ];
    let expected = [
        "0a8b3325f9b95a1f954bee4a7d4f92bae5522b2fcd52e362c32e030049a64722\
         775b3956fee78cbd3c3ab63617733f8606c91a645f8d5122510c278d455ed30f\
         13b6c0198ad915aab7808d6e88912beb0f15075164074ac4165f31b5fc58eec5",
        "07a9c08b8da9dabb88f84f88c68f6c7604bc13aa46fff5a10bdf37fcc9f747b6",
        "453490fabcdb072309c4e57e0b2e0ba860e0bea70fac8feebc82f673bf55c8a0",
        "5fb82ae1ed02d72ed05c466491303a769ba9130ed70b9a2e2831aabfa9c1d714",
        "e4214b82120b85978f52f4ea5a94f963f89b13ada3786335020c25e68828eb3e",
    ];
    assert_eq!(frozen, expected);
}

#[test]
fn no_domain_string_serves_twice() {
    let all = [
        domain::SECOND_GENERATOR,
        domain::SECOND_GENERATOR_DST,
        domain::SEALING_SCALARS,
        domain::CONTENT_KEY,
        domain::BODY,
        domain::CHALLENGE,
        domain::BATCH_ADMISSION,
        domain::BATCH_SHARES,
        domain::BATCH_OPENINGS,
        domain::BATCH_PREPARED,
        domain::BATCH_SUBGROUP,
        domain::BATCH_KEYS,
    ];
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
    assert!(all.iter().all(|text| text.starts_with("sealbid/1 ")));
}
