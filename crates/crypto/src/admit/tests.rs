#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::expect_used
)]

use proptest::prelude::*;
use sealbid_types::bytes::Blob;
use sealbid_types::envelope::{Header, Kind, Sealed};
use sealbid_types::id::Round;

use super::*;
use crate::group::CurvePoint;
use crate::testing::{BATCH, Cheat, House, envelope, header, intent, quote};

fn house() -> House {
    House::new(3, 2, 1)
}

fn sealed_quote(envelope: &mut Envelope) -> &mut SealedPart {
    match &mut envelope.sealed {
        Sealed::Quote(part) => part,
        Sealed::Intent { .. } => panic!("an intent"),
    }
}

/// The verdict, alone and in a batch with two good envelopes: they must be the same.
fn verdict(house: &House, envelope: &Envelope) -> Result<(), RefusalReason> {
    let good = [quote(&house.keys, 201, b"x"), quote(&house.keys, 202, b"y")];
    let alone = check(envelope)
        .map(|_| ())
        .map_err(|refusal| refusal.reason);
    let batch = check_batch(&[&good[0], envelope, &good[1]], &BATCH);
    let in_batch = batch[1]
        .as_ref()
        .map(|_| ())
        .map_err(|refusal| refusal.reason);
    assert_eq!(alone, in_batch);
    assert!(batch[0].is_ok() && batch[2].is_ok());
    alone
}

/// A header with one field changed, and which.
fn relabelled() -> Vec<Header> {
    let original = header(Kind::Quote, 1);
    let change = |change: fn(&mut Header)| {
        let mut header = original.clone();
        change(&mut header);
        header
    };
    vec![
        change(|h| h.protocol = 2),
        change(|h| h.kind = Kind::Intent),
        change(|h| h.auction = [9; 32].into()),
        change(|h| h.key = [9; 32].into()),
        change(|h| h.first = Round(4)),
        change(|h| h.last = Round(6)),
        change(|h| h.expires.0 += 1),
        change(|h| h.metadata.size = Some(sealbid_types::metadata::SizeBucket(3))),
        change(|h| h.submitter.0.0[0] ^= 1),
    ]
}

#[test]
fn good_envelopes_pass_and_keep_their_parts() {
    let house = house();
    let quote = quote(&house.keys, 1, b"a quote");
    let intent = intent(&house.keys, 2, b"terms", b"authorisation");
    for envelope in [&quote, &intent] {
        let checked = check(envelope).unwrap();
        assert_eq!(checked.id(), envelope.id());
        let parts: Vec<_> = envelope.sealed.parts().collect();
        assert_eq!(checked.parts().len(), parts.len());
        for (part, sealed) in parts {
            let found = checked.part(part).unwrap();
            assert_eq!((found.envelope(), found.part()), (envelope.id(), part));
            assert_eq!((found.u(), &found.body), (sealed.u, &sealed.body));
        }
    }
    assert!(check(&quote).unwrap().part(Part::Terms).is_none());
    assert!(check_batch(&[], &BATCH).is_empty());
}

/// The attack that labels are for: a victim's ciphertext in an envelope of one's own.
#[test]
fn parts_under_another_label_are_refused() {
    let house = house();
    let original = quote(&house.keys, 1, b"a quote");
    for header in relabelled() {
        let copy = envelope(header, original.sealed.clone());
        assert_eq!(verdict(&house, &copy), Err(RefusalReason::Proof));
    }
}

#[test]
fn parts_in_each_others_place_are_refused() {
    let house = house();
    let one = intent(&house.keys, 2, b"terms", b"authorisation");
    let two = intent(&house.keys, 2, b"other terms", b"other authorisation");
    let (
        Sealed::Intent {
            terms,
            authorisation,
        },
        Sealed::Intent { terms: other, .. },
    ) = (&one.sealed, &two.sealed)
    else {
        panic!("quotes")
    };
    let with = |terms: &SealedPart, authorisation: &SealedPart| {
        let (terms, authorisation) = (terms.clone(), authorisation.clone());
        let sealed = Sealed::Intent {
            terms,
            authorisation,
        };
        check(&envelope(one.header.clone(), sealed))
            .map(|_| ())
            .map_err(|refusal| refusal.part)
    };
    assert_eq!(with(terms, authorisation), Ok(()));
    assert_eq!(with(authorisation, terms), Err(Part::Terms));
    // The authorisation is bound to its sealed terms.
    assert_eq!(with(other, authorisation), Err(Part::Authorisation));
    assert_eq!(with(terms, terms), Err(Part::Authorisation));
}

