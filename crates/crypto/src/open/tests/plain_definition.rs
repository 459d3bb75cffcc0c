//! The engine against the plain definition: z = u^s, whoever opens and whoever lies.

use proptest::prelude::*;
use proptest::sample::Index;
use sealbid_types::envelope::Envelope;

use super::*;
use crate::group::G1Sum;
use crate::testing::{intent, quote};
use crate::{CheckedEnvelope, check_batch, prepare};

/// What a member does to its shares.
#[derive(Debug, Clone, Copy)]
enum Lie {
    /// Bytes that are no point, or no point of the curve.
    Garbage([u8; 32]),
    /// A point outside the subgroup, by a component of this order.
    Torsion(u64),
    /// The shares of other parts.
    AnotherPart,
    /// Its own public key.
    AnotherPoint,
    /// One too few.
    Count,
    /// Errors that cancel in a sum without weights.
    Cancelling,
}

/// Errors differ by member, so that those of two liars do not cancel: that would open rightly.
fn lie(house: &House, lie: Lie, member: u8, values: &mut Vec<FixedBytes<96>>, at: usize) {
    let own = secret(u64::from(member));
    let inside = *G1Point::generator().times_secret(&own).as_curve_point();
    let limb = own.expose(|bytes| u64::from_le_bytes(bytes[..8].try_into().unwrap()));
    let order = match lie {
        Lie::Torsion(order) => order,
        _ => 52_437_899,
    };
    let torsion = G1Sum::from(&CurvePoint::of_order(order)).times_any(&[limb]);
    let shift = |value: &mut FixedBytes<96>, by: &CurvePoint| {
        value.0 = CurvePoint::decode(&value.0).unwrap().plus(by).encode();
    };
    match lie {
        Lie::Garbage(bytes) => {
            let (start, _) = values[at].0.split_at_mut(32);
            start.copy_from_slice(&bytes);
        }
        Lie::Torsion(_) => shift(&mut values[at], &torsion.to_point().unwrap()),
        Lie::AnotherPart => values.rotate_left(1),
        Lie::AnotherPoint => {
            let key = house.keys.share_key(MemberIndex(member)).unwrap();
            values[at].0 = key.g1.encode();
        }
        Lie::Count => _ = values.pop(),
        Lie::Cancelling => {
            shift(&mut values[0], &inside);
            shift(&mut values[1], &inside.negate());
        }
    }
}

fn lies() -> impl Strategy<Value = Lie> {
    prop_oneof![
        any::<[u8; 32]>().prop_map(Lie::Garbage),
        prop::sample::select(vec![859_267, 52_437_899]).prop_map(Lie::Torsion),
        Just(Lie::AnotherPart),
        Just(Lie::AnotherPoint),
        Just(Lie::Count),
        Just(Lie::Cancelling),
    ]
}

/// Envelopes of both kinds, checked together and prepared in batches of their own; of each third
/// batch nothing is prepared.
fn checked(house: &House, count: u8, batches: &[Index]) -> Vec<CheckedEnvelope> {
    let envelopes: Vec<Envelope> = (0..count)
        .map(|i| match i % 3 {
            0 => intent(&house.keys, i, b"terms", b"authorisation"),
            _ => quote(&house.keys, i, b"quote"),
        })
        .collect();
    let references: Vec<&Envelope> = envelopes.iter().collect();
    let checked = check_batch(&references, &BATCH);
    let mut checked: Vec<CheckedEnvelope> = checked.into_iter().map(Result::unwrap).collect();
    let mut ends: Vec<usize> = batches.iter().map(|end| end.index(checked.len())).collect();
    ends.sort_unstable();
    let mut rest = checked.as_mut_slice();
    let mut before = 0;
    for (number, end) in ends.into_iter().enumerate() {
        let (batch, after) = rest.split_at_mut(end - before);
        (rest, before) = (after, end);
        if number % 3 != 2 {
            prepare(batch, &BATCH);
        }
    }
    checked
}

