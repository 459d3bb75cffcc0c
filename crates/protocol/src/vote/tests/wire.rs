//! Frozen encodings: a change here is a change of wire or disk, and needs a new schema version.

use sealbid_types::codec::{Schema, decode, encode};
use sealbid_types::keys::PublicKey;

use super::*;

/// BLAKE3 of an encoding, shortened.
fn fingerprint<T: Schema + PartialEq + core::fmt::Debug>(value: &T) -> (usize, String) {
    let bytes = encode(value);
    assert_eq!(decode::<T>(&bytes).as_ref(), Ok(value));
    (bytes.len(), blake3::hash(&bytes).to_hex()[..16].to_owned())
}

fn frozen(length: usize, hash: &str) -> (usize, String) {
    (length, hash.to_owned())
}

#[test]
fn messages_are_frozen() {
    let value = close(1);
    let header = Message::Header(header(1, value.digest(), Some(0)));
    let found = [
        fingerprint(&proposal_again(1, &value, 0)),
        fingerprint(&header),
        fingerprint(&prevote(2, 1, Some(&value))),
        fingerprint(&precommit(2, 1, Some(&value))),
        fingerprint(&precommit(2, 1, None)),
    ];
    let expected = [
        frozen(749, "5f88b0796f1acc70"),
        frozen(144, "e5e4899b8d868349"),
        frozen(143, "960a5526fee8d8c6"),
        frozen(239, "6f872b4482956da7"),
        frozen(111, "9badc41871c63fdf"),
    ];
    assert_eq!(found, expected);
}

#[test]
fn evidence_and_state_are_frozen() {
    let value = close(1);
    let Message::Precommit(nil) = precommit(2, 1, None) else {
        panic!()
    };
    let Message::Precommit(some) = precommit(2, 1, Some(&value)) else {
        panic!()
    };
    let prevotes = [Some(&value), None].map(|value| signed_prevote(2, 1, value));
    let proposals = [1, 2].map(|name| header(1, close(name).digest(), None));
    let state = locked_in_view_0(1, &value).state();
    let found = [
        fingerprint(&Evidence::Proposals(proposals)),
        fingerprint(&Evidence::Prevotes(prevotes)),
        fingerprint(&Evidence::Precommits([nil, some.clone()])),
        fingerprint(&Evidence::BadShare(some)),
        fingerprint(&state),
    ];
    let expected = [
        frozen(277, "c0f037f2ff164e35"),
        frozen(245, "71e0f92c6d7e0304"),
        frozen(341, "e9ef2c730b970b1a"),
        frozen(239, "ce8b66a69ff39bfd"),
        frozen(1764, "78c360d9612bdc35"),
    ];
    assert_eq!(found, expected);
}

#[test]
fn no_two_schemas_share_a_prefix() {
    let schemas = [
        Message::SCHEMA,
        Proposal::SCHEMA,
        Prevote::SCHEMA,
        Precommit::SCHEMA,
        Evidence::SCHEMA,
        VoteState::SCHEMA,
    ];
    let prefixes: std::collections::BTreeSet<_> = schemas.iter().map(|s| s.prefix()).collect();
    assert_eq!(prefixes.len(), schemas.len());
}

#[test]
fn roster_keys_sign_as_signed_does() {
    let secrets = [1, 2].map(|seed| ed25519_dalek::SigningKey::from_bytes(&[seed; 32]));
    let roster: Vec<_> = secrets.iter().map(PublicKey::of).collect();
    let keys = RosterKeys::new(std::sync::Arc::new(secrets[1].clone()), roster);
    let body = signed_prevote(1, 0, None).body;
    let by_trait = sign(body, MemberIndex(1), &keys);
    assert_eq!(by_trait, Signed::new(body, MemberIndex(1), &secrets[1]));
    assert!(super::super::message::verify(&by_trait, &keys));
    for member in [0, 2] {
        let claimed = Signed {
            member: MemberIndex(member),
            ..by_trait.clone()
        };
        assert!(!super::super::message::verify(&claimed, &keys), "{member}");
    }
}