#[test]
fn bad_encodings_are_named() {
    let house = house();
    let original = quote(&house.keys, 1, b"a quote");
    let refused = |change: &dyn Fn(&mut SealedPart)| {
        let mut envelope = original.clone();
        change(sealed_quote(&mut envelope));
        verdict(&house, &envelope).unwrap_err()
    };
    let mut identity = [0; 96];
    identity[0] = 0x40;
    let point = |which, error| RefusalReason::Point { which, error };
    for (which, error) in [
        (PartPoint::U, PointError::Identity),
        (PartPoint::UBar, PointError::Identity),
        (PartPoint::A, PointError::Identity),
        (PartPoint::ABar, PointError::Identity),
    ] {
        let change = |part: &mut SealedPart| {
            let field = match which {
                PartPoint::U => &mut part.u,
                PartPoint::UBar => &mut part.u_bar,
                PartPoint::A => &mut part.a,
                PartPoint::ABar => &mut part.a_bar,
            };
            field.0 = identity;
        };
        assert_eq!(refused(&change), point(which, error));
    }
    let off_curve = refused(&|part| part.a.0[95] ^= 1);
    assert_eq!(off_curve, point(PartPoint::A, PointError::OffCurve));
    let compressed = refused(&|part| part.u.0[0] |= 0x80);
    assert_eq!(compressed, point(PartPoint::U, PointError::Encoding));
    let unreduced = refused(&|part| part.response.0 = [0xff; 32]);
    assert_eq!(unreduced, RefusalReason::Response);
    for length in [0, 16, 255 + 16, 256, 257 + 16, 4097 + 16, 8192] {
        let refusal = refused(&|part| part.body = Blob::from(vec![0; length]));
        assert_eq!(refusal, RefusalReason::BodyLength(length));
    }
}

/// y + r is y again for the group, but not for the byte string.
#[test]
fn a_response_has_one_encoding() {
    let house = house();
    let mut envelope = quote(&house.keys, 1, b"a quote");
    let r = "73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001";
    let r: sealbid_types::bytes::FixedBytes<32> = r.parse().unwrap();
    let mut carry = 0;
    for (y, r) in sealed_quote(&mut envelope)
        .response
        .0
        .iter_mut()
        .zip(r.0)
        .rev()
    {
        let sum = u16::from(*y) + u16::from(r) + carry;
        *y = sum as u8;
        carry = sum >> 8;
    }
    assert_eq!(
        carry, 0,
        "the sum fits 256 bits, or this test shows nothing"
    );
    assert_eq!(verdict(&house, &envelope), Err(RefusalReason::Response));
}

/// A sealer may add torsion to what no secret ever multiplies: every member accepts it, alone and
/// in a batch. In u it is refused, by itself and before the proof is looked at.
#[test]
fn torsion_is_judged_alike_alone_and_in_a_batch() {
    let house = house();
    for order in [3, 11, 10_177, 859_267, 52_437_899] {
        let shift = Some(CurvePoint::of_order(order));
        let harmless = [
            Cheat {
                shift_u_bar: shift,
                ..Cheat::HONEST
            },
            Cheat {
                shift_a: shift,
                ..Cheat::HONEST
            },
            Cheat {
                shift_a_bar: shift,
                ..Cheat::HONEST
            },
            Cheat {
                shift_u_bar: shift,
                shift_a: shift,
                shift_a_bar: shift,
                ..Cheat::HONEST
            },
        ];
        for cheat in harmless {
            assert_eq!(verdict(&house, &cheat.quote(&house.keys, 4)), Ok(()));
        }
        let cheat = Cheat {
            shift_u: shift,
            ..Cheat::HONEST
        };
        assert_eq!(
            verdict(&house, &cheat.quote(&house.keys, 4)),
            Err(RefusalReason::Point {
                which: PartPoint::U,
                error: PointError::OffSubgroup
            }),
        );
    }
}

/// u = g^r, but ū is not ḡ^r: the proof of one exponent must not pass for both.
#[test]
fn different_exponents_are_refused() {
    let house = house();
    let shift = Some(*G1Point::generator().as_curve_point());
    for cheat in [
        Cheat {
            shift_u: shift,
            ..Cheat::HONEST
        },
        Cheat {
            shift_u_bar: shift,
            ..Cheat::HONEST
        },
        Cheat {
            shift_a: shift,
            ..Cheat::HONEST
        },
        Cheat {
            shift_a_bar: shift,
            ..Cheat::HONEST
        },
    ] {
        let envelope = cheat.quote(&house.keys, 5);
        assert_eq!(verdict(&house, &envelope), Err(RefusalReason::Proof));
    }
}

