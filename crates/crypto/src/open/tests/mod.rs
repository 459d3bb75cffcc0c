#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::expect_used
)]

use super::*;
use sealbid_types::envelope::Part;

use crate::group::SecretScalar;
use crate::testing::{BATCH, Cheat, House, MakeContent, checked_quotes, secret};

mod plain_definition;

fn refs(parts: &[CheckedPart]) -> Vec<&CheckedPart> {
    parts.iter().collect()
}

fn contents(opened: &[OpenedPart]) -> Vec<String> {
    let text = |part: &OpenedPart| match &part.content {
        Ok(plaintext) => String::from_utf8(plaintext.as_bytes().to_vec()).unwrap(),
        Err(fault) => format!("{fault:?}"),
    };
    opened.iter().map(text).collect()
}

fn expected(count: usize) -> Vec<String> {
    (0..count).map(|i| format!("quote {i}")).collect()
}

fn z_of(part: &CheckedPart, master: &SecretScalar) -> FixedBytes<96> {
    FixedBytes(part.u.times_secret(master).encode())
}

/// `threshold_crypto` opens to the same z: by a dummy ciphertext (u, V = 0, W = identity) whose
/// "plaintext" is a hash of z.
#[test]
fn z_is_that_of_threshold_crypto() {
    for (n, q) in [(3, 2), (4, 3), (7, 5)] {
        let house = House::new(n, q, 11);
        let parts = checked_quotes(&house.keys, 2);
        let members: Vec<u8> = (n - q..n).collect();
        let opened = open(
            &house.keys,
            &refs(&parts),
            &house.released(&members, &refs(&parts)),
            &BATCH,
        );
        for (part, opened) in parts.iter().zip(opened.unwrap().parts) {
            let z = G1Point::decode(&opened.opening.z.0).unwrap();
            assert_eq!(opened.opening.z, z_of(part, &house.master));
            let ciphertext = dummy_ciphertext(&part.u, &[0; 32]);
            let shares: BTreeMap<u64, _> = members
                .iter()
                .map(|m| u64::from(*m))
                .map(|m| {
                    (
                        m,
                        house
                            .reference
                            .secret_key_share(m)
                            .decrypt_share_no_verify(&ciphertext),
                    )
                })
                .collect();
            let pad = house
                .reference
                .public_keys()
                .decrypt(&shares, &ciphertext)
                .unwrap();
            assert_eq!(pad, keystream(&z));
        }
    }
}

fn dummy_ciphertext(u: &G1Point, v: &[u8]) -> threshold_crypto::Ciphertext {
    let mut bytes = u.compress().to_vec();
    bytes.push(u8::try_from(v.len()).unwrap());
    bytes.extend(v);
    bytes.push(0xc0);
    bytes.extend([0; 95]);
    postcard::from_bytes(&bytes).unwrap()
}

/// What `threshold_crypto` makes of z: one byte a word of ChaCha20 under SHA3-256.
fn keystream(z: &G1Point) -> Vec<u8> {
    use chacha20::cipher::{KeyIvInit, StreamCipher};
    use tiny_keccak::Hasher;
    let mut seed = [0; 32];
    let mut sha3 = tiny_keccak::Sha3::v256();
    sha3.update(&z.compress());
    sha3.finalize(&mut seed);
    let mut words = [0; 128];
    chacha20::ChaCha20::new(&seed.into(), &[0; 12].into()).apply_keystream(&mut words);
    words.chunks(4).map(|word| word[0]).collect()
}

/// Two liars whose errors cancel have opened the part: the result counts, and nobody is blamed.
#[test]
fn errors_that_cancel_do_no_harm() {
    let house = House::new(4, 3, 11);
    let parts = checked_quotes(&house.keys, 1);
    // The coefficients of members 0, 1 and 2 are 3, -3 and 1.
    let mut shares = house.released(&[0, 1, 2], &refs(&parts));
    for member in [0, 1] {
        let value = &mut shares.get_mut(&MemberIndex(member)).unwrap()[0];
        let shift = *G1Point::generator().as_curve_point();
        value.0 = CurvePoint::decode(&value.0).unwrap().plus(&shift).encode();
    }
    let opened = open(&house.keys, &refs(&parts), &shares, &BATCH).unwrap();
    assert_eq!(contents(&opened.parts), expected(1));
    assert!(opened.liars.is_empty());
}

