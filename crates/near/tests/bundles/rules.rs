//! The rules, one by one, where a number tells.

use std::collections::BTreeMap;

use sealbid_near::ledger::{BundleRefused, DepositRefused, IntentRefused};
use serde_json::json;

use super::fill::{A, B, Fill, fills};
use super::sign::{Account, SALT, token_diff, transfer};
use super::state::{State, execute};

#[test]
fn a_fill_moves_what_it_says_and_its_fees() {
    let (state, bundle) = fills(1, A, B);
    let fill = Fill::usual(0, A, B);
    let mut ledger = state.ledger();
    let executed = execute(&mut ledger, &bundle).unwrap();
    let balance = |account: &str, token: &str| {
        ledger.balance(&account.parse().unwrap(), &token.parse().unwrap())
    };
    assert_eq!(balance(&fill.trader.name, A), 0);
    assert_eq!(balance(&fill.solver.name, A), 999_999_000);
    assert_eq!(balance("fees.near", A), 1_000);
    assert_eq!(balance("fees.near", B), 2_498_750);
    assert_eq!(balance(&fill.trader.name, B), 2_499_997_501_250);
    let fees: Vec<_> = executed.fees.values().copied().collect();
    assert_eq!(fees, [1_000, 2_498_750]);
    assert_eq!(ledger.balances().count(), 4);
}

#[test]
fn what_does_not_cancel_out_is_named_by_token() {
    let (state, mut bundle) = fills(1, A, B);
    bundle.pop();
    let refused = execute(&mut state.ledger(), &bundle).unwrap_err();
    let unmatched = BTreeMap::from([
        (A.parse().unwrap(), -999_999_000),
        (B.parse().unwrap(), 2_498_747_501_250),
    ]);
    assert_eq!(refused, BundleRefused::Unmatched(unmatched));
}

