#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::expect_used
)]

use std::error::Error as _;
use std::fs;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::testing::TestHouse;

fn json_of_a_committee() -> Value {
    serde_json::to_value(TestHouse::new(3).committee).unwrap()
}

fn read(value: &Value) -> Result<Committee, CommitteeProblem> {
    CommitteeFile::read(value.to_string().as_bytes()).map(|file| file.into_parts().0)
}

#[test]
fn a_byte_order_mark_is_passed_over() {
    let committee = TestHouse::new(3).committee;
    let text = serde_json::to_string_pretty(&committee).unwrap();
    for mark in ["", "\u{feff}"] {
        let file = CommitteeFile::read(format!("{mark}{text}\n").as_bytes()).unwrap();
        assert_eq!(*file.committee(), committee);
    }
    let twice = CommitteeFile::read(format!("\u{feff}\u{feff}{text}").as_bytes());
    assert!(matches!(twice, Err(CommitteeProblem::Json(_))));
}

#[test]
fn a_file_that_is_missing_or_bad_says_why() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("committee.json");
    let missing = CommitteeFile::load(&path).unwrap_err();
    assert!(matches!(missing, CommitteeFileError::NotFound { .. }));

    fs::write(&path, b"{").unwrap();
    let invalid = CommitteeFile::load(&path).unwrap_err();
    let problem = invalid.source().unwrap();
    assert!(problem.is::<CommitteeProblem>());
    assert!(problem.source().unwrap().is::<serde_json::Error>());

    let file = fs::File::create(&path).unwrap();
    file.set_len(MOST_BYTES as u64 + 1).unwrap();
    let long = CommitteeFile::load(&path).unwrap_err();
    assert!(matches!(long, CommitteeFileError::Read { .. }), "{long}");
    assert!(long.source().unwrap().is::<io::Error>());
}

#[test]
fn what_is_not_understood_is_refused() {
    let good = json_of_a_committee();
    assert!(read(&good).is_ok());
    let change = |at: &str, value: Value| {
        let mut changed = good.clone();
        *changed.pointer_mut(at).unwrap() = value;
        read(&changed).unwrap_err()
    };
    let mut more = good.clone();
    more["roster"][0]["nickname"] = json!("x");
    assert!(matches!(read(&more), Err(CommitteeProblem::Unknown)));
    let mut more = good.clone();
    more["nickname"] = json!("x");
    assert!(matches!(read(&more), Err(CommitteeProblem::Json(_))));

    assert!(matches!(
        change("/format", json!(2)),
        CommitteeProblem::Committee(_)
    ));
    assert!(matches!(
        change("/quorum", json!(1)),
        CommitteeProblem::Committee(_)
    ));
    assert!(matches!(
        change("/name", json!("other")),
        CommitteeProblem::Committee(_)
    ));
    assert!(matches!(
        change("/provenance", json!("trust me")),
        CommitteeProblem::Json(_)
    ));
    assert!(matches!(
        change("/schedule/period_ms", json!(1)),
        CommitteeProblem::Committee(_)
    ));
    let first = good["keys"]["share_keys"][0].clone();
    let twice = change("/keys/share_keys/1", first);
    assert!(matches!(
        twice,
        CommitteeProblem::Keys(KeysError::OffPolynomial(MemberIndex(1)))
    ));
    let relay = |url: &str| change("/roster/1/relay", json!(url));
    for url in [
        "",
        "http://",
        "ftp://a:1",
        "http://a b",
        "http://a\u{202e}b",
    ] {
        assert!(
            matches!(relay(url), CommitteeProblem::Relay(MemberIndex(1))),
            "{url:?}"
        );
    }
}

proptest! {
    #[test]
    fn a_changed_byte_is_refused_or_said_openly(at: prop::sample::Index, byte: u8) {
        static TEXT: std::sync::OnceLock<(Committee, String)> = std::sync::OnceLock::new();
        let (committee, text) = TEXT.get_or_init(|| {
            let committee = TestHouse::new(3).committee;
            let text = serde_json::to_string(&committee).unwrap();
            (committee, text)
        });
        let mut bytes = text.clone().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(file) = CommitteeFile::read(&bytes) {
            let (read, _) = file.into_parts();
            // What no id covers: addresses, relays, and members' keys.
            let Committee { roster, epoch, .. } = read.clone();
            prop_assert_eq!(Committee { roster, epoch, ..committee.clone() }, read);
        }
    }
}
