//! Frozen encodings: one sample of every type that travels or rests, in `snapshots.txt`, all of
//! them from one ceremony whose entropy is fixed. So a change of a derivation shows here too.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use data_encoding::HEXLOWER;
use sealbid_types::codec::{DecodeError, Schema, SchemaName, decode, encode};
use sealbid_types::id::MemberIndex;

use crate::board::{Board, MOST_BOARD_BYTES};
use crate::message::Message;
use crate::participant::Step;
use crate::testing::{Ceremony, identity, secret};

/// A line a type: name and version of its schema, and the bytes in hexadecimal.
const FROZEN: &str = include_str!("../snapshots.txt");

fn line<T: Schema + PartialEq>(value: &T) -> String {
    let bytes = encode(value);
    assert!(decode::<T>(&bytes).unwrap() == *value, "{}", T::SCHEMA);
    // What is frozen is the only encoding of the value: neither a cut nor a padded one is read.
    let cut = decode::<T>(&bytes[..bytes.len() - 1]);
    assert!(matches!(cut, Err(DecodeError::Malformed { .. })));
    let padded = decode::<T>(&[bytes.as_slice(), &[0]].concat());
    assert!(matches!(padded, Err(DecodeError::NotCanonical { .. })));
    format!("{} {}", T::SCHEMA, HEXLOWER.encode(&bytes))
}

fn complaint(ceremony: &Ceremony) -> Message {
    let session = ceremony.session();
    let accused = &ceremony.board.dealings(MemberIndex(0))[0];
    let read = crate::check::read_dealing(session, &accused.body).unwrap();
    let (accuser, secret) = (MemberIndex(1), secret(1));
    let complaint =
        crate::complaint::complain(session, accuser, accused, &read, &secret, &identity(1));
    Message::Complaint(complaint.unwrap())
}

fn samples() -> Vec<String> {
    let ceremony = Ceremony::dealt(3, 2);
    let Step::Post(confirmation) = ceremony.step(1) else {
        panic!("nothing to confirm");
    };
    let roster = ceremony.board.rosters()[0].clone();
    let mut lines = vec![
        line(&ceremony.board.invitation().body),
        line(&roster.body.enrolments[1].body),
        line(&roster.body),
        line(&ceremony.board.commitments(MemberIndex(2))[0].body),
        line(&ceremony.board.dealings(MemberIndex(2))[0].body),
        line(&complaint(&ceremony)),
        line(&*confirmation),
    ];
    if let Message::Confirmation(confirmation) = *confirmation {
        lines.push(line(&confirmation.body.confirmation));
        lines.push(line(&confirmation.body));
    }
    lines.push(line(&Ceremony::confirmed(3, 2).outcome(0).transcript));
    // Its schema is its module's own affair, so the name is written out.
    let board = ceremony.board.to_bytes();
    lines.push(format!(
        "sealbid.ceremony.board v2 {}",
        HEXLOWER.encode(&board)
    ));
    lines
}

#[test]
fn encodings_are_frozen() {
    let samples = samples();
    let frozen: Vec<&str> = FROZEN.lines().collect();
    for (at, line) in samples.iter().enumerate() {
        assert!(
            frozen.get(at) == Some(&line.as_str()),
            "not as frozen:\n{line}"
        );
    }
    assert_eq!(frozen.len(), samples.len());
}

/// A ceremony file of an older program says which version it is, and which is read here.
#[test]
fn an_older_board_is_refused_by_its_version() {
    let mut bytes = Ceremony::called(3, 2).board.to_bytes();
    let older = SchemaName {
        name: "sealbid.ceremony.board",
        version: 1,
        max_bytes: MOST_BOARD_BYTES,
    };
    bytes[..8].copy_from_slice(&older.prefix());
    let refused = Board::from_bytes(&bytes).unwrap_err().to_string();
    assert_eq!(refused, "sealbid.ceremony.board v1 is not read here, v2 is");
}
