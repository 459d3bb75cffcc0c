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
