//! The ledger and the second checker, one against the other.

use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;

use super::fill::sign;
use super::python::theirs;
use super::random::case;
use super::spoilt::{lend, spoilt, unspoilt};
use super::state::ours;

/// How many bundles are drawn. Most of their time is the second checker's for signatures.
const CASES: usize = 400;

#[test]
fn each_way_to_spoil_a_bundle_is_refused_by_both() {
    let (mut state, mut drafts) = unspoilt();
    let mut lines = vec![state.line(&sign(&drafts))];
    assert_eq!(ours(&state, &sign(&drafts)).refused, None);
    lend(&mut state, &mut drafts);
    lines.push(state.line(&sign(&drafts)));
    assert_eq!(ours(&state, &sign(&drafts)).refused, None);
    let all = spoilt();
    for spoilt in &all {
        let said = ours(&spoilt.state, &spoilt.bundle).refused;
        let reason = said.unwrap_or_else(|| panic!("{} is executed", spoilt.name));
        assert!(reason.contains(spoilt.reason), "{}: {reason}", spoilt.name);
    }
    lines.extend(all.iter().map(|spoilt| spoilt.state.line(&spoilt.bundle)));
    let Some(said) = theirs(&lines) else {
        return;
    };
    assert_eq!((&said[0].refused, &said[1].refused), (&None, &None));
    for (spoilt, said) in all.iter().zip(&said[2..]) {
        assert!(said.refused.is_some(), "{}", spoilt.name);
    }
}

#[test]
fn two_checkers_say_the_same_of_random_bundles() {
    let mut runner = TestRunner::deterministic();
    let drawn = (0..CASES).map(|_| case().new_tree(&mut runner).unwrap().current());
    let cases: Vec<_> = drawn.collect();
    let lines: Vec<_> = cases
        .iter()
        .map(|case| case.state.line(&case.bundle))
        .collect();
    let Some(said) = theirs(&lines) else {
        return;
    };
    let mut executed = 0;
    for ((case, line), theirs) in cases.iter().zip(&lines).zip(said) {
        let ours = ours(&case.state, &case.bundle);
        let reasons = (&ours.refused, &theirs.refused);
        assert_eq!(
            ours.refused.is_some(),
            theirs.refused.is_some(),
            "{reasons:?}\n{line}"
        );
        assert_eq!(ours.balances, theirs.balances, "{line}");
        assert_eq!(ours.logged, theirs.logged, "{line}");
        executed += usize::from(ours.refused.is_none());
    }
    let few = CASES / 4;
    assert!(
        (few..CASES - few).contains(&executed),
        "{executed} of {CASES} executed"
    );
}
