#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::expect_used
)]

use proptest::prelude::*;
use sealbid_types::keys::Signature;

use super::*;
use crate::testing::{ROUND, TestHouse, envelope};

#[test]
fn a_quorum_is_enough_and_less_is_not() {
    for n in [3, 4, 5] {
        let house = TestHouse::new(n);
        let envelope = envelope(&house, 1);
        let check = |members: &[u8]| {
            let receipt = house.receipt(&envelope, ROUND, members);
            check_receipt(&house.committee, &envelope, &receipt)
        };
        let all: Vec<u8> = (0..n).collect();
        let (enough, too_few) = (&all[..usize::from(house.quorum())], house.quorum() - 1);
        assert_eq!(check(&all), Ok(ROUND));
        assert_eq!(check(enough), Ok(ROUND));
        let few = ReceiptError::TooFew {
            found: too_few.into(),
            quorum: house.quorum().into(),
        };
        assert_eq!(check(&all[..usize::from(too_few)]), Err(few));
        let twice = [&all[..usize::from(too_few)], &[0]].concat();
        assert_eq!(check(&twice), Err(few), "one member counts once");
    }
}

#[test]
fn the_latest_round_counts() {
    let house = TestHouse::new(4);
    let envelope = envelope(&house, 1);
    let mut receipt = house.receipt(&envelope, ROUND, &[0, 1]);
    receipt
        .acknowledgements
        .push(house.acknowledge(3, envelope.id(), Round(7)));
    assert_eq!(
        check_receipt(&house.committee, &envelope, &receipt),
        Ok(Round(7))
    );
}

#[test]
fn what_is_promised_elsewhere_is_no_receipt() {
    let house = TestHouse::new(4);
    let (mine, other) = (envelope(&house, 1), envelope(&house, 2));
    let check = |receipt: &Receipt| check_receipt(&house.committee, &mine, receipt);
    let receipt = house.receipt(&other, ROUND, &[0, 1, 2]);
    assert_eq!(check(&receipt), Err(ReceiptError::Envelope));
    let relabelled = Receipt {
        envelope: mine.id(),
        ..receipt
    };
    assert_eq!(
        check(&relabelled),
        Err(ReceiptError::Elsewhere(MemberIndex(0)))
    );
    for round in [4, 8] {
        let receipt = house.receipt(&mine, Round(round), &[0, 1, 2]);
        assert_eq!(
            check(&receipt),
            Err(ReceiptError::Elsewhere(MemberIndex(0)))
        );
    }
    let mut receipt = house.receipt(&mine, ROUND, &[0, 1, 2]);
    receipt.acknowledgements[2].member = MemberIndex(4);
    assert_eq!(
        check(&receipt),
        Err(ReceiptError::NoSuchMember(MemberIndex(4)))
    );
    receipt.acknowledgements[2].member = MemberIndex(3);
    assert_eq!(
        check(&receipt),
        Err(ReceiptError::Signature(MemberIndex(3)))
    );
}

#[test]
fn another_auction_or_epoch_is_no_receipt() {
    let house = TestHouse::new(4);
    let envelope = envelope(&house, 1);
    let receipt = house.receipt(&envelope, ROUND, &[0, 1, 2]);
    let elsewhere = Err(ReceiptError::Elsewhere(MemberIndex(0)));
    let mut committee = house.committee.clone();
    committee.epoch = committee.epoch.next();
    assert_eq!(check_receipt(&committee, &envelope, &receipt), elsewhere);
    committee = house.committee;
    committee.auction = [1; 32].into();
    assert_eq!(check_receipt(&committee, &envelope, &receipt), elsewhere);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_changed_signature_is_refused(which in 0usize..3, byte in 0usize..64, flip in 1u8..) {
        let house = TestHouse::new(4);
        let envelope = envelope(&house, 1);
        let mut receipt = house.receipt(&envelope, ROUND, &[0, 1, 2]);
        let Signature(FixedBytes(bytes)) = &mut receipt.acknowledgements[which].signature;
        bytes[byte] ^= flip;
        let member = MemberIndex(u8::try_from(which).unwrap());
        prop_assert_eq!(
            check_receipt(&house.committee, &envelope, &receipt),
            Err(ReceiptError::Signature(member))
        );
    }
}

use sealbid_types::bytes::FixedBytes;
