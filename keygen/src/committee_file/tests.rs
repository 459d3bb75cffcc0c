#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::expect_used
)]

use std::fs;
use std::os::unix::fs::PermissionsExt;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::testing::dealt;

fn json_of_a_committee() -> Value {
    serde_json::to_value(dealt(3, 2, 1).committee).unwrap()
}

fn read(value: &Value) -> Result<Committee, CommitteeProblem> {
    read_committee(value.to_string().as_bytes()).map(|(committee, _)| committee)
}

#[test]
fn there_and_back() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("committee.json");
    let missing = load_committee(&path);
    assert!(matches!(missing, Err(CommitteeFileError::NotFound { .. })));
    let committee = dealt(5, 4, 1).committee;
    save_committee(&path, &committee).unwrap();
    let (loaded, keys) = load_committee(&path).unwrap();
    assert_eq!(loaded, committee);
    assert_eq!((keys.members(), keys.quorum()), (5, 4));
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o600, 0o600);
    let again = save_committee(&path, &committee);
    assert!(
        matches!(again, Err(CommitteeFileError::Write { .. })),
        "it is not replaced"
    );
    assert!(
        fs::read_to_string(&path).unwrap().lines().count() > 50,
        "people can read it"
    );
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
            let committee = dealt(3, 2, 1).committee;
            let text = serde_json::to_string(&committee).unwrap();
            (committee, text)
        });
        let mut bytes = text.clone().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok((read, _)) = read_committee(&bytes) {
            // What no id covers: addresses, relays, and members' keys.
            let Committee { roster, epoch, .. } = read.clone();
            prop_assert_eq!(Committee { roster, epoch, ..committee.clone() }, read);
        }
    }
}