/// Torsion in a share passes every pairing: without the subgroup check the submitter would be
/// framed.
#[test]
fn torsion_names_the_member() {
    let house = House::new(4, 3, 11);
    let parts = checked_quotes(&house.keys, 3);
    for order in [11, 10_177, 859_267, 52_437_899] {
        let mut shares = house.released(&[0, 1, 2, 3], &refs(&parts));
        let value = &mut shares.get_mut(&MemberIndex(1)).unwrap()[2];
        value.0 = CurvePoint::decode(&value.0)
            .unwrap()
            .plus(&CurvePoint::of_order(order))
            .encode();
        let opened = open(&house.keys, &refs(&parts), &shares, &BATCH).unwrap();
        assert_eq!(contents(&opened.parts), expected(3));
        let fault = ShareFault::Point {
            envelope: parts[2].envelope(),
            part: Part::Quote,
            error: PointError::OffSubgroup,
        };
        assert_eq!(opened.liars, BTreeMap::from([(MemberIndex(1), fault)]));
    }
}

#[test]
fn faults_of_members_are_told_apart() {
    let house = House::new(4, 3, 11);
    let parts = checked_quotes(&house.keys, 3);
    let good = house.released(&[1], &refs(&parts))[&MemberIndex(1)].clone();
    let verify = |member, values: &[FixedBytes<96>]| {
        verify_shares(
            &house.keys,
            MemberIndex(member),
            &refs(&parts),
            values,
            &BATCH,
        )
    };
    assert_eq!(verify(1, &good), Ok(()));
    assert_eq!(verify(4, &good), Err(ShareFault::NoSuchMember));
    assert_eq!(
        verify(1, &good[1..]),
        Err(ShareFault::Count {
            expected: 3,
            found: 2
        })
    );
    let (envelope, part) = (parts[1].envelope(), Part::Quote);
    let mut wrong = good.clone();
    wrong.swap(1, 2);
    assert_eq!(verify(1, &wrong), Err(ShareFault::Wrong { envelope, part }));
    wrong[1].0[95] ^= 1;
    let error = PointError::OffCurve;
    assert_eq!(
        verify(1, &wrong),
        Err(ShareFault::Point {
            envelope,
            part,
            error
        })
    );
    let envelope = parts[0].envelope();
    assert_eq!(verify(2, &good), Err(ShareFault::Wrong { envelope, part }));
}

/// The right z, and a body that does not open: the submitter did it, and z shows it.
#[test]
fn faults_of_submitters_are_results() {
    let house = House::new(4, 3, 11);
    let cheats: [(MakeContent, Fault); 3] = [
        (
            |key, label| ([1; 32], key.encrypt(label, b"x").unwrap()),
            Fault::Commitment,
        ),
        (
            |key, _| (key.commitment(), vec![0; 256 + 16]),
            Fault::Cipher,
        ),
        (
            |key, label| (key.commitment(), key.encrypt_padded(label, &[1; 256])),
            Fault::Padding,
        ),
    ];
    let cheats = cheats.map(|(content, fault)| {
        let envelope = Cheat {
            content,
            ..Cheat::HONEST
        }
        .quote(&house.keys, 50 + fault as u8);
        (crate::check(&envelope).unwrap().parts()[0].clone(), fault)
    });
    let parts: Vec<&CheckedPart> = cheats.iter().map(|(part, _)| part).collect();
    let opened = open(
        &house.keys,
        &parts,
        &house.released(&[0, 2, 3], &parts),
        &BATCH,
    )
    .unwrap();
    assert!(opened.liars.is_empty());
    for ((_, fault), opened) in cheats.iter().zip(&opened.parts) {
        assert_eq!(opened.content, Err(*fault));
    }
    let zs: Vec<_> = parts
        .iter()
        .zip(&opened.parts)
        .map(|(p, o)| (*p, o.opening.z))
        .collect();
    assert_eq!(
        verify_openings(&house.keys, &zs, &BATCH).unwrap(),
        opened.parts
    );
}