#[test]
fn a_key_that_is_added_signs_in_the_same_bundle_and_one_that_is_removed_does_not() {
    let (alice, other) = (Account::new(2), Account::new(3));
    let key = |kind: &str, account: &Account| json!({ "intent": kind, "public_key": account.public_key() });
    let add = alice.sign(&alice.draft(0, vec![key("add_public_key", &other)]));
    let by_other = |number, intents| {
        let mut draft = other.draft(number, intents);
        draft.signer.clone_from(&alice.name);
        other.sign(&draft)
    };
    let remove = by_other(1, vec![key("remove_public_key", &alice)]);
    let late = alice.sign(&alice.draft(2, vec![]));
    let mut ledger = State::at_one_pip().ledger();
    let executed = execute(&mut ledger, &[add, remove.clone()]).unwrap();
    assert!(executed.logs[0].contains(r#""event":"public_key_added","data":{"intent_hash":"#));
    let refused = execute(&mut ledger, std::slice::from_ref(&late)).unwrap_err();
    assert!(
        refused.to_string().contains("is not known as a key"),
        "{refused}"
    );
    assert!(execute(&mut ledger, &[by_other(3, vec![])]).is_ok());
    let mut unknown = State::at_one_pip().ledger();
    let refused = execute(&mut unknown, &[remove]).unwrap_err();
    assert!(
        refused.to_string().contains("is not known as a key"),
        "{refused}"
    );
    assert!(execute(&mut unknown, &[late]).is_ok());
}

#[test]
fn withdrawals_are_debited_and_listed_in_order() {
    let alice = Account::new(2);
    let mut state = State::at_one_pip();
    let owned = [
        (A, 10),
        (B, 100),
        ("nep171:art.near:7:1", 1),
        ("nep245:m.near:gold", 5),
    ];
    for (token, amount) in owned {
        state.give(&alice.name, token, amount);
    }
    let near = "wrap.near";
    let intents = vec![
        json!({ "intent": "ft_withdraw", "token": "usdc.near", "receiver_id": "bob.near", "amount": "4",
            "storage_deposit": "10", "memo": "m", "min_gas": 5 }),
        json!({ "intent": "nft_withdraw", "token": "art.near", "receiver_id": "bob.near", "token_id": "7:1" }),
        json!({ "intent": "mt_withdraw", "token": "m.near", "receiver_id": "bob.near",
            "token_ids": ["gold", "gold"], "amounts": ["2", "3"] }),
        json!({ "intent": "native_withdraw", "receiver_id": "bob.near", "amount": "20" }),
        json!({ "intent": "storage_deposit", "contract_id": "usdc.near", "account_id": "bob.near", "amount": "30" }),
        json!({ "intent": "auth_call", "contract_id": "c.near", "msg": "", "attached_deposit": "1" }),
        json!({ "intent": "auth_call", "contract_id": "c.near", "msg": "" }),
    ];
    let mut ledger = state.ledger();
    let bundle = [alice.sign(&alice.draft(0, intents))];
    let executed = execute(&mut ledger, &bundle).unwrap();
    let listed: Vec<_> = executed
        .withdrawals
        .iter()
        .map(|out| {
            (
                out.intent,
                out.kind,
                out.receiver.as_str(),
                out.tokens.len(),
            )
        })
        .collect();
    assert_eq!(
        listed,
        [
            (0, "ft_withdraw", "bob.near", 2),
            (1, "nft_withdraw", "bob.near", 1),
            (2, "mt_withdraw", "bob.near", 2),
            (3, "native_withdraw", "bob.near", 1),
            (4, "storage_deposit", "bob.near", 1),
            (5, "auth_call", "c.near", 1),
        ]
    );
    let left: Vec<_> = ledger
        .balances()
        .map(|(_, token, n)| (token.as_str(), n))
        .collect();
    assert_eq!(left, [(A, 6), (&format!("nep141:{near}")[..], 39)]);
    // What is not known is not logged, what is told the contract is.
    let first = &executed.logs[0];
    let as_logged = r#""token":"usdc.near","receiver_id":"bob.near","amount":"4","memo":"m","storage_deposit":"10","min_gas":"5"}]}"#;
    assert!(first.ends_with(as_logged), "{first}");
    let burns = executed.logs.last().unwrap();
    assert!(burns.contains(r#""event":"mt_burn""#), "{burns}");
    assert_eq!(burns.matches(r#""memo":"withdraw""#).count(), 6);
    // Withdrawn once, it is gone, and may come back.
    let again = alice.sign(&alice.draft(1, vec![
        json!({ "intent": "nft_withdraw", "token": "art.near", "receiver_id": "bob.near", "token_id": "7:1" }),
    ]));
    let refused = execute(&mut ledger, &[again]).unwrap_err();
    assert!(
        matches!(
            refused,
            BundleRefused::Intent {
                refused: IntentRefused::Balance {
                    has: 0,
                    needs: 1,
                    ..
                },
                ..
            }
        ),
        "{refused}"
    );
    let nft = "nep171:art.near:7:1".parse().unwrap();
    let back = ledger.deposit(&"bob.near".parse().unwrap(), &nft, 1);
    assert_eq!(back, Ok(()));
}

/// A balance that nobody has paid for yet can be sent on, and cannot leave.
#[test]
fn what_nobody_has_paid_yet_does_not_leave() {
    let (alice, bob) = (Account::new(2), Account::new(3));
    let take = token_diff(&[(A, 10)]);
    let withdraw = json!({ "intent": "ft_withdraw", "token": "usdc.near", "receiver_id": "bob.near", "amount": "10" });
    let out = alice.sign(&alice.draft(0, vec![take.clone(), withdraw]));
    let on = alice.sign(&alice.draft(0, vec![take, transfer(&bob.name, A, 10)]));
    let back = bob.sign(&bob.draft(1, vec![token_diff(&[(A, -10)])]));
    let mut free = State::default();
    let refused = execute(&mut free.ledger(), &[out.clone(), back.clone()]).unwrap_err();
    assert!(
        matches!(
            refused,
            BundleRefused::Intent {
                payload: 0,
                intent: 1,
                ..
            }
        ),
        "{refused}"
    );
    let executed = execute(&mut free.ledger(), &[on, back.clone()]).unwrap();
    assert!(
        executed
            .changes
            .values()
            .flat_map(BTreeMap::values)
            .all(|change| change.after == 0)
    );
    free.give(&bob.name, A, 10);
    assert!(execute(&mut free.ledger(), &[out, back]).is_ok());
}

#[test]
fn sums_that_cannot_be_counted_are_refused() {
    let (alice, bob) = (Account::new(2), Account::new(3));
    let mut state = State::at_one_pip();
    state.give(&alice.name, A, u128::MAX);
    let most = token_diff(&[(A, i128::MAX)]);
    let over = bob.sign(&bob.draft(0, vec![most.clone(), most.clone(), most.clone()]));
    let refused = execute(&mut state.ledger(), std::slice::from_ref(&over)).unwrap_err();
    assert!(
        matches!(
            refused,
            BundleRefused::Intent {
                intent: 2,
                refused: IntentRefused::Overflow { .. },
                ..
            }
        ),
        "{refused}"
    );
    let twice = bob.sign(&bob.draft(0, vec![most.clone(), most]));
    let refused = execute(&mut state.ledger(), &[twice]).unwrap_err();
    assert_eq!(refused, BundleRefused::Uncountable(A.parse().unwrap()));
    let all = alice.sign(&alice.draft(0, vec![transfer(&bob.name, A, u128::MAX)]));
    assert!(execute(&mut state.ledger(), &[all]).is_ok());
}

#[test]
fn deposits_are_of_something_that_there_can_be() {
    let mut ledger = State::at_one_pip().ledger();
    let mut deposit = |token: &str, amount| {
        ledger.deposit(&"a.near".parse().unwrap(), &token.parse().unwrap(), amount)
    };
    let long = format!("nep245:m.near:{}", "x".repeat(128));
    assert_eq!(deposit(A, 0), Err(DepositRefused::Zero));
    assert_eq!(deposit(A, u128::MAX), Ok(()));
    assert_eq!(deposit(A, 1), Err(DepositRefused::Overflow));
    assert_eq!(
        deposit("nep171:art.near:1", 2),
        Err(DepositRefused::SecondNft)
    );
    assert_eq!(deposit("nep171:art.near:1", 1), Ok(()));
    assert_eq!(
        deposit("nep171:art.near:1", 1),
        Err(DepositRefused::SecondNft)
    );
    assert_eq!(deposit(&long, 1), Err(DepositRefused::LongId));
    assert_eq!(deposit(&long[..long.len() - 1], 1), Ok(()));
}

#[test]
fn a_salt_is_taken_until_it_is_invalidated() {
    let alice = Account::new(2);
    let bundle = [alice.sign(&alice.draft(0, vec![]))];
    let mut ledger = State::at_one_pip().ledger();
    ledger.salts.rotate([9; 4]).unwrap();
    assert!(execute(&mut ledger.clone(), &bundle).is_ok());
    ledger.salts.invalidate(SALT).unwrap();
    let refused = execute(&mut ledger, &bundle).unwrap_err();
    assert!(refused.to_string().contains("252812b3"), "{refused}");
}
