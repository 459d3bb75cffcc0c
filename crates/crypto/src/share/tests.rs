#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::expect_used
)]

use sealbid_types::allocation::{Allocation, Fill, FillKind};
use sealbid_types::bytes::FixedBytes;
use sealbid_types::close::CertificateBytes;
use sealbid_types::id::{Epoch, Round, View};
use sealbid_types::statement::Statement;

use super::*;
use crate::certificate::{AllocationCertificate, CertificateError, CloseCertificate};
use crate::signature::SignatureError;
use crate::testing::{
    AUCTION, House, checked_quotes, close_of, close_statement, intent, quote, secret,
};

fn allocation(filled: &[EnvelopeId]) -> Allocation {
    let fill = |intent: &EnvelopeId| Fill {
        intent: *intent,
        account: "alice.near".parse().unwrap(),
        kind: FillKind::PassThrough,
        movements: Vec::new(),
        fees: Vec::new(),
        withdrawals: Vec::new(),
    };
    Allocation {
        auction: AUCTION,
        epoch: Epoch(0),
        round: Round(5),
        close: [6; 32].into(),
        order: [7; 32].into(),
        terms: [8; 32].into(),
        fills: filled.iter().map(fill).collect(),
        unfilled: Vec::new(),
        void: Vec::new(),
        alarm: None,
    }
}

fn allocation_statement(allocation: &Allocation) -> Statement {
    Statement::Allocation {
        auction: allocation.auction,
        epoch: allocation.epoch,
        round: allocation.round,
        view: View(2),
        allocation: allocation.digest(),
    }
}

fn certificate_of(signature: FixedBytes<96>) -> CertificateBytes {
    CertificateBytes {
        view: View(2),
        signature,
    }
}

#[test]
fn a_key_share_is_taken_only_by_its_member() {
    let house = House::new(4, 3, 1);
    let foreign =
        KeyShare::new(&house.keys, AUCTION, Epoch(0), MemberIndex(1), secret(5)).unwrap_err();
    assert_eq!(foreign, KeyShareError::Foreign(MemberIndex(1)));
    let nobody =
        KeyShare::new(&house.keys, AUCTION, Epoch(0), MemberIndex(4), secret(5)).unwrap_err();
    assert_eq!(nobody, KeyShareError::NoSuchMember(MemberIndex(4)));
}

#[test]
fn a_certificate_opens_what_it_lists_and_nothing_else() {
    let house = House::new(4, 3, 1);
    let (one, two) = (
        intent(&house.keys, 1, b"t", b"a"),
        intent(&house.keys, 2, b"t", b"a"),
    );
    let (three, four) = (quote(&house.keys, 3, b"q"), quote(&house.keys, 4, b"q"));
    let all = [&one, &two, &three, &four].map(|envelope| crate::check(envelope).unwrap());
    let pending: Vec<PendingShare> = all
        .iter()
        .flat_map(|envelope| envelope.parts())
        .map(|part| house.shares[0].share(part))
        .collect();
    let released = |authority: &dyn Fn(&PendingShare) -> bool| -> Vec<(EnvelopeId, Part)> {
        pending
            .iter()
            .filter(|p| authority(p))
            .map(|p| (p.envelope(), p.part()))
            .collect()
    };

    let listed = [&all[0], &all[2]].map(|envelope| &envelope.parts()[0]);
    let certificate = house.certificate(&close_of(&listed));
    assert_eq!(
        released(&|p| p.release(&certificate).is_ok()),
        [(one.id(), Part::Terms), (three.id(), Part::Quote)],
    );
    let allocation = allocation(&[two.id(), three.id()]);
    let signature = certificate_of(house.sign(&allocation_statement(&allocation)));
    let certificate = AllocationCertificate::verify(&house.keys, &allocation, &signature).unwrap();
    assert_eq!(
        released(&|p| p.release(&certificate).is_ok()),
        [(two.id(), Part::Authorisation)],
    );
    let refused = pending[0].release(&certificate).unwrap_err();
    assert_eq!(
        refused,
        NotAuthorised {
            envelope: one.id(),
            part: Part::Terms
        }
    );
}

