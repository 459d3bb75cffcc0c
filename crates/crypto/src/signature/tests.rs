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
            view: View(0),
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
        "90be95cad060e390822dfdbc1a1a1d9a6936e66a1d953be0e5ebfa8fa2bfe982\
         53050ee336d715a80a9c8356cd24c7360bf08d4a7215a367daa23c76516168af\
         1022e988f951f935bda0dc8138e374e605c45f46231b883489e9ded972f715ce",
        "916d93e133530967dac57cf06d82e23e3410e7580c1ddfc3a97bbfb88ec548a9\
         1c66258336fcc486591da639734a09590be3e67e4340ac69f730a0da43d93dd6\
         199c827af87f333f4ebe275e2aa33ec7193007630f6f94445dc4c33f8838bc24",
        "8c99b1d0553a441381cc55b2c970aa826e4e5e6ca7a3914f919a4a6ca0754adc\
         79121cc84116c09495509d32baceb3860e0d3b89ab07d9f1d78991f390faa697\
         e03baf28fb83ef498a2bf169669eb678d3508d40a91f77db423ecbee4fdf1599",
        "b01e18ed61c25c3317457fa09338f17d403773d2a8ac34b4432b1541644fa569\
         68c56cbbb5331b5a92ed891748e8337e140ce4faa6b2786ab7235b97e3245d12\
         5b5b86b6543734571229fbb75360b23975788dab555e661ffe5b0b712d8e31d6",
    ];
    assert_eq!(signatures, expected);
}
