#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::expect_used
)]

use std::collections::BTreeMap;

use proptest::prelude::*;

use sealbid_types::allocation::FillKind;
use sealbid_types::amount::Delta;
use sealbid_types::quote::Quote;
use sealbid_types::terms::Action;

use super::*;
use crate::order::Rank;
use crate::schedule::PriceSchedule;
use crate::testing::{
    account, amount, any_round, id, of, quote, round, rules, signed, swap, tier, transfer,
};

mod broken;
mod properties;
mod void;

fn unfilled(allocation: &Allocation, intent: u16) -> UnfilledReason {
    let mut all = allocation.unfilled.iter();
    all.find(|unfilled| unfilled.intent == id(intent))
        .unwrap()
        .reason
        .clone()
}

fn void(allocation: &Allocation, entry: u16) -> VoidReason {
    let mut all = allocation.void.iter();
    all.find(|void| void.envelope == id(entry))
        .unwrap()
        .reason
        .clone()
}

fn filled_by(allocation: &Allocation, intent: u16) -> (EnvelopeId, i128) {
    let fill = allocation
        .fills
        .iter()
        .find(|fill| fill.intent == id(intent))
        .unwrap();
    match &fill.kind {
        FillKind::Swap {
            quote, amount_out, ..
        } => (*quote, amount_out.units()),
        FillKind::PassThrough => panic!("passed through"),
    }
}

fn paying(out: i128, who: u8) -> SignedQuote {
    signed(
        Quote {
            tiers: vec![tier(1 << 100, out, 1000)],
            ..quote()
        },
        who,
    )
}

#[test]
fn the_best_quote_fills_and_the_surplus_is_free_of_fees() {
    let input = round(
        vec![swap(1, 0, 1000, 900)],
        vec![paying(950, 200), paying(960, 201)],
    );
    let allocation = clear(&input);
    assert_eq!(allocation.alarm, None);
    let fill = &allocation.fills[0];
    // At 1 pip, 999 of 1000 arrive; 960 a thousand of 999 is 959; 901 are given for 900.
    let FillKind::Swap {
        quote,
        amount_out,
        surplus,
        paid,
        ..
    } = &fill.kind
    else {
        panic!()
    };
    assert_eq!((*quote, paid.units()), (id(1001), 959));
    assert_eq!((amount_out.units(), surplus.units()), (958, 58));
    let moved = |who, asset| {
        let asset = crate::testing::asset(asset);
        let of = |m: &&Movement| m.account == account(who) && m.asset == asset;
        fill.movements.iter().find(of).unwrap().delta.units()
    };
    assert_eq!((moved(1, 0), moved(1, 2)), (-1000, 958));
    assert_eq!((moved(201, 0), moved(201, 2)), (999, -959));
    assert_eq!(
        fill.fees
            .iter()
            .map(|fee| fee.amount.units())
            .collect::<Vec<_>>(),
        [1, 1]
    );
}

#[test]
fn a_limit_that_is_just_met_is_filled_and_one_unit_more_is_not() {
    let quotes = vec![paying(960, 200)];
    let at = |limit| clear(&round(vec![swap(1, 0, 1000, limit)], quotes.clone()));
    assert_eq!(filled_by(&at(958), 0), (id(1000), 958));
    let reason = UnfilledReason::Limit {
        best: amount(958),
        limit: amount(959),
    };
    assert_eq!(unfilled(&at(959), 0), reason);
}

#[test]
fn equals_go_by_the_order_of_the_round() {
    let mut input = round(
        vec![swap(1, 0, 1000, 900)],
        vec![paying(950, 200), paying(950, 201)],
    );
    let mut winners = BTreeMap::new();
    for seed in 0..16 {
        input.order = [seed; 32].into();
        let (winner, _) = filled_by(&clear(&input), 0);
        let first = [id(1000), id(1001)]
            .into_iter()
            .min_by_key(|id| Rank::of(&input.order, id));
        assert_eq!(Some(winner), first);
        *winners.entry(winner).or_insert(0) += 1;
    }
    assert_eq!(winners.len(), 2);
}

#[test]
fn each_unfilled_reason_has_its_case() {
    let small = Quote {
        capacity: amount(1000),
        minimum_fill: amount(10),
        ..quote()
    };
    let quotes = vec![signed(small, 200)];
    let reason =
        |terms: Vec<Terms>, intent| unfilled(&clear(&round(terms, quotes.clone())), intent);
    assert_eq!(
        reason(vec![swap(1, 0, 1001, 1)], 0),
        UnfilledReason::NoQuote
    );
    assert_eq!(reason(vec![swap(1, 0, 9, 1)], 0), UnfilledReason::NoQuote);
    assert_eq!(
        reason(vec![swap(200, 0, 500, 1)], 0),
        UnfilledReason::NoQuote
    );
    let allowed = |who: u8| Terms {
        solvers: Some(vec![account(who)]),
        ..swap(1, 0, 500, 1)
    };
    assert_eq!(reason(vec![allowed(201)], 0), UnfilledReason::AllowList);
    assert!(
        clear(&round(vec![allowed(200)], quotes.clone()))
            .unfilled
            .is_empty()
    );
    let two = clear(&round(
        vec![swap(1, 0, 600, 1), swap(2, 0, 600, 1)],
        quotes.clone(),
    ));
    assert_eq!((two.fills.len(), two.unfilled.len()), (1, 1));
    assert_eq!(two.unfilled[0].reason, UnfilledReason::Capacity);
}

#[test]
fn scarce_capacity_goes_by_the_order_of_the_round() {
    let small = signed(
        Quote {
            capacity: amount(1000),
            ..quote()
        },
        200,
    );
    let mut input = round(vec![swap(1, 0, 600, 1), swap(2, 0, 600, 1)], vec![small]);
    let mut first = BTreeMap::new();
    for seed in 0..16 {
        input.order = [seed; 32].into();
        *first.entry(clear(&input).fills[0].intent).or_insert(0) += 1;
    }
    assert_eq!(first.len(), 2);
}
