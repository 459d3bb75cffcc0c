#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::expect_used
)]

use std::sync::atomic::AtomicUsize;

use sealbid_types::allocation::{FillKind, UnfilledReason};
use sealbid_types::bytes::Blob;
use sealbid_types::door::{Refusal, RefusalCode};
use sealbid_types::envelope::Envelope;
use sealbid_types::report::Receipt;

use super::*;
use crate::error::ErrorClass;
use crate::outcome::Outcome;
use crate::receipt::ReceiptError;
use crate::round::RecordError;
use crate::testing::{Answer, ROUND, TestHouse, envelope, fill};

fn refuses(code: RefusalCode) -> Option<Answer> {
    Some(Box::new(move |_| {
        Some(Response::Refused(Refusal {
            code,
            message: "no".to_owned(),
        }))
    }))
}

fn always(response: Response) -> Option<Answer> {
    Some(Box::new(move |_| Some(response.clone())))
}

fn setup(n: u8) -> (TestHouse, Envelope) {
    let house = TestHouse::new(n);
    let envelope = envelope(&house, 1);
    (house, envelope)
}

fn honest(house: &TestHouse, envelope: &Envelope) -> Receipt {
    house.receipt(envelope, ROUND, &[0, 1, 2])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lying_member_is_passed_over() {
    let (mut house, envelope) = setup(4);
    let receipt = honest(&house, &envelope);
    let short = Receipt {
        acknowledgements: vec![receipt.acknowledgements[0].clone()],
        ..receipt.clone()
    };
    let members = vec![
        always(Response::Receipt(short)),
        always(Response::Rounds(Vec::new())),
        refuses(RefusalCode::Proof),
        always(Response::Receipt(receipt.clone())),
    ];
    let (_doors, client) = house.open(members).await;
    for _ in 0..8 {
        let accepted = client.submit(&envelope).await.unwrap();
        assert_eq!((accepted.member, accepted.round), (MemberIndex(3), ROUND));
        assert_eq!(accepted.receipt, receipt);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_that_does_not_verify_is_none() {
    let (mut house, envelope) = setup(4);
    let mut forged = honest(&house, &envelope);
    forged.acknowledgements[1].signature = forged.acknowledgements[0].signature;
    let members = (0..4)
        .map(|_| always(Response::Receipt(forged.clone())))
        .collect();
    let (_doors, client) = house.open(members).await;
    let error = client.submit(&envelope).await.unwrap_err();
    let signature = ReceiptError::Signature(MemberIndex(1));
    assert!(
        matches!(&error, ClientError::Dishonest { fault: Fault::Receipt(e), .. } if *e == signature),
        "{error:?}"
    );
    assert_eq!(error.class(), ErrorClass::Dishonest);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_members_that_refuse_are_believed() {
    let (mut house, envelope) = setup(4);
    let members = (0..4).map(|_| refuses(RefusalCode::RoundClosed)).collect();
    let (_doors, client) = house.open(members).await;
    let error = client.submit(&envelope).await.unwrap_err();
    let ClientError::Refused { refusal, .. } = error else {
        panic!("{error:?}")
    };
    assert_eq!(refusal.code, RefusalCode::RoundClosed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_member_costs_a_moment() {
    let (mut house, envelope) = setup(4);
    let receipt = honest(&house, &envelope);
    let live = || always(Response::Receipt(receipt.clone()));
    let (_doors, client) = house.open(vec![live(), None, live(), live()]).await;
    for _ in 0..8 {
        client.submit(&envelope).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_anybody_there_is_no_quorum() {
    let (mut house, envelope) = setup(3);
    let (_doors, client) = house.open(vec![None, None, None]).await;
    let error = client.submit(&envelope).await.unwrap_err();
    assert!(
        matches!(error, ClientError::Unreachable { members: 3, .. }),
        "{error:?}"
    );
    assert_eq!(error.class(), ErrorClass::NoQuorum);
    assert_eq!(
        client.standing().await.unwrap_err().class(),
        ErrorClass::NoQuorum
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn too_few_alive_are_noticed_before_anything_is_sent() {
    let mut house = TestHouse::new(4);
    let head = Head {
        alive: vec![MemberIndex(0)],
        ..house.head(MemberIndex(0))
    };
    let (_doors, client) = house
        .open(vec![always(Response::Head(head)), None, None, None])
        .await;
    let standing = client.standing().await.unwrap();
    let error = standing.require_quorum(&house).unwrap_err();
    assert_eq!(
        error,
        ClientError::NoQuorum {
            alive: 1,
            members: 4,
            quorum: 3
        }
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_in_anothers_name_does_not_count() {
    let mut house = TestHouse::new(3);
    let heads: Vec<_> = [0, 0, 0]
        .map(|index| always(Response::Head(house.head(MemberIndex(index)))))
        .into();
    let (_doors, client) = house.open(heads).await;
    assert_eq!(client.standing().await.unwrap().heads.len(), 1);
    let heads = client.heads().await;
    assert!(heads[&MemberIndex(0)].is_ok());
    assert!(matches!(
        heads[&MemberIndex(1)],
        Err(ClientError::Dishonest { .. })
    ));
}

/// Members that say `status`, and show `record` when asked for a round.
fn witness(status: EnvelopeStatus, record: RoundRecord) -> Option<Answer> {
    Some(Box::new(move |request| match request {
        Request::Status(_) => Some(Response::Status(status.clone())),
        _ => Some(Response::Record(Box::new(record.clone()))),
    }))
}

const NO_QUOTE: Outcome = Outcome::Unfilled {
    round: ROUND,
    reason: UnfilledReason::NoQuote,
};

const fn unfilled_in(round: Round) -> EnvelopeStatus {
    EnvelopeStatus::Unfilled {
        round,
        reason: UnfilledReason::NoQuote,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outcome_is_what_the_signed_record_shows() {
    let (mut house, envelope) = setup(4);
    let id = envelope.id();
    let (unfilled, filled) = (
        house.record(ROUND, &[id]),
        house.record_with(ROUND, &[], vec![fill(&house, id)]),
    );
    let mut forged = unfilled.clone();
    forged.settlement.settlement = filled.settlement.settlement.clone();
    let lie = EnvelopeStatus::Filled {
        round: ROUND,
        fill: FillKind::PassThrough,
    };
    let truth = unfilled_in(ROUND);
    let members = vec![
        witness(lie.clone(), forged.clone()),
        witness(EnvelopeStatus::Unknown, forged),
        witness(truth.clone(), unfilled.clone()),
        witness(truth, unfilled),
    ];
    let (_doors, client) = house.open(members).await;
    for _ in 0..4 {
        let outcome = client.outcome(id).await.unwrap();
        assert_eq!(outcome, NO_QUOTE);
    }
}

/// A liar that speaks of a round which it never shows.
fn stalls() -> Option<Answer> {
    Some(Box::new(|request| match request {
        Request::Status(_) => Some(Response::Status(unfilled_in(Round(9)))),
        _ => None,
    }))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_that_never_comes_delays_those_who_know_of_nothing_a_moment() {
    let (mut house, envelope) = setup(4);
    let pending = EnvelopeStatus::Pending { round: ROUND };
    let honest = || always(Response::Status(pending.clone()));
    let members = vec![stalls(), honest(), honest(), honest()];
    let (_doors, client) = house.open(members).await;
    let long = Duration::from_secs(120);
    let client = client.with_timeouts(Duration::from_secs(10), long);
    let outcome = tokio::time::timeout(long / 4, client.outcome(envelope.id())).await;
    let outcome = outcome.expect("in time").unwrap();
    assert_eq!(outcome, Outcome::Pending { round: ROUND });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_that_never_comes_holds_nobody_up() {
    let (mut house, envelope) = setup(4);
    let id = envelope.id();
    let honest = || witness(unfilled_in(ROUND), house.record(ROUND, &[id]));
    let members = vec![stalls(), honest(), honest(), honest()];
    let (_doors, client) = house.open(members).await;
    let long = Duration::from_secs(120);
    let client = client.with_timeouts(Duration::from_secs(10), long);
    for _ in 0..8 {
        let outcome = tokio::time::timeout(long / 4, client.outcome(id)).await;
        assert_eq!(outcome.expect("in time").unwrap(), NO_QUOTE);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_is_not_signed_is_none() {
    let (mut house, envelope) = setup(3);
    let record = house.record(ROUND, &[envelope.id()]);
    let mut dropped = record.clone();
    dropped.settlement.settlement.unfilled.clear();
    let mut other_close = record.clone();
    other_close.close.intents.clear();
    let wrong_round = house.record(Round(9), &[]);
    let verify = |record| VerifiedRound::verify(&house, ROUND, record).map(|_| ());
    assert_eq!(verify(record.clone()), Ok(()));
    assert!(matches!(
        verify(dropped.clone()),
        Err(RecordError::Settlement(_))
    ));
    assert!(matches!(
        verify(other_close),
        Err(RecordError::Certificate(_))
    ));
    assert_eq!(verify(wrong_round), Err(RecordError::Round(Round(9))));
    let mixed = RoundRecord {
        settlement: house.record(ROUND, &[]).settlement,
        ..record
    };
    assert_eq!(verify(mixed), Err(RecordError::Inconsistent));
    let liar = || always(Response::Record(Box::new(dropped.clone())));
    let (_doors, client) = house.open(vec![liar(), liar(), liar()]).await;
    assert_eq!(
        client.round(ROUND).await.unwrap_err().class(),
        ErrorClass::Dishonest
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_quorum_can_say_that_it_expired() {
    let (mut house, envelope) = setup(4);
    let says = |status: EnvelopeStatus| always(Response::Status(status));
    let pending = EnvelopeStatus::Pending { round: ROUND };
    let expired = || says(EnvelopeStatus::Expired);
    let (doors, client) = house
        .open(vec![
            expired(),
            says(pending.clone()),
            says(pending),
            expired(),
        ])
        .await;
    let waiting = Outcome::Pending { round: ROUND };
    assert_eq!(client.outcome(envelope.id()).await.unwrap(), waiting);
    drop((doors, client));
    let (_doors, client) = house
        .open(vec![expired(), expired(), expired(), None])
        .await;
    assert_eq!(
        client.outcome(envelope.id()).await.unwrap(),
        Outcome::Expired
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_ends_with_the_settlement_or_with_time() {
    let (mut house, envelope) = setup(3);
    let record = house.record(ROUND, &[envelope.id()]);
    let asked = Arc::new(AtomicUsize::new(0));
    let member = |_| -> Option<Answer> {
        let (asked, record) = (asked.clone(), record.clone());
        Some(Box::new(move |request| match request {
            Request::Round(_) => Some(Response::Record(Box::new(record.clone()))),
            _ if asked.fetch_add(1, Ordering::Relaxed) < 5 => {
                Some(Response::Status(EnvelopeStatus::Pending { round: ROUND }))
            }
            _ => Some(Response::Status(unfilled_in(ROUND))),
        }))
    };
    let (_doors, client) = house.open((0..3).map(member).collect()).await;
    let no_time = client
        .wait_for_outcome(envelope.id(), Duration::from_millis(100))
        .await;
    assert_eq!(no_time.unwrap_err().class(), ErrorClass::Timeout);
    let outcome = client
        .wait_for_outcome(envelope.id(), Duration::from_secs(20))
        .await
        .unwrap();
    assert!(outcome.is_final());
}

fn keeps_from_9(code: RefusalCode) -> Option<Answer> {
    always(Response::Refused(Refusal {
        code,
        message: "records are kept here from round 9 on".to_owned(),
    }))
}

/// Members keep records for as long as each of them likes.
#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_one_member_keeps_no_more_comes_from_another() {
    let mut house = TestHouse::new(4);
    let gone = || keeps_from_9(RefusalCode::RecordGone);
    let shows = always(Response::Record(Box::new(house.record(ROUND, &[]))));
    let (doors, client) = house.open(vec![gone(), gone(), gone(), shows]).await;
    for _ in 0..4 {
        assert!(client.round(ROUND).await.is_ok());
        assert_eq!(client.audit(ROUND).await.unwrap().member, MemberIndex(3));
    }
    drop((doors, client));
    // A member that is behind, or away, says less than one that has had it.
    let behind = keeps_from_9(RefusalCode::NoSuchRound);
    let (_doors, client) = house.open(vec![behind, None, gone(), None]).await;
    for _ in 0..4 {
        assert!(client.round(ROUND).await.unwrap_err().is_record_gone());
        let error = client.audit(ROUND).await.unwrap_err();
        assert!(error.is_record_gone(), "{error}");
        assert!(error.to_string().contains("from round 9 on"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_shows_no_evidence_gives_no_answer() {
    let mut house = TestHouse::new(3);
    let none = always(Response::Evidence(Vec::new()));
    let garbage = always(Response::Evidence(vec![Blob::from(vec![1, 2, 3])]));
    let other = always(Response::Rounds(Vec::new()));
    let (_doors, client) = house.open(vec![none, garbage, other]).await;
    assert_eq!(client.evidence_of(MemberIndex(0)).await.unwrap(), []);
    for member in [1, 2] {
        let error = client.evidence_of(MemberIndex(member)).await.unwrap_err();
        assert_eq!(error.class(), ErrorClass::Dishonest, "{error}");
    }
}
