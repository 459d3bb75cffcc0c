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

#[test]
fn void_intents_say_why() {
    let diff = |pairs: &[(usize, i128)]| {
        let delta =
            |(i, units): &(usize, i128)| (crate::testing::asset(*i), Delta::new(*units).unwrap());
        let diff = pairs.iter().map(delta).collect();
        let diff = sealbid_types::terms::TokenDiff {
            diff,
            memo: None,
            referral: None,
        };
        Action::TokenDiff(diff)
    };
    let named = Terms {
        account: "alice.near".parse().unwrap(),
        ..swap(1, 0, 1, 1)
    };
    let late = Terms {
        deadline: Timestamp(CLOSED - 1),
        ..swap(1, 1, 1, 1)
    };
    let moved = transfer(1, 6, 2, 1).actions.remove(0);
    let allocation = clear(&round(
        vec![
            late,
            named,
            of(1, 2, vec![]),
            of(1, 3, vec![diff(&[(0, -1)])]),
            of(1, 4, vec![diff(&[(0, -1), (1, -1)])]),
            of(1, 5, vec![diff(&[(0, -1), (1, 1), (2, 1)])]),
            of(1, 6, vec![diff(&[(0, -1), (1, 1)]), moved]),
            swap(1, 7, crate::MOST_UNITS + 1, 1),
        ],
        vec![],
    ));
    assert_eq!(
        void(&allocation, 0),
        VoidReason::Expired {
            deadline: Timestamp(CLOSED - 1)
        }
    );
    for unsupported in [1, 3, 4, 5, 6] {
        let reason = void(&allocation, unsupported);
        assert!(
            matches!(reason, VoidReason::Unsupported(_)),
            "{unsupported}: {reason}"
        );
    }
    for action in [2, 7] {
        assert!(
            matches!(void(&allocation, action), VoidReason::Action(_)),
            "{action}"
        );
    }
    assert_eq!(allocation.void.len(), 8);
}

const CLOSED: u64 = crate::testing::CLOSED_AT.0;

#[test]
fn a_nonce_counts_once_a_round_and_once_for_ever() {
    let mut input = round(
        vec![swap(1, 0, 1, 1), swap(1, 0, 2, 2), swap(2, 0, 1, 1)],
        vec![],
    );
    let earlier = |round| UsedNonce {
        account: account(2),
        nonce: swap(2, 0, 1, 1).nonce,
        round: Round(round),
    };
    input.used_nonces = vec![earlier(4), earlier(3)];
    let allocation = clear(&input);
    assert_eq!(
        void(&allocation, 2),
        VoidReason::UsedNonce { round: Round(3) }
    );
    let by = allocation.unfilled[0].intent;
    let other = if by == id(0) { 1 } else { 0 };
    assert_eq!(void(&allocation, other), VoidReason::DuplicateNonce { by });
}

#[test]
fn a_void_intent_takes_no_nonce() {
    let late = Terms {
        deadline: Timestamp(1),
        ..swap(1, 0, 1, 1)
    };
    for seed in 0..8 {
        let mut input = round(vec![late.clone(), swap(1, 0, 2, 2)], vec![]);
        input.order = [seed; 32].into();
        assert_eq!(unfilled(&clear(&input), 1), UnfilledReason::NoQuote);
    }
}

#[test]
fn void_quotes_say_why() {
    let good = quote();
    let elsewhere = signed(
        Quote {
            round: Round(6),
            ..good.clone()
        },
        200,
    );
    let other_auction = signed(
        Quote {
            auction: [9; 32].into(),
            ..good.clone()
        },
        200,
    );
    let late = signed(
        Quote {
            expires: Timestamp(CLOSED - 1),
            ..good.clone()
        },
        200,
    );
    let nothing = signed(
        Quote {
            tiers: vec![],
            ..good.clone()
        },
        200,
    );
    let mut forged = signed(good.clone(), 200);
    forged.quote.capacity = amount(7);
    let foreign = SignedQuote::new(
        Quote {
            solver: account(1),
            ..good
        },
        &crate::testing::key(200),
    );
    let quotes = vec![elsewhere, other_auction, late, nothing, forged, foreign];
    let allocation = clear(&round(vec![swap(1, 0, 10, 1)], quotes));
    assert_eq!(void(&allocation, 1000), VoidReason::WrongRound);
    assert_eq!(void(&allocation, 1001), VoidReason::WrongRound);
    assert_eq!(
        void(&allocation, 1002),
        VoidReason::Expired {
            deadline: Timestamp(CLOSED - 1)
        }
    );
    assert!(matches!(void(&allocation, 1003), VoidReason::Schedule(_)));
    assert_eq!(void(&allocation, 1004), VoidReason::Signature);
    assert_eq!(void(&allocation, 1005), VoidReason::Account);
    assert_eq!(unfilled(&allocation, 0), UnfilledReason::NoQuote);
}

