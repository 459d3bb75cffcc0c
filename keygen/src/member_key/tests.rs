#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::expect_used
)]

use std::fs;
use std::path::PathBuf;

use super::*;
use crate::testing::{FAST, committee_keys, dealt, passphrase};

fn place() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("member.key");
    (directory, path)
}

#[test]
fn there_and_back() {
    let (_directory, path) = place();
    let house = dealt(3, 2, 1);
    let keys = committee_keys(&house.committee);
    let key = &house.member_keys[1];
    key.save(&path, &passphrase(), FAST).unwrap();
    let (loaded, share) =
        MemberKey::load_for(&path, &passphrase(), &house.committee, &keys).unwrap();
    assert_eq!(share.member(), MemberIndex(1));
    assert_eq!(encode(&loaded.0).unwrap(), encode(&key.0).unwrap());
    let again = key.save(&path, &passphrase(), FAST);
    assert!(
        matches!(again, Err(KeyFileError::Write { .. })),
        "a key file is not replaced"
    );
}

#[test]
fn a_wrong_passphrase_is_not_a_damaged_file() {
    let (_directory, path) = place();
    dealt(3, 2, 1).member_keys[0]
        .save(&path, &passphrase(), FAST)
        .unwrap();
    let wrong = Passphrase::new("open sesam").unwrap();
    let refused = MemberKey::load(&path, &wrong).unwrap_err();
    assert!(
        matches!(refused, KeyFileError::WrongPassphrase { .. }),
        "{refused}"
    );
}

#[test]
fn every_byte_of_the_file_matters() {
    let (_directory, path) = place();
    dealt(3, 2, 1).member_keys[0]
        .save(&path, &passphrase(), FAST)
        .unwrap();
    let whole = fs::read(&path).unwrap();
    let refuse = |bytes: &[u8], what: String| {
        fs::write(&path, bytes).unwrap();
        match MemberKey::load(&path, &passphrase()) {
            Err(KeyFileError::Corrupt { .. }) => true,
            Err(KeyFileError::WrongPassphrase { .. }) => false,
            other => panic!("{what}: {other:?}"),
        }
    };
    let mut corrupt = 0;
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        corrupt += usize::from(refuse(&damaged, format!("byte {at}")));
        corrupt += usize::from(refuse(&whole[..at], format!("cut at {at}")));
    }
    // age cannot tell damage to the salt and the wrapped file key from another passphrase.
    assert!(
        2 * whole.len() - corrupt < 150,
        "{corrupt} of {}",
        2 * whole.len()
    );
    assert!(refuse(
        &[0; encrypted_file::MOST_FILE_BYTES + 1],
        "too long".to_owned()
    ));
}

#[test]
fn a_missing_file_is_named() {
    let (_directory, path) = place();
    let missing = MemberKey::load(&path, &passphrase()).unwrap_err();
    assert!(matches!(missing, KeyFileError::NotFound { .. }));
    assert!(missing.to_string().contains("member.key"));
    let directory = MemberKey::load(path.parent().unwrap(), &passphrase()).unwrap_err();
    assert!(
        matches!(directory, KeyFileError::Read { .. }),
        "{directory}"
    );
}

