#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::expect_used
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ed25519_dalek::SigningKey;
use sealbid_types::allocation::FillKind;
use sealbid_types::envelope::Envelope;
use sealbid_types::id::MemberIndex;
use sealbid_types::quote::{Rate, Tier};
use sealbid_types::record::RoundRecord;
use sealbid_types::settlement::SettledFill;

use super::*;
use crate::account::Account;
use crate::error::ErrorClass;
use crate::records::RecordDirectory;
use crate::solver::{Offer, Solver};
use crate::testing::{Answer, NOW, TestHouse, fill};

fn amount(units: i128) -> Amount {
    Amount::new(units).unwrap()
}

fn pair() -> Pair {
    Pair {
        give: "nep141:usdc.near".parse().unwrap(),
        want: "nep141:wrap.near".parse().unwrap(),
    }
}

/// A quote of `out` for each thousand, of one solver for each seed.
fn quote(house: &TestHouse, seed: u8, round: Round, out: i128) -> Envelope {
    let solver = Solver::new(Account::new(SigningKey::from_bytes(&[seed; 32])));
    let rate = Rate {
        out: amount(out),
        per: amount(1_000),
    };
    let offer = Offer {
        round,
        pair: pair(),
        tiers: vec![Tier {
            up_to: amount(1_000_000_000),
            rate,
        }],
        capacity: amount(50_000_000),
        minimum_fill: amount(1_000_000),
        expires: NOW,
    };
    let signed = solver.quote(house, offer).unwrap();
    solver.seal(house, &signed).unwrap()
}

/// A fill of ten million for `received`.
fn paid(house: &TestHouse, number: u8, quote: &Envelope, received: i128) -> SettledFill {
    let mut filled = fill(house, [number; 32].into());
    filled.fill.kind = FillKind::Swap {
        quote: quote.id(),
        solver: filled.fill.account.clone(),
        pair: pair(),
        amount_in: amount(10_000_000),
        amount_out: amount(received),
        surplus: amount(0),
        paid: amount(received),
    };
    filled
}

/// Three rounds: quoted once, by two, and by nobody.
fn records(house: &TestHouse) -> Vec<RoundRecord> {
    let first = quote(house, 1, Round(1), 990);
    let second = [
        quote(house, 1, Round(2), 980),
        quote(house, 2, Round(2), 985),
    ];
    let fills = vec![
        paid(house, 1, &second[1], 9_849_980),
        paid(house, 2, &second[0], 9_700_000),
    ];
    vec![
        house.record_of(Round(1), &[], Vec::new(), &[first]),
        house.record_of(Round(2), &[], fills, &second),
        house.record(Round(3), &[[9; 32].into()]),
    ]
}

