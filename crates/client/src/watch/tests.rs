#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::expect_used
)]

use sealbid_types::id::Round;

use crate::error::ErrorClass;
use crate::testing::{Answer, TestHouse};

use super::*;

/// A member that tells one event, of this round, and hangs up.
fn tells(house: &TestHouse, round: u64) -> Option<Answer> {
    let mut head = house.head(MemberIndex(0));
    head.round = Round(round);
    Some(Box::new(move |_| {
        Some(Response::Event(Event::Phase(head.clone())))
    }))
}

#[tokio::test(flavor = "multi_thread")]
async fn when_one_member_goes_another_tells() {
    let mut house = TestHouse::new(3);
    let members = vec![tells(&house, 1), None, tells(&house, 3)];
    let (_doors, client) = house.open(members).await;
    let mut watch = client.watch();
    for _ in 0..6 {
        let Event::Phase(head) = watch.next().await.unwrap() else {
            panic!("another event")
        };
        let member = watch.member().unwrap();
        assert_eq!(head.round, Round(u64::from(member.0) + 1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_nobody_there_it_fails() {
    let mut house = TestHouse::new(3);
    let (_doors, client) = house.open(vec![None, None, None]).await;
    assert_eq!(
        client.watch().next().await.unwrap_err().class(),
        ErrorClass::NoQuorum
    );
}
