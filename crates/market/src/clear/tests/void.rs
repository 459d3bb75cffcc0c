//! Entries that count for nothing, and why.

use super::*;
use sealbid_types::allocation::{ActionFault, ScheduleFault};

const CLOSED: u64 = crate::testing::CLOSED_AT.0;

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
    for (unsupported, what) in [
        (1, Unsupported::NamedAccount),
        (3, Unsupported::SwapShape),
        (4, Unsupported::SwapShape),
        (5, Unsupported::SwapShape),
        (6, Unsupported::SwapAndMore),
    ] {
        assert_eq!(
            void(&allocation, unsupported),
            VoidReason::Unsupported(what)
        );
    }
    for (action, fault) in [(2, ActionFault::NoActions), (7, ActionFault::TooLarge)] {
        assert_eq!(void(&allocation, action), VoidReason::Action(fault));
    }
    assert_eq!(allocation.void.len(), 8);
}

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
    assert_eq!(
        void(&allocation, 1003),
        VoidReason::Schedule(ScheduleFault::Tiers { count: 0 })
    );
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
    assert_eq!(
        clearing.void[&id(1)],
        VoidReason::Unsupported(Unsupported::Flow)
    );
}
