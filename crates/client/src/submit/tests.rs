#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

use sealbid_types::allocation::UnfilledReason;
use sealbid_types::door::EnvelopeStatus;

use super::*;
use crate::testing::{Answer, ROUND, TestHouse, envelope};

/// A member that refuses an envelope with this code, and says this of it.
fn refuses(
    code: RefusalCode,
    status: EnvelopeStatus,
    record: sealbid_types::record::RoundRecord,
) -> Option<Answer> {
    Some(Box::new(move |request| {
        Some(match request {
            Request::Submit(_) => Response::Refused(Refusal {
                code,
                message: "no".to_owned(),
            }),
            Request::Status(_) => Response::Status(status.clone()),
            _ => Response::Record(Box::new(record.clone())),
        })
    }))
}

/// What sending an envelope gives at a house of four of whom as many answer as there are codes.
async fn sent(codes: &[RefusalCode], status: &EnvelopeStatus) -> Result<Sent, ClientError> {
    let mut house = TestHouse::new(4);
    let envelope = envelope(&house, 1);
    let record = house.record(ROUND, &[envelope.id()]);
    let members = (0..4).map(|index| {
        let code = codes.get(index)?;
        refuses(*code, status.clone(), record.clone())
    });
    let (_doors, client) = house.open(members.collect()).await;
    client.send(&envelope).await
}

fn unfilled() -> EnvelopeStatus {
    EnvelopeStatus::Unfilled {
        round: ROUND,
        reason: UnfilledReason::NoQuote,
    }
}

/// Whoever has lost the answer sends again, and must not hear that it should seal another.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_listed_is_told_with_its_outcome() {
    use RefusalCode as C;
    for code in [C::AlreadyListed, C::RoundClosed, C::Expired] {
        let sent = sent(&[code; 4], &unfilled()).await;
        assert!(
            matches!(
                sent,
                Ok(Sent::Before(Outcome::Unfilled { round: ROUND, .. }))
            ),
            "{code}: {sent:?}"
        );
    }
    let listed = EnvelopeStatus::Listed { round: ROUND };
    let sent = sent(&[C::AlreadyListed; 4], &listed).await;
    assert_eq!(sent, Ok(Sent::Before(Outcome::Listed { round: ROUND })));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_too_late_is_refused() {
    let late = RefusalCode::RoundClosed;
    for status in [EnvelopeStatus::Unknown, EnvelopeStatus::Expired] {
        let sent = sent(&[late; 4], &status).await;
        let error = sent.expect_err("refused");
        assert!(
            matches!(&error, ClientError::Refused { refusal, .. } if refusal.code == late),
            "{error:?}"
        );
    }
}

/// Two of four that know of nothing say nothing: the other two may hold it.
#[tokio::test(flavor = "multi_thread")]
async fn fewer_than_a_quorum_do_not_have_it_sealed_again() {
    let sent = sent(&[RefusalCode::RoundClosed; 2], &EnvelopeStatus::Unknown).await;
    let error = sent.expect_err("nobody knows");
    assert!(matches!(error, ClientError::NoQuorum { .. }), "{error:?}");
}

/// Two of seven may lie: they keep no envelope from the other five, whoever is asked first.
#[tokio::test(flavor = "multi_thread")]
async fn as_many_as_may_lie_refuse_nothing_in_the_others_name() {
    let mut house = TestHouse::new(7);
    let envelope = envelope(&house, 1);
    let members: Vec<u8> = (0..house.quorum()).collect();
    let receipt = house.receipt(&envelope, ROUND, &members);
    let record = house.record(ROUND, &[]);
    let member = |index: usize| -> Option<Answer> {
        let receipt = receipt.clone();
        match index {
            0 | 1 => refuses(
                RefusalCode::Malformed,
                EnvelopeStatus::Unknown,
                record.clone(),
            ),
            _ => Some(Box::new(move |_| Some(Response::Receipt(receipt.clone())))),
        }
    };
    let (_doors, client) = house.open((0..7).map(member).collect()).await;
    // Each time from another member on.
    for _ in 0..40 {
        let sent = client.send(&envelope).await;
        assert!(matches!(sent, Ok(Sent::Accepted(_))), "{sent:?}");
    }
}

fn refused(code: RefusalCode) -> Unanswered {
    Unanswered::Refused(Refusal {
        code,
        message: "no".to_owned(),
    })
}

/// Of members one after another.
fn failures(all: Vec<Unanswered>) -> Failures {
    Failures((0..).map(MemberIndex).zip(all).collect())
}

#[test]
fn more_than_may_lie_agree_on_a_refusal() {
    let bad = || refused(RefusalCode::Malformed);
    let agreed = |all, liars| failures(all).agreed(liars).is_some();
    assert!(!agreed(vec![bad()], 0), "one alone");
    assert!(agreed(vec![bad(), bad()], 1));
    assert!(!agreed(vec![bad(), bad()], 2));
    assert!(agreed(vec![bad(), bad(), bad()], 2));
    assert!(!agreed(vec![bad(), refused(RefusalCode::Kind)], 1));
    let busy = || refused(RefusalCode::RoundFull);
    assert!(!agreed(vec![busy(), busy(), busy()], 1), "that passes");
}

/// Who hears that it is refused seals another; the one that did not answer may hold this one.
#[test]
fn one_refusal_says_less_than_a_member_that_may_hold_the_envelope() {
    let silent = || {
        Unanswered::Door(DoorError::TimedOut {
            member: MemberIndex(3),
        })
    };
    let error = |all| ClientError::from(failures(all));
    for code in [RefusalCode::Malformed, RefusalCode::Quota] {
        let told = error(vec![silent(), refused(code)]);
        assert!(matches!(told, ClientError::TimedOut(_)), "{code}: {told:?}");
        let alone = error(vec![refused(code)]);
        assert!(matches!(alone, ClientError::Refused { .. }), "{alone:?}");
    }
    // Then the outcome is asked for.
    let late = error(vec![silent(), refused(RefusalCode::Expired)]);
    assert!(matches!(late, ClientError::Refused { .. }), "{late:?}");
}

/// As a watcher meets it, whose member goes, and who then asks all of them.
#[test]
fn a_member_that_fails_twice_is_counted_once() {
    let gone = |member| Unanswered::Door(DoorError::UnknownMember { member });
    let [first, second] = [0, 1].map(MemberIndex);
    let mut failures = Failures::one(second, gone(second));
    failures.add(first, gone(first));
    failures.add(second, gone(second));
    let error = ClientError::from(failures);
    assert!(
        matches!(error, ClientError::Unreachable { members: 2, .. }),
        "{error}"
    );
}