/// Some of all parts that a close opens, in any order.
fn chosen<'a>(envelopes: &'a [CheckedEnvelope], keys: &[u8]) -> Vec<&'a CheckedPart> {
    let parts = envelopes.iter().flat_map(CheckedEnvelope::parts);
    let parts = parts.filter(|part| part.part() != Part::Authorisation);
    let mut keyed: Vec<(u8, &CheckedPart)> = keys.iter().copied().cycle().zip(parts).collect();
    keyed.retain(|(key, _)| key % 4 != 0);
    keyed.sort_by_key(|(key, _)| *key);
    keyed.into_iter().map(|(_, part)| part).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Any q right members open everything to u^s; the others are named, or not needed, and no
    /// submitter is blamed.
    #[test]
    fn openings_are_powers_of_u(
        n in 3u8..=16,
        extra in 0u8..8,
        count in prop_oneof![4 => 2u8..8, 1 => 100u8..120],
        batches: [Index; 4],
        keys in prop::collection::vec(any::<u8>(), 7..40),
        lies in prop::collection::vec((any::<Index>(), lies()), 0..4),
        absent in prop::collection::vec(any::<Index>(), 0..3),
        at: Index,
    ) {
        let q = (n / 2 + 1 + extra).min(n);
        let house = House::new(n, q, 11);
        let envelopes = checked(&house, count, &batches);
        let parts = chosen(&envelopes, &keys);
        prop_assume!(parts.len() > 1);
        let absent: Vec<u8> = absent.iter().map(|member| member.index(n.into()) as u8).collect();
        let members: Vec<u8> = (0..n).filter(|member| !absent.contains(member)).collect();
        let mut shares = house.released(&members, &parts);
        let mut liars = std::collections::BTreeSet::new();
        for (member, how) in &lies {
            let member = members[member.index(members.len())];
            if liars.insert(MemberIndex(member)) {
                let values = shares.get_mut(&MemberIndex(member)).unwrap();
                lie(&house, *how, member, values, at.index(parts.len()));
            }
        }
        let right = members.len() - liars.len();
        match open(&house.keys, &parts, &shares, &BATCH) {
            Ok(opened) => {
                prop_assert!(right >= usize::from(q));
                prop_assert_eq!(opened.parts.len(), parts.len());
                for (opened, part) in opened.parts.iter().zip(&parts) {
                    prop_assert_eq!(opened.opening.z, z_of(part, &house.master));
                    prop_assert!(opened.content.is_ok());
                }
                prop_assert!(opened.liars.keys().all(|liar| liars.contains(liar)));
                let mut first = members.iter().take(q.into());
                if first.any(|member| liars.contains(&MemberIndex(*member))) {
                    prop_assert!(!opened.liars.is_empty());
                }
            }
            Err(error) => {
                prop_assert!(right < usize::from(q));
                prop_assert_eq!((error.right, error.needed), (right, usize::from(q)));
                prop_assert!(error.liars.keys().eq(liars.iter()));
            }
        }
    }

    /// Whatever was prepared, an auditor's check accepts right openings and names a changed one.
    #[test]
    fn prepared_or_not_openings_verify_alike(
        count in 2u8..8,
        batches: [Index; 4],
        keys in prop::collection::vec(any::<u8>(), 7..40),
        wrong: Index,
    ) {
        let house = House::new(4, 3, 11);
        let envelopes = checked(&house, count, &batches);
        let parts = chosen(&envelopes, &keys);
        prop_assume!(parts.len() > 1);
        let mut openings: Vec<_> =
            parts.iter().map(|part| (*part, z_of(part, &house.master))).collect();
        prop_assert!(verify_openings(&house.keys, &openings, &BATCH).is_ok());
        let wrong = wrong.index(openings.len());
        openings[wrong].1 = openings[(wrong + 1) % parts.len()].1;
        let faults = verify_openings(&house.keys, &openings, &BATCH).unwrap_err();
        prop_assert_eq!(faults, BTreeMap::from([(wrong, OpeningFault::Wrong)]));
    }
}

/// A part that stands there twice is opened twice.
#[test]
fn a_prepared_part_may_be_opened_twice() {
    let house = House::new(4, 3, 11);
    let mut envelopes = checked(&house, 5, &[]);
    prepare(&mut envelopes, &BATCH);
    let part = &envelopes[1].parts()[0];
    let z = z_of(part, &house.master);
    let openings = [(part, z), (part, z), (part, z)];
    assert_eq!(
        verify_openings(&house.keys, &openings, &BATCH)
            .unwrap()
            .len(),
        3
    );
    // Errors that would cancel if both had one weight.
    let shifted = |by: &CurvePoint| {
        let z = CurvePoint::decode(&z.0).unwrap().plus(by);
        FixedBytes(z.encode())
    };
    let by = *G1Point::generator().as_curve_point();
    let openings = [(part, shifted(&by)), (part, shifted(&by.negate()))];
    let faults = verify_openings(&house.keys, &openings, &BATCH).unwrap_err();
    assert_eq!(faults.len(), 2);
}