#[test]
fn flows_that_cannot_be_added_up_are_void_and_the_rest_settles() {
    let most = crate::MOST_UNITS;
    // 2^15 of the largest transfers would be needed; the sums are set up instead.
    let input = round(vec![], vec![]);
    let (book, _) = Book::open(&input);
    let mut clearing = Clearing {
        input: &input,
        book,
        nonces: BTreeMap::new(),
        gained: BTreeMap::from([(crate::testing::asset(0), amount(i128::MAX - most))]),
        fills: Vec::new(),
        unfilled: BTreeMap::new(),
        void: BTreeMap::new(),
    };
    let fill = |tag, units| {
        let terms = transfer(1, 0, 2, units);
        let Shape::PassThrough(balances) = shape(&terms).unwrap() else {
            panic!()
        };
        passed_through(id(tag), &terms, &balances)
    };
    clearing.accept(fill(0, most));
    clearing.accept(fill(1, 1));
    assert_eq!(clearing.fills.len(), 1);
    assert!(matches!(clearing.void[&id(1)], VoidReason::Unsupported(_)));
}

/// Breaks the one fill of a round, and expects the round to be withdrawn with an alarm.
fn withdrawn_if(input: &ClearingInput, break_it: impl FnOnce(&mut Allocation)) -> String {
    let mut draft = Clearing::run(input);
    assert_eq!(checked(input, draft.clone()), draft, "unbroken, it stands");
    let intents: Vec<_> = draft.fills.iter().map(|fill| fill.intent).collect();
    break_it(&mut draft);
    let allocation = checked(input, draft);
    assert!(allocation.fills.is_empty());
    for intent in intents {
        let withdrawn = Unfilled {
            intent,
            reason: UnfilledReason::Withdrawn,
        };
        assert!(allocation.unfilled.contains(&withdrawn));
    }
    allocation.alarm.expect("a broken fill goes unnoticed")
}

fn swap_kind(fill: &mut Fill) -> (&mut Amount, &mut Amount, &mut Amount, &mut EnvelopeId) {
    match &mut fill.kind {
        FillKind::Swap {
            amount_out,
            surplus,
            paid,
            quote,
            ..
        } => (amount_out, surplus, paid, quote),
        FillKind::PassThrough => panic!("passed through"),
    }
}

#[test]
fn a_broken_swap_is_withdrawn_with_an_alarm() {
    let input = round(
        vec![swap(1, 0, 1000, 900)],
        vec![paying(950, 200), paying(940, 201)],
    );
    let alarm = |break_it: fn(&mut Fill)| {
        withdrawn_if(&input, |draft| draft.fills.iter_mut().for_each(break_it))
    };
    let shift = |fill: &mut Fill, by: [i128; 4]| {
        for (movement, by) in fill.movements.iter_mut().zip(by) {
            movement.delta = Delta::new(movement.delta.units() + by).unwrap();
        }
    };
    assert!(alarm(|fill| fill.fees.clear()).contains("sum to zero"));
    assert!(alarm(|fill| fill.movements.truncate(3)).contains("sum to zero"));
    assert!(alarm(|fill| fill.account = account(9)).contains("no valid intent"));
    assert!(alarm(|fill| *swap_kind(fill).3 = id(1001)).contains("no quote for it"));
    assert!(alarm(|fill| *swap_kind(fill).1 = Amount::ZERO).contains("outflows"));
    assert!(alarm(|fill| *swap_kind(fill).0 = amount(901)).contains("outflows"));
    assert!(alarm(|fill| *swap_kind(fill).2 = amount(901)).contains("outflows"));
    // By account and asset: trader or solver first, whichever sorts first; each asset in turn.
    let worse = |fill: &mut Fill, units: i128| {
        let own = fill.account.clone();
        let sign = |movement: &Movement| {
            if movement.account == own {
                -units
            } else {
                units
            }
        };
        let by: Vec<_> = fill
            .movements
            .iter()
            .map(|m| {
                if m.asset == crate::testing::asset(2) {
                    sign(m)
                } else {
                    0
                }
            })
            .collect();
        shift(fill, by.try_into().unwrap());
    };
    let poor = withdrawn_if(&input, |draft| worse(&mut draft.fills[0], 100));
    assert!(poor.contains(&format!("moves {}", account(1))), "{poor}");
    let dear = withdrawn_if(&input, |draft| worse(&mut draft.fills[0], -1));
    assert!(dear.contains(&format!("moves {}", account(200))), "{dear}");
}