/// The other committee certifies the very same close: its word opens nothing here.
#[test]
fn a_certificate_of_another_committee_opens_nothing() {
    let (house, other) = (House::new(4, 3, 1), House::new(4, 3, 2));
    let part = &checked_quotes(&house.keys, 1)[0];
    let pending = house.shares[0].share(part);
    let close = close_of(&[part]);
    assert!(pending.release(&house.certificate(&close)).is_ok());
    assert!(pending.release(&other.certificate(&close)).is_err());
}

/// A refresh keeps the committee key, so that under it the certificates of the epoch before verify
/// as they always did: they let no share of the new epoch out, and none of another auction.
#[test]
fn a_certificate_of_another_epoch_or_auction_opens_nothing() {
    let house = House::new(4, 3, 1);
    let envelope = crate::check(&intent(&house.keys, 1, b"t", b"a")).unwrap();
    let share_of = |auction: AuctionId, epoch: Epoch, part: usize| {
        let copy = |bytes: &[u8; 32]| SecretScalar::from_le_bytes(bytes).unwrap();
        let secret = house.shares[0].secret.expose(copy);
        let share = KeyShare::new(&house.keys, auction, epoch, MemberIndex(0), secret).unwrap();
        share.share(&envelope.parts()[part])
    };
    let close = close_of(&[&envelope.parts()[0]]);
    let closed = house.certificate(&close);
    let allocation = allocation(&[envelope.id()]);
    let signature = certificate_of(house.sign(&allocation_statement(&allocation)));
    let allocated = AllocationCertificate::verify(&house.keys, &allocation, &signature).unwrap();
    let released = |auction: AuctionId, epoch: Epoch| {
        (
            share_of(auction, epoch, 0).release(&closed).is_ok(),
            share_of(auction, epoch, 1).release(&allocated).is_ok(),
        )
    };
    assert_eq!(released(AUCTION, Epoch(0)), (true, true));
    assert_eq!(
        released(AUCTION, Epoch(1)),
        (false, false),
        "an old epoch's"
    );
    let other = AuctionId::from([9; 32]);
    assert_eq!(
        released(other, Epoch(0)),
        (false, false),
        "another auction's"
    );
}

#[test]
fn certificates_need_the_committees_signature_over_just_this() {
    let house = House::new(4, 3, 1);
    let parts = checked_quotes(&house.keys, 2);
    let close = close_of(&parts.iter().collect::<Vec<_>>());
    let view = View(3);
    let signature = house.sign(&close_statement(&close, view));
    let verify = |close: &sealbid_types::close::Close, view, signature| {
        CloseCertificate::verify(
            &house.keys,
            close.clone(),
            &CertificateBytes { view, signature },
        )
    };
    let good = verify(&close, view, signature).unwrap();
    assert_eq!(
        (good.digest(), good.to_bytes()),
        (close.digest(), CertificateBytes { view, signature })
    );

    let wrong = CertificateError {
        round: Round(5),
        error: SignatureError::Wrong,
    };
    assert_eq!(verify(&close, View(4), signature).unwrap_err(), wrong);
    let mut other = close.clone();
    other.quotes.pop();
    assert_eq!(verify(&other, view, signature).unwrap_err(), wrong);
    let mut other = close.clone();
    other.epoch = Epoch(1);
    assert_eq!(verify(&other, view, signature).unwrap_err(), wrong);
    let foreign = House::new(4, 3, 2).sign(&close_statement(&close, view));
    assert_eq!(verify(&close, view, foreign).unwrap_err(), wrong);
    let one_share = house.shares[0]
        .sign(&close_statement(&close, view))
        .unwrap()
        .to_bytes();
    assert_eq!(verify(&close, view, one_share).unwrap_err(), wrong);
    assert!(verify(&close, view, FixedBytes([0; 96])).is_err());

    // Nor is it the certificate of anything else.
    let mut allocation = allocation(&[]);
    allocation.round = close.round;
    let signature = certificate_of(house.sign(&close_statement(&close, view)));
    assert!(AllocationCertificate::verify(&house.keys, &allocation, &signature).is_err());
}

#[test]
fn nothing_secret_is_shown() {
    let house = House::new(3, 2, 1);
    let part = &checked_quotes(&house.keys, 1)[0];
    assert_eq!(
        format!("{:?}", house.shares[1]),
        "KeyShare(member-2, redacted)"
    );
    assert!(format!("{:?}", house.shares[1].share(part)).ends_with("redacted)"));
    assert_eq!(
        format!("{:?}", crate::testing::BATCH),
        "BatchSecret(redacted)"
    );
}
