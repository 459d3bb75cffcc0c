#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::expect_used
)]

use proptest::prelude::*;
use sealbid_types::id::{Epoch, Round, View};

use super::*;
use crate::testing::{House, checked_quotes, close_of};

fn statements() -> [Statement; 3] {
    let (auction, epoch, round) = ([1; 32].into(), Epoch(0), Round(7));
    [
        Statement::Close {
            auction,
            epoch,
            round,
            view: View(0),
            close: [2; 32].into(),
        },
        Statement::Allocation {
            auction,
            epoch,
            round,
            allocation: [2; 32].into(),
        },
        Statement::Settlement {
            auction,
            epoch,
            round,
            settlement: [2; 32].into(),
        },
    ]
}

fn all_statements() -> [Statement; 4] {
    let [close, allocation, settlement] = statements();
    let (auction, epoch, round) = ([1; 32].into(), Epoch(0), Round(7));
    let order = Statement::Order {
        auction,
        epoch,
        round,
        close: [2; 32].into(),
    };
    [close, allocation, settlement, order]
}

fn shares(
    house: &House,
    members: &[u8],
    statement: &Statement,
) -> BTreeMap<MemberIndex, FixedBytes<96>> {
    let share = |m: &u8| {
        house.shares[usize::from(*m)]
            .sign(statement)
            .unwrap()
            .to_bytes()
    };
    members
        .iter()
        .map(|m| (MemberIndex(*m), share(m)))
        .collect()
}

fn reference_share(house: &House, member: u8, statement: &Statement) -> FixedBytes<96> {
    let share = house.reference.secret_key_share(u64::from(member));
    FixedBytes(share.sign(statement.digest()).to_bytes())
}

#[test]
fn shares_and_signatures_are_those_of_threshold_crypto() {
    for (n, q) in [(3, 2), (4, 3), (7, 5)] {
        let house = House::new(n, q, 3);
        let reference = house.reference.public_keys();
        for statement in statements() {
            let all: Vec<u8> = (0..n).collect();
            let ours = shares(&house, &all, &statement);
            for (member, bytes) in &ours {
                assert_eq!(*bytes, reference_share(&house, member.0, &statement));
                let theirs = threshold_crypto::SignatureShare::from_bytes(bytes.0).unwrap();
                let key = reference.public_key_share(u64::from(member.0));
                assert!(key.verify(&theirs, statement.digest()));
                let share = SignatureShare::from_bytes(bytes).unwrap();
                assert_eq!(share.verify(&house.keys, *member, &statement), Ok(()));
            }
            let combined = Combined::new(&house.keys, &statement, &ours).unwrap();
            assert!(combined.liars.is_empty());
            let theirs: BTreeMap<u64, _> = ours
                .iter()
                .skip(usize::from(n - q))
                .map(|(m, b)| {
                    (
                        m.0.into(),
                        threshold_crypto::SignatureShare::from_bytes(b.0).unwrap(),
                    )
                })
                .collect();
            let theirs = reference.combine_signatures(&theirs).unwrap();
            assert_eq!(combined.signature.to_bytes().0, theirs.to_bytes());
            assert!(reference.public_key().verify(&theirs, statement.digest()));
            let verified =
                Signature::verify(&house.keys, &statement, &FixedBytes(theirs.to_bytes()));
            assert_eq!(verified, Ok(combined.signature));
        }
    }
}

#[test]
fn a_signature_holds_for_its_statement_only() {
    let house = House::new(3, 2, 3);
    let statements = statements();
    for signed in &statements {
        let signature = house.sign(signed);
        for statement in &statements {
            let verdict = Signature::verify(&house.keys, statement, &signature).is_ok();
            assert_eq!(verdict, statement == signed);
        }
    }
    let share = house.shares[0].sign(&statements[0]).unwrap();
    for (member, statement) in [(1, 0), (0, 1), (9, 0)] {
        let verdict = share.verify(&house.keys, MemberIndex(member), &statements[statement]);
        assert_eq!(verdict, Err(SignatureError::Wrong));
    }
}