/// Two wrong proofs whose errors cancel in an unweighted sum.
#[test]
fn errors_that_cancel_are_found_in_a_batch() {
    let house = house();
    let g = *G1Point::generator().as_curve_point();
    let one = Cheat {
        shift_a: Some(g),
        ..Cheat::HONEST
    }
    .quote(&house.keys, 5);
    let two = Cheat {
        shift_a: Some(g.negate()),
        ..Cheat::HONEST
    }
    .quote(&house.keys, 6);
    let both = Cheat {
        shift_a: Some(g),
        shift_a_bar: Some(g.negate()),
        ..Cheat::HONEST
    };
    let both = both.quote(&house.keys, 7);
    let verdicts = check_batch(&[&one, &two, &both], &BATCH);
    for verdict in verdicts {
        let refusal = NotAdmitted {
            part: Part::Quote,
            reason: RefusalReason::Proof,
        };
        assert_eq!(verdict.unwrap_err(), refusal);
    }
}

/// Enough envelopes for the batched subgroup test, with each kind of refusal among them.
#[test]
fn larger_batches_name_the_same_ones() {
    let house = house();
    let good = quote(&house.keys, 1, b"a quote");
    let shift = Some(CurvePoint::of_order(11));
    let off_subgroup = Cheat {
        shift_u: shift,
        ..Cheat::HONEST
    }
    .quote(&house.keys, 2);
    let relabelled = envelope(header(Kind::Quote, 9), good.sealed.clone());
    let mut off_curve = good.clone();
    sealed_quote(&mut off_curve).u_bar.0[95] ^= 1;
    let mut envelopes = vec![&good; 150];
    (envelopes[10], envelopes[70], envelopes[149]) = (&off_curve, &relabelled, &relabelled);
    let refused = |envelopes: &[&Envelope]| -> Vec<usize> {
        let verdicts = check_batch(envelopes, &BATCH);
        verdicts
            .iter()
            .enumerate()
            .filter(|(_, v)| v.is_err())
            .map(|(at, _)| at)
            .collect()
    };
    assert_eq!(refused(&envelopes), [10, 70, 149]);
    envelopes[100] = &off_subgroup;
    assert_eq!(refused(&envelopes), [10, 70, 100, 149]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Any flipped bit of a sealed part is caught, alone and in a batch.
    #[test]
    fn a_flipped_bit_is_refused(field in 0usize..7, at: prop::sample::Index, bit in 0u8..8) {
        let house = house();
        let mut envelope = quote(&house.keys, 1, b"a quote");
        let part = sealed_quote(&mut envelope);
        let mut body = part.body.0.to_vec();
        let bytes: &mut [u8] = match field {
            0 => &mut part.u.0,
            1 => &mut part.u_bar.0,
            2 => &mut part.a.0,
            3 => &mut part.a_bar.0,
            4 => &mut part.commitment.0,
            5 => &mut part.response.0,
            _ => &mut body,
        };
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        part.body = Blob::from(body);
        prop_assert!(verdict(&house, &envelope).is_err());
    }

    /// Whatever stands in a batch, each verdict is the one it gets alone.
    #[test]
    fn a_batch_judges_like_single_checks(kinds in prop::collection::vec(0u8..7, 1..12)) {
        let house = house();
        let envelopes: Vec<Envelope> = kinds
            .iter()
            .zip(0u8..)
            .map(|(kind, seed)| {
                let shift = Some(CurvePoint::of_order(11));
                let mut envelope = match kind {
                    0 => Cheat { shift_u: shift, ..Cheat::HONEST }.quote(&house.keys, seed),
                    1 => Cheat { shift_a: shift, ..Cheat::HONEST }.quote(&house.keys, seed),
                    2 | 3 => intent(&house.keys, seed, b"terms", b"authorisation"),
                    _ => quote(&house.keys, seed, b"a quote"),
                };
                match kind {
                    3 => envelope.header.last = Round(9),
                    4 => sealed_quote(&mut envelope).commitment.0[0] ^= 1,
                    5 => sealed_quote(&mut envelope).body = Blob::from(vec![0; 20]),
                    _ => {}
                }
                envelope
            })
            .collect();
        let batch = check_batch(&envelopes.iter().collect::<Vec<_>>(), &BATCH);
        for (envelope, in_batch) in envelopes.iter().zip(batch) {
            let alone = check(envelope);
            prop_assert_eq!(alone.as_ref().map(|c| c.id()), in_batch.as_ref().map(|c| c.id()));
            if let Ok(checked) = alone {
                prop_assert_eq!(checked.id(), envelope.id());
            }
        }
    }
}
