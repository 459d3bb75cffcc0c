use proptest::prelude::*;
use sealbid_types::codec::{decode, encode};

use super::*;

proptest! {
    #[test]
    fn requests_there_and_back(ids: Vec<[u8; 32]>, wait_ms: u32, message: Vec<u8>) {
        let sync = Request::Sync { held: fixed(ids), wait_ms };
        for request in [sync, Request::Post(Blob(message))] {
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
    let post = Request::Post(Blob(vec![0xff; MAX_MESSAGE]));
    assert!(encode(&post).len() <= MAX_REQUEST);
    let ids = || fixed((0..MAX_MESSAGES).map(|_| [0xff; 32]));
    let sync = Request::Sync {
        held: ids(),
        wait_ms: u32::MAX,
    };
    assert!(encode(&sync).len() <= MAX_REQUEST);
    let small = BATCH / MAX_MESSAGES;
    let posts = ids().into_iter().map(|id| (id, Blob(vec![0xff; small])));
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
