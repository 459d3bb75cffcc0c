#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::expect_used
)]

use std::os::unix::fs::PermissionsExt;

use sealbid_types::bytes::FixedBytes;
use sealbid_types::envelope::{Header, PROTOCOL, Sealed, SealedPart};
use sealbid_types::text::AccountId;

use super::*;

fn envelope(seed: u8) -> Envelope {
    let secret = ed25519_dalek::SigningKey::from_bytes(&[seed; 32]);
    let part = SealedPart {
        u: FixedBytes([1; 96]),
        u_bar: FixedBytes([2; 96]),
        a: FixedBytes([3; 96]),
        a_bar: FixedBytes([4; 96]),
        commitment: FixedBytes([5; 32]),
        response: FixedBytes([6; 32]),
        body: sealbid_types::bytes::Blob::from(vec![7; 272]),
    };
    let header = Header {
        protocol: PROTOCOL,
        kind: Kind::Quote,
        auction: [8; 32].into(),
        key: [9; 32].into(),
        first: Round(3),
        last: Round(3),
        expires: Timestamp(1),
        metadata: Metadata::NOTHING,
        submitter: sealbid_types::keys::PublicKey::of(&secret),
    };
    Envelope::sign(header, Sealed::Quote(part), &secret)
}

#[test]
fn orders_are_kept_and_found_by_prefix() {
    let directory = tempfile::tempdir().unwrap();
    let files = OrderFiles::new(directory.path().join("house").join("orders"));
    assert_eq!(files.all().unwrap(), (Vec::new(), Vec::new()));
    let envelopes: Vec<Envelope> = (1..=40).map(envelope).collect();
    for (envelope, created) in envelopes.iter().zip(0u64..) {
        let order = OrderFile::of_envelope(envelope, Timestamp(100 - created));
        files.add(&order, envelope).unwrap();
    }
    let (all, unreadable) = files.all().unwrap();
    assert!(unreadable.is_empty());
    assert_eq!(all.len(), 40);
    assert!(all.is_sorted_by_key(|order| order.created));
    for envelope in &envelopes {
        let id = envelope.id().to_string();
        assert_eq!(files.find(&id[..12]).unwrap(), envelope.id());
        assert_eq!(files.find(&id).unwrap(), envelope.id());
        let kept = fs::read(files.envelope_path(envelope.id())).unwrap();
        assert_eq!(kept, encode(envelope));
    }
    let mode = fs::metadata(files.path(envelopes[0].id()))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(
        mode & 0o777,
        0o600,
        "terms are secret until a round opens them"
    );
    let mode = fs::metadata(files.dir()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn prefixes_that_name_nothing_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let files = OrderFiles::new(directory.path().to_owned());
    for text in ["", "abc", "ABCD", "xyzw", "../..", "abcd"] {
        assert_eq!(files.find(text).unwrap_err().code(), 2, "{text:?}");
    }
    assert!(
        files.find(&"ab".repeat(32)).is_ok(),
        "a whole id may be another's"
    );
    for last in [1u8, 2] {
        let envelope = envelope(last);
        let id = EnvelopeId::from(core::array::from_fn(
            |at| if at == 31 { last } else { 0xab },
        ));
        let order = OrderFile {
            id,
            ..OrderFile::of_envelope(&envelope, Timestamp(0))
        };
        files.write(&order).unwrap();
    }
    let several = files.find("abab").unwrap_err().to_string();
    assert!(
        several.contains("2 of your orders begin with abab"),
        "{several}"
    );
}

/// As a disk that was full leaves it.
#[test]
fn an_order_that_cannot_be_read_hides_no_other() {
    let directory = tempfile::tempdir().unwrap();
    let files = OrderFiles::new(directory.path().to_owned());
    for seed in 1..=3 {
        let envelope = envelope(seed);
        let order = OrderFile::of_envelope(&envelope, Timestamp(seed.into()));
        files.add(&order, &envelope).unwrap();
    }
    let broken = envelope(2).id();
    fs::write(files.path(broken), "{").unwrap();
    let (all, unreadable) = files.all().unwrap();
    let ids: Vec<EnvelopeId> = all.iter().map(|order| order.id).collect();
    assert_eq!(ids, [envelope(1).id(), envelope(3).id()]);
    assert_eq!(unreadable.len(), 1);
    assert_eq!(unreadable[0].to_json()["order"], broken.to_string());
}

fn trader() -> AccountId {
    "trader.near".parse().unwrap()
}

/// Writes an order, and has `key` stand for it. Gives the order that it stands for already.
fn claim(files: &OrderFiles, seed: u8, earlier: Option<u8>) -> Option<EnvelopeId> {
    let new = envelope(seed);
    let order = OrderFile::of_envelope(&new, Timestamp(0));
    files.add(&order, &new).unwrap();
    let (key, earlier) = (
        "one".parse().unwrap(),
        earlier.map(|seed| envelope(seed).id()),
    );
    let first = files.claim_key(&trader(), &key, order.id, earlier).unwrap();
    first.map(|first| first.id)
}

/// The second one tells what became of the first one's order, and does not give its own.
#[test]
fn of_two_that_replace_an_order_of_a_key_one_does() {
    let directory = tempfile::tempdir().unwrap();
    let files = OrderFiles::new(directory.path().to_owned());
    assert_eq!(claim(&files, 1, None), None);
    assert_eq!(claim(&files, 2, None), Some(envelope(1).id()));
    // Both have heard that the first has expired.
    assert_eq!(claim(&files, 3, Some(1)), None);
    assert_eq!(claim(&files, 4, Some(1)), Some(envelope(3).id()));
}

/// Else every try would be an order of its own, of which the key knows nothing.
#[test]
fn a_key_whose_order_was_lost_stands_for_the_next() {
    let directory = tempfile::tempdir().unwrap();
    let files = OrderFiles::new(directory.path().to_owned());
    assert_eq!(claim(&files, 1, None), None);
    fs::remove_file(files.path(envelope(1).id())).unwrap();
    assert_eq!(claim(&files, 2, None), None);
    assert_eq!(claim(&files, 3, None), Some(envelope(2).id()));
}

#[test]
fn only_final_outcomes_are_noted() {
    let directory = tempfile::tempdir().unwrap();
    let files = OrderFiles::new(directory.path().to_owned());
    let envelope = envelope(1);
    let id = envelope.id();
    files.note(id, &Outcome::Expired).unwrap();
    assert_eq!(
        files.read(id).unwrap(),
        None,
        "another's order is not written down"
    );
    files
        .add(&OrderFile::of_envelope(&envelope, Timestamp(0)), &envelope)
        .unwrap();
    files
        .note(id, &Outcome::Pending { round: Round(3) })
        .unwrap();
    assert_eq!(files.read(id).unwrap().unwrap().outcome, None);
    files.note(id, &Outcome::Expired).unwrap();
    let noted = files.read(id).unwrap().unwrap().outcome.unwrap();
    assert_eq!(noted, Outcome::Expired);
}