#[test]
fn changed_openings_are_found() {
    let house = House::new(4, 3, 11);
    let parts = checked_quotes(&house.keys, 9);
    let good: Vec<_> = parts
        .iter()
        .map(|part| (part, z_of(part, &house.master)))
        .collect();
    let opened = verify_openings(&house.keys, &good, &BATCH).unwrap();
    assert_eq!(contents(&opened), expected(9));

    let mut bad = good.clone();
    bad.iter_mut()
        .for_each(|(_, z)| assert!(G1Point::decode(&z.0).is_ok()));
    (bad[1].1, bad[4].1) = (bad[4].1, bad[1].1);
    let torsion = CurvePoint::decode(&bad[6].1.0)
        .unwrap()
        .plus(&CurvePoint::of_order(11));
    bad[6].1.0 = torsion.encode();
    bad[7].1.0 = [0; 96];
    bad[7].1.0[0] = 0x40;
    let faults = verify_openings(&house.keys, &bad, &BATCH).unwrap_err();
    let expected = BTreeMap::from([
        (1, OpeningFault::Wrong),
        (4, OpeningFault::Wrong),
        (6, OpeningFault::Point(PointError::OffSubgroup)),
        (7, OpeningFault::Point(PointError::Identity)),
    ]);
    assert_eq!(faults, expected);
}

#[test]
fn nothing_to_open_needs_a_quorum_all_the_same() {
    let house = House::new(3, 2, 11);
    let none: Vec<FixedBytes<96>> = Vec::new();
    let two = BTreeMap::from([
        (MemberIndex(0), none.clone()),
        (MemberIndex(2), none.clone()),
    ]);
    assert_eq!(open(&house.keys, &[], &two, &BATCH).unwrap().parts, []);
    let one = BTreeMap::from([(MemberIndex(0), none)]);
    assert_eq!(open(&house.keys, &[], &one, &BATCH).unwrap_err().right, 1);
    assert_eq!(verify_openings(&house.keys, &[], &BATCH).unwrap(), []);
}

/// A liar whose every share is wrong costs no more to find than one with a single wrong share.
#[test]
fn the_first_of_many_wrong_shares_is_named() {
    let house = House::new(4, 3, 11);
    let parts = checked_quotes(&house.keys, 40);
    let mut shares = house.released(&[0, 1, 2, 3], &refs(&parts));
    shares.get_mut(&MemberIndex(2)).unwrap().rotate_right(1);
    let opened = open(&house.keys, &refs(&parts), &shares, &BATCH).unwrap();
    let (envelope, part) = (parts[0].envelope(), Part::Quote);
    let fault = ShareFault::Wrong { envelope, part };
    assert_eq!(opened.liars, BTreeMap::from([(MemberIndex(2), fault)]));

    let mut openings: Vec<_> = parts.iter().map(|p| (p, z_of(p, &house.master))).collect();
    let first = openings[0].1;
    openings.iter_mut().skip(1).for_each(|(_, z)| *z = first);
    let faults = verify_openings(&house.keys, &openings, &BATCH).unwrap_err();
    assert!(faults.keys().copied().eq(1..=MOST_NAMED));
}

/// The coefficients of members 0 and 1 are 3 and -3: the copies cancel, where no two points have a
/// chord.
#[test]
fn copied_shares_are_found_wherever_they_are() {
    let house = House::new(4, 3, 11);
    let parts = checked_quotes(&house.keys, 200);
    let honest = house.released(&[0, 1, 2, 3], &refs(&parts));
    for copied in [0..200, 90..91, 199..200] {
        let mut shares = honest.clone();
        let first = copied.start;
        let original = &honest[&MemberIndex(0)][copied.clone()];
        shares.get_mut(&MemberIndex(1)).unwrap()[copied].copy_from_slice(original);
        let opened = open(&house.keys, &refs(&parts), &shares, &BATCH).unwrap();
        assert_eq!(contents(&opened.parts), expected(200));
        let (envelope, part) = (parts[first].envelope(), Part::Quote);
        let fault = ShareFault::Wrong { envelope, part };
        assert_eq!(opened.liars, BTreeMap::from([(MemberIndex(1), fault)]));
    }
}
