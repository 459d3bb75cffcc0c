//! The meeting's messages, there and back, and from bytes that are none.

use proptest::prelude::*;
use sealbid_types::codec::{decode, encode};

use super::*;

proptest! {
    #[test]
    fn requests_there_and_back(ids: Vec<[u8; 32]>, wait_ms: u32, message: Vec<u8>) {
        let sync = Request::Sync { held: fixed(ids), wait_ms };
        for request in [sync, Request::Post(Blob::from(message))] {
            let bytes = encode(&request);
            prop_assert_eq!(decode::<Request>(&bytes), Ok(request));
        }
    }

    #[test]
    fn any_text_is_made_presentable(text: String) {
        let once = presentable(&text);
        prop_assert!(once.len() <= MAX_TEXT && once.chars().all(|c| !c.is_control()));
        prop_assert_eq!(presentable(&once), once);
    }
}

#[test]
fn the_largest_of_each_fits() {
    let post = Request::Post(Blob::from(vec![0xff; MAX_MESSAGE]));
    assert!(encode(&post).len() <= MAX_REQUEST);
    let ids = || fixed((0..MAX_MESSAGES).map(|_| [0xff; 32]));
    let sync = Request::Sync {
        held: ids(),
        wait_ms: u32::MAX,
    };
    assert!(encode(&sync).len() <= MAX_REQUEST);
    let small = BATCH / MAX_MESSAGES;
    let posts = ids()
        .into_iter()
        .map(|id| (id, Blob::from(vec![0xff; small])));
    let news = Response::News(News {
        posts: posts.collect(),
        wanted: ids(),
    });
    assert!(encode(&news).len() <= MAX_RESPONSE);
}

#[test]
fn a_refusal_s_text_is_bounded_on_both_sides() {
    let long = PostRefusal::new(7, format!("\u{1b}[2J{}", "é".repeat(600)));
    let Verdict::Refused { code, text } = Verdict::from(Err(long.clone())) else {
        panic!("a refusal becomes a refusal");
    };
    assert_eq!((code, text.len()), (7, MAX_TEXT - 1));
    let from_host = Verdict::Refused {
        code: 7,
        text: long.text,
    };
    let refusal = Result::<bool, PostRefusal>::from(from_host).unwrap_err();
    assert_eq!(refusal.text, text);
}

/// The value's bytes after the schema's prefix.
fn body<T: sealbid_types::codec::Schema>(value: &T) -> Vec<u8> {
    encode(value)[sealbid_types::codec::PREFIX_BYTES..].to_vec()
}

#[test]
fn the_bytes_are_fixed() {
    let (mine, yours) = (FixedBytes([1; 32]), FixedBytes([2; 32]));
    let sync = Request::Sync {
        held: vec![mine],
        wait_ms: 300,
    };
    assert_eq!(
        body(&sync),
        [[0, 1].as_slice(), &[1; 32], &[0xac, 2]].concat()
    );
    assert_eq!(
        body(&Request::Post(Blob::from(b"ab".to_vec()))),
        b"\x01\x02ab"
    );
    let news = Response::News(News {
        posts: vec![(yours, Blob::from(b"ab".to_vec()))],
        wanted: vec![mine],
    });
    let expected = [[0, 1].as_slice(), &[2; 32], b"\x02ab", &[1], &[1; 32]].concat();
    assert_eq!(body(&news), expected);
    let held = Response::Verdict(Verdict::Held { new: true });
    assert_eq!(body(&held), [1, 0, 1]);
    let refused = Response::Verdict(Verdict::Refused {
        code: 7,
        text: "no".to_owned(),
    });
    assert_eq!(body(&refused), b"\x01\x01\x07\x02no");
}