#[test]
fn order_is_signed_for_a_certificate_only() {
    let house = House::new(3, 2, 3);
    let parts = checked_quotes(&house.keys, 1);
    let certificate = house.certificate(&close_of(&[&parts[0]]));
    let statement = certificate.order_statement();
    assert_eq!(house.shares[0].sign(&statement), Err(NeedsCertificate));
    let shares = house
        .shares
        .iter()
        .map(|s| (s.member(), s.sign_order(&certificate).to_bytes()));
    let combined = Combined::new(&house.keys, &statement, &shares.collect()).unwrap();
    let bytes = combined.signature.to_bytes();
    assert!(Signature::verify(&house.keys, &statement, &bytes).is_ok());
    assert!(matches!(statement, Statement::Order { round, close, .. }
        if round == certificate.close().round && close == certificate.digest()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn liars_are_named_and_worked_around(
        n in 3u8..=7,
        extra in 0u8..4,
        lies in prop::collection::btree_map(0u8..7, 0u8..4, 0..4),
        absent in prop::collection::btree_set(0u8..7, 0..2),
    ) {
        let q = (n / 2 + 1 + extra).min(n);
        let house = House::new(n, q, 3);
        let statement = statements()[1];
        let members: Vec<u8> = (0..n).filter(|m| !absent.contains(m)).collect();
        let mut given = shares(&house, &members, &statement);
        let lies: BTreeMap<u8, u8> =
            lies.into_iter().filter(|(m, _)| members.contains(m)).collect();
        for (member, lie) in &lies {
            given.insert(MemberIndex(*member), match lie {
                0 => FixedBytes([0; 96]),
                1 => {
                    let other = &house.shares[usize::from((member + 1) % n)];
                    other.sign(&statement).unwrap().to_bytes()
                }
                2 => house.shares[usize::from(*member)].sign(&statements()[0]).unwrap().to_bytes(),
                _ => FixedBytes([0xff; 96]),
            });
        }
        let all_liars: BTreeSet<MemberIndex> = lies.keys().map(|m| MemberIndex(*m)).collect();
        let right = members.len() - lies.len();
        match Combined::new(&house.keys, &statement, &given) {
            Ok(combined) => {
                prop_assert!(right >= usize::from(q));
                prop_assert!(combined.liars.is_subset(&all_liars));
                prop_assert_eq!(combined.signature.to_bytes(), house.sign(&statement));
            }
            Err(error) => {
                prop_assert!(right < usize::from(q));
                prop_assert_eq!(error, CombineError { right, needed: q.into(), liars: all_liars });
            }
        }
    }
}

#[test]
fn strangers_are_liars() {
    let house = House::new(3, 2, 3);
    let statement = statements()[0];
    let mut given = shares(&house, &[0, 1], &statement);
    given.insert(MemberIndex(3), given[&MemberIndex(0)]);
    let combined = Combined::new(&house.keys, &statement, &given).unwrap();
    assert_eq!(combined.liars, BTreeSet::from([MemberIndex(3)]));
}

/// Statement digests, `hash_g2`, signing and encoding stand behind these digits.
#[test]
fn signatures_are_frozen() {
    let house = House::new(4, 3, 7);
    let signatures = all_statements().map(|statement| {
        let sign = |share: &KeyShare| (share.member(), share.sign_any(&statement).to_bytes());
        let shares = house.shares.iter().map(sign).collect();
        let combined = Combined::new(&house.keys, &statement, &shares).unwrap();
        combined.signature.to_bytes().to_string()
    });
    let expected = [
        "a95296054310c4c19eb577c38c80e6ba2c9798c23014fab9f2de8c547760503b\
         61d90b1fa05656443cd29e35fe39d8641947b74dafbde8a39da04dae717e473c\
         bec2243de2c4779009b7b8452b1aa79fcf5bda8c37e8b7dce0776761224796da",
        "83759988124dcfde72237c9054294724aca567d0481750627af89ac018fc4440\
         fe2a56c4b9bb76ea74bf869a463d10c01858a40f7771c948530595680c25dca8\
         655db002a8b5b4a504b115b69aa2507e2a56802bb53df394d1da33367e8a176a",
        "92b2730601f1d719f8cd96d3cd7bdfff7c4ea77291d4276d68b8c387350ece8a\
         eadae3521dae4857bdc46cebb260446904fc84437c2de016f06507f911391fb7\
         b46204505bc72e01a229154173f32223e2939f6be70867185417df90280caf7d",
        "aeb895464a95f27594a5d420f9843cd228a69b44202c37c4d241e2043685cb21\
         639cc9ad8840549d058dffd4b5897afe13bd53f9e56221d89bf1fbab411be719\
         82dda13c4cf2abbc956866d739639d807923c2645321045cb01064a0069b65aa",
    ];
    assert_eq!(signatures, expected);
}
