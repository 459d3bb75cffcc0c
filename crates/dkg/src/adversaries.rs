//! Cheats, one behaviour each: the session is void, whoever signed what shows it is named, and
//! nobody honest ever is.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod claims;
mod dealings;
mod seats;

use proptest::prelude::*;
use sealbid_crypto::group::{G1Point, SecretScalar};
use sealbid_types::id::MemberIndex;

use crate::dealing::deal;
use crate::fault::{Culprit, FaultReason, Void};
use crate::message::{Dealing, Message};
use crate::participant::Step;
use crate::signed::Signed;
use crate::testing::{Ceremony, identity, secret};

const N: u8 = 4;
const Q: u8 = 3;
/// Who cheats.
const MALLORY: u8 = 2;

fn honest_dealing(ceremony: &Ceremony, seed: u8) -> Dealing {
    let index = MemberIndex(seed);
    deal(ceremony.session(), index, &secret(seed), &identity(seed))
        .unwrap()
        .body
}

/// A ceremony in which `seed` deals `forge` of its honest dealing.
fn with_dealing(seed: u8, forge: impl FnOnce(&Ceremony, Dealing) -> Dealing) -> Ceremony {
    let mut ceremony = Ceremony::called(N, Q);
    for dealer in 0..N {
        let honest = honest_dealing(&ceremony, dealer);
        if dealer != seed {
            ceremony.post(Message::Dealing(Signed::new(honest, &identity(dealer))));
        }
    }
    let forged = forge(&ceremony, honest_dealing(&ceremony, seed));
    ceremony.post(Message::Dealing(Signed::new(forged, &identity(seed))));
    ceremony
}

/// Lets everybody but the cheat go on until they are done; what they conclude, all alike.
fn conclude(ceremony: &mut Ceremony, cheats: &[u8]) -> Void {
    let mut voids = go_on(ceremony, cheats).into_iter().map(|step| match step {
        Step::Void(void) => void,
        other => panic!("somebody goes on: {other:?}"),
    });
    let void = voids.next().unwrap();
    assert!(voids.all(|other| other == void), "they differ");
    void
}

/// Lets everybody but the cheats say all that they have to say; what they do then.
fn go_on(ceremony: &mut Ceremony, cheats: &[u8]) -> Vec<Step> {
    let honest = || (0..N).filter(|seed| !cheats.contains(seed));
    for _ in 0..4 {
        for seed in honest() {
            if let Step::Post(message) = ceremony.step(seed) {
                ceremony.post(*message);
            }
        }
    }
    honest().map(|seed| ceremony.step(seed)).collect()
}

fn only_mallory(void: &Void) -> FaultReason {
    let [fault] = void.faults.as_slice() else {
        panic!("not one fault: {void}");
    };
    assert_eq!(fault.culprit, Culprit::Member(MemberIndex(MALLORY)));
    fault.reason.clone()
}

fn reason_of_dealing(forge: impl FnOnce(&Ceremony, Dealing) -> Dealing) -> FaultReason {
    let mut ceremony = with_dealing(MALLORY, forge);
    only_mallory(&conclude(&mut ceremony, &[MALLORY]))
}

fn scalar(seed: u8) -> SecretScalar {
    SecretScalar::from_uniform_bytes(&[seed; 64]).unwrap()
}

fn scalar_point(seed: u8) -> G1Point {
    G1Point::generator().times_secret(&scalar(seed))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever some dealers change of what they deal: if anybody is named, it is one of them.
    #[test]
    fn nobody_honest_is_ever_named(
        cheats in prop::collection::btree_set(0..N, 1..3),
        changes in prop::collection::vec((0usize..8, any::<prop::sample::Index>(), 1u8..), 2),
    ) {
        let mut ceremony = Ceremony::called(N, Q);
        let mut changes = changes.into_iter();
        for seed in 0..N {
            let mut dealing = honest_dealing(&ceremony, seed);
            if cheats.contains(&seed) && let Some((field, at, flip)) = changes.next() {
                change(&mut dealing, field, at, flip);
            }
            ceremony.post(Message::Dealing(Signed::new(dealing, &identity(seed))));
        }
        let liars: Vec<u8> = cheats.iter().copied().collect();
        for step in go_on(&mut ceremony, &liars) {
            // What one cheat dealt another is theirs alone: then the others wait for them.
            let faults = match step {
                Step::Void(void) => void.faults,
                Step::Wait(waiting) => {
                    prop_assert!(waiting.missing.iter().all(|seat| cheats.contains(&seat.0)));
                    continue;
                }
                other => panic!("{other:?}"),
            };
            for fault in faults {
                let Culprit::Member(MemberIndex(seed)) = fault.culprit else {
                    panic!("{fault}");
                };
                prop_assert!(cheats.contains(&seed), "{fault}");
            }
        }
    }
}

/// Changes one byte of one field.
fn change(dealing: &mut Dealing, field: usize, at: prop::sample::Index, flip: u8) {
    let bytes: &mut [u8] = match field {
        0 | 1 => &mut dealing.commitment[at.index(usize::from(Q))].0,
        2 => &mut dealing.commitment_2[at.index(usize::from(Q))].0,
        3 => &mut dealing.ephemeral_key.0,
        4 => &mut dealing.contribution.0,
        5 => {
            let mut bytes = postcard::to_stdvec(&dealing.proof).unwrap();
            let byte = at.index(bytes.len());
            bytes[byte] ^= flip;
            dealing.proof = postcard::from_bytes(&bytes).unwrap();
            return;
        }
        _ => &mut dealing.payloads[at.index(usize::from(N))].0,
    };
    let byte = at.index(bytes.len());
    bytes[byte] ^= flip;
}
