#![allow(clippy::unwrap_used)]

use ed25519_dalek::SigningKey;
use sealbid_types::id::Epoch;

use super::*;

fn shares(member: u8, close: u8, allocation: Option<u8>, count: usize) -> Signed<Shares> {
    let body = Shares {
        auction: [0; 32].into(),
        epoch: Epoch(0),
        round: Round(4),
        close: [close; 32].into(),
        opening: match allocation {
            None => Opening::First,
            Some(_) => Opening::Second,
        },
        allocation: allocation.map(|byte| [byte; 32].into()),
        parts: FixedBytes([7; 32]),
        shares: vec![FixedBytes([0; 96]); count],
    };
    Signed::new(body, MemberIndex(member), &SigningKey::from_bytes(&[1; 32]))
}

fn question(close: u8, allocation: Option<u8>) -> ShareQuestion {
    ShareQuestion {
        close: [close; 32].into(),
        allocation: allocation.map(|byte| [byte; 32].into()),
        parts: FixedBytes([7; 32]),
    }
}

/// What came before the certificate and answers another close counts for nothing, and does not keep
/// its sender from answering.
#[test]
fn shares_for_another_close_count_for_nothing() {
    let mut exchange = Exchange::new(Round(4));
    assert!(exchange.add_shares(shares(0, 1, None, 2)), "not known yet");
    assert!(exchange.add_shares(shares(1, 2, None, 2)));
    assert!(
        !exchange.add_shares(shares(0, 2, None, 2)),
        "the first counts"
    );
    exchange.ask_shares(Opening::First, question(2, None));
    assert_eq!(exchange.count(Opening::First), 1);
    assert!(!exchange.add_shares(shares(0, 1, None, 2)));
    assert!(exchange.add_shares(shares(0, 2, None, 2)));
    assert_eq!(exchange.count(Opening::First), 2);
}

#[test]
fn shares_of_a_second_opening_answer_the_allocation() {
    let mut exchange = Exchange::new(Round(4));
    exchange.add_shares(shares(0, 2, Some(8), 1));
    exchange.add_shares(shares(1, 2, Some(9), 1));
    exchange.ask_shares(Opening::Second, question(2, Some(9)));
    assert_eq!(exchange.count(Opening::Second), 1);
    assert!(!exchange.has_shares(Opening::Second, MemberIndex(0)));
}

fn signature(member: u8, close: u8, statement: u8) -> Signed<SignatureShareMessage> {
    let body = SignatureShareMessage {
        auction: [0; 32].into(),
        epoch: Epoch(0),
        round: Round(4),
        close: [close; 32].into(),
        purpose: Purpose::Settlement,
        statement: FixedBytes([statement; 32]),
        share: FixedBytes([0; 96]),
    };
    Signed::new(body, MemberIndex(member), &SigningKey::from_bytes(&[1; 32]))
}

/// A member of another version signs another statement: no lie, and it may come to the same yet.
#[test]
fn signature_shares_of_another_statement_count_for_nothing() {
    let mut exchange = Exchange::new(Round(4));
    assert!(exchange.add_signature(signature(0, 2, 1)));
    let question = SignatureQuestion {
        close: [2; 32].into(),
        statement: FixedBytes([5; 32]),
    };
    exchange.ask_signature(Purpose::Settlement, question);
    assert!(!exchange.has_signature(Purpose::Settlement, MemberIndex(0)));
    assert!(!exchange.add_signature(signature(0, 3, 5)), "another close");
    assert!(exchange.add_signature(signature(0, 2, 5)));
}

/// A liar with the lowest index is among the first q that are tried, once: from then on it goes last.
#[test]
fn a_liar_costs_the_slow_way_once() {
    let house = sealbid_testkit::house::Founding::of(4).found();
    let statement_of = |round| Statement::Settlement {
        auction: house.committee.auction,
        epoch: house.committee.epoch,
        round: Round(round),
        settlement: [u8::try_from(round).unwrap(); 32].into(),
    };
    let mut suspects = Suspects::default();
    for round in [4, 5] {
        let statement = statement_of(round);
        let mut exchange = Exchange::new(Round(round));
        for member in house.members() {
            let share = match member {
                MemberIndex(0) => FixedBytes([1; 96]),
                _ => house.share(member).sign(&statement).unwrap().to_bytes(),
            };
            let mut signed = signature(member.0, 2, 5);
            (signed.body.round, signed.body.share) = (Round(round), share);
            assert!(exchange.add_signature(signed));
        }
        let purpose = Purpose::Settlement;
        let (combined, wrong) = exchange.combine(&house.keys, purpose, &statement, &suspects);
        assert!(combined.is_some());
        let liars: Vec<_> = wrong.into_keys().collect();
        let is_first = round == 4;
        assert_eq!(
            liars,
            if is_first {
                vec![MemberIndex(0)]
            } else {
                vec![]
            }
        );
        liars
            .into_iter()
            .for_each(|member| suspects.note(member, Round(round)));
        let is_heard = exchange.has_signature(purpose, MemberIndex(0));
        assert_eq!(is_heard, !is_first, "not looked at, not blamed");
    }
}