#[test]
fn a_third_account_in_a_swap_is_withdrawn() {
    let input = round(vec![swap(1, 0, 1000, 900)], vec![paying(950, 200)]);
    let alarm = withdrawn_if(&input, |draft| {
        let fill = &mut draft.fills[0];
        let moved = |who, units| Movement {
            account: account(who),
            asset: crate::testing::asset(1),
            delta: Delta::new(units).unwrap(),
        };
        fill.movements.extend([moved(8, -5), moved(9, 5)]);
    });
    assert!(alarm.contains("otherwise than it signed"), "{alarm}");
}

#[test]
fn broken_accounts_capacities_and_nonces_are_withdrawn() {
    let intents = vec![
        swap(1, 0, 1000, 900),
        swap(2, 0, 1000, 900),
        swap(3, 0, 5, 5000),
    ];
    let mut input = round(intents, vec![paying(950, 200)]);
    let dropped = withdrawn_if(&input, |draft| draft.unfilled.clear());
    assert!(dropped.contains("accounted for 0 times"), "{dropped}");
    let twice = withdrawn_if(&input, |draft| draft.fills.push(draft.fills[0].clone()));
    assert!(twice.contains("accounted for 2 times"), "{twice}");
    let draft = Clearing::run(&input);
    input.used_nonces = vec![UsedNonce {
        account: account(1),
        nonce: swap(1, 0, 1, 1).nonce,
        round: Round(1),
    }];
    assert!(
        checked(&input, draft.clone())
            .alarm
            .unwrap()
            .contains("nonce")
    );
    input.used_nonces.clear();
    let small = Quote {
        tiers: vec![tier(1 << 100, 950, 1000)],
        ..quote()
    };
    let small = Quote {
        capacity: amount(1500),
        ..small
    };
    input.quotes.insert(id(1000), Ok(signed(small, 200)));
    assert!(
        checked(&input, draft)
            .alarm
            .unwrap()
            .contains("above its capacity")
    );
}

