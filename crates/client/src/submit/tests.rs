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