fn shows(house: &TestHouse, records: &[RoundRecord], asked: &Arc<AtomicUsize>) -> Option<Answer> {
    let (records, asked) = (records.to_vec(), asked.clone());
    let mut head = house.head(MemberIndex(0));
    head.settled = Round(3);
    Some(Box::new(move |request| match request {
        Request::Round(round) => {
            asked.fetch_add(1, Ordering::Relaxed);
            let record = records.iter().find(|it| it.close.round == round)?;
            Some(Response::Record(Box::new(record.clone())))
        }
        Request::Head => Some(Response::Head(head.clone())),
        _ => None,
    }))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_quoted_and_paid_is_read_from_the_records() {
    let mut house = TestHouse::new(3);
    let (records, asked) = (records(&house), Arc::default());
    let member = shows(&house, &records, &asked);
    let (_doors, client) = house.open(vec![member, None, None]).await;
    let recent = client.recent_rounds(Lookback::default()).await.unwrap();
    assert!(recent.is_current && recent.missing.is_empty());

    let activity = &recent.pairs()[0];
    assert_eq!((activity.rounds, activity.solvers), (2, 2));
    assert_eq!(
        (activity.last, activity.last_fill),
        (Round(2), Some(Round(2)))
    );
    assert_eq!(activity.capacity, amount(50_000_000));

    let prices = recent.prices(&pair(), Some(amount(10_000_000)));
    assert_eq!(prices.looked_at, Some((Round(1), Round(3))));
    assert_eq!((prices.rounds, prices.quoted_rounds), (3, 2));
    // A millionth comes off on either side: 9,999,990 reach the solver of round 1, which pays
    // 9,899,990 of it.
    let best = prices.best.as_ref().unwrap();
    assert_eq!((best.round, best.receives), (Round(1), amount(9_899_980)));
    let latest = prices.latest.as_ref().unwrap();
    assert_eq!(
        (latest.round, latest.receives),
        (Round(2), amount(9_849_980))
    );
    let rates = prices.paid.unwrap();
    assert_eq!(rates.lowest.out, amount(9_700_000));
    assert_eq!(rates.median, rates.lowest);
    assert_eq!(rates.highest.out, amount(9_849_980));
    let reference = prices.reference().unwrap();
    assert_eq!(reference.round(), Round(2));
    let limit = amount(5_909_988);
    assert_eq!(
        reference.shortfall_per_mille(amount(10_000_000), limit),
        400
    );

    // Too small for any quote: what others were paid is all there is to go by.
    let small = recent.prices(&pair(), Some(amount(10)));
    assert_eq!((&small.best, &small.latest), (&None, &None));
    assert!(matches!(small.reference(), Some(Reference::Paid(..))));
    let other = Pair {
        give: pair().want,
        want: pair().give,
    };
    let nobody = recent.prices(&other, Some(amount(10)));
    assert_eq!((nobody.quoted_rounds, nobody.reference()), (0, None));
}

/// The openings are no part of what the committee signs. Who leaves one out leaves out a price.
#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_leaves_out_a_quote_is_passed_over() {
    let mut house = TestHouse::new(3);
    let (honest, asked) = (records(&house), Arc::default());
    let mut hides = honest.clone();
    hides[1].openings.pop();
    let mut forges = honest.clone();
    forges[1].openings[0].z = forges[1].openings[1].z;
    let mut drops = honest.clone();
    drops[1].envelopes.pop();
    for lies in [hides, forges, drops] {
        let members = vec![
            shows(&house, &lies, &asked),
            shows(&house, &lies, &asked),
            shows(&house, &honest, &asked),
        ];
        let (doors, client) = house.open(members).await;
        let recent = client.recent_rounds(Lookback::default()).await.unwrap();
        assert_eq!(recent.rounds().count(), 3);
        let liars = (0..3).map(|_| shows(&house, &lies, &asked)).collect();
        drop((doors, client));
        let (_doors, client) = house.open(liars).await;
        let recent = client.recent_rounds(Lookback::default()).await.unwrap();
        let why = &recent.missing[&Round(2)];
        assert_eq!(why.class(), ErrorClass::Dishonest, "{why}");
        assert_eq!(recent.rounds().count(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rounds_at_hand_are_not_asked_for_and_wrong_ones_are() {
    let mut house = TestHouse::new(3);
    let (records, asked) = (records(&house), Arc::default());
    let directory = tempfile::tempdir().unwrap();
    let write = |round: usize, record: &RoundRecord| {
        let path = directory.path().join(format!("{round}.json"));
        std::fs::write(path, serde_json::to_vec(record).unwrap()).unwrap();
    };
    write(1, &records[0]);
    let mut hides = records[1].clone();
    hides.openings.pop();
    write(2, &hides);
    let member = shows(&house, &records, &asked);
    let (_doors, client) = house.open(vec![member, None, None]).await;
    let client = client.with_records(RecordDirectory::new(directory.path()));
    let recent = client.recent_rounds(Lookback::default()).await.unwrap();
    assert_eq!(recent.rounds().count(), 3);
    // Rounds 2 and 3.
    assert_eq!(asked.load(Ordering::Relaxed), 2);
    let wrong: Vec<Round> = client.passed_over().into_keys().collect();
    assert_eq!(wrong, [Round(2)]);
}

/// Nobody may make a trader wait who wants a hint before it trades.
#[tokio::test(flavor = "multi_thread")]
async fn members_that_stall_cost_the_timeout_and_no_more() {
    let mut house = TestHouse::new(3);
    let stalls = || -> Option<Answer> { Some(Box::new(|_| None)) };
    let directory = tempfile::tempdir().unwrap();
    let records = records(&house);
    for (number, record) in (1..).zip(&records[..2]) {
        let path = directory.path().join(format!("{number}.json"));
        std::fs::write(path, serde_json::to_vec(record).unwrap()).unwrap();
    }
    let (_doors, client) = house.open(vec![stalls(), stalls(), stalls()]).await;
    let long = Duration::from_secs(120);
    let client = client
        .with_timeouts(long, long)
        .with_records(RecordDirectory::new(directory.path()));
    let lookback = |newest| Lookback {
        timeout: Duration::from_millis(300),
        newest,
        ..Lookback::default()
    };
    let within = |newest| tokio::time::timeout(long / 4, client.recent_rounds(lookback(newest)));
    let unknown = within(None).await.expect("in time").unwrap();
    assert!(!unknown.is_current);
    assert_eq!(unknown.rounds().count(), 2);
    let known = within(Some(Round(3))).await.expect("in time").unwrap();
    assert!(known.is_current);
    assert_eq!(known.missing[&Round(3)].class(), ErrorClass::Timeout);
    assert_eq!(known.rounds().count(), 2);
}
