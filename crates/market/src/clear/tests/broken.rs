//! Clearings that are broken on purpose: each is noticed, and nothing is filled.

use super::*;
use sealbid_types::allocation::Breach;

/// Breaks the one fill of a round, and expects the round to be withdrawn with an alarm.
fn withdrawn_if(input: &ClearingInput, break_it: impl FnOnce(&mut Allocation)) -> Breach {
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
    let intent = id(0);
    let is_sum = |breach| matches!(breach, Breach::Sum { .. });
    assert!(is_sum(alarm(|fill| fill.fees.clear())));
    assert!(is_sum(alarm(|fill| fill.movements.truncate(3))));
    assert_eq!(
        alarm(|fill| fill.account = account(9)),
        Breach::NoIntent { intent }
    );
    let quote = id(1001);
    assert_eq!(
        alarm(|fill| *swap_kind(fill).3 = id(1001)),
        Breach::NoQuote { intent, quote }
    );
    let outflow = Breach::Outflow { intent };
    assert_eq!(alarm(|fill| *swap_kind(fill).1 = Amount::ZERO), outflow);
    assert_eq!(alarm(|fill| *swap_kind(fill).0 = amount(901)), outflow);
    assert_eq!(alarm(|fill| *swap_kind(fill).2 = amount(901)), outflow);
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
    let moves = |who| Breach::Signed {
        intent,
        account: account(who),
    };
    assert_eq!(poor, moves(1));
    let dear = withdrawn_if(&input, |draft| worse(&mut draft.fills[0], -1));
    assert_eq!(dear, moves(200));
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
    assert!(matches!(alarm, Breach::Signed { .. }), "{alarm}");
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
    assert!(
        matches!(dropped, Breach::Accounted { times: 0, .. }),
        "{dropped}"
    );
    let twice = withdrawn_if(&input, |draft| draft.fills.push(draft.fills[0].clone()));
    assert!(
        matches!(twice, Breach::Accounted { times: 2, .. }),
        "{twice}"
    );
    let draft = Clearing::run(&input);
    input.used_nonces = vec![UsedNonce {
        account: account(1),
        nonce: swap(1, 0, 1, 1).nonce,
        round: Round(1),
    }];
    let alarm = checked(&input, draft.clone()).alarm;
    assert!(matches!(alarm, Some(Breach::Nonce { .. })));
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
    let quote = id(1000);
    assert_eq!(
        checked(&input, draft).alarm,
        Some(Breach::Capacity { quote })
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
    assert!(matches!(alarm, Breach::Signed { .. }), "{alarm}");
    let alarm = withdrawn_if(&input, |draft| {
        let fill = &mut draft.fills[0];
        fill.movements
            .retain(|movement| movement.account == account(1));
        fill.fees = vec![sealbid_types::allocation::Outflow {
            asset: crate::testing::asset(0),
            amount: amount(10),
        }];
    });
    assert!(matches!(alarm, Breach::Signed { .. }), "{alarm}");
}