#[test]
fn a_foreign_file_says_in_what() {
    let (_directory, path) = place();
    let house = dealt(4, 3, 1);
    let other = dealt(4, 3, 2);
    let (keys, other_keys) = (
        committee_keys(&house.committee),
        committee_keys(&other.committee),
    );
    let problem_in = |committee: &Committee, keys: &CommitteeKeys, content: Content| {
        let _ = fs::remove_file(&path);
        MemberKey::new(content)
            .save(&path, &passphrase(), FAST)
            .unwrap();
        match MemberKey::load_for(&path, &passphrase(), committee, keys) {
            Err(KeyFileError::Foreign { problem, .. }) => problem,
            other => panic!("{other:?}"),
        }
    };
    let content = |at: usize| dealt(4, 3, 1).member_keys.into_iter().nth(at).unwrap().0;

    // Only the key differs between the two houses: the auction is the same.
    assert_eq!(
        problem_in(&other.committee, &other_keys, content(0)),
        KeyFileProblem::Key
    );
    let mut renamed = house.committee.clone();
    renamed.auction = AuctionId::from([9; 32]);
    assert_eq!(
        problem_in(&renamed, &keys, content(0)),
        KeyFileProblem::Auction
    );
    let mut refreshed = house.committee.clone();
    refreshed.epoch = Epoch(1);
    let epochs = KeyFileProblem::Epoch {
        found: Epoch(0),
        expected: Epoch(1),
    };
    assert_eq!(problem_in(&refreshed, &keys, content(0)), epochs);

    let moved = Content {
        index: MemberIndex(1),
        ..content(0)
    };
    let roster = KeyFileProblem::Roster("identity");
    assert_eq!(problem_in(&house.committee, &keys, moved), roster);
    let stranger = Content {
        index: MemberIndex(4),
        ..content(0)
    };
    let nobody = KeyFileProblem::Share(KeyShareError::NoSuchMember(MemberIndex(4)));
    assert_eq!(problem_in(&house.committee, &keys, stranger), nobody);
    let door = Content {
        door: content(1).door,
        ..content(0)
    };
    let roster = KeyFileProblem::Roster("door");
    assert_eq!(problem_in(&house.committee, &keys, door), roster);

    let foreign = KeyFileProblem::Share(KeyShareError::Foreign(MemberIndex(0)));
    let swapped = Content {
        share: content(1).share,
        ..content(0)
    };
    assert_eq!(problem_in(&house.committee, &keys, swapped), foreign);
    for bytes in [[0; 32], [0xff; 32]] {
        let no_scalar = Content {
            share: Seed::copied_from(&bytes),
            ..content(0)
        };
        assert_eq!(problem_in(&house.committee, &keys, no_scalar), foreign);
    }
}

#[test]
fn the_encoding_is_frozen() {
    let key = dealt(3, 2, 1).member_keys.remove(0);
    let encoded = encode(&key.0).unwrap();
    assert_eq!(encoded.len(), 8 + 2 * 32 + 2 + 5 * 32);
    assert_eq!(encoded[8..40], *key.auction().as_bytes());
    assert_eq!(encoded[40..72], *key.key().as_bytes());
    assert_eq!(encoded[72..74], [0, 0], "epoch and index");
    key.0
        .identity
        .expose(|seed| assert_eq!(encoded[74..106], *seed));
    key.0
        .group
        .expose(|seed| assert_eq!(encoded[202..234], *seed));
    let prefix: String = SCHEMA
        .prefix()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(prefix, "af712f828cc6a3b6");
}

#[test]
fn only_the_canonical_encoding_is_read() {
    let encoded = encode(&dealt(3, 2, 1).member_keys[0].0).unwrap();
    assert!(decode(&encoded).is_ok());
    let tail = [encoded.as_slice(), &[0]].concat();
    assert!(matches!(
        decode(&tail),
        Err(DecodeError::NotCanonical { .. })
    ));
    let overlong = [&encoded[..72], &[0x80, 0], &encoded[73..]].concat();
    assert!(matches!(
        decode(&overlong),
        Err(DecodeError::NotCanonical { .. })
    ));
    assert!(matches!(
        decode(&encoded[..233]),
        Err(DecodeError::Malformed { .. })
    ));
    assert!(matches!(
        decode(&encoded[1..]),
        Err(DecodeError::Schema { .. })
    ));
}

#[test]
fn debug_shows_no_secret() {
    let key = dealt(3, 2, 1).member_keys.remove(0);
    let shown = format!("{key:?}");
    assert_eq!(
        shown,
        format!("MemberKey(member-1, {:?}, ..)", key.auction())
    );
}