#[test]
fn a_broken_transfer_is_withdrawn() {
    let input = round(vec![transfer(1, 0, 2, 10)], vec![]);
    let alarm = withdrawn_if(&input, |draft| {
        for movement in &mut draft.fills[0].movements {
            movement.delta = Delta::new(movement.delta.units() * 2).unwrap();
        }
    });
    assert!(alarm.contains("otherwise than it signed"), "{alarm}");
    let alarm = withdrawn_if(&input, |draft| {
        let fill = &mut draft.fills[0];
        fill.movements
            .retain(|movement| movement.account == account(1));
        fill.fees = vec![sealbid_types::allocation::Outflow {
            asset: crate::testing::asset(0),
            amount: amount(10),
        }];
    });
    assert!(alarm.contains("otherwise than it signed"), "{alarm}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_round_breaks_an_invariant(input in any_round()) {
        let allocation = clear(&input);
        prop_assert_eq!(&allocation.alarm, &None);
        prop_assert!(allocation.unfilled.is_sorted_by_key(|unfilled| unfilled.intent));
        prop_assert!(allocation.void.is_sorted_by_key(|void| void.envelope));
    }

    #[test]
    fn sums_are_zero_and_nobody_is_worse_off_than_signed(input in any_round()) {
        let allocation = clear(&input);
        for fill in &allocation.fills {
            let mut sums: BTreeMap<AssetId, i128> = BTreeMap::new();
            for movement in &fill.movements {
                *sums.entry(movement.asset.clone()).or_default() += movement.delta.units();
            }
            for outflow in fill.fees.iter().chain(&fill.withdrawals) {
                *sums.entry(outflow.asset.clone()).or_default() += outflow.amount.units();
            }
            prop_assert!(sums.values().all(|sum| *sum == 0), "{:?}", sums);
            let terms = input.intents[&fill.intent].as_ref().unwrap();
            for (asset, delta) in signed_diff(terms) {
                let own = |m: &&Movement| m.account == terms.account && m.asset == asset;
                let moved = fill.movements.iter().find(own).unwrap().delta.units();
                let is_kept = moved == delta || (delta > 0 && moved > delta);
                prop_assert!(is_kept, "{} instead of {}", moved, delta);
            }
        }
    }

    #[test]
    fn capacities_sizes_and_allow_lists_hold(input in any_round()) {
        let mut sums: BTreeMap<EnvelopeId, i128> = BTreeMap::new();
        for fill in clear(&input).fills {
            if let FillKind::Swap { quote, solver, amount_in, .. } = fill.kind {
                let signed = &input.quotes[&quote].as_ref().unwrap().quote;
                let terms = input.intents[&fill.intent].as_ref().unwrap();
                prop_assert!(signed.minimum_fill <= amount_in);
                prop_assert!(solver != terms.account);
                prop_assert!(terms.solvers.as_ref().is_none_or(|list| list.contains(&solver)));
                let sum = sums.entry(quote).or_default();
                *sum += amount_in.units();
                prop_assert!(*sum <= signed.capacity.units());
            }
        }
    }

    #[test]
    fn at_its_turn_no_other_quote_would_have_paid_more(input in any_round()) {
        let allocation = clear(&input);
        let fee = Fee::new(input.rules.fee_pips);
        let mut left: BTreeMap<EnvelopeId, i128> = BTreeMap::new();
        for (id, signed) in &input.quotes {
            let is_void = allocation.void.iter().any(|void| void.envelope == *id);
            if !is_void {
                left.insert(*id, signed.as_ref().unwrap().quote.capacity.units());
            }
        }
        for fill in &allocation.fills {
            let FillKind::Swap { quote, pair, amount_in, paid, .. } = &fill.kind else { continue };
            let terms = input.intents[&fill.intent].as_ref().unwrap();
            for (id, left) in &left {
                let other = &input.quotes[id].as_ref().unwrap().quote;
                let serves = other.pair == *pair
                    && *left >= amount_in.units()
                    && other.minimum_fill <= *amount_in
                    && other.solver != terms.account
                    && terms.solvers.as_ref().is_none_or(|list| list.contains(&other.solver));
                if serves {
                    let received = fee.net(&pair.give, *amount_in);
                    let pays = PriceSchedule::new(other).unwrap().price(received);
                    let rank = |id| Rank::of(&input.order, id);
                    let is_first = rank(quote) <= rank(id);
                    prop_assert!(pays.is_none_or(|pays| pays < *paid || (pays == *paid && is_first)));
                }
            }
            *left.get_mut(quote).unwrap() -= amount_in.units();
        }
    }

    #[test]
    fn the_order_of_the_input_changes_nothing(input in any_round(), by in 0..3usize) {
        let mut other = input.clone();
        let count = other.used_nonces.len();
        other.used_nonces.rotate_left(by.min(count));
        // Ids carry the order of submission here; other lists are maps by id.
        other.used_nonces.extend(input.used_nonces.clone());
        prop_assert_eq!(clear(&other), clear(&input));
    }

    #[test]
    fn filled_if_and_only_if_somebody_pays_the_limit(give in 1i128..10_000, limit in 1i128..10_000, out in 1i128..2_000, pips in 0u32..1_000_000) {
        let mut input = round(vec![swap(1, 0, give, limit)], vec![paying(out, 200)]);
        input.rules = rules(pips);
        let fee = Fee::new(pips);
        let asset = crate::testing::asset(2);
        let received = fee.net(&crate::testing::asset(0), amount(give)).units();
        let pays = amount(received * out / 1000);
        let allocation = clear(&input);
        prop_assert_eq!(allocation.fills.len() == 1, fee.net(&asset, pays) >= amount(limit));
    }
}

/// The deltas of the one diff of `terms`, if they are a swap.
fn signed_diff(terms: &Terms) -> Vec<(AssetId, i128)> {
    match terms.actions.as_slice() {
        [Action::TokenDiff(diff)] => diff
            .diff
            .iter()
            .map(|(asset, delta)| (asset.clone(), delta.units()))
            .collect(),
        _ => Vec::new(),
    }
}

#[test]
fn the_root_covers_ids_and_terms_of_what_opened() {
    let mut input = round(vec![swap(1, 0, 1, 1), swap(2, 0, 1, 1)], vec![]);
    let root = terms_root(&input.intents);
    input.intents.insert(id(7), Err(VoidReason::Cipher));
    assert_eq!(terms_root(&input.intents), root);
    let moved = input.intents.remove(&id(1)).unwrap();
    assert_ne!(terms_root(&input.intents), root);
    input.intents.insert(id(2), moved);
    assert_ne!(terms_root(&input.intents), root);
}
