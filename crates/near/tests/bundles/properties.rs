//! What holds of every bundle that is executed.

use std::collections::BTreeMap;

use proptest::prelude::*;
use sealbid_near::intents::TokenId;
use sealbid_near::ledger::{Executed, Ledger};

use super::random::case;
use super::sign::NOW;
use super::state::parse;

fn sums<'a>(amounts: impl Iterator<Item = (&'a TokenId, u128)>) -> BTreeMap<TokenId, u128> {
    let mut sums = BTreeMap::new();
    for (token, amount) in amounts {
        *sums.entry(token.clone()).or_default() += amount;
    }
    sums
}

/// What accounts have, and what has left.
fn in_all(ledger: &Ledger, executed: Option<&Executed>) -> BTreeMap<TokenId, u128> {
    let withdrawals = executed.iter().flat_map(|done| &done.withdrawals);
    let left = withdrawals.flat_map(|out| &out.tokens);
    let left = left.map(|(token, amount)| (token, *amount));
    sums(
        ledger
            .balances()
            .map(|(_, token, amount)| (token, amount))
            .chain(left),
    )
}

proptest! {
    #[test]
    fn nothing_is_made_or_lost_and_every_change_is_told(case in case()) {
        let before = case.state.ledger();
        let mut after = before.clone();
        let Ok(bundle) = parse(&case.bundle) else {
            return Err(TestCaseError::fail("not signed payloads"));
        };
        let Ok(executed) = after.execute(&bundle, NOW) else {
            prop_assert_eq!(after, before);
            return Ok(());
        };
        prop_assert_eq!(in_all(&before, None), in_all(&after, Some(&executed)));
        for (account, tokens) in &executed.changes {
            for (token, change) in tokens {
                prop_assert_eq!(before.balance(account, token), change.before);
                prop_assert_eq!(after.balance(account, token), change.after);
            }
        }
        // Who is not told of has what it had.
        for (account, token, balance) in before.balances().chain(after.balances()) {
            let is_told = executed.changes.get(account).is_some_and(|one| one.contains_key(token));
            let same = before.balance(account, token) == after.balance(account, token);
            prop_assert!(is_told || same, "{} {} {}", account, token, balance);
        }
        let again = after.simulate(&bundle, NOW);
        prop_assert!(bundle.is_empty() || again.is_err(), "executed twice");
    }
}
