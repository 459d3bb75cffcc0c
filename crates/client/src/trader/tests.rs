#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::expect_used
)]

use sealbid_near::authorisation::check_authorisation;
use sealbid_types::metadata::{Disclosure, Metadata};

use super::*;
use crate::testing::{NOW, TestHouse, WINDOW, envelope, order, trader};

#[test]
fn what_is_signed_checks_out() {
    let house = TestHouse::new(3);
    let intent = trader(1)
        .sign(&house, &order(), WINDOW.expires, None)
        .unwrap();
    let contract = &house.committee.rules.verifying_contract;
    assert_eq!(
        check_authorisation(&intent.authorisation, &intent.terms, contract),
        Ok(())
    );
    let again = trader(1)
        .sign(&house, &order(), WINDOW.expires, None)
        .unwrap();
    assert_ne!(intent.terms.nonce, again.terms.nonce);
}

#[test]
fn envelopes_pass_admission_and_show_what_was_chosen() {
    let house = TestHouse::new(3);
    let envelope = envelope(&house, 1);
    assert_eq!(envelope.check_header(), Ok(()));
    assert_eq!(sealbid_crypto::check(&envelope).unwrap().parts().len(), 2);
    assert!(matches!(
        envelope.header.metadata.disclosure,
        Disclosure::Pair(_)
    ));
    let trader = trader(1);
    let intent = trader.sign(&house, &order(), WINDOW.expires, None).unwrap();
    let hidden = trader
        .seal(&house, &intent, Reveal::Nothing, WINDOW)
        .unwrap();
    assert_eq!(hidden.header.metadata, Metadata::NOTHING);
}

#[test]
fn entropy_that_repeats_leaks_nothing() {
    let house = TestHouse::new(3);
    let (trader, entropy) = (
        trader(1),
        [Zeroizing::new([9; 32]), Zeroizing::new([9; 32])],
    );
    let seal = || {
        let intent = trader.sign(&house, &order(), WINDOW.expires, None).unwrap();
        trader
            .seal_with(&house, &intent, Reveal::Pair, WINDOW, &entropy)
            .unwrap()
    };
    let points: std::collections::BTreeSet<_> = [seal(), seal()]
        .iter()
        .flat_map(|envelope| {
            envelope
                .sealed
                .parts()
                .map(|(_, part)| part.u)
                .collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(
        points.len(),
        4,
        "terms with different nonces never share a u"
    );
}

#[test]
fn terms_that_would_be_void_are_not_signed() {
    let house = TestHouse::new(3);
    let account = trader(1).account().id().clone();
    let asset = "nep141:usdc.near".parse().unwrap();
    let amount = "5".parse().unwrap();
    let to_oneself = Order::Transfer {
        receiver: account,
        asset,
        amount,
        memo: None,
    };
    let signed = trader(1).sign(&house, &to_oneself, NOW, None);
    assert!(matches!(signed, Err(ClientError::Void(_))), "{signed:?}");
}

#[test]
fn another_account_cannot_seal_it() {
    let house = TestHouse::new(3);
    let intent = trader(1)
        .sign(&house, &order(), WINDOW.expires, None)
        .unwrap();
    let sealed = trader(2).seal(&house, &intent, Reveal::Pair, WINDOW);
    assert_eq!(sealed, Err(ClientError::OtherAccount));
}

#[test]
fn one_key_is_one_nonce() {
    let house = TestHouse::new(3);
    let key: IdempotencyKey = "invoice-4711".parse().unwrap();
    let signed = |seed, key: &IdempotencyKey, deadline| {
        let intent = trader(seed).sign_once(key, &house, &order(), deadline, None);
        intent.unwrap()
    };
    let first = signed(1, &key, WINDOW.expires);
    assert_eq!(first, signed(1, &key, WINDOW.expires), "the very same");
    let later = signed(
        1,
        &key,
        WINDOW.expires.plus(core::time::Duration::from_secs(86_400)),
    );
    assert_eq!(first.terms.nonce, later.terms.nonce, "whenever it is sent");
    let contract = &house.committee.rules.verifying_contract;
    assert_eq!(
        check_authorisation(&later.authorisation, &later.terms, contract),
        Ok(())
    );
    let others = [
        signed(2, &key, WINDOW.expires),
        signed(1, &"invoice-4712".parse().unwrap(), WINDOW.expires),
    ];
    for other in others {
        assert_ne!(first.terms.nonce, other.terms.nonce);
    }
    let elsewhere = key.nonce(trader(1).account(), &[9; 32].into());
    assert_ne!(first.terms.nonce, elsewhere);
}

#[test]
fn keys_are_names() {
    for wrong in ["", "a b", "ä", "a\n", &"x".repeat(129)] {
        assert_eq!(wrong.parse::<IdempotencyKey>(), Err(NotAKey), "{wrong:?}");
    }
    assert_eq!(
        &"x".repeat(128)
            .parse::<IdempotencyKey>()
            .unwrap()
            .to_string(),
        &"x".repeat(128)
    );
}

/// A typo would have the order sealed, opened and shown to everybody, and filled by nobody.
#[test]
fn an_account_that_cannot_quote_is_no_solver() {
    let house = TestHouse::new(3);
    let sign = |solver: &str| {
        let solvers = Some(vec![solver.parse().unwrap()]);
        trader(1).sign(&house, &order(), WINDOW.expires, solvers)
    };
    let solver = trader(2).account().id().to_string();
    assert!(sign(&solver).is_ok());
    let short = &solver[..63];
    // About half of all digits are the coordinate of no point.
    let typos = (0..16).map(|digit| format!("{short}{digit:x}"));
    let no_point = typos.into_iter().find(|typo| sign(typo).is_err()).unwrap();
    for wrong in ["solver.near", short, &no_point] {
        let error = sign(wrong).unwrap_err();
        assert_eq!(error, ClientError::NoSolver(wrong.parse().unwrap()));
    }
}
