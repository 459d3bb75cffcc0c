//! What the tests of this crate are about: terms, one of each and any.

use std::collections::BTreeMap;

use ed25519_dalek::SigningKey;
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

use sealbid_types::amount::{Amount, Delta};
use sealbid_types::bytes::FixedBytes;
use sealbid_types::terms::{Action, FtWithdraw, NativeWithdraw, Terms, TokenDiff, Transfer};
use sealbid_types::text::{AccountId, AssetId};
use sealbid_types::time::Timestamp;

pub(crate) fn secret() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

pub(crate) fn contract() -> AccountId {
    "intents.near".parse().unwrap()
}

/// A withdrawal, which has an amount and texts.
pub(crate) fn terms() -> Terms {
    let withdrawal = FtWithdraw {
        token: "usdc.near".parse().unwrap(),
        receiver: "bob.near".parse().unwrap(),
        amount: Amount::new(1000).unwrap(),
        memo: Some("café".into()),
        msg: None,
    };
    Terms {
        account: "alice.near".parse().unwrap(),
        nonce: FixedBytes([3; 32]),
        deadline: Timestamp(1_900_000_000_000),
        actions: vec![Action::FtWithdraw(withdrawal)],
        solvers: None,
    }
}

fn account() -> impl Strategy<Value = AccountId> {
    "[a-z0-9]{1,12}\\.near".prop_map(|text| text.parse().unwrap())
}

fn asset() -> impl Strategy<Value = AssetId> {
    prop_oneof![
        "nep141:[a-z]{2,8}\\.near",
        "nep171:[a-z]{2,8}\\.near:[ -~&&[^ ]]{1,20}",
        "nep245:[a-z]{2,8}\\.near:[a-z0-9:]{1,20}",
    ]
    .prop_map(|text| text.parse().unwrap())
}

fn amount() -> impl Strategy<Value = Amount> {
    (0..i128::MAX).prop_map(|units| Amount::new(units).unwrap())
}

fn delta() -> impl Strategy<Value = Delta> {
    (-i128::MAX..i128::MAX).prop_map(|units| Delta::new(units).unwrap())
}

fn tokens<T: core::fmt::Debug>(
    value: impl Strategy<Value = T>,
) -> impl Strategy<Value = BTreeMap<AssetId, T>> {
    btree_map(asset(), value, 0..4)
}

fn memo() -> impl Strategy<Value = Option<String>> {
    option::of(any::<String>())
}

fn action() -> impl Strategy<Value = Action> {
    let diff =
        (tokens(delta()), memo(), option::of(account())).prop_map(|(diff, memo, referral)| {
            Action::TokenDiff(TokenDiff {
                diff,
                memo,
                referral,
            })
        });
    let transfer = (account(), tokens(amount()), memo()).prop_map(|(receiver, tokens, memo)| {
        Action::Transfer(Transfer {
            receiver,
            tokens,
            memo,
        })
    });
    let withdrawal = (account(), account(), amount(), memo(), memo()).prop_map(
        |(token, receiver, amount, memo, msg)| {
            Action::FtWithdraw(FtWithdraw {
                token,
                receiver,
                amount,
                memo,
                msg,
            })
        },
    );
    let native = (account(), amount())
        .prop_map(|(receiver, amount)| Action::NativeWithdraw(NativeWithdraw { receiver, amount }));
    prop_oneof![diff, transfer, withdrawal, native]
}

/// Any terms that can be written, valid or not.
pub(crate) fn any_terms() -> impl Strategy<Value = Terms> {
    let solvers = option::of(vec(account(), 0..3));
    let deadline = 0..sealbid_types::time::LAST.0;
    (
        account(),
        any::<[u8; 32]>(),
        deadline,
        vec(action(), 0..4),
        solvers,
    )
        .prop_map(|(account, nonce, deadline, actions, solvers)| Terms {
            account,
            nonce: FixedBytes(nonce),
            deadline: Timestamp(deadline),
            actions,
            solvers,
        })
}
