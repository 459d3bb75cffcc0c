//! What holds of any round.

use super::*;

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
