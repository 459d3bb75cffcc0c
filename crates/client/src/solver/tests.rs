#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::expect_used
)]

use ed25519_dalek::SigningKey;
use sealbid_types::quote::Rate;

use super::*;
use crate::testing::{NOW, ROUND, TestHouse};

fn solver(seed: u8) -> Solver {
    Solver::new(Account::new(SigningKey::from_bytes(&[seed; 32])))
}

fn offer(bounds: &[i128]) -> Offer {
    let amount = |units| Amount::new(units).unwrap();
    let rate = Rate {
        out: amount(99),
        per: amount(100),
    };
    Offer {
        round: ROUND,
        pair: Pair {
            give: "nep141:usdc.near".parse().unwrap(),
            want: "nep141:wrap.near".parse().unwrap(),
        },
        tiers: bounds
            .iter()
            .map(|bound| Tier {
                up_to: amount(*bound),
                rate,
            })
            .collect(),
        capacity: amount(1_000),
        minimum_fill: amount(1),
        expires: NOW,
    }
}

#[test]
fn a_sealed_quote_passes_admission_and_shows_nothing() {
    let house = TestHouse::new(3);
    let quote = solver(1).quote(&house, offer(&[100, 1_000])).unwrap();
    assert_eq!(quote.verify(), Ok(()));
    let envelope = solver(1).seal(&house, &quote).unwrap();
    assert_eq!(envelope.check_header(), Ok(()));
    assert_eq!(sealbid_crypto::check(&envelope).unwrap().parts().len(), 1);
    assert_eq!(
        (envelope.header.first, envelope.header.last),
        (ROUND, ROUND)
    );
    assert_eq!(envelope.header.metadata, Metadata::NOTHING);
}

#[test]
fn a_schedule_that_would_be_void_is_not_signed() {
    let house = TestHouse::new(3);
    for bounds in [&[][..], &[100, 100], &[100, 50], &[0]] {
        let quote = solver(1).quote(&house, offer(bounds));
        assert!(matches!(quote, Err(ClientError::Quote(_))), "{bounds:?}");
    }
}

#[test]
fn anothers_quote_is_not_sealed() {
    let house = TestHouse::new(3);
    let quote = solver(1).quote(&house, offer(&[100])).unwrap();
    let sealed = solver(2).seal(&house, &quote);
    assert_eq!(sealed, Err(ClientError::OtherAccount));
}
